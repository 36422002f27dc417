// Every form of a server's set-up, what a server knows of its calls and of itself, and remote management, in one process. No
// server of the builtin does most of this: the program runs on ours.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <authz.h>
#include <sddl.h>

#include <string>

#include "basics/check.h"
#include "support/bindings.h"

// The header lacks it, the import library has it.
extern "C" RPC_STATUS RPC_ENTRY RpcServerRegisterIf3(RPC_IF_HANDLE, UUID*, RPC_MGR_EPV*, unsigned, unsigned, unsigned,
                                                     RPC_IF_CALLBACK_FN*, void*);

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kInterface = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x66, 0x6f, 0x72, 0x6d, 0x73, 0x01}};

RPC_PROTSEQ_ENDPOINT g_endpoints[] = {
    {(unsigned char*)"ncalrpc", (unsigned char*)"server_forms"},
    {(unsigned char*)"ncadg_ip_udp", (unsigned char*)"9999"},
    {(unsigned char*)"ncacn_np", (unsigned char*)"\\pipe\\server_forms"},
};

constexpr size_t kStack = 12 << 20;  // no default

// The header lacks it, the import library has it.
extern "C" RPC_STATUS RPC_ENTRY I_RpcBindingInqClientTokenAttributes(RPC_BINDING_HANDLE, LUID*, LUID*, LUID*);

// mingw-w64 declares it without its calling convention, which x86 minds.
RPC_STATUS binding_handle(RPC_BINDING_HANDLE* handle) {
    using Function = RPC_STATUS(RPC_ENTRY*)(RPC_BINDING_HANDLE*);
    const auto function = reinterpret_cast<Function>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleA("rpcrt4"), "RpcServerInqBindingHandle")));
    return function ? function(handle) : RPC_S_CANNOT_SUPPORT;
}

// What the manager saw of the last call.
struct Seen {
    std::string name;
    unsigned long name_needs;
    RPC_STATUS short_name, whole_name, no_name, token;
    bool token_is_ours;
    RPC_STATUS v1, v2, v3, bad_version, handle_status, type_status, pid_status, local_status, back_status;
    RPC_CALL_ATTRIBUTES_V3_W attributes;
    RPC_BINDING_HANDLE handle;
    unsigned type, local;
    unsigned long pid;
    std::string back;
    void* epv;
    size_t stack;
    RPC_STATUS authz, authz_reserved, authz_own;
};
Seen g_seen;

// What authz.dll itself says of a token of this process: RPC_S_OK or its error. Wine's may be able to do nothing.
RPC_STATUS own_authorization() {
    const HMODULE library = LoadLibraryA("authz.dll");
    const auto make = reinterpret_cast<decltype(&AuthzInitializeResourceManager)>(
        reinterpret_cast<void*>(GetProcAddress(library, "AuthzInitializeResourceManager")));
    const auto from_token = reinterpret_cast<decltype(&AuthzInitializeContextFromToken)>(
        reinterpret_cast<void*>(GetProcAddress(library, "AuthzInitializeContextFromToken")));
    AUTHZ_RESOURCE_MANAGER_HANDLE manager = nullptr;
    AUTHZ_CLIENT_CONTEXT_HANDLE context = nullptr;
    HANDLE token = nullptr;
    if (!make || !from_token) return RPC_S_CANNOT_SUPPORT;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    BOOL done = make(AUTHZ_RM_FLAG_NO_AUDIT, nullptr, nullptr, nullptr, nullptr, &manager);
    done = done && from_token(0, token, manager, nullptr, LUID{}, nullptr, &context);
    const DWORD error = GetLastError();
    CloseHandle(token);
    return done ? RPC_S_OK : static_cast<RPC_STATUS>(error);
}

// The client is this process: its token's logon session is ours.
void token_attributes(RPC_BINDING_HANDLE handle, Seen& s) {
    LUID id{}, session{}, modified{};
    HANDLE token = nullptr;
    TOKEN_STATISTICS own{};
    DWORD size = 0;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CHECK(GetTokenInformation(token, TokenStatistics, &own, sizeof own, &size));
    CloseHandle(token);
    s.token = I_RpcBindingInqClientTokenAttributes(handle, &id, &session, &modified);
    s.token_is_ours = s.token == RPC_S_OK && (id.LowPart || id.HighPart) && session.LowPart == own.AuthenticationId.LowPart &&
                      session.HighPart == own.AuthenticationId.HighPart;
    CHECK(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));  // and the thread is itself again
}

void authorization(RPC_BINDING_HANDLE handle, Seen& s) {
    void* context = nullptr;
    token_attributes(handle, s);
    s.authz_own = own_authorization();
    s.authz_reserved = RpcGetAuthorizationContextForClient(handle, FALSE, nullptr, nullptr, LUID{}, 1, nullptr, &context);
    s.authz = RpcGetAuthorizationContextForClient(handle, FALSE, nullptr, nullptr, LUID{}, 0, nullptr, &context);
    if (s.authz != RPC_S_OK) return;
    CHECK_EQ(RpcFreeAuthorizationContext(&context), RPC_S_OK);
    CHECK(!context);
    CHECK_EQ(RpcFreeAuthorizationContext(&context), RPC_S_INVALID_ARG);
}

void __RPC_STUB look(RPC_MESSAGE* m) {
    Seen& s = g_seen;
    s = {};
    s.epv = m->ManagerEpv;
    MEMORY_BASIC_INFORMATION at;
    VirtualQuery(&at, &at, sizeof at);
    const auto end = reinterpret_cast<ULONG_PTR>(reinterpret_cast<NT_TIB*>(NtCurrentTeb())->StackBase);
    s.stack = end - reinterpret_cast<ULONG_PTR>(at.AllocationBase);
    s.handle_status = binding_handle(&s.handle);
    RPC_CALL_ATTRIBUTES_V1_A v1{};
    v1.Version = 1;
    s.v1 = RpcServerInqCallAttributesA(m->Handle, &v1);
    v1.Version = 77;
    s.bad_version = RpcServerInqCallAttributesA(m->Handle, &v1);
    RPC_CALL_ATTRIBUTES_V2_A v2{};
    v2.Version = 2;
    s.v2 = RpcServerInqCallAttributesA(nullptr, &v2);
    char name[64] = "";
    v2.Flags = RPC_QUERY_CLIENT_PRINCIPAL_NAME;
    v2.ClientPrincipalName = reinterpret_cast<unsigned char*>(name);
    s.short_name = RpcServerInqCallAttributesA(nullptr, &v2);
    s.name_needs = v2.ClientPrincipalNameBufferLength;
    v2.ClientPrincipalNameBufferLength = sizeof name;
    s.whole_name = RpcServerInqCallAttributesA(nullptr, &v2);
    s.name = name;
    v2.ClientPrincipalName = nullptr;
    s.no_name = RpcServerInqCallAttributesA(nullptr, &v2);
    s.attributes.Version = 3;
    s.attributes.Flags = RPC_QUERY_CLIENT_PID;
    s.v3 = RpcServerInqCallAttributesW(m->Handle, &s.attributes);
    s.type_status = I_RpcBindingInqTransportType(m->Handle, &s.type);
    s.pid_status = I_RpcBindingInqLocalClientPID(m->Handle, &s.pid);
    s.local_status = I_RpcBindingIsClientLocal(m->Handle, &s.local);
    authorization(m->Handle, s);
    RPC_BINDING_HANDLE back = nullptr;
    s.back_status = RpcBindingServerFromClient(m->Handle, &back);
    if (s.back_status == RPC_S_OK) {
        s.back = text_of(back);
        RpcBindingFree(&back);
    }
    m->BufferLength = 0;
    (void)I_RpcGetBuffer(m);
}

RPC_DISPATCH_FUNCTION g_functions[] = {look, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
RPC_SERVER_INTERFACE g_spec = {sizeof g_spec, {kInterface, {1, 0}}, kNdr, &g_table, 3, g_endpoints, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, {kInterface, {1, 0}}, kNdr, nullptr, 3, g_endpoints, 0, nullptr, 0};

RPC_STATUS call(RPC_BINDING_HANDLE binding, UUID* object = nullptr) {
    RPC_MESSAGE m{};
    m.Handle = binding;
    m.RpcInterfaceInformation = &g_client;
    RPC_STATUS status = object ? I_RpcGetBufferWithObject(&m, object) : I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    return status == RPC_S_OK ? I_RpcFreeBuffer(&m) : status;
}

int bindings_with(const char* prefix) {
    RPC_BINDING_VECTOR* vector = nullptr;
    int found = 0;
    CHECK_EQ(RpcServerInqBindings(&vector), RPC_S_OK);
    for (unsigned long i = 0; vector && i < vector->Count; ++i) found += text_of(vector->BindingH[i]).rfind(prefix, 0) == 0;
    CHECK_EQ(RpcBindingVectorFree(&vector), RPC_S_OK);
    return found;
}

void forms() {
    RPC_POLICY policy = {sizeof policy, RPC_C_USE_INTERNET_PORT, RPC_C_BIND_TO_ALL_NICS};
    RPC_POLICY bad = {1, 0, 0};
    CHECK_EQ(RpcServerUseProtseqIfA((RPC_CSTR) "ncacn_ip_tcp", 10, &g_spec, nullptr), RPC_S_PROTSEQ_NOT_FOUND);
    CHECK_EQ(RpcServerUseProtseqIfA((RPC_CSTR) "ncadg_ip_udp", 10, &g_spec, nullptr), RPC_S_PROTSEQ_NOT_SUPPORTED);
    CHECK_EQ(RpcServerUseAllProtseqsIf(10, &g_spec, nullptr), RPC_S_OK);
    CHECK_EQ(bindings_with("ncalrpc:[server_forms]"), 1);
    CHECK_EQ(bindings_with("ncacn_np:[\\\\pipe\\\\server_forms]"), 1);
    CHECK_EQ(RpcServerUseProtseqIfW((RPC_WSTR)L"ncalrpc", 10, &g_spec, nullptr), RPC_S_DUPLICATE_ENDPOINT);
    CHECK_EQ(RpcServerUseProtseqExA((RPC_CSTR) "ncacn_ip_tcp", 10, nullptr, &bad), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerUseProtseqExA((RPC_CSTR) "ncacn_ip_tcp", 10, nullptr, &policy), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqExW((RPC_WSTR)L"ncacn_ip_tcp", 0, nullptr, &policy), RPC_S_OK);  // a backlog of 0: the default
    CHECK_EQ(bindings_with("ncacn_ip_tcp:["), 2);
    CHECK_EQ(RpcServerUseAllProtseqsEx(10, nullptr, &policy), RPC_S_OK);
    CHECK_EQ(bindings_with("ncalrpc:["), 2);
    CHECK_EQ(bindings_with("ncacn_np:["), 2);
    CHECK_EQ(bindings_with("ncacn_ip_tcp:["), 3);
}

I_RPC_MUTEX g_mutex;
int g_inside;
DWORD WINAPI enter(void*) { return I_RpcRequestMutex(&g_mutex), ++g_inside, I_RpcClearMutex(g_mutex), 0; }

// What only the headers declare.
void undocumented() {
    RPC_TRANSFER_SYNTAX syntaxes[2] = {};
    unsigned count = 9;
    CHECK_EQ(I_RpcIfInqTransferSyntaxes(&g_client, syntaxes, 2, &count), RPC_S_OK);
    CHECK(count == 1 && !memcmp(&syntaxes[0], &kNdr, sizeof kNdr));
    CHECK_EQ(I_RpcIfInqTransferSyntaxes(&g_spec, syntaxes, 0, &count), ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQ(I_RpcIfInqTransferSyntaxes(nullptr, syntaxes, 2, &count), RPC_S_INVALID_ARG);
    CHECK_EQ(I_RpcServerUseProtseq2A((RPC_CSTR) "127.0.0.1", (RPC_CSTR) "ncacn_ip_tcp", 10, nullptr, nullptr), RPC_S_CANNOT_SUPPORT);
    CHECK_EQ(I_RpcServerUseProtseq2A(nullptr, (RPC_CSTR) "ncacn_ip_tcp", 10, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(I_RpcServerUseProtseq2W(nullptr, (RPC_WSTR)L"ncacn_ip_tcp", 10, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(I_RpcServerUseProtseqEp2A(nullptr, (RPC_CSTR) "ncalrpc", 10, (RPC_CSTR) "server_forms_2a", nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(I_RpcServerUseProtseqEp2W(nullptr, (RPC_WSTR)L"ncalrpc", 10, (RPC_WSTR)L"server_forms_2w", nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(bindings_with("ncalrpc:[server_forms_2"), 2);
    CHECK_EQ(bindings_with("ncacn_ip_tcp:["), 5);
    I_RpcRequestMutex(&g_mutex);
    I_RpcRequestMutex(&g_mutex);
    const HANDLE other = CreateThread(nullptr, 0, enter, nullptr, 0, nullptr);
    I_RpcClearMutex(g_mutex);
    CHECK_EQ(WaitForSingleObject(other, 50), WAIT_TIMEOUT);
    CHECK_EQ(g_inside, 0);
    I_RpcClearMutex(g_mutex);
    CHECK_EQ(WaitForSingleObject(other, 30000), WAIT_OBJECT_0);
    CHECK_EQ(g_inside, 1);
    CloseHandle(other);
    I_RpcDeleteMutex(g_mutex);
}

void protocols() {
    RPC_PROTSEQ_VECTORA* narrow = nullptr;
    RPC_PROTSEQ_VECTORW* wide = nullptr;
    CHECK_EQ(RpcNetworkInqProtseqsA(&narrow), RPC_S_OK);
    CHECK_EQ(RpcNetworkInqProtseqsW(&wide), RPC_S_OK);
    CHECK(narrow && wide && narrow->Count == wide->Count && narrow->Count >= 3);
    for (unsigned i = 0; narrow && i < narrow->Count; ++i) CHECK_EQ(RpcNetworkIsProtseqValidA(narrow->Protseq[i]), RPC_S_OK);
    for (unsigned i = 0; wide && i < wide->Count; ++i) CHECK_EQ(RpcNetworkIsProtseqValidW(wide->Protseq[i]), RPC_S_OK);
    CHECK_EQ(RpcProtseqVectorFreeA(&narrow), RPC_S_OK);
    CHECK_EQ(RpcProtseqVectorFreeW(&wide), RPC_S_OK);
    CHECK(!narrow && !wide);
}

void calls() {
    RPC_BINDING_HANDLE handle = bind("ncalrpc:");  // the endpoint is the interface's own
    CHECK_EQ(call(handle), RPC_S_OK);
    const Seen& s = g_seen;
    CHECK(s.stack >= kStack);
    printf("authz.dll: %ld\n", s.authz_own);
    CHECK_EQ(s.authz, s.authz_own);
    CHECK_EQ(s.authz_reserved, RPC_S_INVALID_ARG);
    CHECK_EQ(s.handle_status, RPC_S_OK);
    CHECK(s.handle != nullptr);
    CHECK_EQ(s.v1, RPC_S_OK);
    CHECK_EQ(s.v2, RPC_S_OK);
    CHECK_EQ(s.v3, RPC_S_OK);
    CHECK_EQ(s.bad_version, RPC_S_INVALID_ARG);
    printf("client: %s\n", s.name.c_str());
    CHECK_EQ(s.token, RPC_S_OK);
    CHECK(s.token_is_ours);
    CHECK_EQ(I_RpcBindingInqClientTokenAttributes(nullptr, nullptr, nullptr, nullptr), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(s.short_name, ERROR_MORE_DATA);
    CHECK_EQ(s.whole_name, RPC_S_OK);
    CHECK(!s.name.empty() && s.name.find('\\') != std::string::npos && s.name_needs == s.name.size() + 1);
    CHECK_EQ(s.no_name, RPC_S_INVALID_ARG);
    CHECK_EQ(s.attributes.ProtocolSequence, 3);
    CHECK_EQ(s.attributes.IsClientLocal, rcclLocal);
    CHECK_EQ((ULONG_PTR)s.attributes.ClientPID, GetCurrentProcessId());
    CHECK_EQ(s.attributes.CallStatus, RPC_CALL_STATUS_IN_PROGRESS);
    CHECK_EQ(s.attributes.CallType, rctNormal);
    CHECK_EQ(s.attributes.OpNum, 0);
    CHECK(!memcmp(&s.attributes.InterfaceUuid, &kInterface, sizeof kInterface));
    CHECK_EQ(s.attributes.AuthenticationLevel, RPC_C_AUTHN_LEVEL_PKT_PRIVACY);
    CHECK_EQ(s.type_status, RPC_S_OK);
    CHECK_EQ(s.type, TRANSPORT_TYPE_LPC);
    CHECK_EQ(s.pid_status, RPC_S_OK);
    CHECK_EQ(s.pid, GetCurrentProcessId());
    CHECK_EQ(s.local_status, RPC_S_OK);
    CHECK_EQ(s.local, 1);
    CHECK_EQ(s.back_status, RPC_S_OK);
    CHECK(s.back == "ncalrpc:");
    unsigned type = 0;
    RPC_CSTR found = nullptr;
    CHECK_EQ(I_RpcBindingInqTransportType(handle, &type), RPC_S_OK);
    CHECK_EQ(type, TRANSPORT_TYPE_LPC);
    CHECK_EQ(I_RpcBindingInqDynamicEndpointA(handle, &found), RPC_S_OK);
    CHECK(found && !strcmp(reinterpret_cast<char*>(found), "server_forms"));
    RpcStringFreeA(&found);
    RpcBindingFree(&handle);

    // Outside of a call there is none.
    RPC_CALL_ATTRIBUTES_V1_A none{};
    none.Version = 1;
    CHECK_EQ(binding_handle(&handle), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(RpcServerInqCallAttributesA(nullptr, &none), RPC_S_NO_CALL_ACTIVE);

    handle = bind("ncacn_np:[\\\\pipe\\\\server_forms]");
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(s.attributes.ProtocolSequence, 2);
    CHECK_EQ(s.type, TRANSPORT_TYPE_CN);
    CHECK_EQ(s.pid_status, RPC_S_INVALID_BINDING);
    CHECK_EQ(s.attributes.AuthenticationLevel, RPC_C_AUTHN_LEVEL_NONE);
    RpcBindingFree(&handle);
}

int g_epv, g_typed_epv;

void managers() {
    UUID type = {7, 7, 7, {7}}, object = {8, 8, 8, {8}}, got;
    RPC_MGR_EPV* epv = nullptr;
    CHECK_EQ(RpcServerInqIf(&g_spec, nullptr, &epv), RPC_S_OK);
    CHECK(epv == &g_epv);
    CHECK_EQ(RpcServerInqIf(&g_spec, &type, &epv), RPC_S_UNKNOWN_MGR_TYPE);
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, &type, &g_typed_epv, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerInqIf(&g_spec, &type, &epv), RPC_S_OK);
    CHECK(epv == &g_typed_epv);
    CHECK_EQ(RpcObjectInqType(&object, &got), RPC_S_OBJECT_NOT_FOUND);
    CHECK_EQ(RpcObjectSetType(&object, &type), RPC_S_OK);
    CHECK_EQ(RpcObjectSetType(&object, &type), RPC_S_ALREADY_REGISTERED);
    CHECK_EQ(RpcObjectSetType(nullptr, &type), RPC_S_INVALID_OBJECT);
    CHECK_EQ(RpcObjectInqType(&object, &got), RPC_S_OK);
    CHECK(!memcmp(&got, &type, sizeof type));
    RPC_BINDING_HANDLE handle = bind("ncalrpc:[server_forms]");
    CHECK_EQ(RpcBindingSetObject(handle, &object), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.epv == &g_typed_epv);
    UUID none = {9, 9, 9, {9}};
    CHECK_EQ(call(handle, &none), RPC_S_OK);
    CHECK(g_seen.epv == &g_epv);
    CHECK_EQ(RpcBindingSetObject(handle, nullptr), RPC_S_OK);
    CHECK_EQ(call(handle, &object), RPC_S_OK);
    CHECK(g_seen.epv == &g_typed_epv);
    CHECK_EQ(I_RpcGetBufferWithObject(nullptr, &object), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcBindingSetObject(handle, &object), RPC_S_OK);
    CHECK_EQ(RpcObjectSetType(&object, nullptr), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK(g_seen.epv == &g_epv);
    RpcBindingFree(&handle);
    CHECK_EQ(RpcServerUnregisterIfEx(&g_spec, &type, TRUE), RPC_S_OK);
    CHECK_EQ(RpcServerInqIf(&g_spec, &type, &epv), RPC_S_UNKNOWN_MGR_TYPE);
}

int __RPC_API allow(RPC_BINDING_HANDLE, unsigned long, RPC_STATUS* status) {
    *status = RPC_S_OK;
    return TRUE;
}

void management(const char* text) {
    RPC_BINDING_HANDLE handle = bind(text);
    RPC_IF_ID_VECTOR *ids = nullptr, *own = nullptr;
    RPC_STATS_VECTOR* stats = nullptr;
    CHECK_EQ(RpcMgmtInqIfIds(handle, &ids), RPC_S_OK);
    CHECK(ids && ids->Count == 1 && !memcmp(&ids->IfId[0]->Uuid, &kInterface, 16) && ids->IfId[0]->VersMajor == 1);
    CHECK_EQ(RpcMgmtInqIfIds(nullptr, &own), RPC_S_OK);
    CHECK(own && own->Count == 1);
    CHECK_EQ(RpcIfIdVectorFree(&ids), RPC_S_OK);
    CHECK_EQ(RpcIfIdVectorFree(&own), RPC_S_OK);
    CHECK(!ids && !own);
    CHECK_EQ(RpcMgmtInqStats(handle, &stats), RPC_S_OK);
    CHECK(stats && stats->Count == 4 && stats->Stats[RPC_C_STATS_CALLS_IN] >= 2 && stats->Stats[RPC_C_STATS_PKTS_IN] >= 2);
    CHECK_EQ(RpcMgmtStatsVectorFree(&stats), RPC_S_OK);
    CHECK_EQ(RpcMgmtIsServerListening(handle), RPC_S_NOT_LISTENING);
    CHECK_EQ(RpcServerListen(1, 10, TRUE), RPC_S_OK);
    CHECK_EQ(RpcMgmtIsServerListening(handle), RPC_S_OK);
    CHECK_EQ(RpcMgmtStopServerListening(handle), RPC_S_ACCESS_DENIED);
    CHECK_EQ(RpcMgmtSetAuthorizationFn(allow), RPC_S_OK);
    CHECK_EQ(RpcMgmtStopServerListening(handle), RPC_S_OK);
    CHECK_EQ(RpcMgmtSetAuthorizationFn(nullptr), RPC_S_OK);
    CHECK_EQ(RpcMgmtWaitServerListen(), RPC_S_OK);
    RPC_CSTR name = nullptr;
    CHECK_EQ(RpcMgmtInqServerPrincNameA(handle, RPC_C_AUTHN_WINNT, &name), RPC_S_UNKNOWN_AUTHN_SERVICE);
    RpcBindingFree(&handle);
}

void options() {
    ULONG_PTR value = 1;
    unsigned timeout = 0;
    RPC_BINDING_HANDLE handle = bind("ncacn_np:[\\\\pipe\\\\server_forms]");
    CHECK_EQ(RpcBindingInqOption(handle, RPC_C_OPT_CALL_TIMEOUT, &value), RPC_S_OK);
    CHECK_EQ(value, 0);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_CALL_TIMEOUT, 30000), RPC_S_OK);
    CHECK_EQ(RpcBindingInqOption(handle, RPC_C_OPT_CALL_TIMEOUT, &value), RPC_S_OK);
    CHECK_EQ(value, 30000);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_WRONG_KIND_OF_BINDING);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_OK);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_UNIQUE_BINDING, TRUE), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_MQ_DELIVERY, 1), RPC_S_CANNOT_SUPPORT);
    CHECK_EQ(RpcBindingSetOption(nullptr, RPC_C_OPT_CALL_TIMEOUT, 1), RPC_S_INVALID_BINDING);
    CHECK_EQ(RpcMgmtInqComTimeout(handle, &timeout), RPC_S_OK);
    CHECK_EQ(timeout, RPC_C_BINDING_DEFAULT_TIMEOUT);
    CHECK_EQ(RpcMgmtSetComTimeout(handle, 11), RPC_S_INVALID_TIMEOUT);
    CHECK_EQ(RpcMgmtSetComTimeout(handle, RPC_C_BINDING_MIN_TIMEOUT), RPC_S_OK);
    CHECK_EQ(RpcMgmtInqComTimeout(handle, &timeout), RPC_S_OK);
    CHECK_EQ(timeout, 0);
    RpcBindingFree(&handle);
}

void fast_bindings() {
    RPC_BINDING_HANDLE_TEMPLATE t{};
    RPC_BINDING_HANDLE handle = nullptr;
    t.Version = 1;
    t.ProtocolSequence = 1;
    t.StringEndpoint = (unsigned short*)L"server_forms";
    CHECK_EQ(RpcBindingCreateW(&t, nullptr, nullptr, &handle), RPC_S_CANNOT_SUPPORT);
    t.ProtocolSequence = 3;
    CHECK_EQ(RpcBindingCreateW(&t, nullptr, nullptr, &handle), RPC_S_OK);
    CHECK_EQ(RpcBindingUnbind(handle), RPC_S_INVALID_BINDING);
    CHECK_EQ(RpcBindingBind(nullptr, handle, &g_client), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingUnbind(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingBind(nullptr, handle, &g_client), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    t.StringEndpoint = (unsigned short*)"nobody-is-there";
    CHECK_EQ(RpcBindingCreateA(&t, nullptr, nullptr, &handle), RPC_S_OK);
    CHECK_EQ(RpcBindingBind(nullptr, handle, &g_client), RPC_S_SERVER_UNAVAILABLE);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
}

// What a fast binding is told of security when it is made is what it says when it is asked.
void security_of_fast_bindings() {
    RPC_BINDING_HANDLE_TEMPLATE t{};
    RPC_BINDING_HANDLE_SECURITY security{};
    RPC_SECURITY_QOS qos = {RPC_C_SECURITY_QOS_VERSION_1, 0, RPC_C_QOS_IDENTITY_STATIC, RPC_C_IMP_LEVEL_IDENTIFY}, got{};
    RPC_BINDING_HANDLE handle = nullptr;
    RPC_WSTR name = nullptr;
    unsigned long level = 0, service = 0;
    t.Version = security.Version = 1;
    t.ProtocolSequence = 3;
    t.StringEndpoint = (unsigned short*)L"server_forms";
    security.ServerPrincName = (unsigned short*)L"somebody";
    security.AuthnLevel = RPC_C_AUTHN_LEVEL_PKT_PRIVACY;
    security.AuthnSvc = RPC_C_AUTHN_WINNT;
    security.SecurityQos = &qos;
    CHECK_EQ(RpcBindingCreateW(&t, &security, nullptr, &handle), RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoExW(handle, &name, &level, &service, nullptr, nullptr, 1, &got), RPC_S_OK);
    CHECK(name && !wcscmp((wchar_t*)name, L"somebody"));
    CHECK_EQ(level, RPC_C_AUTHN_LEVEL_PKT_PRIVACY);
    CHECK_EQ(service, RPC_C_AUTHN_WINNT);
    CHECK_EQ(got.ImpersonationType, RPC_C_IMP_LEVEL_IDENTIFY);
    RpcStringFreeW(&name);
    CHECK_EQ(RpcBindingBind(nullptr, handle, &g_client), RPC_S_OK);
    CHECK_EQ(call(handle), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
    security.AuthnSvc = 77;
    CHECK_EQ(RpcBindingCreateW(&t, &security, nullptr, &handle), RPC_S_UNKNOWN_AUTHN_SERVICE);
    security.AuthnSvc = RPC_C_AUTHN_WINNT;
    qos.Version = 77;
    CHECK_EQ(RpcBindingCreateW(&t, &security, nullptr, &handle), RPC_S_INVALID_ARG);
    security.Version = 2;
    CHECK_EQ(RpcBindingCreateW(&t, &security, nullptr, &handle), RPC_S_INVALID_ARG);
}

int g_asked;
RPC_STATUS RPC_ENTRY ask(RPC_IF_HANDLE, void*) { return ++g_asked, RPC_S_OK; }

// What clients of ncalrpc, ncacn_np and, unknown, of ncacn_ip_tcp hear under a security descriptor.
void access(const char* sddl, RPC_STATUS known, RPC_STATUS unknown) {
    void* descriptor = nullptr;
    CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1, &descriptor, nullptr));
    CHECK_EQ(RpcServerRegisterIf3(&g_spec, nullptr, &g_epv, RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_CALLBACKS_WITH_NO_AUTH, 100, UINT_MAX,
                                  ask, descriptor),
             RPC_S_OK);
    LocalFree(descriptor);  // the server has a copy
    RPC_BINDING_VECTOR* vector = nullptr;
    CHECK_EQ(RpcServerInqBindings(&vector), RPC_S_OK);
    bool over_tcp = false;
    for (unsigned long i = 0; vector && i < vector->Count; ++i) {
        const std::string text = text_of(vector->BindingH[i]);
        const bool tcp = text.rfind("ncacn_ip_tcp:", 0) == 0;
        if (tcp && over_tcp) continue;
        over_tcp = over_tcp || tcp;
        RPC_BINDING_HANDLE handle = bind(tcp ? ("ncacn_ip_tcp:127.0.0.1" + text.substr(text.find('['))).c_str() : text.c_str());
        g_asked = 0;
        const RPC_STATUS expected = tcp ? unknown : known, heard = call(handle);
        CHECK_EQ(heard, expected);
        CHECK_EQ(g_asked, expected == RPC_S_OK);  // the callback comes behind the descriptor, and only where that admits
        if (heard != expected || g_failures) printf("%s: %s\n", sddl, text.c_str());
        RpcBindingFree(&handle);
    }
    CHECK(over_tcp);
    CHECK_EQ(RpcBindingVectorFree(&vector), RPC_S_OK);
    CHECK_EQ(RpcServerUnregisterIfEx(&g_spec, nullptr, TRUE), RPC_S_OK);
}

void descriptors() {
    access("D:(A;;GA;;;WD)", RPC_S_OK, RPC_S_ACCESS_DENIED);
    access("D:(A;;GRGX;;;WD)(A;;GR;;;AN)", RPC_S_OK, RPC_S_OK);
    access("D:(D;;GA;;;WD)(A;;GA;;;AN)", RPC_S_ACCESS_DENIED, RPC_S_OK);
    access("O:SYG:SYD:(A;;GA;;;LS)", RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED);
    access("D:", RPC_S_ACCESS_DENIED, RPC_S_ACCESS_DENIED);
    SECURITY_DESCRIPTOR bad{};
    bad.Revision = 77;
    for (void* descriptor : {static_cast<void*>(&bad), reinterpret_cast<void*>(8)})
        CHECK_EQ(RpcServerRegisterIf3(&g_spec, nullptr, &g_epv, RPC_IF_AUTOLISTEN, 100, UINT_MAX, nullptr, descriptor),
                 RPC_S_INVALID_ARG);
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    CHECK_EQ(RpcMgmtSetServerStackSize(0xFFFF0000), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcMgmtSetServerStackSize(kStack), RPC_S_OK);
    CHECK_EQ(RpcMgmtEnableIdleCleanup(), RPC_S_OK);
    CHECK_EQ(RpcMgmtEnableIdleCleanup(), RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIfEx(&g_spec, nullptr, &g_epv, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    forms();
    undocumented();
    protocols();
    calls();
    managers();
    management("ncalrpc:[server_forms]");
    management("ncacn_np:[\\\\pipe\\\\server_forms]");
    options();
    fast_bindings();
    security_of_fast_bindings();
    CHECK_EQ(RpcServerUnregisterIfEx(&g_spec, nullptr, TRUE), RPC_S_OK);
    CHECK_EQ(RpcServerUnregisterIfEx(&g_spec, nullptr, TRUE), RPC_S_UNKNOWN_IF);
    descriptors();
    printf("server_forms: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
