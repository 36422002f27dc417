// The exports of MIDL 1's stubs, x86 only, by name: no import library of today has them all.
// clang-format off
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
// clang-format on

#include <cstdio>
#include <cstring>

#include "support/guard.h"

namespace {

int g_failures = 0, g_checks = 0;

void expect(bool ok, int line, const char* what) {
    ++g_checks;
    if (ok) return;
    ++g_failures;
    std::printf("main.cpp:%d: FAIL %s\n", line, what);
}
#define EXPECT(x) expect((x), __LINE__, #x)

template <class F>
F* function(const char* name) {
    auto* found = reinterpret_cast<void*>(GetProcAddress(LoadLibraryA("rpcrt4.dll"), name));
    if (!found) std::printf("no %s\n", name);
    expect(found != nullptr, __LINE__, name);
    return reinterpret_cast<F*>(found);
}

using FromNdr = void WINAPI(RPC_MESSAGE*, void*);
using ArrayFromNdr = void WINAPI(RPC_MESSAGE*, unsigned long, unsigned long, void*);
using FromNdrTemp = void WINAPI(unsigned char**, void*, unsigned long);

// Big-endian: a character, a short, a long, an enumeration, a float, a double.
alignas(8) unsigned char g_message[] = {'c',  0,    0x12, 0x34, 1,    2,    3, 4, 0, 5, 0, 0,
                                        0x3f, 0x80, 0,    0,    0x3f, 0xf0, 0, 0, 0, 0, 0, 0};

void test_base_types() {
    RPC_MESSAGE m{};
    m.Buffer = g_message;
    m.DataRepresentation = 0;
    unsigned char c = 0;
    unsigned short s = 0;
    unsigned long l = 0;
    unsigned int e = ~0u;
    float f = 0;
    double d = 0;
    function<FromNdr>("char_from_ndr")(&m, &c);
    function<FromNdr>("short_from_ndr")(&m, &s);
    function<FromNdr>("long_from_ndr")(&m, &l);
    function<FromNdr>("enum_from_ndr")(&m, &e);
    function<FromNdr>("float_from_ndr")(&m, &f);
    function<FromNdr>("double_from_ndr")(&m, &d);
    EXPECT(c == 'c' && s == 0x1234 && l == 0x01020304 && e == 5 && f == 1.0f && d == 1.0);
    EXPECT(m.Buffer == g_message + sizeof g_message);
    unsigned char* at = g_message + 1;
    function<FromNdrTemp>("short_from_ndr_temp")(&at, &s, 0x10);
    function<FromNdrTemp>("long_from_ndr_temp")(&at, &l, 0x10);
    EXPECT(s == 0x3412 && l == 0x04030201 && at == g_message + 8);
    m.Buffer = g_message;
    m.DataRepresentation = 1;  // EBCDIC
    EXPECT(guarded([&] { function<FromNdr>("char_from_ndr")(&m, &c); }).raised == RPC_S_CANNOT_SUPPORT);
}

void test_arrays() {
    struct {
        const char* name;
        unsigned size;
    } arrays[] = {{"char_array_from_ndr", 1},
                  {"short_array_from_ndr", 2},
                  {"long_array_from_ndr", 4},
                  {"float_array_from_ndr", 4},
                  {"double_array_from_ndr", 8}};
    for (auto& array : arrays) {
        alignas(8) unsigned char bytes[32], target[32];
        for (unsigned i = 0; i < sizeof bytes; ++i) bytes[i] = static_cast<unsigned char>(i + 1);
        std::memset(target, 0xee, sizeof target);
        RPC_MESSAGE m{};
        m.Buffer = bytes;
        m.DataRepresentation = 0x10;
        function<ArrayFromNdr>(array.name)(&m, 1, 3, target);
        EXPECT(m.Buffer == bytes + 2 * array.size);
        EXPECT(target[0] == 0xee && !std::memcmp(target + array.size, bytes, 2 * array.size) &&
               target[3 * array.size] == 0xee);
        EXPECT(guarded([&] { function<ArrayFromNdr>(array.name)(&m, 3, 1, target); }).raised == RPC_X_INVALID_BOUND);
    }
}

void test_helpers() {
    char to[4] = {};
    EXPECT(function<void * WINAPI(void*, const void*, unsigned)>("NDRcopy")(to, "abc", 4) == to &&
           !std::strcmp(to, "abc"));
    wchar_t wide[8];
    function<void WINAPI(wchar_t*, const wchar_t*)>("MIDL_wchar_strcpy")(wide, L"four");
    EXPECT(function<size_t WINAPI(const wchar_t*)>("MIDL_wchar_strlen")(wide) == 4);
}

// FC_HARD_STRUCT: eight bytes that are copied, no 16-bit enumeration, no union.
void test_hard_structure() {
    static const unsigned char format[] = {0xb1, 0x03, 0x08, 0x00, 0, 0, 0, 0, 0xff, 0xff, 0x08, 0x00, 0, 0, 0, 0};
    static MIDL_STUB_DESC desc{};
    RPC_MESSAGE rpc{};
    MIDL_STUB_MESSAGE m{};
    alignas(8) unsigned char buffer[16] = {};
    long values[2] = {1, 2}, got[2] = {};
    auto* place = reinterpret_cast<unsigned char*>(got);
    rpc.Buffer = m.Buffer = m.BufferStart = buffer;
    rpc.BufferLength = sizeof buffer;
    rpc.DataRepresentation = 0x10;
    m.BufferEnd = buffer + sizeof buffer;
    m.RpcMsg = &rpc;
    m.StubDesc = &desc;
    m.IsClient = 1;
    auto* memory = reinterpret_cast<unsigned char*>(values);
    function<void WINAPI(MIDL_STUB_MESSAGE*, unsigned char*, const unsigned char*)>("NdrHardStructBufferSize")(
        &m, memory, format);
    EXPECT(m.BufferLength == 8);
    using Marshall = unsigned char* WINAPI(MIDL_STUB_MESSAGE*, unsigned char*, const unsigned char*);
    EXPECT(!function<Marshall>("NdrHardStructMarshall")(&m, memory, format));
    EXPECT(m.Buffer == buffer + 8 && !std::memcmp(buffer, values, 8));
    m.Buffer = buffer;
    EXPECT(function<unsigned long WINAPI(MIDL_STUB_MESSAGE*, const unsigned char*)>("NdrHardStructMemorySize")(
               &m, format) == 8);
    m.Buffer = buffer;
    using Unmarshall = unsigned char* WINAPI(MIDL_STUB_MESSAGE*, unsigned char**, const unsigned char*, unsigned char);
    EXPECT(!function<Unmarshall>("NdrHardStructUnmarshall")(&m, &place, format, 0));
    EXPECT(got[0] == 1 && got[1] == 2);
    function<void WINAPI(MIDL_STUB_MESSAGE*, unsigned char*, const unsigned char*)>("NdrHardStructFree")(&m, memory,
                                                                                                         format);
}

}  // namespace

int main() {
    test_base_types();
    test_arrays();
    test_helpers();
    test_hard_structure();
    std::printf("ndr1: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
