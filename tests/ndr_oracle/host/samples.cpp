// One value of each of many types, as stub data.
//   ndr_samples write          a line each: its name, its bytes in hexadecimal
//   ndr_samples read [big]     such lines from standard input, big-endian ones with `big`: unmarshalled into new memory, and
//                              what comes of it marshalled again, as write writes it
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "ndr/ndr.h"
#include "ndr/sample_formats.h"
#include "ndr/sample_types.h"

using namespace rpc;
using namespace rpc::ndr::sample;
namespace types = rpc::ndr::sample::x64;

namespace {

using Shorts = Conf<3>;
using PartOfShorts = ConfVar<2>;
struct ManyWithPointers {
    int32_t n;
    WithPointers a[2];
};
struct Vary {
    int32_t l, a[10];
};
struct Nested {
    int32_t x;
    Shorts c;
};
struct NestedWithPointer {
    int32_t x;
    const int32_t* y;
    Shorts c;
};

const int32_t five = 5;
const int16_t shorts[] = {1, -2, 3};
const int32_t longs[] = {1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const int64_t hypers[] = {1, -2, 0x0102030405060708};
const float a_float = 1.5f;
const double a_double = -2.25;
const uint8_t a_byte = 0xfe;
const int16_t a_short = -2;
const int32_t a_long = -3;
const int64_t a_hyper = 0x0102030405060708;
const Simple simple{-5, 0x1234, 'c', 0x0102030405060708};
const WithPointers with_pointers{3, u"hi", &five, shorts}, nothing{}, some{0, u"x", nullptr, nullptr}, other{0, nullptr, &five, nullptr};
const WithPointers fixed_structures[] = {some, nothing, other};
const Node third{3, nullptr}, second{2, &third}, list{1, &second};
const Shorts conformant{3, {10, -11, 12}};
const PartOfShorts conformant_varying{2, 2, {7, -8}};
const ManyWithPointers array_in_structure{2, {some, other}};
const Vary varying{3, {7, -8, 9}};
const Strs texts{"abc", u"de"};
const Enums enums{2, 0x12345, 9};
const Encapsulated tagged_long{1, {.l = 77}}, tagged_hyper{3, {.h = 78}}, tagged_text{4, {.s = "text"}};
const HasUnion has_hyper{2, {.h = -5}}, has_pointer{3, {.sp = &simple}};
const NonEncapsulated arm_long{.l = 55}, arm_pointer{.sp = &simple};
const Nested nested{9, {3, {10, -11, 12}}};
const NestedWithPointer nested_with_pointer{9, &five, {3, {10, -11, 12}}};

constexpr uint8_t byte_type[] = {0x01, 0x5b}, short_type[] = {0x06, 0x5b}, long_type[] = {0x08, 0x5b}, hyper_type[] = {0x0b, 0x5b},
                  float_type[] = {0x0a, 0x5b}, double_type[] = {0x0c, 0x5b};
constexpr uint8_t text_type[] = {0x22, 0x5c};
constexpr uint8_t hyper_array_type[] = {0x1b, 0x07, 0x08, 0x00, 0x28, 0x00, 0x00, 0x00, 0x0b, 0x5b};
constexpr uint8_t part_type[] = {0x1c, 0x01, 0x02, 0x00, 0x28, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x06, 0x5b};

struct Sample {
    const char* name;
    const void* value;
    const uint8_t* type;
    unsigned max_count;  // what a parameter says of a size or a discriminant
    bool base_type;
};
const Sample samples[] = {
    {"byte", &a_byte, byte_type, 0, true},
    {"short", &a_short, short_type, 0, true},
    {"long", &a_long, long_type, 0, true},
    {"hyper", &a_hyper, hyper_type, 0, true},
    {"float", &a_float, float_type, 0, true},
    {"double", &a_double, double_type, 0, true},
    {"simple", &simple, types::format + types::at_simple, 0, false},
    {"with_pointers", &with_pointers, types::format + types::at_withptr, 0, false},
    {"nulls", &nothing, types::format + types::at_withptr, 0, false},
    {"list", &list, types::format + types::at_node, 0, false},
    {"conformant", &conformant, types::format + types::at_conf, 0, false},
    {"conformant_varying", &conformant_varying, types::format + types::at_confvar, 0, false},
    {"array_in_structure", &array_in_structure, types::format + types::at_confp, 0, false},
    {"varying", &varying, types::format + types::at_vary, 0, false},
    {"texts", &texts, types::format + types::at_strs, 0, false},
    {"enums", &enums, types::format + types::at_enums, 0, false},
    {"tagged_long", &tagged_long, types::format + types::at_encu, 0, false},
    {"tagged_hyper", &tagged_hyper, types::format + types::at_encu, 0, false},
    {"tagged_text", &tagged_text, types::format + types::at_encu, 0, false},
    {"has_hyper", &has_hyper, types::format + types::at_hasu, 0, false},
    {"has_pointer", &has_pointer, types::format + types::at_hasu, 0, false},
    {"arm_long", &arm_long, types::format + types::at_nonenc_2, 1, false},
    {"arm_pointer", &arm_pointer, types::format + types::at_nonenc_2, 3, false},
    {"longs", longs, types::format + types::at_long_array, 3, false},
    {"hypers", hypers, hyper_array_type, 3, false},
    {"part_of_shorts", shorts, part_type, 3, false},
    {"wide_text", u"wide", types::format + types::at_wchar_t_p + 2, 0, false},
    {"text", "text", text_type, 0, false},
    {"unique_long", &five, types::format + types::at_long_p, 0, false},
    {"null_long", nullptr, types::format + types::at_long_p, 0, false},
    {"unique_text", u"wide", types::format + types::at_wchar_t_p, 0, false},
    {"grid", longs, types::format + types::at_long_3_4, 0, false},
    {"rows", longs, types::format + types::at_long_array_4, 2, false},
    {"fixed_structures", fixed_structures, types::format + types::at_withptr_3, 0, false},
    {"nested", &nested, types::format + types::at_nestconf, 0, false},
    {"nested_with_pointer", &nested_with_pointer, types::format + types::at_nestconfp, 0, false},
};

long g_blocks = 0;
void* allocate(size_t n) { return ++g_blocks, std::malloc(n ? n : 1); }
void release(void* p) { --g_blocks, std::free(p); }

struct Message {
    Message(const Sample& s, uint32_t label) {
        m.RpcMsg = &rpc;
        rpc.DataRepresentation = label;
        m.IsClient = true;
        m.pfnAllocate = allocate;
        m.pfnFree = release;
        m.StubDesc = &desc;
        m.MaxCount = m.ActualCount = s.max_count;
        desc.pFormatTypes = types::format;
    }
    void attach(uint8_t* data, size_t size) {
        rpc.Buffer = m.Buffer = m.BufferStart = data;
        m.BufferEnd = data + size;
        rpc.BufferLength = static_cast<unsigned>(size);
    }
    MIDL_STUB_DESC desc = {};
    RPC_MESSAGE rpc = {};
    MIDL_STUB_MESSAGE m = {};
};

int fail(const Sample& s, const char* what, Status status) {
    std::fprintf(stderr, "%s: %s: status %u\n", s.name, what, code(status));
    return 1;
}

int write(const Sample& s, const void* value) {
    alignas(16) static uint8_t buffer[4096];
    Message m(s, NDR_LOCAL_DATA_REPRESENTATION);
    m.attach(buffer, sizeof buffer);
    auto* memory = static_cast<uint8_t*>(const_cast<void*>(value));
    const Status status = s.base_type ? ndr::simple_type_marshal(m.m, memory, s.type[0]) : ndr::marshal(m.m, memory, s.type);
    if (failed(status)) return fail(s, "marshal", status);
    std::printf("%s ", s.name);
    for (const uint8_t* at = buffer; at != m.m.Buffer; ++at) std::printf("%02x", *at);
    std::printf("\n");
    return 0;
}

int read_base_type(const Sample& s, Message& m, bool big) {
    uint64_t value = 0;
    Status status = big ? ndr::convert_simple_type(m.m, s.type[0]) : Status::ok;
    m.m.Buffer = m.m.BufferStart;
    if (!failed(status)) status = ndr::simple_type_unmarshal(m.m, reinterpret_cast<uint8_t*>(&value), s.type[0]);
    if (failed(status)) return fail(s, "read", status);
    return write(s, &value);
}

int read(const Sample& s, std::vector<uint8_t> data, bool big) {
    const size_t size = data.size();
    data.resize(size + 16);
    Message m(s, big ? NDR_BIG_ENDIAN : NDR_LOCAL_DATA_REPRESENTATION);
    m.attach(data.data(), size);
    if (s.base_type) return read_base_type(s, m, big);
    if (big) {
        if (Status status = ndr::convert_type(m.m, s.type); failed(status)) return fail(s, "convert", status);
        if (m.m.Buffer != data.data() + size) return fail(s, "convert ends elsewhere", Status::ok);
        m.m.Buffer = data.data();
    }
    uint8_t* value = nullptr;
    if (Status status = ndr::unmarshal(m.m, &value, s.type, true); failed(status)) return fail(s, "unmarshal", status);
    if (m.m.Buffer != data.data() + size) return fail(s, "unmarshal ends elsewhere", Status::ok);
    const int failures = write(s, value);
    m.m.MaxCount = m.m.ActualCount = s.max_count;
    if (Status status = ndr::free(m.m, value, s.type); failed(status)) return fail(s, "free", status);
    const bool pointer = s.type[0] >= 0x11 && s.type[0] <= 0x14;  // FC_RP to FC_FP: its referent has been freed
    if (!pointer) release(value);
    return failures;
}

int read_line(const std::string& name, const char* hex, bool big) {
    std::vector<uint8_t> data;
    for (; hex[0] && hex[1]; hex += 2) data.push_back(static_cast<uint8_t>(std::stoi(std::string(hex, 2), nullptr, 16)));
    for (const Sample& s : samples)
        if (name == s.name) return read(s, std::move(data), big);
    std::fprintf(stderr, "no sample is named %s\n", name.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    int failures = 0;
    if (what == "write") {
        for (const Sample& s : samples) failures |= write(s, s.value);
    } else if (what == "read") {
        char name[64], hex[8192];
        while (std::scanf("%63s %8191s", name, hex) == 2) failures |= read_line(name, hex, argc > 2);
    } else {
        return 2;
    }
    if (g_blocks != 0) std::fprintf(stderr, "%ld blocks are left\n", g_blocks);
    return failures || g_blocks != 0;
}
