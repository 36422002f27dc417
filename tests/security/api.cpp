// Authentication of bindings without a call. Sources: the documentation pages of RpcBindingSetAuthInfoEx,
// RpcBindingInqAuthInfoEx, RpcServerRegisterAuthInfo, RpcServerInqDefaultPrincName, RpcMgmtInqDefaultProtectLevel,
// RpcImpersonateClient; [MS-RPCE] 2.2.1.1.8.
#include "basics/check.h"
#include "certificates.h"
#include "echo.h"

#include <rpcssl.h>

namespace {

RPC_CSTR text(const char* s) {
    return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s));
}

SEC_WINNT_AUTH_IDENTITY_A identity_of(const char* user, const char* domain, const char* password) {
    auto length = [](const char* s) { return static_cast<unsigned long>(strlen(s)); };
    return {text(user),
            length(user),
            text(domain),
            length(domain),
            text(password),
            length(password),
            SEC_WINNT_AUTH_IDENTITY_ANSI};
}

void bindings() {
    RPC_BINDING_HANDLE b = echo::bind("ncacn_ip_tcp", "4799");
    unsigned long level = 0, service = 0, authz = 9;
    RPC_AUTH_IDENTITY_HANDLE identity = nullptr;
    RPC_CSTR name = nullptr;
    CHECK_EQ(RpcBindingInqAuthInfoA(b, &name, &level, &service, &identity, &authz), RPC_S_BINDING_HAS_NO_AUTH);

    SEC_WINNT_AUTH_IDENTITY_A ann = identity_of("ann", "TEST", "secret");
    CHECK_EQ(RpcBindingSetAuthInfoA(b, text("host/server"), RPC_C_AUTHN_LEVEL_PKT_INTEGRITY, RPC_C_AUTHN_WINNT, &ann,
                                    RPC_C_AUTHZ_NONE),
             RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoA(b, &name, &level, &service, &identity, &authz), RPC_S_OK);
    CHECK(name && !strcmp(reinterpret_cast<char*>(name), "host/server"));
    CHECK_EQ(level, RPC_C_AUTHN_LEVEL_PKT_INTEGRITY);
    CHECK_EQ(service, RPC_C_AUTHN_WINNT);
    CHECK(identity == &ann);
    CHECK_EQ(authz, RPC_C_AUTHZ_NONE);
    RpcStringFreeA(&name);
    RPC_WSTR wide = nullptr;
    CHECK_EQ(RpcBindingInqAuthInfoW(b, &wide, nullptr, nullptr, nullptr, nullptr), RPC_S_OK);
    CHECK(wide && !wcscmp(reinterpret_cast<wchar_t*>(wide), L"host/server"));
    RpcStringFreeW(&wide);

    RPC_BINDING_HANDLE copy = nullptr;
    CHECK_EQ(RpcBindingCopy(b, &copy), RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoA(copy, nullptr, &level, nullptr, nullptr, nullptr), RPC_S_OK);
    RpcBindingFree(&copy);

    // A call level and the default one become what connections have.
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, RPC_C_AUTHN_LEVEL_CALL, RPC_C_AUTHN_DEFAULT, &ann, 0), RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoA(b, nullptr, &level, &service, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(level, RPC_C_AUTHN_LEVEL_PKT);
    CHECK_EQ(service, RPC_C_AUTHN_WINNT);
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, RPC_C_AUTHN_LEVEL_DEFAULT, RPC_C_AUTHN_WINNT, &ann, 0), RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoA(b, nullptr, &level, nullptr, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(level, RPC_C_AUTHN_LEVEL_CONNECT);

    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, RPC_C_AUTHN_LEVEL_CONNECT, 99, &ann, 0), RPC_S_UNKNOWN_AUTHN_SERVICE);
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, 7, RPC_C_AUTHN_WINNT, &ann, 0), RPC_S_UNKNOWN_AUTHN_LEVEL);
    CHECK_EQ(RpcBindingSetAuthInfoA(nullptr, nullptr, 2, RPC_C_AUTHN_WINNT, &ann, 0), RPC_S_INVALID_BINDING);
    // What was refused changed nothing; NONE takes it away.
    CHECK_EQ(RpcBindingInqAuthInfoA(b, nullptr, &level, nullptr, nullptr, nullptr), RPC_S_OK);
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, RPC_C_AUTHN_LEVEL_CONNECT, RPC_C_AUTHN_NONE, nullptr, 0), RPC_S_OK);
    CHECK_EQ(RpcBindingInqAuthInfoA(b, nullptr, &level, nullptr, nullptr, nullptr), RPC_S_BINDING_HAS_NO_AUTH);
    RpcBindingFree(&b);
}

void quality_of_service() {
    RPC_BINDING_HANDLE b = echo::bind("ncacn_ip_tcp", "4799");
    SEC_WINNT_AUTH_IDENTITY_A ann = identity_of("ann", "TEST", "secret");
    RPC_SECURITY_QOS qos = {RPC_C_SECURITY_QOS_VERSION_1, RPC_C_QOS_CAPABILITIES_DEFAULT, RPC_C_QOS_IDENTITY_STATIC,
                            RPC_C_IMP_LEVEL_IDENTIFY};
    CHECK_EQ(RpcBindingSetAuthInfoExA(b, nullptr, 2, RPC_C_AUTHN_WINNT, &ann, 0, &qos), RPC_S_OK);
    RPC_SECURITY_QOS got = {};
    unsigned long level = 0;
    CHECK_EQ(
        RpcBindingInqAuthInfoExA(b, nullptr, &level, nullptr, nullptr, nullptr, RPC_C_SECURITY_QOS_VERSION_1, &got),
        RPC_S_OK);
    CHECK_EQ(got.Version, RPC_C_SECURITY_QOS_VERSION_1);
    CHECK_EQ(got.ImpersonationType, RPC_C_IMP_LEVEL_IDENTIFY);
    RPC_SECURITY_QOS_V2_A v2 = {};
    v2.Version = RPC_C_SECURITY_QOS_VERSION_2;
    v2.ImpersonationType = RPC_C_IMP_LEVEL_IMPERSONATE;
    CHECK_EQ(
        RpcBindingSetAuthInfoExA(b, nullptr, 2, RPC_C_AUTHN_WINNT, &ann, 0, reinterpret_cast<RPC_SECURITY_QOS*>(&v2)),
        RPC_S_OK);
    qos.Version = 99;
    CHECK_EQ(RpcBindingSetAuthInfoExA(b, nullptr, 2, RPC_C_AUTHN_WINNT, &ann, 0, &qos), RPC_S_INVALID_ARG);
    RpcBindingFree(&b);
}

void identities() {
    RPC_BINDING_HANDLE b = echo::bind("ncacn_ip_tcp", "4799");
    SEC_WINNT_AUTH_IDENTITY_A bad = identity_of("ann", "TEST", "secret");
    bad.Flags = 0;
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, 2, RPC_C_AUTHN_WINNT, &bad, 0), RPC_S_INVALID_AUTH_IDENTITY);
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, 2, RPC_C_AUTHN_WINNT, RPC_C_NO_CREDENTIALS, 0),
             RPC_S_INVALID_AUTH_IDENTITY);
    CHECK_EQ(RpcBindingSetAuthInfoA(b, nullptr, 2, RPC_C_AUTHN_WINNT, reinterpret_cast<void*>(16), 0),
             RPC_S_INVALID_AUTH_IDENTITY);
    RpcBindingFree(&b);
}

// The header lacks it, the import library has it.
extern "C" RPC_STATUS RPC_ENTRY RpcCertMatchPrincipalName(PCCERT_CONTEXT Context, RPC_WSTR PrincipalName);

template <size_t N>
void certificate(const unsigned char (&bytes)[N], const char* expected, const wchar_t* same, const wchar_t* other) {
    PCCERT_CONTEXT context = CertCreateCertificateContext(X509_ASN_ENCODING, bytes, N);
    CHECK(context != nullptr);
    RPC_CSTR name = nullptr;
    RPC_WSTR wide = nullptr;
    auto wide_text = [](const wchar_t* s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s)); };
    CHECK_EQ(RpcCertGeneratePrincipalNameA(context, 0, &name), expected ? RPC_S_OK : RPC_S_INVALID_ARG);
    CHECK_EQ(RpcCertGeneratePrincipalNameW(context, 0, &wide), expected ? RPC_S_OK : RPC_S_INVALID_ARG);
    if (expected) {
        printf("principal name: %s\n", name ? reinterpret_cast<char*>(name) : "none");
        CHECK(name && !strcmp(reinterpret_cast<char*>(name), expected));
        CHECK(wide && wcslen(reinterpret_cast<wchar_t*>(wide)) == strlen(expected));
        CHECK_EQ(RpcCertMatchPrincipalName(context, wide), RPC_S_OK);
        CHECK_EQ(RpcCertMatchPrincipalName(context, wide_text(same)), RPC_S_OK);
        CHECK_EQ(RpcCertMatchPrincipalName(context, wide_text(other)), ERROR_ACCESS_DENIED);
    }
    CHECK_EQ(RpcCertMatchPrincipalName(context, wide_text(L"server")), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcCertGeneratePrincipalNameA(context, RPC_C_FULL_CERT_CHAIN, &name), RPC_S_CANNOT_SUPPORT);
    CHECK_EQ(RpcCertGeneratePrincipalNameA(context, 2, &name), RPC_S_INVALID_ARG);
    CHECK_EQ(RpcCertGeneratePrincipalNameA(nullptr, 0, &name), RPC_S_INVALID_ARG);
    RpcStringFreeW(&wide);
    CertFreeCertificateContext(context);
}

void certificates() {
    certificate(k_common_certificate, "msstd:back\\\\slash", L"MSSTD:Back\\\\Slash", L"msstd:back\\slash");
    certificate(k_email_certificate, "msstd:server@rpc.test", L"msstd:SERVER@rpc.test", L"msstd:server");
    certificate(k_nameless_certificate, nullptr, nullptr, nullptr);
}

void servers() {
    RPC_CSTR name = nullptr;
    CHECK_EQ(RpcServerInqDefaultPrincNameA(RPC_C_AUTHN_WINNT, &name), RPC_S_OK);
    CHECK(name && strchr(reinterpret_cast<char*>(name), '\\'));
    RpcStringFreeA(&name);
    CHECK_EQ(RpcServerInqDefaultPrincNameA(99, &name), RPC_S_UNKNOWN_AUTHN_SERVICE);
    CHECK_EQ(RpcServerRegisterAuthInfoA(nullptr, 99, nullptr, nullptr), RPC_S_UNKNOWN_AUTHN_SERVICE);
    unsigned long level = 0;
    CHECK_EQ(RpcMgmtInqDefaultProtectLevel(RPC_C_AUTHN_WINNT, &level), RPC_S_OK);
    CHECK_EQ(level, RPC_C_AUTHN_LEVEL_CONNECT);
    CHECK_EQ(RpcMgmtInqDefaultProtectLevel(99, &level), RPC_S_UNKNOWN_AUTHN_SERVICE);
    // Outside a call.
    CHECK_EQ(RpcImpersonateClient(nullptr), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(RpcRevertToSelf(), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(RpcBindingInqAuthClientA(nullptr, nullptr, nullptr, &level, nullptr, nullptr), RPC_S_NO_CALL_ACTIVE);
    RPC_BINDING_HANDLE b = echo::bind("ncacn_ip_tcp", "4799");
    CHECK_EQ(RpcImpersonateClient(b), RPC_S_WRONG_KIND_OF_BINDING);
    CHECK_EQ(RpcBindingInqAuthClientA(b, nullptr, nullptr, &level, nullptr, nullptr), RPC_S_WRONG_KIND_OF_BINDING);
    RpcBindingFree(&b);
}

}  // namespace

int test_api() {
    bindings();
    quality_of_service();
    identities();
    certificates();
    servers();
    printf("api: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
