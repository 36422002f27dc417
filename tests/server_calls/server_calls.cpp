// Forms of a server's set-up that go with an interface or a policy, what a routine may ask of its call on any thread, object types by
// a function of the program's, and client contexts. Documentation page of each function; what only headers declare is inferred.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <string.h>

#include <string>

#include "basics/check.h"
#include "support/bindings.h"

// mingw-w64's headers lack them, its import library has them.
extern "C" RPC_STATUS RPC_ENTRY RpcImpersonateClient2(RPC_BINDING_HANDLE);
extern "C" RPC_STATUS RPC_ENTRY RpcServerInqBindingsEx(void*, RPC_BINDING_VECTOR**);

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kInterface = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x63, 0x61, 0x6c, 0x6c, 0x73, 0x31}};

RPC_PROTSEQ_ENDPOINT g_endpoints[] = {
    {(unsigned char*)"ncalrpc", (unsigned char*)"server_calls"},
    {(unsigned char*)"ncacn_ip_tcp", (unsigned char*)"4792"},
};

struct Seen {
    RPC_STATUS not_cancelled, cancelled, impersonated, reverted, auth, auth_wide, context, transport;
    unsigned long level, service;
    unsigned type;
    void* epv;
} g_seen;
HANDLE g_inside;
int g_watch;
void (*g_watcher)(RPC_BINDING_HANDLE, int);

void __RPC_STUB look(RPC_MESSAGE* m) {
    Seen& s = g_seen;
    s = {};
    s.epv = m->ManagerEpv;
    if (g_watch != 0) g_watcher(m->Handle, g_watch);
    s.not_cancelled = RpcTestCancel();
    s.impersonated = RpcImpersonateClient2(m->Handle);
    s.reverted = RpcRevertToSelf();
    RPC_CSTR name = nullptr;
    RPC_WSTR wide = nullptr;
    s.auth = RpcBindingInqAuthClientExA(m->Handle, nullptr, &name, &s.level, &s.service, nullptr, 0);
    s.auth_wide = RpcBindingInqAuthClientExW(nullptr, nullptr, &wide, nullptr, nullptr, nullptr, 0);
    RpcStringFreeA(&name);
    RpcStringFreeW(&wide);
    void* security = nullptr;
    s.context = I_RpcBindingInqSecurityContext(m->Handle, &security);
    s.transport = I_RpcServerInqTransportType(&s.type);
    I_RpcPauseExecution(1);
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}
// Until its client has cancelled it.
void __RPC_STUB wait(RPC_MESSAGE* m) {
    SetEvent(g_inside);
    for (int i = 0; i < 3000 && (g_seen.cancelled = RpcTestCancel()) != RPC_S_OK; ++i) Sleep(10);
    m->BufferLength = 0;
    CHECK_EQ(I_RpcGetBuffer(m), RPC_S_OK);
}

RPC_DISPATCH_FUNCTION g_functions[] = {look, wait, nullptr};
RPC_DISPATCH_TABLE g_table = {2, g_functions, 0};
RPC_SERVER_INTERFACE g_spec = {sizeof g_spec, {kInterface, {1, 0}}, kNdr, &g_table, 2, g_endpoints, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, {kInterface, {1, 0}}, kNdr, nullptr, 2, g_endpoints, 0, nullptr, 0};

RPC_STATUS call(RPC_BINDING_HANDLE binding, unsigned opnum = 0) {
    RPC_MESSAGE m{};
    m.Handle = binding;
    m.RpcInterfaceInformation = &g_client;
    m.ProcNum = opnum;
    RPC_STATUS status = I_RpcNegotiateTransferSyntax(&m);
    if (status == RPC_S_OK) status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    return status == RPC_S_OK ? I_RpcFreeBuffer(&m) : status;
}

int bindings_with(const char* prefix) {
    RPC_BINDING_VECTOR* vector = nullptr;
    int found = 0;
    CHECK_EQ(RpcServerInqBindingsEx(nullptr, &vector), RPC_S_OK);
    for (unsigned long i = 0; vector && i < vector->Count; ++i) found += text_of(vector->BindingH[i]).rfind(prefix, 0) == 0;
    CHECK_EQ(RpcBindingVectorFree(&vector), RPC_S_OK);
    return found;
}

void forms() {
    RPC_POLICY policy = {sizeof policy, RPC_C_USE_INTERNET_PORT, RPC_C_BIND_TO_ALL_NICS}, bad = {1, 0, 0};
    RPC_BINDING_VECTOR* vector = nullptr;
    CHECK_EQ(RpcServerInqBindingsEx(nullptr, &vector), RPC_S_NO_BINDINGS);
    CHECK_EQ(RpcServerUseProtseqIfExA((RPC_CSTR) "ncalrpc", 10, &g_spec, nullptr, &bad), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerUseProtseqIfExA((RPC_CSTR) "ncalrpc", 10, &g_spec, nullptr, &policy), RPC_S_OK);
    CHECK_EQ(bindings_with("ncalrpc:[server_calls]"), 1);
    CHECK_EQ(RpcServerUseProtseqIfExW((RPC_WSTR)L"ncalrpc", 10, &g_spec, nullptr, &policy), RPC_S_DUPLICATE_ENDPOINT);
    CHECK_EQ(RpcServerUseAllProtseqsIfEx(10, &g_spec, nullptr, &bad), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerUseProtseqIfExW((RPC_WSTR)L"ncacn_ip_tcp", 10, &g_spec, nullptr, &policy), RPC_S_OK);
    CHECK_EQ(bindings_with("ncacn_ip_tcp:[4792]"), 1);
    CHECK_EQ(RpcServerUseProtseqEpExA((RPC_CSTR) "ncalrpc", 10, (RPC_CSTR) "server_calls_a", nullptr, &policy), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpExW((RPC_WSTR)L"ncalrpc", 10, (RPC_WSTR)L"server_calls_w", nullptr, &policy), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpExW((RPC_WSTR)L"ncalrpc", 10, (RPC_WSTR)L"server_calls_x", nullptr, &bad), RPC_S_INVALID_ARG);
    CHECK_EQ(bindings_with("ncalrpc:[server_calls_"), 2);
    CHECK_EQ(RpcServerUseAllProtseqs(10, nullptr), RPC_S_OK);
    CHECK_EQ(bindings_with("ncalrpc:"), 4);
    CHECK_EQ(bindings_with("ncacn_np:"), 1);
    CHECK_EQ(bindings_with("ncacn_ip_tcp:"), 2);
    static RPC_PROTSEQ_ENDPOINT other = {(unsigned char*)"ncacn_np", (unsigned char*)"\\pipe\\server_calls"};
    RPC_SERVER_INTERFACE alone = g_spec;
    alone.RpcProtseqEndpointCount = 1;
    alone.RpcProtseqEndpoint = &other;
    CHECK_EQ(RpcServerUseAllProtseqsIfEx(10, &alone, nullptr, &policy), RPC_S_OK);
    CHECK_EQ(bindings_with("ncacn_np:[\\\\pipe\\\\server_calls]"), 1);
}

void calls() {
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]"), copy = nullptr;
    const Seen& s = g_seen;
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(s.not_cancelled, ERROR_ACCESS_DENIED);
    CHECK_EQ(s.impersonated, RPC_S_OK);
    CHECK_EQ(s.reverted, RPC_S_OK);
    CHECK_EQ(s.auth, RPC_S_OK);
    CHECK_EQ(s.auth_wide, RPC_S_OK);
    CHECK_EQ(s.level, RPC_C_AUTHN_LEVEL_PKT_PRIVACY);
    CHECK_EQ(s.service, RPC_C_AUTHN_WINNT);
    CHECK_EQ(s.context, RPC_S_BINDING_HAS_NO_AUTH);  // the pipe says who it is, and no package
    CHECK_EQ(s.transport, RPC_S_OK);
    CHECK_EQ(s.type, TRANSPORT_TYPE_LPC);
    CHECK_EQ(I_RpcBindingCopy(handle, &copy), RPC_S_OK);
    CHECK(copy && copy != handle);
    CHECK_EQ(call(copy), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    CHECK_EQ(call(copy), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&copy), RPC_S_OK);
    CHECK_EQ(I_RpcBindingCopy(nullptr, &copy), RPC_S_INVALID_BINDING);

    handle = bind("ncacn_ip_tcp:127.0.0.1[4792]");
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(s.impersonated, RPC_S_CANNOT_SUPPORT);
    CHECK_EQ(s.auth, RPC_S_BINDING_HAS_NO_AUTH);
    CHECK_EQ(s.auth_wide, RPC_S_BINDING_HAS_NO_AUTH);
    CHECK_EQ(s.type, TRANSPORT_TYPE_CN);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);

    unsigned type = 0;
    CHECK_EQ(RpcTestCancel(), ERROR_ACCESS_DENIED);  // nothing is cancelled here
    CHECK_EQ(RpcImpersonateClient2(nullptr), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(I_RpcServerInqTransportType(&type), RPC_S_NO_CALL_ACTIVE);
}

DWORD WINAPI caller(void*) {
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]");
    const RPC_STATUS status = call(handle, 1);
    RpcBindingFree(&handle);
    return status;
}

// Another thread cancels; its call goes on, and the routine sees it.
void cancelling() {
    g_inside = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    const HANDLE thread = CreateThread(nullptr, 0, caller, nullptr, 0, nullptr);
    CHECK_EQ(WaitForSingleObject(g_inside, 30000), WAIT_OBJECT_0);
    CHECK_EQ(RpcCancelThread(thread), RPC_S_OK);
    CHECK_EQ(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    DWORD status = 1;
    GetExitCodeThread(thread, &status);
    CHECK_EQ(status, RPC_S_OK);
    CHECK_EQ(g_seen.cancelled, RPC_S_OK);
    CloseHandle(thread);
    CloseHandle(g_inside);
}

const UUID kType = {7, 7, 7, {7}}, kKnown = {8, 8, 8, {8}}, kUnknown = {9, 9, 9, {9}};
int g_epv, g_typed_epv, g_asked;

void RPC_ENTRY inquire(UUID* object, UUID* type, RPC_STATUS* status) {
    ++g_asked;
    *status = memcmp(object, &kKnown, sizeof kKnown) == 0 ? RPC_S_OK : RPC_S_OBJECT_NOT_FOUND;
    if (*status == RPC_S_OK) *type = kType;
}

void object_types() {
    UUID type, object = kKnown, other = kUnknown, typed = kType;
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, &typed, &g_typed_epv, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    CHECK_EQ(RpcObjectSetInqFn(inquire), RPC_S_OK);
    CHECK_EQ(RpcObjectInqType(&object, &type), RPC_S_OK);
    CHECK(memcmp(&type, &kType, sizeof type) == 0);
    CHECK_EQ(RpcObjectInqType(&other, &type), RPC_S_OBJECT_NOT_FOUND);
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]");
    CHECK_EQ(RpcBindingSetObject(handle, &object), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.epv == &g_typed_epv);
    CHECK_EQ(RpcBindingSetObject(handle, &other), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.epv == &g_epv);
    CHECK(g_asked >= 4);
    CHECK_EQ(RpcObjectSetInqFn(nullptr), RPC_S_OK);
    CHECK_EQ(RpcBindingSetObject(handle, &object), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.epv == &g_epv);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    CHECK_EQ(RpcServerUnregisterIf(&g_spec, &typed, TRUE), RPC_S_OK);
}

void contexts() {
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]"), its = nullptr;
    unsigned char wire[20] = {0, 0, 0, 0, 1, 2, 3};
    NDR_CCONTEXT context = nullptr;
    NDRCContextUnmarshall(&context, handle, wire, NDR_LOCAL_DATA_REPRESENTATION);
    CHECK(context != nullptr);
    CHECK_EQ(RpcSsGetContextBinding(context, &its), RPC_S_OK);
    CHECK(its && its == NDRCContextBinding(context));
    CHECK_EQ(RpcSsGetContextBinding(context, nullptr), RPC_S_INVALID_ARG);
    void* variable = context;
    CHECK_EQ(RpcSmDestroyClientContext(&variable), RPC_S_OK);
    CHECK(!variable);
    CHECK_EQ(RpcSmDestroyClientContext(&variable), RPC_X_SS_IN_NULL_CONTEXT);
    CHECK_EQ(RpcSmDestroyClientContext(nullptr), ERROR_INVALID_HANDLE);
    int garbage[8] = {};
    CHECK(RpcSsGetContextBinding(garbage, &its) != RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
}

#ifndef _WIN64  // only x86 exports them

HANDLE g_gone;
int g_context, g_monitored;
RPC_STATUS g_monitor, g_again, g_stop, g_stop_again;
void __RPC_API gone(void* context) {
    CHECK(context == &g_context);
    ++g_monitored;
    SetEvent(g_gone);
}
RPC_STATUS monitored_call(bool stops) {
    g_watch = stops ? 2 : 1;
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]");
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_UNIQUE_BINDING, TRUE), RPC_S_OK);
    const RPC_STATUS status = call(handle);
    g_watch = 0;
    CHECK_EQ(WaitForSingleObject(g_gone, 50), WAIT_TIMEOUT);  // as long as it is connected
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    return status;
}
void watch(RPC_BINDING_HANDLE handle, int how) {
    g_monitor = I_RpcMonitorAssociation(handle, &gone, &g_context);
    g_again = I_RpcMonitorAssociation(nullptr, &gone, &g_context);
    if (how < 2) return;
    g_stop = I_RpcStopMonitorAssociation(handle);
    g_stop_again = I_RpcStopMonitorAssociation(handle);
}

// What is told of a client's end, and what is not any more. The client's connections are its process's: that of a unique binding is all
// that its association has.
void monitors() {
    g_gone = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    g_watcher = &watch;
    CHECK_EQ(monitored_call(false), RPC_S_OK);
    CHECK_EQ(g_monitor, RPC_S_OK);
    CHECK_EQ(g_again, RPC_S_ALREADY_REGISTERED);
    CHECK_EQ(WaitForSingleObject(g_gone, 30000), WAIT_OBJECT_0);
    CHECK_EQ(monitored_call(true), RPC_S_OK);
    CHECK_EQ(g_stop, RPC_S_OK);
    CHECK_EQ(g_stop_again, RPC_S_INVALID_BINDING);
    CHECK_EQ(WaitForSingleObject(g_gone, 500), WAIT_TIMEOUT);
    CHECK_EQ(g_monitored, 1);
    CHECK_EQ(I_RpcMonitorAssociation(nullptr, &gone, nullptr), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(I_RpcMonitorAssociation(nullptr, nullptr, nullptr), RPC_S_INVALID_ARG);
    CHECK_EQ(I_RpcStopMonitorAssociation(nullptr), RPC_S_NO_CALL_ACTIVE);
    CloseHandle(g_gone);
}

#else
void monitors() {}
#endif

// Wine's mapper cannot remove for management; what one can, does.
void mapper() {
    RPC_IF_ID id = {kInterface, 1, 0};
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_calls]");
    CHECK_EQ(RpcMgmtEpUnregister(nullptr, nullptr, handle, nullptr), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcMgmtEpUnregister(nullptr, &id, nullptr, nullptr), RPC_S_INVALID_BINDING);
    const RPC_STATUS status = RpcMgmtEpUnregister(nullptr, &id, handle, nullptr);
    printf("    RpcMgmtEpUnregister: %ld\n", status);
    CHECK(status == RPC_S_OK || status == EPT_S_CANT_PERFORM_OP || status == EPT_S_NOT_REGISTERED);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    forms();
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, nullptr, &g_epv, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    calls();
    cancelling();
    object_types();
    contexts();
    monitors();
    mapper();
    CHECK_EQ(RpcServerUnregisterIf(&g_spec, nullptr, TRUE), RPC_S_OK);
    printf("server_calls: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
