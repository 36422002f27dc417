// RpcSs*, RpcSm* and the stubs' allocators, as programs and stubs call them. Sources: their documentation pages.
// clang-format off
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcdcep.h>
// clang-format on

#include <cstdio>
#include <cstring>

#include "support/format.h"
#include "support/guard.h"
#include "support/stub.h"
#include "support/threads.h"

extern "C" {
void* RPC_ENTRY I_RpcBCacheAllocate(unsigned int);
void RPC_ENTRY I_RpcBCacheFree(void*);
void* RPC_ENTRY I_RpcAllocate(unsigned int);
void RPC_ENTRY I_RpcFree(void*);
}

namespace {

int g_failures = 0, g_checks = 0;

void expect(bool ok, int line, const char* what) {
    ++g_checks;
    if (ok) return;
    ++g_failures;
    std::printf("main.cpp:%d: FAIL %s\n", line, what);
}
#define EXPECT(x) expect((x), __LINE__, #x)
#define EXPECT_RAISES(code, ...) EXPECT(guarded([&] { __VA_ARGS__; }).raised == (code))

void test_environment() {
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsAllocate(8));
    RPC_STATUS status = 1;
    EXPECT(!RpcSmAllocate(8, &status) && status == RPC_S_INVALID_ARG);
    EXPECT(!RpcSsGetThreadHandle());
    status = 1;
    EXPECT(!RpcSmGetThreadHandle(&status) && status == RPC_S_OK);

    RpcSsEnableAllocate();
    EXPECT(RpcSmEnableAllocate() == RPC_S_OK);
    void* a = RpcSsAllocate(100);
    status = 1;
    void* b = RpcSmAllocate(100, &status);
    EXPECT(a && b && status == RPC_S_OK);
    EXPECT(reinterpret_cast<uintptr_t>(a) % MEMORY_ALLOCATION_ALIGNMENT == 0);
    RpcSsFree(b);  // either frees what the other allocated
    EXPECT(RpcSmFree(a) == RPC_S_OK);
    EXPECT(RpcSmFree(a) == RPC_S_INVALID_ARG);
    EXPECT(RpcSmFree(nullptr) == RPC_S_OK);
    int foreign = 0;
    EXPECT(guarded([&] { RpcSsFree(&foreign); }).raised == 0);
    EXPECT_RAISES(RPC_S_OUT_OF_MEMORY, RpcSsAllocate(~size_t{0}));
    EXPECT(!RpcSmAllocate(~size_t{0} - 4, &status) && status == RPC_S_OUT_OF_MEMORY);
    RpcSsDisableAllocate();
    EXPECT(RpcSsAllocate(8) != nullptr);  // the other pair is still open
    EXPECT(RpcSmDisableAllocate() == RPC_S_OK);
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsAllocate(8));
    EXPECT(RpcSmDisableAllocate() == RPC_S_OK);
}

void test_threads() {
    RpcSsEnableAllocate();
    RPC_SS_THREAD_HANDLE handle = RpcSsGetThreadHandle();
    EXPECT(handle && handle == RpcSsGetThreadHandle());
    void* theirs = nullptr;
    EXPECT(run_elsewhere([&] {
        EXPECT(!RpcSsGetThreadHandle());
        RpcSsSetThreadHandle(handle);
        EXPECT(RpcSsGetThreadHandle() == handle);
        theirs = RpcSsAllocate(10);
    }));
    std::memset(theirs, 1, 10);
    RpcSsFree(theirs);
    EXPECT(RpcSmSetThreadHandle(nullptr) == RPC_S_OK);
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsAllocate(8));
    EXPECT(RpcSmSetThreadHandle(handle) == RPC_S_OK);
    RpcSsDisableAllocate();
    EXPECT(RpcSmSetThreadHandle(handle) == RPC_S_INVALID_ARG);
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsSetThreadHandle(handle));
    EXPECT(RpcSmSetThreadHandle(&handle) == RPC_S_INVALID_ARG);
}

long g_client_blocks;
void* __RPC_API count_allocate(size_t size) {
    ++g_client_blocks;
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_API count_free(void* p) {
    --g_client_blocks;
    HeapFree(GetProcessHeap(), 0, p);
}

void test_client_routines() {
    RPC_CLIENT_ALLOC* allocate = nullptr;
    RPC_CLIENT_FREE* free = nullptr;
    EXPECT(RpcSmSwapClientAllocFree(nullptr, count_free, &allocate, &free) == RPC_S_INVALID_ARG);
    EXPECT(RpcSmSwapClientAllocFree(count_allocate, count_free, nullptr, &free) == RPC_S_INVALID_ARG);
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsSwapClientAllocFree(count_allocate, nullptr, &allocate, &free));
    EXPECT_RAISES(RPC_S_INVALID_ARG, RpcSsSetClientAllocFree(nullptr, nullptr));
    EXPECT(RpcSmSwapClientAllocFree(count_allocate, count_free, &allocate, &free) == RPC_S_OK);
    MIDL_STUB_MESSAGE message{};
    NdrRpcSmSetClientToOsf(&message);
    void* node = message.pfnAllocate(5);
    EXPECT(node && g_client_blocks == 1);
    EXPECT(RpcSmClientFree(node) == RPC_S_OK && g_client_blocks == 0);
    node = NdrRpcSmClientAllocate(5);
    EXPECT(run_elsewhere([] {  // the pair is one thread's
        void* other = NdrRpcSmClientAllocate(5);
        EXPECT(other && g_client_blocks == 1);
        NdrRpcSmClientFree(other);
        EXPECT(g_client_blocks == 1);
    }));
    message.pfnFree(node);
    EXPECT(g_client_blocks == 0);
    EXPECT(RpcSmSetClientAllocFree(allocate, nullptr) == RPC_S_INVALID_ARG);
    EXPECT(RpcSmSetClientAllocFree(allocate, free) == RPC_S_OK);
    node = NdrRpcSmClientAllocate(5);
    EXPECT(node && g_client_blocks == 0);
    NdrRpcSmClientFree(node);
    EXPECT(RpcSmSetClientAllocFree(count_allocate, count_free) == RPC_S_OK);
    node = NdrRpcSmClientAllocate(5);
    EXPECT(node && g_client_blocks == 1);
    NdrRpcSmClientFree(node);
    RpcSsSetClientAllocFree(allocate, free);
    node = NdrRpcSmClientAllocate(5);
    EXPECT(node && g_client_blocks == 0);
    NdrRpcSmClientFree(node);
}

void test_stub_allocators() {
    MIDL_STUB_MESSAGE message{};
    NdrRpcSsEnableAllocate(&message);
    void* node = message.pfnAllocate(8);
    EXPECT(node && RpcSmFree(node) == RPC_S_OK);
    message.pfnFree(message.pfnAllocate(8));
    EXPECT(message.pfnAllocate(8) != nullptr);
    NdrRpcSsDisableAllocate(&message);
    EXPECT(!RpcSsGetThreadHandle());
    node = NdrRpcSsDefaultAllocate(16);
    EXPECT(node != nullptr);
    NdrRpcSsDefaultFree(node);
    node = NdrOleAllocate(16);
    EXPECT(node != nullptr);
    std::memset(node, 0, 16);
    CoTaskMemFree(node);  // they are that pair
    NdrOleFree(CoTaskMemAlloc(16));
    NdrOleFree(nullptr);
    node = I_RpcBCacheAllocate(16);
    EXPECT(node != nullptr);
    std::memset(node, 0, 16);
    I_RpcBCacheFree(node);
    node = I_RpcAllocate(16);
    EXPECT(node != nullptr);
    std::memset(node, 0, 16);
    I_RpcFree(node);
}

// --- a server -------------------------------------------------------------------------------------------------------

// 0: long reverse([in, out, string, unique] char** text), with Oi_RPCSS_ALLOC_USED.
// 1: long untidy(), whose manager leaves the package in disorder: its result says how it found it.
const unsigned char types[] = {0, 0, 0x12, 0, 2, 0, 0x22, 0x5c, 0};
constexpr format::Param in_out_string{0x201b, 2};

constexpr format::String with_rpcss(format::String s) {
    s.bytes[1] |= 0x02;
    return s;
}
constexpr format::String reverse_format = with_rpcss(format::make({0, 2, {in_out_string, format::result_long}}, false));
constexpr format::String untidy_format = format::make({1, 1, {format::result_long}}, false);

RPC_SS_THREAD_HANDLE g_call_handle;

long reverse(handle_t, char** text) {
    g_call_handle = RpcSsGetThreadHandle();
    size_t length = std::strlen(*text);
    auto* answer = static_cast<char*>(RpcSsAllocate(length + 1));
    for (size_t i = 0; i < length; ++i) answer[i] = (*text)[length - 1 - i];
    answer[length] = 0;
    RpcSsFree(*text);  // wherever the stub has it
    *text = answer;
    RpcSsAllocate(10000);
    return 7;
}

long untidy(handle_t) {
    RPC_CLIENT_ALLOC* allocate = nullptr;
    RPC_CLIENT_FREE* free = nullptr;
    RpcSsSwapClientAllocFree(count_allocate, count_free, &allocate, &free);
    long found = (RpcSsGetThreadHandle() ? 1 : 0) + (allocate == count_allocate ? 2 : 0);
    RpcSsEnableAllocate();
    RpcSsAllocate(1000);
    return found;
}

const unsigned char* const formats[] = {reverse_format, untidy_format};
unsigned char procs[256];
unsigned short offsets[2];
const SERVER_ROUTINE routines[] = {reinterpret_cast<SERVER_ROUTINE>(reverse), reinterpret_cast<SERVER_ROUTINE>(untidy)};
RPC_DISPATCH_FUNCTION dispatch_functions[] = {NdrServerCall2, NdrServerCall2, nullptr};
RPC_DISPATCH_TABLE dispatch_table{2, dispatch_functions, 0};
extern MIDL_STUB_DESC desc;
MIDL_SERVER_INFO server_info{&desc, routines, procs, offsets, nullptr, nullptr, 0, nullptr};
RPC_SERVER_INTERFACE face{sizeof face,
                          {{0x5b1e9d5c, 0x1b9f, 0x4c8b, {0x9a, 0x57, 0x3e, 0x2d, 0x61, 0x0f, 0x77, 0x10}}, {1, 0}},
                          {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}},
                          &dispatch_table,
                          0,
                          nullptr,
                          nullptr,
                          &server_info,
                          0};
void* __RPC_API stub_allocate(size_t size) {
    return HeapAlloc(GetProcessHeap(), 0, size);
}
void __RPC_API stub_free(void* p) {
    HeapFree(GetProcessHeap(), 0, p);
}
MIDL_STUB_DESC desc{&face,   stub_allocate, stub_free, {},      nullptr, nullptr, nullptr, nullptr, types,   1,
                    0x50002, nullptr,       0x600016e, nullptr, nullptr, nullptr, 1,       nullptr, nullptr, 0};

void test_server() {
    std::memcpy(procs, formats[0], 128);
    std::memcpy(procs + 128, formats[1], 128);
    offsets[1] = 128;
    auto* protocol = reinterpret_cast<RPC_CSTR>(const_cast<char*>("ncalrpc"));
    auto* endpoint = reinterpret_cast<RPC_CSTR>(const_cast<char*>("memory_test"));
    EXPECT(RpcServerUseProtseqEpA(protocol, 10, endpoint, nullptr) == RPC_S_OK);
    EXPECT(RpcServerRegisterIfEx(&face, nullptr, nullptr, RPC_IF_AUTOLISTEN, 10, nullptr) == RPC_S_OK);
    RPC_CSTR text = nullptr;
    handle_t binding = nullptr;
    EXPECT(RpcStringBindingComposeA(nullptr, protocol, nullptr, endpoint, nullptr, &text) == RPC_S_OK);
    EXPECT(RpcBindingFromStringBindingA(text, &binding) == RPC_S_OK);
    RpcStringFreeA(&text);
    char word[] = "stressed";
    char* pointer = word;
    Outcome reversed = guarded([&] { return stub::sync_call(desc, reverse_format, binding, &pointer); });
    EXPECT(reversed == 7);
    if (!(reversed == 7)) std::printf("    %s\n", reversed.text().c_str());
    EXPECT(pointer == word && !std::strcmp(word, "desserts"));
    EXPECT(g_call_handle && RpcSmSetThreadHandle(g_call_handle) == RPC_S_INVALID_ARG);
    for (int i = 0; i < 20; ++i) EXPECT(guarded([&] { return stub::sync_call(desc, untidy_format, binding); }) == 0);
    EXPECT(RpcBindingFree(&binding) == RPC_S_OK);
    EXPECT(RpcServerUnregisterIf(&face, nullptr, 1) == RPC_S_OK);
}

}  // namespace

int main() {
    test_environment();
    test_threads();
    test_client_routines();
    test_stub_allocators();
    test_server();
    std::printf("memory: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
