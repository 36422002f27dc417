#pragma once
// The authentication services of this system, for the runtime: SSPI on Windows; on the host the fake one of tests. Any
// thread, unlocked. Sources: the documentation pages of RpcBindingSetAuthInfoEx, RpcServerRegisterAuthInfo,
// RpcServerInqDefaultPrincName.
#include "security/provider.h"

namespace rpc::security {

// RPC_C_AUTHN_x.
namespace authn {
constexpr uint32_t none = 0;
constexpr uint32_t gss_negotiate = 9;
constexpr uint32_t winnt = 10;
constexpr uint32_t gss_kerberos = 16;
constexpr uint32_t default_service = UINT32_MAX;  // the same as winnt ([MS-RPCE] 2.2.1.1.7)
}  // namespace authn

// RPC_SECURITY_QOS, in the core's words.
struct Qos {
    bool mutual_auth = false;    // RPC_C_QOS_CAPABILITIES_MUTUAL_AUTH
    uint32_t impersonation = 0;  // RPC_C_IMP_LEVEL_x; 0 = the default, impersonate
    bool operator==(const Qos&) const = default;
};

struct ClientRequest {
    uint32_t service = authn::none;
    Level level = Level::connect;  // neither default_level nor none
    std::string_view principal;    // the server's, or empty
    // RPC_AUTH_IDENTITY_HANDLE: a SEC_WINNT_AUTH_IDENTITY, read during the call, whose strings are UTF-16 or ANSI as
    // its flags say; null for the identity of the calling thread.
    const void* identity = nullptr;
    Qos qos;
};
// unknown_authn_service, invalid_auth_identity, out_of_memory, sec_pkg_error.
Status make_client_auth(const ClientRequest& request, Ref<ClientAuth>& auth);

// A server's credentials for one service.
class ServerAuth : public RefCounted<ServerAuth> {
public:
    virtual ~ServerAuth() = default;
    virtual Status new_context(Level level, Ref<Context>& context) = 0;
};
// unknown_authn_service, out_of_memory, sec_pkg_error.
Status make_server_auth(uint32_t service, std::string_view principal, Ref<ServerAuth>& auth);

// The principal name that a server has when it does not name one. unknown_authn_service, cannot_support, out_of_memory.
Status default_principal(uint32_t service, Str& name);

// The calling thread acts for itself again.
Status revert_thread();

}  // namespace rpc::security
