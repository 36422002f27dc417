// What a registration's flags, limits and callback admit, over every protocol sequence: documentation pages "Interface Registration
// Flags", RpcServerRegisterIfEx, RpcServerRegisterIf2 and RpcServerYield. The builtin enforces none of it.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>

#include <string>

#include "basics/check.h"

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kInterface = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x72, 0x65, 0x67, 0x69, 0x73, 0x74}};
enum { kEcho, kHold };

LONG g_held;
HANDLE g_release;

void __RPC_STUB echo(RPC_MESSAGE* m) {
    RpcServerYield();
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}
void __RPC_STUB hold(RPC_MESSAGE* m) {
    InterlockedIncrement(&g_held);
    CHECK_EQ(WaitForSingleObject(g_release, 60000), WAIT_OBJECT_0);
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}

RPC_DISPATCH_FUNCTION g_functions[] = {echo, hold, nullptr};
RPC_DISPATCH_TABLE g_table = {2, g_functions, 0};
RPC_SERVER_INTERFACE g_spec = {sizeof g_spec, {kInterface, {1, 0}}, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, {kInterface, {1, 0}}, kNdr, nullptr, 0, nullptr, 0, nullptr, 0};

const struct {
    const char *sequence, *binding;
} kEveryWay[] = {{"ncalrpc", "ncalrpc:[registration]"},
                 {"ncacn_np", "ncacn_np:[\\\\pipe\\\\registration]"},
                 {"ncacn_ip_tcp", "ncacn_ip_tcp:127.0.0.1[4791]"}};
enum { kLrpc, kPipe, kTcp, kWays };

RPC_STATUS call(int way, unsigned opnum = kEcho, unsigned size = 0) {
    RPC_BINDING_HANDLE handle = nullptr;
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR)kEveryWay[way].binding, &handle), RPC_S_OK);
    RPC_MESSAGE m{};
    m.Handle = handle;
    m.RpcInterfaceInformation = &g_client;
    m.ProcNum = opnum;
    m.BufferLength = size;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) memset(m.Buffer, 0, size);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    if (status == RPC_S_OK) status = I_RpcFreeBuffer(&m);
    RpcBindingFree(&handle);
    return status;
}

int g_asked;
RPC_STATUS g_answer;
RPC_STATUS RPC_ENTRY ask(RPC_IF_HANDLE, void* handle) {
    CHECK(handle != nullptr);
    return ++g_asked, g_answer;
}

void enlist(unsigned flags, unsigned max_calls, unsigned max_size, RPC_IF_CALLBACK_FN* callback) {
    CHECK_EQ(RpcServerRegisterIf2(&g_spec, nullptr, nullptr, flags, max_calls, max_size, callback), RPC_S_OK);
}
void drop() { CHECK_EQ(RpcServerUnregisterIf(&g_spec, nullptr, TRUE), RPC_S_OK); }

void expect(const char* what, RPC_STATUS lrpc, RPC_STATUS pipe, RPC_STATUS tcp, unsigned size = 0) {
    const RPC_STATUS expected[kWays] = {lrpc, pipe, tcp};
    for (int way = 0; way < kWays; ++way) {
        const RPC_STATUS heard = call(way, kEcho, size);
        CHECK_EQ(heard, expected[way]);
        if (heard != expected[way]) printf("    %s over %s\n", what, kEveryWay[way].sequence);
    }
}

// A network protocol is not local, whoever uses it, but for named pipes.
void local_only() {
    enlist(RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_LOCAL_ONLY, 100, UINT_MAX, nullptr);
    expect("local only", RPC_S_OK, RPC_S_OK, RPC_S_ACCESS_DENIED);
    drop();
}

// ncalrpc's clients are known by their pipe.
void secure_only() {
    enlist(RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_SECURE_ONLY, 100, UINT_MAX, nullptr);
    expect("secure only", RPC_S_OK, RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED);
    drop();
}

// Stub data, in bytes; what is of this size goes, and ncalrpc knows no limit. Fragments too add up.
void largest_request() {
    enlist(RPC_IF_AUTOLISTEN, 100, 1000, nullptr);
    expect("the largest", RPC_S_OK, RPC_S_OK, RPC_S_OK, 1000);
    expect("one more", RPC_S_OK, RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED, 1001);
    expect("many fragments", RPC_S_OK, RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED, 1 << 20);
    expect("and the next", RPC_S_OK, RPC_S_OK, RPC_S_OK, 8);
    drop();
}

void callbacks() {
    enlist(RPC_IF_AUTOLISTEN, 100, UINT_MAX, ask);
    g_asked = 0;
    for (int way : {kPipe, kTcp}) CHECK_EQ(call(way), RPC_S_ACCESS_DENIED);
    CHECK_EQ(g_asked, 0);  // who is nobody never gets there
    CHECK_EQ(call(kLrpc), RPC_S_OK);
    CHECK_EQ(g_asked, 1);
    drop();

    enlist(RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_CALLBACKS_WITH_NO_AUTH | RPC_IF_SEC_NO_CACHE, 100, UINT_MAX, ask);
    g_asked = 0;
    expect("a callback that admits", RPC_S_OK, RPC_S_OK, RPC_S_OK);
    expect("a callback that admits", RPC_S_OK, RPC_S_OK, RPC_S_OK);
    CHECK_EQ(g_asked, 6);  // of every call
    g_answer = RPC_S_SERVER_TOO_BUSY;
    expect("a callback that does not", RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED);
    g_answer = RPC_S_OK;
    expect("and admits again", RPC_S_OK, RPC_S_OK, RPC_S_OK);
    drop();
}

DWORD WINAPI hold_one(void*) { return call(kLrpc, kHold); }

// `calls` at once, and what one more hears.
RPC_STATUS beside(int calls) {
    HANDLE threads[4];
    g_held = 0;
    ResetEvent(g_release);
    for (int i = 0; i < calls; ++i) threads[i] = CreateThread(nullptr, 0, hold_one, nullptr, 0, nullptr);
    for (int i = 0; i < 6000 && InterlockedAdd(&g_held, 0) < calls; ++i) Sleep(10);
    CHECK_EQ(g_held, calls);
    const RPC_STATUS heard = call(kLrpc);
    SetEvent(g_release);
    CHECK_EQ(WaitForMultipleObjects(calls, threads, TRUE, 60000), WAIT_OBJECT_0);
    for (int i = 0; i < calls; ++i) {
        DWORD status = 1;
        GetExitCodeThread(threads[i], &status);
        CHECK_EQ(status, RPC_S_OK);
        CloseHandle(threads[i]);
    }
    return heard;
}

// A registration's limit is for interfaces that listen by themselves; the others have RpcServerListen's, which is a hint.
void limits() {
    enlist(RPC_IF_AUTOLISTEN, 2, UINT_MAX, nullptr);
    CHECK_EQ(beside(1), RPC_S_OK);
    CHECK_EQ(beside(2), RPC_S_SERVER_TOO_BUSY);
    CHECK_EQ(beside(1), RPC_S_OK);
    drop();
    enlist(0, 2, UINT_MAX, nullptr);
    CHECK_EQ(call(kLrpc), RPC_S_SERVER_TOO_BUSY);  // nobody listens
    CHECK_EQ(RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE), RPC_S_OK);
    CHECK_EQ(beside(3), RPC_S_OK);
    CHECK_EQ(RpcMgmtStopServerListening(nullptr), RPC_S_OK);
    CHECK_EQ(RpcMgmtWaitServerListen(), RPC_S_OK);
    CHECK_EQ(call(kLrpc), RPC_S_SERVER_TOO_BUSY);
    drop();
}

DWORD WINAPI unregister(void*) { return RpcServerUnregisterIf(&g_spec, nullptr, TRUE); }

// Who unregisters may wait for the calls that run; nobody new is let in meanwhile.
void unregistering() {
    enlist(RPC_IF_AUTOLISTEN, 100, UINT_MAX, nullptr);
    g_held = 0;
    ResetEvent(g_release);
    const HANDLE caller = CreateThread(nullptr, 0, hold_one, nullptr, 0, nullptr);
    for (int i = 0; i < 6000 && !InterlockedAdd(&g_held, 0); ++i) Sleep(10);
    const HANDLE other = CreateThread(nullptr, 0, unregister, nullptr, 0, nullptr);
    CHECK_EQ(WaitForSingleObject(other, 200), WAIT_TIMEOUT);
    CHECK_EQ(call(kLrpc), RPC_S_UNKNOWN_IF);
    SetEvent(g_release);
    CHECK_EQ(WaitForSingleObject(other, 60000), WAIT_OBJECT_0);
    CHECK_EQ(WaitForSingleObject(caller, 60000), WAIT_OBJECT_0);
    DWORD status = 1;
    GetExitCodeThread(other, &status);
    CHECK_EQ(status, RPC_S_OK);
    GetExitCodeThread(caller, &status);
    CHECK_EQ(status, RPC_S_OK);
    CloseHandle(caller);
    CloseHandle(other);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    g_release = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    RpcServerYield();  // outside of a call as well
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncalrpc", 10, (RPC_CSTR) "registration", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_np", 10, (RPC_CSTR) "\\pipe\\registration", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_ip_tcp", 10, (RPC_CSTR) "4791", nullptr), RPC_S_OK);
    local_only();
    secure_only();
    largest_request();
    callbacks();
    limits();
    unregistering();
    printf("registration: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
