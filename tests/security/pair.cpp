// A client and a server in one process: who the server says the client is, on every protocol, and who may not call.
#include "basics/check.h"
#include "echo.h"
#include "sspi_probe.h"

namespace {

int g_callbacks;
RPC_STATUS CALLBACK allow(RPC_IF_HANDLE, void*) {
    ++g_callbacks;
    return RPC_S_OK;
}
RPC_CSTR text(const char* s) {
    return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s));
}

const char* g_login[3] = {"tester", "TEST", "Secret1!"};  // user, domain, password
wchar_t g_wide[3][64];

RPC_STATUS ntlm(RPC_BINDING_HANDLE b, unsigned long level, const char* password = g_login[2]) {
    auto length = [](const char* s) { return static_cast<unsigned long>(strlen(s)); };
    SEC_WINNT_AUTH_IDENTITY_A who = {
        text(g_login[0]), length(g_login[0]),          text(g_login[1]), length(g_login[1]), text(password),
        length(password), SEC_WINNT_AUTH_IDENTITY_ANSI};
    return RpcBindingSetAuthInfoA(b, nullptr, level, RPC_C_AUTHN_WINNT, &who, RPC_C_AUTHZ_NONE);
}

void local() {
    RPC_BINDING_HANDLE b = echo::bind("ncalrpc", "securitytest");
    std::string reply;
    CHECK_EQ(echo::call(b, 0, "local", &reply), RPC_S_OK);
    CHECK(reply == "local");
    CHECK_EQ(echo::call(b, 1, "", &reply), RPC_S_OK);
    printf("ncalrpc: %s\n", reply.c_str());
    CHECK(reply.find("status 0 service 10 level 6 authz 0 name ") == 0);
    CHECK(reply.find('\\') != std::string::npos);
    CHECK_EQ(echo::call(b, 2, "", &reply), RPC_S_OK);
    printf("ncalrpc: %s\n", reply.c_str());
    CHECK(reply == "impersonated 0 reverted 0 again 0: 0 1 0");
    for (int i = 0; i < 4; ++i) {
        CHECK_EQ(echo::call(b, 3, "", &reply), RPC_S_OK);
        CHECK(reply == "no");
    }
    CHECK_EQ(echo::call(b, 0, "secure", &reply, echo::secure_client), RPC_S_OK);
    // Authentication is the protocol's own: it is asked for, and nothing is exchanged.
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, RPC_C_AUTHN_LEVEL_PKT_PRIVACY, RPC_C_AUTHN_WINNT, nullptr, 0),
             RPC_S_OK);
    CHECK_EQ(echo::call(b, 0, "again", &reply), RPC_S_OK);
    RpcBindingFree(&b);
}

void nobody(const char* sequence, const char* endpoint, bool pipe) {
    RPC_BINDING_HANDLE b = echo::bind(sequence, endpoint);
    std::string reply;
    CHECK_EQ(echo::call(b, 1, "", &reply), RPC_S_OK);
    CHECK(reply.find("status 1746") == 0);
    CHECK_EQ(echo::call(b, 2, "", &reply), RPC_S_OK);
    printf("%s: %s\n", sequence, reply.c_str());
    CHECK(reply ==
          (pipe ? "impersonated 0 reverted 0 again 0: 0 1 0" : "impersonated 1764 reverted 0 again 1764: 0 0 0"));
    CHECK_EQ(echo::call(b, 3, "", &reply), RPC_S_OK);
    CHECK(reply == "no");
    const int callbacks = g_callbacks;
    CHECK_EQ(echo::call(b, 0, "x", &reply, echo::secure_client), RPC_S_ACCESS_DENIED);
    CHECK_EQ(g_callbacks, callbacks);
    RpcBindingFree(&b);
}

// Where secur32 alone can log in, connect level works; where it can sign and seal for both sides, the higher ones do
// too. What it cannot do is refused, and never runs.
void authenticated(const char* sequence, const char* endpoint) {
    const Probe able = probe(L"NTLM", g_wide[0], g_wide[1], g_wide[2]);
    const bool signs = able.sign_to_server && able.sign_to_client, seals = able.seal_to_server && able.seal_to_client;
    for (unsigned long level = RPC_C_AUTHN_LEVEL_CONNECT; level <= RPC_C_AUTHN_LEVEL_PKT_PRIVACY; ++level) {
        RPC_BINDING_HANDLE b = echo::bind(sequence, endpoint);
        std::string reply;
        CHECK_EQ(ntlm(b, level), RPC_S_OK);
        const int callbacks = g_callbacks;
        const RPC_STATUS status = echo::call(b, 1, "", &reply, echo::secure_client);
        const bool expected =
            able.login && (level < RPC_C_AUTHN_LEVEL_CALL || (level < RPC_C_AUTHN_LEVEL_PKT_PRIVACY ? signs : seals));
        printf("%s, NTLM level %lu: status %ld %s\n", sequence, level, status, reply.c_str());
        if (expected) {
            CHECK_EQ(status, RPC_S_OK);
            char text[80];
            snprintf(text, sizeof text, "status 0 service 10 level %lu authz 0",
                     level == RPC_C_AUTHN_LEVEL_CALL ? RPC_C_AUTHN_LEVEL_PKT : level);
            CHECK(reply.find(text) == 0);
            CHECK_EQ(g_callbacks, callbacks + 1);
            // A connection of somebody serves nobody else.
            RPC_BINDING_HANDLE anonymous = echo::bind(sequence, endpoint);
            CHECK_EQ(echo::call(anonymous, 0, "", &reply, echo::secure_client), RPC_S_ACCESS_DENIED);
            RpcBindingFree(&anonymous);
            CHECK_EQ(ntlm(b, level, "wrong"), RPC_S_OK);
            CHECK_EQ(echo::call(b, 1, "", &reply, echo::secure_client), RPC_S_ACCESS_DENIED);
        } else {
            CHECK(status == RPC_S_ACCESS_DENIED || status == RPC_S_SEC_PKG_ERROR ||
                  status == RPC_S_UNKNOWN_AUTHN_SERVICE);
            CHECK_EQ(g_callbacks, callbacks);
        }
        RpcBindingFree(&b);
    }
}

}  // namespace

int test_pair(int argc, char** argv) {
    for (int i = 0; i < 3; ++i) {
        if (i + 2 < argc) g_login[i] = argv[i + 2];
        MultiByteToWideChar(CP_ACP, 0, g_login[i], -1, g_wide[i], 64);
    }
    auto use = [](const char* sequence, const char* endpoint) {
        CHECK_EQ(RpcServerUseProtseqEpA(text(sequence), RPC_C_PROTSEQ_MAX_REQS_DEFAULT, text(endpoint), nullptr),
                 RPC_S_OK);
    };
    use("ncalrpc", "securitytest");
    use("ncacn_np", "\\pipe\\securitytest");
    use("ncacn_ip_tcp", "4798");
    CHECK_EQ(RpcServerRegisterIf2(&echo::server, nullptr, nullptr,
                                  RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_CALLBACKS_WITH_NO_AUTH, 0, 0xFFFFFFFF, allow),
             RPC_S_OK);
    CHECK_EQ(RpcServerRegisterIf2(&echo::secure_server, nullptr, nullptr, RPC_IF_AUTOLISTEN | RPC_IF_ALLOW_SECURE_ONLY,
                                  0, 0xFFFFFFFF, allow),
             RPC_S_OK);
    // Not registered for: a client that wants to prove who it is is told so.
    RPC_BINDING_HANDLE early = echo::bind("ncacn_ip_tcp", "4798");
    if (ntlm(early, RPC_C_AUTHN_LEVEL_CONNECT) == RPC_S_OK && probe(L"NTLM", L"a", L"b", L"c").client >= 0)
        CHECK_EQ(echo::call(early, 0, "x"), RPC_S_UNKNOWN_AUTHN_SERVICE);
    RpcBindingFree(&early);
    const RPC_STATUS registered = RpcServerRegisterAuthInfoA(nullptr, RPC_C_AUTHN_WINNT, nullptr, nullptr);
    printf("RpcServerRegisterAuthInfo(WINNT): %ld\n", registered);
    local();
    nobody("ncacn_np", "\\pipe\\securitytest", true);
    nobody("ncacn_ip_tcp", "4798", false);
    authenticated("ncacn_ip_tcp", "4798");
    authenticated("ncacn_np", "\\pipe\\securitytest");
    printf("pair: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
