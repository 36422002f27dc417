#include "echo.h"

#include <rpcasync.h>

#include <stdio.h>

#include "support/guard.h"

namespace echo {
namespace {

void reply(RPC_MESSAGE* m, const std::string& text) {
    m->BufferLength = static_cast<unsigned>(text.size());
    if (I_RpcGetBuffer(m) != RPC_S_OK) return;
    memcpy(m->Buffer, text.data(), text.size());
}

void __RPC_STUB same(RPC_MESSAGE* m) {
    reply(m, std::string(static_cast<char*>(m->Buffer), m->BufferLength));
}

void __RPC_STUB who(RPC_MESSAGE* m) {
    RPC_AUTHZ_HANDLE privs = nullptr;
    RPC_CSTR principal = nullptr;
    unsigned long level = 0, service = 0, authz = 77;
    const RPC_STATUS status = RpcBindingInqAuthClientA(m->Handle, &privs, &principal, &level, &service, &authz);
    // Both functions say the same.
    wchar_t names[2][64] = {};
    RPC_CALL_ATTRIBUTES_V1_W attributes{};
    attributes.Version = 1;
    attributes.Flags = RPC_QUERY_SERVER_PRINCIPAL_NAME | RPC_QUERY_CLIENT_PRINCIPAL_NAME;
    attributes.ServerPrincipalName = reinterpret_cast<unsigned short*>(names[0]);
    attributes.ClientPrincipalName = reinterpret_cast<unsigned short*>(names[1]);
    attributes.ServerPrincipalNameBufferLength = attributes.ClientPrincipalNameBufferLength = sizeof names[0];
    const RPC_STATUS told = RpcServerInqCallAttributesW(m->Handle, &attributes);
    const bool same_names = privs ? !wcscmp(names[1], static_cast<const wchar_t*>(privs)) : attributes.ClientPrincipalNameBufferLength == 0;
    if (status == RPC_S_OK && (told != RPC_S_OK || attributes.AuthenticationLevel != level || attributes.AuthenticationService != service || !same_names))
        return reply(m, "RpcServerInqCallAttributes says otherwise");
    char text[300];
    snprintf(text, sizeof text, "status %ld service %lu level %lu authz %lu name %ls", status, service, level, authz,
             status == RPC_S_OK && privs ? static_cast<const wchar_t*>(privs) : L"-");
    if (principal) RpcStringFreeA(&principal);
    reply(m, text);
}

bool acts_for_another() {
    HANDLE token;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) return false;
    CloseHandle(token);
    return true;
}

void __RPC_STUB impersonate(RPC_MESSAGE* m) {
    const bool before = acts_for_another();
    const RPC_STATUS status = RpcImpersonateClient(nullptr);
    const bool during = acts_for_another();
    const RPC_STATUS reverted = RpcRevertToSelf();
    const bool after = acts_for_another();
    const RPC_STATUS again = RpcImpersonateClient(m->Handle);
    char text[200];
    snprintf(text, sizeof text, "impersonated %ld reverted %ld again %ld: %d %d %d", status, reverted, again, before,
             during, after);
    reply(m, text);
}

void __RPC_STUB still(RPC_MESSAGE* m) {
    reply(m, acts_for_another() ? "yes" : "no");
}

void __RPC_STUB end(RPC_MESSAGE* m) {
    reply(m, "bye");
    SetEvent(stop);
}

RPC_DISPATCH_FUNCTION functions[] = {same, who, impersonate, still, end, nullptr};
RPC_DISPATCH_TABLE table = {5, functions, 0};
#define ECHO_SYNTAX(first)                                                           \
    {                                                                                \
        {first, 0x7b40, 0x4f19, {0x9a, 0x55, 0x3f, 0x8e, 0x0d, 0x6c, 0x2b, 0x71}}, { \
            1, 0                                                                     \
        }                                                                            \
    }
#define NDR_SYNTAX                                                                        \
    {                                                                                     \
        {0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, { \
            2, 0                                                                          \
        }                                                                                 \
    }

}  // namespace

HANDLE stop = CreateEventW(nullptr, TRUE, FALSE, nullptr);
RPC_SERVER_INTERFACE server = {
    sizeof server, ECHO_SYNTAX(0x1c5a6d2e), NDR_SYNTAX, &table, 0, nullptr, nullptr, nullptr, 0};
RPC_SERVER_INTERFACE secure_server = {
    sizeof server, ECHO_SYNTAX(0x2c5a6d2e), NDR_SYNTAX, &table, 0, nullptr, nullptr, nullptr, 0};
RPC_CLIENT_INTERFACE client = {sizeof client, ECHO_SYNTAX(0x1c5a6d2e), NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};
RPC_CLIENT_INTERFACE secure_client = {
    sizeof client, ECHO_SYNTAX(0x2c5a6d2e), NDR_SYNTAX, nullptr, 0, nullptr, 0, nullptr, 0};

RPC_STATUS call(RPC_BINDING_HANDLE binding, unsigned opnum, const std::string& request, std::string* reply,
                RPC_CLIENT_INTERFACE& iface) {
    RPC_MESSAGE m = {};
    m.Handle = binding;
    m.ProcNum = opnum;
    m.RpcInterfaceInformation = &iface;
    m.BufferLength = static_cast<unsigned>(request.size());
    RPC_STATUS status = RPC_S_OK;
    const unsigned raised = guarded([&] {
                                status = I_RpcGetBuffer(&m);
                                if (status != RPC_S_OK) return;
                                memcpy(m.Buffer, request.data(), request.size());
                                status = I_RpcSendReceive(&m);
                                if (status != RPC_S_OK) return;
                                if (reply) reply->assign(static_cast<char*>(m.Buffer), m.BufferLength);
                                I_RpcFreeBuffer(&m);
                            }).raised;
    return raised ? static_cast<RPC_STATUS>(raised) : status;
}

RPC_BINDING_HANDLE bind(const char* sequence, const char* endpoint) {
    auto u = [](const char* s) { return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s)); };
    RPC_CSTR text = nullptr;
    RPC_BINDING_HANDLE binding = nullptr;
    const bool tcp = !strcmp(sequence, "ncacn_ip_tcp");
    if (RpcStringBindingComposeA(nullptr, u(sequence), tcp ? u("127.0.0.1") : nullptr, u(endpoint), nullptr, &text) !=
            RPC_S_OK ||
        RpcBindingFromStringBindingA(text, &binding) != RPC_S_OK)
        printf("no binding to %s:[%s]\n", sequence, endpoint);
    RpcStringFreeA(&text);
    return binding;
}

}  // namespace echo
