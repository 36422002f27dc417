// The Mes* and NdrMes* exports, as programs and MIDL's stubs call them, on both architectures. `pickling builtin` does
// only what Wine's builtin can, with the same expected bytes.
// midles.h needs rpc.h before it, and that windows.h.
// clang-format off
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <midles.h>
// clang-format on

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../dlls/rpcrt4/ndr/sample_formats.h"
#include "support/guard.h"

#ifdef _WIN64
namespace sample = rpc::ndr::sample::x64;
#else
namespace sample = rpc::ndr::sample::x32;
extern "C" CLIENT_CALL_RETURN RPC_VAR_ENTRY NdrMesProcEncodeDecode4(handle_t, const MIDL_STUB_DESC*, PFORMAT_STRING,
                                                                    ...);
#endif

namespace {

int g_failures = 0, g_checks = 0;
long g_blocks = 0;

void expect(bool ok, int line, const char* what) {
    ++g_checks;
    if (ok) return;
    ++g_failures;
    std::printf("main.cpp:%d: FAIL %s\n", line, what);
}
#define EXPECT(x) expect((x), __LINE__, #x)
#define EXPECT_RAISES(code, ...) EXPECT(guarded([&] { __VA_ARGS__; }).raised == (code))

void* __RPC_USER allocate(size_t n) {
    ++g_blocks;
    return std::malloc(n ? n : 1);
}
void __RPC_USER release(void* p) {
    --g_blocks;
    std::free(p);
}

RPC_CLIENT_INTERFACE face{sizeof face,
                          {{0x11223344, 0x5566, 0x7788, {1, 2, 3, 4, 5, 6, 7, 8}}, {1, 2}},
                          {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}},
                          nullptr,
                          0,
                          nullptr,
                          0,
                          nullptr,
                          0};
const MIDL_STUB_DESC desc{&face,   allocate, release,   {},      nullptr, nullptr, nullptr, nullptr, sample::format, 1,
                          0x50002, nullptr,  0x600016e, nullptr, nullptr, nullptr, 1,       nullptr, nullptr,        0};
const MIDL_TYPE_PICKLING_INFO info{0x33205054, 0x1, {}};

struct WithPointers {
    long a;
    wchar_t* s;
    long* p;
    short* array;
};

#define COMMON 1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc
#define LONG_AT(v) (v) & 0xff, (v) >> 8 & 0xff, (v) >> 16 & 0xff, static_cast<unsigned>(v) >> 24
const std::vector<unsigned char> tree_bytes{COMMON,
                                            56,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            3,
                                            0,
                                            0,
                                            0,
                                            LONG_AT(0x20000),
                                            LONG_AT(0x20004),
                                            LONG_AT(0x20008),
                                            LONG_AT(3),
                                            LONG_AT(0),
                                            LONG_AT(3),
                                            'h',
                                            0,
                                            'i',
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            LONG_AT(77),
                                            LONG_AT(3),
                                            1,
                                            0,
                                            2,
                                            0,
                                            3,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0,
                                            0};

alignas(16) char g_buffer[1024];

bool same(const char* buffer, unsigned long size, const std::vector<unsigned char>& want) {
    return size == want.size() && !std::memcmp(buffer, want.data(), size);
}

void check_tree(const WithPointers& tree) {
    EXPECT(tree.a == 3 && tree.s && !std::wcscmp(tree.s, L"hi") && tree.p && *tree.p == 77 && tree.array &&
           tree.array[2] == 3);
}

void test_types() {
    wchar_t text[] = L"hi";
    long number = 77;
    short array[] = {1, 2, 3};
    WithPointers tree{3, text, &number, array};
    const unsigned char* format = sample::format + sample::at_withptr;
    unsigned long size = 0;
    handle_t handle = nullptr;
    EXPECT(MesEncodeFixedBufferHandleCreate(g_buffer, sizeof g_buffer, &size, &handle) == RPC_S_OK);
    EXPECT(NdrMesTypeAlignSize2(handle, &info, &desc, format, &tree) == 72);
    EXPECT(NdrMesTypeAlignSize(handle, &desc, format, &tree) == 72);
    EXPECT(NdrMesSimpleTypeAlignSize(handle) == 16);
    EXPECT(guarded([&] { NdrMesTypeEncode2(handle, &info, &desc, format, &tree); }).raised == 0);
    EXPECT(same(g_buffer, size, tree_bytes));
    EXPECT(NdrMesTypeAlignSize2(handle, &info, &desc, format, &tree) == 64);
    NdrMesTypeEncode(handle, &desc, format, &tree);
    long value = -5;
    NdrMesSimpleTypeEncode(handle, &desc, &value, 4);
    EXPECT(size == 72 + 64 + 8);
    EXPECT_RAISES(RPC_X_INVALID_ES_ACTION, NdrMesTypeDecode2(handle, &info, &desc, format, &tree));
    EXPECT_RAISES(RPC_X_INVALID_ES_ACTION, NdrMesSimpleTypeDecode(handle, &value, 4));
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    EXPECT(MesHandleFree(handle) == RPC_S_INVALID_ARG);

    EXPECT(MesDecodeBufferHandleCreate(g_buffer, size, &handle) == RPC_S_OK);
    WithPointers got{};
    NdrMesTypeDecode2(handle, &info, &desc, format, &got);
    check_tree(got);
    EXPECT(g_blocks == 3);
    NdrMesTypeFree2(handle, &info, &desc, format, &got);
    EXPECT(g_blocks == 0);
    got = {};
    NdrMesTypeDecode(handle, &desc, format, &got);
    check_tree(got);
    NdrMesTypeFree2(handle, &info, &desc, format, &got);
    value = 0;
    NdrMesSimpleTypeDecode(handle, &value, 4);
    EXPECT(value == -5);
    EXPECT_RAISES(RPC_X_INVALID_BUFFER, NdrMesSimpleTypeDecode(handle, &value, 4));
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    EXPECT_RAISES(RPC_S_INVALID_ARG, NdrMesTypeEncode2(handle, &info, &desc, format, &tree));
    EXPECT_RAISES(RPC_S_INVALID_ARG, NdrMesSimpleTypeAlignSize(nullptr));
}

#ifdef _WIN64
// What MIDL makes with -protocol all: one entry a transfer syntax.
void test_several_syntaxes() {
    MIDL_SYNTAX_INFO syntaxes[2]{};
    syntaxes[0].TransferSyntax = {{0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}},
                                  {1, 0}};
    syntaxes[1].TransferSyntax = face.TransferSyntax;
    syntaxes[1].TypeString = sample::format;
    MIDL_STUBLESS_PROXY_INFO proxy{&desc, nullptr, nullptr, nullptr, 2, syntaxes};
    const unsigned long none[] = {0}, ours[] = {0, sample::at_withptr};
    const unsigned long* offsets[] = {none, ours};
    wchar_t text[] = L"hi";
    long number = 77;
    short array[] = {1, 2, 3};
    WithPointers tree{3, text, &number, array}, got{};
    unsigned long size = 0;
    handle_t handle = nullptr;
    char* buffer = nullptr;
    EXPECT(MesEncodeDynBufferHandleCreate(&buffer, &size, &handle) == RPC_S_OK);
    EXPECT(NdrMesTypeAlignSize3(handle, &info, &proxy, offsets, 1, &tree) == 72);
    NdrMesTypeEncode3(handle, &info, &proxy, offsets, 1, &tree);
    EXPECT(same(buffer, size, tree_bytes));
    EXPECT(NdrMesSimpleTypeAlignSizeAll(handle, &proxy) == 8);
    NdrMesSimpleTypeEncodeAll(handle, &proxy, &number, 4);
    EXPECT(size == 80);
    EXPECT(MesBufferHandleReset(handle, MES_DYNAMIC_BUFFER_HANDLE, MES_DECODE, &buffer, size, nullptr) == RPC_S_OK);
    NdrMesTypeDecode3(handle, &info, &proxy, offsets, 1, &got);
    check_tree(got);
    NdrMesTypeFree3(handle, &info, &proxy, offsets, 1, &got);
    number = 0;
    NdrMesSimpleTypeDecodeAll(handle, &proxy, &number, 4);
    EXPECT(number == 77);
    release(buffer);
    proxy.nCount = 1;  // NDR64 alone
    EXPECT_RAISES(RPC_S_UNSUPPORTED_TRANS_SYN, NdrMesTypeDecode3(handle, &info, &proxy, offsets, 1, &got));
    EXPECT_RAISES(RPC_S_UNSUPPORTED_TRANS_SYN, NdrMesSimpleTypeDecodeAll(handle, &proxy, &number, 4));
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    EXPECT(g_blocks == 0);
}
#endif

// --- procedures: void f([in] long a, [in, out] long* b, [out] long* c), number 7
// ----------------------------------------

constexpr unsigned char slots(unsigned n) {
    return static_cast<unsigned char>(n * sizeof(void*));
}
constexpr unsigned char extension = sizeof(void*) == 8 ? 10 : 8;
const std::vector<unsigned char> oif_format = [] {
    std::vector<unsigned char> f{0, 0x78, 0, 0, 0, 0, 7, 0,    slots(4), 0,         0x32,
                                 0, 0,    0, 8, 0, 8, 0, 0x40, 3,        extension, 0};
    f.resize(f.size() + extension - 2);
    for (unsigned char b :
         {0x48, 0x00, int(slots(1)), 0, 8, 0, 0x58, 0x01, int(slots(2)), 0, 8, 0, 0x50, 0x21, int(slots(3)), 0, 8, 0})
        f.push_back(b);
    return f;
}();
const unsigned char oi_types[] = {0, 0, 0x11, 0x08, 0x08, 0x5c, 0x11, 0x0c, 0x08, 0x5c, 0};
const unsigned char oi_format[] = {0,    0x78, 0,    0,    0,    0,    7,    0,    slots(4), 0,
                                   0x32, 0,    0,    0,    0x4e, 0x0f, 0x4e, 0x08, 0x50,     0x01,
                                   0x02, 0x00, 0x51, 0x01, 0x06, 0x00, 0x5b, 0x08};
MIDL_STUB_DESC oi_desc;

#define PROCEDURE(length)                                                                                              \
    1, 1, 0xcc, 0xcc, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0, 0x2b, 0x10, 0x48, 0x60, 2,  \
        0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 2, 0, 7, 0, 0, 0, 1, 0, \
        0, 0, length, 0, 0, 0
const std::vector<unsigned char> procedure_bytes{PROCEDURE(8), LONG_AT(0x11111111), LONG_AT(0x22222222)};

void oif(handle_t handle, long a, long* b, long* c) {
#ifdef _WIN64
    NdrMesProcEncodeDecode2(handle, &desc, oif_format.data(), handle, static_cast<uintptr_t>(a), b, c);
#else
    void* frame[] = {handle, reinterpret_cast<void*>(a), b, c};
    NdrMesProcEncodeDecode2(handle, &desc, oif_format.data(), frame);
#endif
}

void oi(handle_t handle, long a, long* b, long* c) {
    oi_desc = desc;
    oi_desc.pFormatTypes = oi_types;
#ifdef _WIN64
    NdrMesProcEncodeDecode(handle, &oi_desc, oi_format, handle, static_cast<uintptr_t>(a), b, c);
#else
    void* frame[] = {handle, reinterpret_cast<void*>(a), b, c};
    NdrMesProcEncodeDecode(handle, &oi_desc, oi_format, frame);
#endif
}

void inline_arguments(handle_t handle, long a, long* b, long* c) {
#ifdef _WIN64
    MIDL_SYNTAX_INFO syntax{};
    const unsigned short offset[] = {0};
    syntax.TransferSyntax = face.TransferSyntax;
    syntax.ProcString = oif_format.data();
    syntax.FmtStringOffset = offset;
    MIDL_STUBLESS_PROXY_INFO proxy{&desc, nullptr, nullptr, nullptr, 1, &syntax};
    NdrMesProcEncodeDecode3(handle, &proxy, 0, nullptr, handle, static_cast<uintptr_t>(a), b, c);
#else
    NdrMesProcEncodeDecode4(handle, &desc, oif_format.data(), handle, a, b, c);
#endif
}

using Procedure = void (*)(handle_t, long, long*, long*);

void test_procedure(Procedure procedure) {
    long b = 0x22222222, c = 0x33333333;
    unsigned long size = 0, number = 0;
    handle_t handle = nullptr;
    RPC_SYNTAX_IDENTIFIER id{};
    EXPECT(MesEncodeFixedBufferHandleCreate(g_buffer, sizeof g_buffer, &size, &handle) == RPC_S_OK);
    EXPECT(MesInqProcEncodingId(handle, &id, &number) == RPC_X_INVALID_ES_ACTION);
    EXPECT(guarded([&] { procedure(handle, 0x11111111, &b, &c); }).raised == 0);
    EXPECT(same(g_buffer, size, procedure_bytes));
    EXPECT(MesInqProcEncodingId(handle, &id, &number) == RPC_S_OK);
    EXPECT(number == 7 && !std::memcmp(&id, &face.InterfaceId, sizeof id));
    char* buffer = g_buffer;
    EXPECT(MesBufferHandleReset(handle, MES_FIXED_BUFFER_HANDLE, MES_DECODE, &buffer, size, nullptr) == RPC_S_OK);
    number = 0;
    EXPECT(MesInqProcEncodingId(handle, &id, &number) == RPC_S_OK && number == 7);
    EXPECT(guarded([&] { procedure(handle, 0, &b, &c); }).raised ==
           0);  // [in, out] b and [out] c from what were a and b
    EXPECT(b == 0x11111111 && c == 0x22222222);
    EXPECT_RAISES(RPC_X_INVALID_BUFFER, procedure(handle, 0, &b, &c));
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
}

// --- user routines
// ------------------------------------------------------------------------------------------------------

char g_stream[256];
unsigned g_written, g_read;
void __RPC_API user_alloc(void*, char** buffer, unsigned* size) {
    static char block[256] __attribute__((aligned(16)));
    EXPECT(*size <= sizeof block);
    *buffer = block;
}
void __RPC_API user_write(void*, char* buffer, unsigned size) {
    std::memcpy(g_stream + g_written, buffer, size);
    g_written += size;
}
void __RPC_API user_read(void*, char** buffer, unsigned* size) {
    static char block[256] __attribute__((aligned(16)));
    std::memcpy(block, g_stream + g_read, *size);
    g_read += *size;
    *buffer = block;
}
void __RPC_API raising_read(void*, char**, unsigned*) {
    RaiseException(0x1234, 0, 0, nullptr);
}
void __RPC_API raising_write(void*, char*, unsigned) {
    RaiseException(0x1235, 0, 0, nullptr);
}

void test_incremental() {
    handle_t handle = nullptr;
    long b = 0x22222222, c = 0;
    EXPECT(MesEncodeIncrementalHandleCreate(nullptr, nullptr, user_write, &handle) == RPC_S_INVALID_ARG);
    EXPECT(MesEncodeIncrementalHandleCreate(nullptr, user_alloc, user_write, &handle) == RPC_S_OK);
    oif(handle, 0x11111111, &b, &c);
    EXPECT(same(g_stream, g_written, procedure_bytes));
    EXPECT(MesIncrementalHandleReset(handle, nullptr, nullptr, nullptr, user_read, MES_DECODE) == RPC_S_OK);
    oif(handle, 0, &b, &c);
    EXPECT(b == 0x11111111 && c == 0x22222222 && g_read == g_written);
    EXPECT(MesIncrementalHandleReset(handle, nullptr, nullptr, nullptr, raising_read, MES_DECODE) == RPC_S_OK);
    EXPECT_RAISES(0x1234u, oif(handle, 0, &b, &c));
    EXPECT(MesIncrementalHandleReset(handle, nullptr, nullptr, raising_write, nullptr, MES_ENCODE) == RPC_S_OK);
    EXPECT_RAISES(0x1235u, oif(handle, 0, &b, &c));
    EXPECT(MesIncrementalHandleReset(handle, nullptr, nullptr, nullptr, nullptr, MES_ENCODE_NDR64) == RPC_S_OK);
    EXPECT_RAISES(RPC_S_UNSUPPORTED_TRANS_SYN, oif(handle, 0, &b, &c));
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    EXPECT(MesDecodeIncrementalHandleCreate(nullptr, nullptr, &handle) == RPC_S_INVALID_ARG);
    EXPECT(MesDecodeBufferHandleCreate(g_buffer + 4, 64, &handle) == RPC_X_INVALID_BUFFER);
    EXPECT(MesEncodeDynBufferHandleCreate(nullptr, nullptr, &handle) == RPC_S_INVALID_ARG);
}

// What both can: the same bytes, and each the other's, of which ours are.
void test_builtin() {
    handle_t handle = nullptr;
    unsigned long size = 0;
    long b = 0x22222222, c = 0;
    std::memset(g_buffer, 0, sizeof g_buffer);
    EXPECT(MesEncodeFixedBufferHandleCreate(g_buffer, sizeof g_buffer, &size, &handle) == RPC_S_OK);
    oi(handle, 0x11111111, &b, &c);
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    EXPECT(!std::memcmp(g_buffer, procedure_bytes.data(), procedure_bytes.size()));
    EXPECT(MesDecodeBufferHandleCreate(g_buffer, 64, &handle) == RPC_S_OK);
    b = c = 0;
    oi(handle, 0, &b, &c);
    EXPECT(b == 0x11111111 && c == 0x22222222);
    EXPECT(MesHandleFree(handle) == RPC_S_OK);
    for (unsigned at : {0u, 1u, 4u, 23u}) {
        std::memcpy(g_buffer, procedure_bytes.data(), procedure_bytes.size());
        g_buffer[at] ^= 0x20;
        EXPECT(MesDecodeBufferHandleCreate(g_buffer, 64, &handle) == RPC_S_OK);
        EXPECT_RAISES(at < 2 ? RPC_X_WRONG_ES_VERSION : RPC_S_UNSUPPORTED_TRANS_SYN, oi(handle, 0, &b, &c));
        EXPECT(MesHandleFree(handle) == RPC_S_OK);
    }
}

}  // namespace

int main(int argc, char** argv) {
    test_builtin();
    if (argc < 2 || std::strcmp(argv[1], "builtin") != 0) {
        test_types();
#ifdef _WIN64
        test_several_syntaxes();
#endif
        test_procedure(oif);
        test_procedure(oi);
        test_procedure(inline_arguments);
        test_incremental();
    }
    std::printf("pickling: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
