// Wire images derived by hand, there and back, on both architectures: by the exported per-type routines, as -Os stubs call them, by
// the plans that the engine makes of arrays of structures, and as parameters of interpreted procedures. The sections are [C706]'s.
// `ndr_pe list` also does what only ours does: a list of 1,000,000 nodes, the helpers that the builtin has not.
#include <windows.h>
#include <rpc.h>
#include <objbase.h>
#include <rpcndr.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "checks.h"
#include "support/guard.h"

using namespace checks;

namespace {

// Each type by its own routines, by a plan where there is one, and as a parameter: one expectation.
void check(const char* name, const Routines& r, const void* memory, PFORMAT_STRING f, const Image& w, ULONG_PTR max = 0) {
    const Row row{name, r, memory, f, w, max};
    check_inline(row);
    if (f < sample::format || f >= sample::format + sizeof sample::format) return;
    if (can_plan(f)) check_planned(row);
    check_interpreted(row);
}

void check(const char* name, const Routines& r, const void* memory, unsigned at, const Image& w, ULONG_PTR max = 0) {
    check(name, r, memory, sample::format + at, w, max);
}

struct Simple {
    LONG a;
    short b;
    char c;
    __int64 h;
};
struct WithPointers {
    LONG a;
    const wchar_t* s;
    LONG* p;
    short* arr;
};
struct Node {
    LONG v;
    Node* next;
};

void structures() {
    Simple s = {};
    s.a = 0x01020304;
    s.b = 0x0506;
    s.c = 7;
    s.h = 0x1112131415161718;
    Image w;
    w.u32(0x01020304).u16(0x0506).u8(7).u64(0x1112131415161718);
    check("simple structure (14.3.6)", ROUTINES(SimpleStruct), &s, sample::at_simple, w);
    check("[ref] pointer to one (14.3.11.2)", ROUTINES(Pointer), &s, sample::at_simple_p, w);

    LONG five = 5;
    short arr[] = {1, 2, 3};
    WithPointers p = {3, L"hi", &five, arr};
    Image q;
    q.u32(3).referent().referent().referent().behind().u32(3).u32(0).u32(3).wide(L"hi").u32(5).u32(3).u16(1).u16(2).u16(3);
#ifdef _WIN64
    check("structure with pointers (14.3.12.3)", ROUTINES(ComplexStruct), &p, sample::at_withptr, q);
#else
    check("structure with pointers (14.3.12.3)", ROUTINES(SimpleStruct), &p, sample::at_withptr, q);
#endif
    Node c = {3, nullptr}, b = {2, &c}, a = {1, &b};
    Image l;
    l.u32(1).referent().u32(2).referent().u32(3).u32(0);
    check("list (14.3.12.3)", ROUTINES(Pointer), &a, sample::at_node_rp, l);

    struct {
        LONG n;
        short a[3];
    } conf = {3, {10, 11, 12}};
    check("conformant structure (14.3.7.1)", ROUTINES(ConformantStruct), &conf, sample::at_conf,
          Image().u32(3).u32(3).u16(10).u16(11).u16(12));
    struct {
        LONG n, l;
        short a[5];
    } cv = {5, 2, {1, 2, 3, 4, 5}};
    check("conformant varying structure (14.3.7.2)", ROUTINES(ConformantVaryingStruct), &cv, sample::at_confvar,
          Image().u32(5).u32(5).u32(2).u32(0).u32(2).u16(1).u16(2));
    struct {
        LONG e, v;
        unsigned char b;
    } enums = {2, 0x12345, 9};
    check("enums (14.2.5)", ROUTINES(ComplexStruct), &enums, sample::at_enums, Image().u16(2).u32(0x12345).u8(9));
    struct {
        char s[20];
        wchar_t w[10];
    } strs = {"abc", L"de"};
    check("varying strings (14.3.4.1)", ROUTINES(ComplexStruct), &strs, sample::at_strs,
          Image().u32(0).u32(4).text("abc").u32(0).u32(3).wide(L"de"));
}

void arrays_and_strings() {
    LONG a[] = {1, 2, 3};
    check("conformant array (14.3.3.3)", ROUTINES(ConformantArray), a, sample::at_long_array, Image().u32(3).u32(1).u32(2).u32(3), 3);
    LONG grid[12] = {};
    Image g;
    for (unsigned i = 0; i < 12; ++i) g.u32(static_cast<uint32_t>(grid[i] = static_cast<LONG>(i)));
    check("fixed array (14.3.3.2)", ROUTINES(FixedArray), grid, sample::at_long_3_4, g);
    LONG five = 5;
    WithPointers p[3] = {{0, L"x", nullptr, nullptr}, {0, nullptr, &five, nullptr}, {0, nullptr, nullptr, nullptr}};
    Image w;
    w.u32(0).referent().u32(0).u32(0).u32(0).u32(0).referent().u32(0).u32(0).u32(0).u32(0).u32(0);
    w.u32(2).u32(0).u32(2).wide(L"x").u32(5);
#ifdef _WIN64
    check("array of structures with pointers (14.3.12.3)", ROUTINES(ComplexArray), p, sample::at_withptr_3, w);
#else
    check("array of structures with pointers (14.3.12.3)", ROUTINES(FixedArray), p, sample::at_withptr_3, w);
#endif
    Routines strings = {NdrConformantStringBufferSize, NdrConformantStringMarshall, NdrConformantStringUnmarshall, nullptr,
                        NdrConformantStringMemorySize};
    check("conformant varying string (14.3.4.2)", strings, L"wide", sample::at_wchar_t_p + 2, Image().u32(5).u32(0).u32(5).wide(L"wide"));
    const struct {
        LONG x, n;
        short a[3];
    } nested = {9, 3, {10, 11, 12}};
    check("conformant structure within another (14.3.7.1)", ROUTINES(ConformantStruct), &nested, sample::at_nestconf,
          Image().u32(3).u32(9).u32(3).u16(10).u16(11).u16(12));
    const LONG rows[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    Image r;
    r.u32(2);
    for (unsigned i = 1; i <= 8; ++i) r.u32(i);
    check("conformant array of fixed ones (14.3.3)", ROUTINES(ConformantArray), rows, sample::at_long_array_4, r, 2);
    check("[unique] pointer to a string (14.3.11.1)", ROUTINES(Pointer), L"wide", sample::at_wchar_t_p,
          Image().referent().u32(5).u32(0).u32(5).wide(L"wide"));
    struct {
        LONG l, v[10];
    } varying = {3, {7, 8, 9}};
    check("varying array in a structure (14.3.3.4)", ROUTINES(ComplexStruct), &varying, sample::at_vary,
          Image().u32(3).u32(0).u32(3).u32(7).u32(8).u32(9));
    static const unsigned char unique_long[] = {0x12, 0x08, 0x08, 0x5c};
    check("[unique] pointer to a number (14.3.11.1)", ROUTINES(Pointer), &five, unique_long, Image().referent().u32(5));
}

void unions() {
    struct {
        LONG tag;
        union {
            LONG l;
            __int64 h;
            const char* s;
            WithPointers w;
        };
    } e = {};
    e.tag = 1;
    e.l = 77;
    check("encapsulated union (14.3.8)", ROUTINES(EncapsulatedUnion), &e, sample::at_encu, Image().u32(1).u32(77));
    e.tag = 3;
    e.h = 78;
    check("encapsulated union, hyper (14.3.8)", ROUTINES(EncapsulatedUnion), &e, sample::at_encu, Image().u32(3).u64(78));
    e.tag = 4;
    e.s = "q";
    check("encapsulated union, string (14.3.8)", ROUTINES(EncapsulatedUnion), &e, sample::at_encu,
          Image().u32(4).referent().u32(2).u32(0).u32(2).text("q"));
    struct {
        LONG tt;
        union {
            LONG l;
            __int64 h;
            Simple* sp;
        };
    } h = {};
    h.tt = 2;
    h.h = 5;
    check("union in a structure (14.3.8)", ROUTINES(ComplexStruct), &h, sample::at_hasu, Image().u32(2).u32(2).u64(5));
    check("union by parameter (14.3.8)", ROUTINES(NonEncapsulatedUnion), &h.h, sample::at_nonenc_2, Image().u32(2).u64(5), 2);
    h.tt = 99;
    Message m;
    Outcome o = guarded([&] { NdrComplexStructBufferSize(&m.m, reinterpret_cast<unsigned char*>(&h), sample::format + sample::at_hasu); });
    expect(o.raised == RPC_S_INVALID_TAG, "union", "an unknown discriminant is taken");
}

void base_types() {
    const struct {
        unsigned char fc;
        size_t wire, memory;
    } types[] = {{1, 1, 1}, {2, 1, 1}, {3, 1, 1}, {4, 1, 1}, {5, 2, 2}, {6, 2, 2}, {7, 2, 2}, {8, 4, 4}, {9, 4, 4},
                 {10, 4, 4}, {11, 8, 8}, {12, 8, 8}, {13, 2, 4}, {14, 4, 4}, {16, 4, 4}, {0xb8, 4, sizeof(void*)},
                 {0xb9, 4, sizeof(void*)}};
    for (auto& t : types) {
        std::string name = "base type " + std::to_string(t.fc);
        Message m;
        uint64_t value = 0x55, back = 0;
        m.attach(buffer, sizeof buffer);
        Outcome o = guarded([&] { NdrSimpleTypeMarshall(&m.m, reinterpret_cast<unsigned char*>(&value), t.fc); });
        expect(!o.raised && m.m.Buffer == buffer + t.wire, name.c_str(), "NdrSimpleTypeMarshall");
        m.m.Buffer = buffer;
        o = guarded([&] { NdrSimpleTypeUnmarshall(&m.m, reinterpret_cast<unsigned char*>(&back), t.fc); });
        expect(!o.raised && back == value && m.m.Buffer == buffer + t.wire, name.c_str(), "NdrSimpleTypeUnmarshall");
    }
    Message m;
    m.attach(buffer, sizeof buffer);
    LONG big = 0x8000;
    Outcome o = guarded([&] { NdrSimpleTypeMarshall(&m.m, reinterpret_cast<unsigned char*>(&big), 0x0d); });
    expect(o.raised == RPC_X_ENUM_VALUE_OUT_OF_RANGE, "enum16", "a value past 32767 is taken");
    o = guarded([&] { NdrPointerBufferSize(&m.m, nullptr, sample::format + sample::at_simple_p); });
    expect(o.raised == RPC_X_NULL_REF_POINTER, "[ref] pointer", "null is taken");
    void* p = nullptr;
    o = guarded([&] { p = NdrAllocate(&m.m, 10); });
    expect(!o.raised && p, "NdrAllocate", "gives nothing");
    if (p) release(p);
}

void long_list() {
    constexpr unsigned count = 1000000;
    std::vector<Node> nodes(count);
    for (unsigned i = 0; i < count; ++i) nodes[i] = {static_cast<LONG>(i), i + 1 < count ? &nodes[i + 1] : nullptr};
    PFORMAT_STRING f = sample::format + sample::at_node_rp;
    Message m;
    m.m.BufferLength = 0;
    auto* data = reinterpret_cast<unsigned char*>(nodes.data());
    Outcome o = guarded([&] { NdrPointerBufferSize(&m.m, data, f); });
    expect(!o.raised && m.m.BufferLength == 8 * count, "1,000,000 nodes", "BufferSize");
    std::vector<uint64_t> room(count + 2);
    m.attach(reinterpret_cast<uint8_t*>(room.data()), 8 * count);
    o = guarded([&] { NdrPointerMarshall(&m.m, data, f); });
    expect(!o.raised, "1,000,000 nodes", "Marshall");
    m.attach(reinterpret_cast<uint8_t*>(room.data()), 8 * count);
    unsigned char* back = nullptr;
    long before = blocks;
    o = guarded([&] { NdrPointerUnmarshall(&m.m, &back, f, 1); });
    expect(!o.raised && blocks == before + static_cast<long>(count), "1,000,000 nodes", "Unmarshall");
    o = guarded([&] { NdrPointerFree(&m.m, back, f); });
    expect(!o.raised && blocks == before, "1,000,000 nodes", "Free");
}

// On a stack of 64 KiB.
DWORD WINAPI long_list_thread(void*) {
    long_list();
    return 0;
}

// The program's allocator raises in the middle of a list: its code arrives, and what there was by then is given back.
long g_until_raise = 0;
void* __RPC_USER raising_allocate(size_t n) {
    if (--g_until_raise == 0) RaiseException(0xe0001234, 0, 0, nullptr);
    return allocate(n);
}

void raising_allocators() {
    constexpr unsigned count = 12;
    Node nodes[count];
    for (unsigned i = 0; i < count; ++i) nodes[i] = {static_cast<LONG>(i), i + 1 < count ? &nodes[i + 1] : nullptr};
    PFORMAT_STRING f = sample::format + sample::at_node_rp;
    Message m;
    m.attach(buffer, sizeof buffer);
    Outcome o = guarded([&] { NdrPointerMarshall(&m.m, reinterpret_cast<unsigned char*>(nodes), f); });
    expect(!o.raised, "raising allocator", "Marshall");
    const long before = blocks;
    for (unsigned nth = 1; nth <= count + 1; ++nth) {
        Message r;
        r.m.pfnAllocate = raising_allocate;
        r.attach(buffer, 8 * count);
        g_until_raise = nth;
        unsigned char* back = nullptr;
        o = guarded([&] { NdrPointerUnmarshall(&r.m, &back, f, 1); });
        expect(o.raised == (nth <= count ? 0xe0001234 : 0), "raising allocator", "the code that arrives");
        if (!o.raised) NdrPointerFree(&r.m, back, f);
        expect(blocks == before, "raising allocator", "memory is left");
    }
}

// --- what has no type of sample.idl -----------------------------------------------------------------------------------

// Interface pointers travel as COM marshals them: within a process the same object comes back. On one machine as Wine's own do.
void interface_pointers() {
    if (FAILED(CoInitializeEx(nullptr, COINIT_MULTITHREADED))) return expect(false, "FC_IP", "COM does not start");
    IStream* object = nullptr;
    CreateStreamOnHGlobal(nullptr, TRUE, &object);
    uint8_t f[18] = {0x2f, 0x5a};
    std::memcpy(f + 2, &IID_IUnknown, 16);
    Message m;
    m.m.BufferLength = 0;
    Outcome o = guarded([&] { NdrInterfacePointerBufferSize(&m.m, reinterpret_cast<unsigned char*>(object), f); });
    expect(!o.raised && m.m.BufferLength > 12 && m.m.BufferLength < sizeof buffer, "FC_IP", "BufferSize");
    auto room = m.m.BufferLength;
    m.attach(buffer, sizeof buffer);
    o = guarded([&] { NdrInterfacePointerMarshall(&m.m, reinterpret_cast<unsigned char*>(object), f); });
    auto size = static_cast<size_t>(m.m.Buffer - buffer);
    expect(!o.raised && size <= room, "FC_IP", "Marshall");
    uint32_t words[2];
    std::memcpy(words, buffer, sizeof words);
    expect(words[0] == size - 4, "FC_IP", "ulCntData");
    expect(words[1] == 0x574f454d, "FC_IP", "the OBJREF's signature, MEOW");
    unsigned char* back = nullptr;
    m.attach(buffer, size);
    o = guarded([&] { NdrInterfacePointerUnmarshall(&m.m, &back, f, 0); });
    expect(!o.raised && back == reinterpret_cast<unsigned char*>(object) && m.m.Buffer == buffer + size, "FC_IP",
           "Unmarshall");
    o = guarded([&] { NdrInterfacePointerFree(&m.m, back, f); });
    expect(!o.raised && object->AddRef() == 2, "FC_IP", "Free releases");
    object->Release();
    // Null, and nonsense in place of an OBJREF.
    m.attach(buffer, sizeof buffer);
    o = guarded([&] { NdrInterfacePointerMarshall(&m.m, nullptr, f); });
    expect(!o.raised && m.m.Buffer == buffer + 4 && *reinterpret_cast<uint32_t*>(buffer) == 0, "FC_IP", "null");
    const uint32_t nonsense[] = {16, 0x574f454d, 8, 0x12345678, 0x12345678};
    std::memcpy(buffer, nonsense, sizeof nonsense);
    m.attach(buffer, sizeof nonsense);
    back = nullptr;
    o = guarded([&] { NdrInterfacePointerUnmarshall(&m.m, &back, f, 0); });
    expect(o.raised && !back, "FC_IP", "nonsense is taken");
    object->Release();
}

void embedded_interface_pointer() {
#ifdef _WIN64
    uint8_t f[40] = {0x1a, 0x07, 24, 0, 0, 0, 0, 0, 0x08, 0x39, 0x4c, 0, 8, 0, 0x08, 0x40, 0x5b, 0x5c};
#else
    uint8_t f[40] = {0x1a, 0x03, 12, 0, 0, 0, 0, 0, 0x08, 0x5c, 0x4c, 0, 8, 0, 0x08, 0x5b, 0x5c, 0x5c};
#endif
    f[20] = 0x2f;
    f[21] = 0x5a;
    std::memcpy(f + 22, &IID_IUnknown, 16);
    struct {
        LONG a;
        IStream* object;
        LONG b;
    } s = {7, nullptr, 8}, *back = nullptr;
    CreateStreamOnHGlobal(nullptr, TRUE, &s.object);
    Message m;
    m.attach(buffer, sizeof buffer);
    Outcome o = guarded([&] { NdrComplexStructMarshall(&m.m, reinterpret_cast<unsigned char*>(&s), f); });
    uint32_t words[3];
    std::memcpy(words, buffer, sizeof words);
    auto size = static_cast<size_t>(m.m.Buffer - buffer);
    expect(!o.raised && words[0] == 7 && words[1] < size && words[2] == 0x574f454d, "embedded FC_IP", "Marshall");
    m.attach(buffer, size);
    o = guarded([&] { NdrComplexStructUnmarshall(&m.m, reinterpret_cast<unsigned char**>(&back), f, 1); });
    expect(!o.raised && back && back->object == s.object && back->b == 8, "embedded FC_IP", "Unmarshall");
    if (back) {
        o = guarded([&] { NdrComplexStructFree(&m.m, reinterpret_cast<unsigned char*>(back), f); });
        expect(!o.raised && s.object->AddRef() == 2, "embedded FC_IP", "Free releases");
        s.object->Release();
        release(back);
    }
    s.object->Release();
}

void byte_counts() {
    const uint8_t f[] = {0x2c, 0x08, 0x28, 0x00, 0x00, 0x00};
    LONG value = 9, target = 0;
    auto* back = reinterpret_cast<unsigned char*>(&target);
    uintptr_t frame[] = {4};
    Message m;
    m.m.StackTop = reinterpret_cast<unsigned char*>(frame);
    m.attach(buffer, sizeof buffer);
    Outcome o = guarded([&] { NdrByteCountPointerMarshall(&m.m, reinterpret_cast<unsigned char*>(&value), f); });
    expect(!o.raised && m.m.Buffer == buffer + 4, "byte_count", "Marshall");
    m.attach(buffer, 4);
    o = guarded([&] { NdrByteCountPointerUnmarshall(&m.m, &back, f, 0); });
    expect(!o.raised && target == 9, "byte_count", "Unmarshall");
}

void full_pointer_tables() {
    PFULL_PTR_XLAT_TABLES t = NdrFullPointerXlatInit(0, XLAT_CLIENT);
    int a = 0;
    void* found = nullptr;
    unsigned long id = 0;
    bool ok = !NdrFullPointerQueryPointer(t, &a, 1, &id) && id != 0 && NdrFullPointerQueryPointer(t, &a, 1, &id);
    expect(ok, "full pointers", "QueryPointer");
    expect(NdrFullPointerQueryRefId(t, id, 1, &found) && found == &a, "full pointers", "QueryRefId");
    NdrFullPointerInsertRefId(t, id + 1, &found);
    unsigned long other = 0;
    (void)NdrFullPointerQueryPointer(t, &found, 1, &other);
    expect(other == id + 1, "full pointers", "InsertRefId");
    expect(NdrFullPointerFree(t, &a) && !NdrFullPointerFree(t, &a), "full pointers", "Free");
    NdrFullPointerXlatFree(t);
}

void out_parameters() {
    const uint8_t f[] = {0x11, 0x08, 0x08, 0x5c};
    LONG value = 5;
    Message m;
    Outcome o = guarded([&] { NdrClearOutParameters(&m.m, f, &value); });
    expect(!o.raised && value == 0, "NdrClearOutParameters", "leaves a value");
    void* pointer = &value;
    m.attach(buffer, sizeof buffer);
    o = guarded([&] {
        NdrPartialIgnoreClientMarshall(&m.m, pointer);
        m.attach(buffer, 4);
        NdrPartialIgnoreServerUnmarshall(&m.m, &pointer);
        NdrPartialIgnoreServerInitialize(&m.m, &pointer, f);
    });
    expect(!o.raised && pointer && pointer != &value && *static_cast<LONG*>(pointer) == 0, "partial_ignore", "a pointer");
    if (!o.raised) release(pointer);
}

// What a user_marshal routine may ask of its flags (documentation pages of NdrGetUserMarshalInfo and NDR_USER_MARSHAL_INFO).
void user_marshal_info() {
    unsigned char buffer[32];
    MIDL_STUB_MESSAGE message = {};
    message.BufferStart = buffer;
    message.Buffer = buffer + 8;
    message.BufferEnd = buffer + sizeof buffer;
    message.pfnAllocate = MIDL_user_allocate;
    message.pfnFree = MIDL_user_free;
    USER_MARSHAL_CB block = {};
    block.Signature = USER_MARSHAL_CB_SIGNATURE;
    block.pStubMsg = &message;
    for (const USER_MARSHAL_CB_TYPE type : {USER_MARSHAL_CB_BUFFER_SIZE, USER_MARSHAL_CB_MARSHALL, USER_MARSHAL_CB_UNMARSHALL, USER_MARSHAL_CB_FREE}) {
        const bool has_buffer = type == USER_MARSHAL_CB_MARSHALL || type == USER_MARSHAL_CB_UNMARSHALL;
        block.CBType = type;
        NDR_USER_MARSHAL_INFO info = {};
        const RPC_STATUS status = NdrGetUserMarshalInfo(&block.Flags, 1, &info);
        expect(status == RPC_S_OK && info.InformationLevel == 1, "user_marshal", "information");
        expect(info.Level1.Buffer == (has_buffer ? buffer + 8 : nullptr) && info.Level1.BufferSize == (has_buffer ? 24u : 0u),
               "user_marshal", "the buffer while there is one");
        expect(info.Level1.pfnAllocate == MIDL_user_allocate && info.Level1.pfnFree == MIDL_user_free, "user_marshal", "the allocator");
        expect(NdrGetUserMarshalInfo(&block.Flags, 2, &info) == RPC_S_INVALID_ARG, "user_marshal", "an unknown level");
    }
    NDR_USER_MARSHAL_INFO info = {};
    block.Signature = 0;
    expect(NdrGetUserMarshalInfo(&block.Flags, 1, &info) == RPC_S_INVALID_ARG, "user_marshal", "flags that start no block");
    expect(NdrGetUserMarshalInfo(nullptr, 1, &info) == RPC_S_INVALID_ARG, "user_marshal", "no flags");
}

}  // namespace

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t n) { return std::malloc(n); }
void __RPC_USER MIDL_user_free(void* p) { std::free(p); }
}

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IONBF, 0);
    ours = argc > 1 && std::strcmp(argv[1], "list") == 0;
    base_types();
    structures();
    arrays_and_strings();
    unions();
    interface_pointers();
    embedded_interface_pointer();
    if (ours) {
        HANDLE thread = CreateThread(nullptr, 0x10000, long_list_thread, nullptr, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
        raising_allocators();
        byte_counts();
        full_pointer_tables();
        out_parameters();
        user_marshal_info();
        null_counts();
        other_routines();
        context_routines();
    }
    std::printf("ndr_pe: %d checks, %d failures\n", checked, failures);
    return failures != 0;
}
