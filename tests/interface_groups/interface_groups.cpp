// Interface groups as a program uses them: endpoints of every protocol, the endpoint mapper of the prefix, the idle callback, and
// what is refused. The builtin has none of it.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <rpcgroup.h>

#include <atomic>
#include <string>

#include "basics/check.h"
#include "support/bindings.h"

namespace {

const RPC_SYNTAX_IDENTIFIER kNdr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
const GUID kGrouped = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x67, 0x72, 0x6f, 0x75, 0x70, 0x01}};
const GUID kSingle = {0x51f0a3b2, 0x9c11, 0x4f0e, {0x8a, 0x01, 0x67, 0x72, 0x6f, 0x75, 0x70, 0x02}};
const char kEndpoint[] = "interface_groups";

void __RPC_STUB manager(RPC_MESSAGE* m) {
    m->BufferLength = 0;
    (void)I_RpcGetBuffer(m);
}
RPC_DISPATCH_FUNCTION g_functions[] = {manager, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
RPC_SERVER_INTERFACE g_grouped = {sizeof g_grouped, {kGrouped, {1, 0}}, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};
RPC_SERVER_INTERFACE g_single = {sizeof g_single, {kSingle, {1, 0}}, kNdr, &g_table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE g_client = {sizeof g_client, {kGrouped, {1, 0}}, kNdr, nullptr, 0, nullptr, 0, nullptr, 0};
RPC_CLIENT_INTERFACE g_single_client = {sizeof g_single_client, {kSingle, {1, 0}}, kNdr, nullptr, 0, nullptr, 0, nullptr, 0};

RPC_STATUS call(RPC_BINDING_HANDLE binding, RPC_CLIENT_INTERFACE* iface = &g_client) {
    RPC_MESSAGE m{};
    m.Handle = binding;
    m.RpcInterfaceInformation = iface;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (status == RPC_S_OK) status = I_RpcSendReceive(&m);
    return status == RPC_S_OK ? I_RpcFreeBuffer(&m) : status;
}

std::atomic<int> g_idle, g_active;
std::atomic<RPC_INTERFACE_GROUP> g_told;
std::atomic<long> g_deactivated{-1};
bool g_deactivate;
void RPC_ENTRY on_idle(RPC_INTERFACE_GROUP group, void* context, unsigned long idle) {
    CHECK(context == &g_told);
    g_told = group;
    ++(idle ? g_idle : g_active);
    if (idle && g_deactivate) g_deactivated = RpcServerInterfaceGroupDeactivate(group, FALSE);
}

template <class F>
bool soon(F done) {
    for (int i = 0; i < 20000 && !done(); ++i) Sleep(1);
    return done();
}

RPC_INTERFACE_TEMPLATEA interface_template() {
    RPC_INTERFACE_TEMPLATEA t{};
    t.IfSpec = &g_grouped;
    t.MaxCalls = RPC_C_LISTEN_MAX_CALLS_DEFAULT;
    t.MaxRpcSize = UINT_MAX;
    t.Annotation = (RPC_CSTR) "a group";
    return t;
}

void refused() {
    RPC_INTERFACE_TEMPLATEA i = interface_template();
    RPC_ENDPOINT_TEMPLATEA e = {0, (RPC_CSTR) "ncalrpc", nullptr, nullptr, 0};
    RPC_INTERFACE_GROUP group = nullptr;
    SECURITY_DESCRIPTOR bad{};
    bad.Revision = 77;
    auto create = [&] { return RpcServerInterfaceGroupCreateA(&i, 1, &e, 1, INFINITE, nullptr, nullptr, &group); };
    CHECK_EQ(RpcServerInterfaceGroupCreateA(&i, 1, &e, 1, 5, nullptr, nullptr, &group), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerInterfaceGroupCreateA(nullptr, 1, &e, 1, INFINITE, nullptr, nullptr, &group), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerInterfaceGroupCreateA(&i, 1, &e, 1, INFINITE, nullptr, nullptr, nullptr), RPC_S_INVALID_ARG);
    i.Version = 1;
    CHECK_EQ(create(), RPC_S_INVALID_ARG);
    i.Version = 0;
    i.SecurityDescriptor = &bad;
    CHECK_EQ(create(), RPC_S_INVALID_SECURITY_DESC);
    i.SecurityDescriptor = nullptr;
    e.SecurityDescriptor = &bad;
    CHECK_EQ(create(), RPC_S_INVALID_SECURITY_DESC);
    e = {0, nullptr, nullptr, nullptr, 0};
    CHECK_EQ(create(), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerInterfaceGroupActivate(&i), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerInterfaceGroupDeactivate(nullptr, TRUE), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcServerInterfaceGroupClose(&i), RPC_S_INVALID_ARG);
    e = {0, (RPC_CSTR) "ncadg_ip_udp", nullptr, nullptr, 0};
    CHECK_EQ(create(), RPC_S_OK);
    CHECK_EQ(RpcServerInterfaceGroupActivate(group), RPC_S_PROTSEQ_NOT_SUPPORTED);
    CHECK_EQ(RpcServerInterfaceGroupClose(group), RPC_S_OK);
    CHECK_EQ(RpcServerInterfaceGroupClose(group), RPC_S_INVALID_ARG);
}

void life() {
    RPC_INTERFACE_TEMPLATEA i = interface_template();
    RPC_ENDPOINT_TEMPLATEA e[] = {{0, (RPC_CSTR) "ncalrpc", (RPC_CSTR)kEndpoint, nullptr, 0},
                                  {0, (RPC_CSTR) "ncacn_np", (RPC_CSTR) "\\pipe\\interface_groups", nullptr, 10},
                                  {0, (RPC_CSTR) "ncacn_ip_tcp", nullptr, nullptr, RPC_C_PROTSEQ_MAX_REQS_DEFAULT}};
    RPC_INTERFACE_GROUP group = nullptr;
    RPC_BINDING_VECTOR* names = nullptr;
    CHECK_EQ(RpcServerInterfaceGroupCreateA(&i, 1, e, 3, 0, on_idle, &g_told, &group), RPC_S_OK);
    CHECK_EQ(RpcServerInterfaceGroupInqBindings(group, &names), RPC_S_NO_BINDINGS);
    CHECK(!names);
    CHECK_EQ(RpcServerInterfaceGroupActivate(group), RPC_S_OK);
    CHECK(soon([] { return g_idle == 1; }));
    CHECK(g_told == group);
    CHECK_EQ(RpcServerInterfaceGroupInqBindings(group, &names), RPC_S_OK);
    CHECK(names && names->Count == 3);
    for (unsigned long n = 0; names && n < names->Count; ++n) {
        std::string text = text_of(names->BindingH[n]);
        if (text.rfind("ncacn_ip_tcp:", 0) == 0) text.insert(13, "127.0.0.1");
        RPC_BINDING_HANDLE handle = bind(text);
        CHECK_EQ(call(handle), RPC_S_OK);
        CHECK_EQ(call(handle, &g_single_client), RPC_S_UNKNOWN_IF);
        CHECK_EQ(RpcServerInterfaceGroupDeactivate(group, FALSE), RPC_S_SERVER_TOO_BUSY);
        CHECK(soon([&] { return g_active == static_cast<int>(n) + 1; }));
        CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_OK);  // else the client is there for another 20 s
        RpcBindingFree(&handle);
        CHECK(soon([&] { return g_idle == static_cast<int>(n) + 2; }));
    }
    CHECK_EQ(RpcBindingVectorFree(&names), RPC_S_OK);

    // The mapper knows it; interfaces outside do not come in, nor does the group's go out.
    RPC_BINDING_HANDLE found = bind("ncalrpc:");
    CHECK_EQ(RpcEpResolveBinding(found, &g_client), RPC_S_OK);
    CHECK(text_of(found).find(kEndpoint) != std::string::npos);
    CHECK_EQ(call(found), RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIfEx(&g_single, nullptr, nullptr, RPC_IF_AUTOLISTEN, 100, nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncalrpc", 10, (RPC_CSTR) "interface_groups_other", nullptr), RPC_S_OK);
    RPC_BINDING_HANDLE other = bind("ncalrpc:[interface_groups_other]");
    CHECK_EQ(call(other, &g_single_client), RPC_S_OK);
    CHECK_EQ(call(other), RPC_S_UNKNOWN_IF);
    CHECK_EQ(call(found, &g_single_client), RPC_S_UNKNOWN_IF);
    RpcBindingFree(&other);

    // By force, under a client's feet; and again.
    CHECK_EQ(RpcServerInterfaceGroupDeactivate(group, TRUE), RPC_S_OK);
    CHECK(call(found) != RPC_S_OK);
    RpcBindingFree(&found);
    found = bind("ncalrpc:");
    CHECK_EQ(RpcEpResolveBinding(found, &g_client), EPT_S_NOT_REGISTERED);
    RpcBindingFree(&found);
    g_deactivate = true;
    CHECK_EQ(RpcServerInterfaceGroupActivate(group), RPC_S_OK);
    CHECK(soon([] { return g_deactivated >= 0; }));
    CHECK_EQ(g_deactivated, RPC_S_OK);
    CHECK_EQ(RpcServerInterfaceGroupClose(group), RPC_S_OK);
}

void wide() {
    wchar_t protocol[] = L"ncalrpc", annotation[] = L"wide";
    RPC_INTERFACE_TEMPLATEW i{};
    RPC_ENDPOINT_TEMPLATEW e = {0, (RPC_WSTR)protocol, nullptr, nullptr, 0};
    RPC_INTERFACE_GROUP group = nullptr;
    i.IfSpec = &g_grouped;
    i.MaxRpcSize = UINT_MAX;
    i.Annotation = (RPC_WSTR)annotation;
    CHECK_EQ(RpcServerInterfaceGroupCreateW(&i, 1, &e, 1, INFINITE, nullptr, nullptr, &group), RPC_S_OK);
    CHECK_EQ(RpcServerInterfaceGroupActivate(group), RPC_S_OK);
    RPC_BINDING_HANDLE found = bind("ncalrpc:");
    CHECK_EQ(RpcEpResolveBinding(found, &g_client), RPC_S_OK);
    CHECK_EQ(call(found), RPC_S_OK);
    RpcBindingFree(&found);
    CHECK_EQ(RpcServerInterfaceGroupClose(group), RPC_S_OK);  // active: by force
}

}  // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    refused();
    life();
    wide();
    printf("interface_groups: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
