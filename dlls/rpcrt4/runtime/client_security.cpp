#include "runtime/client_security.h"

namespace rpc::runtime {
namespace {

using security::Level;

constexpr uint32_t authz_none = 0, authz_dce = 2, authz_default = UINT32_MAX;  // RPC_C_AUTHZ_x, NAME is 1
constexpr uint32_t last_qos_version = 5;
constexpr uint32_t mutual_auth = 1;                                 // RPC_C_QOS_CAPABILITIES_MUTUAL_AUTH
constexpr uint32_t identity_dynamic = 1;                            // RPC_C_QOS_IDENTITY_DYNAMIC
constexpr uint32_t last_impersonation = 4;                          // RPC_C_IMP_LEVEL_DELEGATE
void* const no_credentials = reinterpret_cast<void*>(UINTPTR_MAX);  // RPC_C_NO_CREDENTIALS: Schannel's only

Status check_qos(const SecurityQos& qos) {
    const bool valid = qos.version >= 1 && qos.version <= last_qos_version &&
                       qos.identity_tracking <= identity_dynamic && qos.impersonation_type <= last_impersonation;
    return valid ? Status::ok : Status::invalid_arg;
}

// [MS-RPCE] 2.2.1.1.8: default is connect; call is packet where a connection carries it.
uint32_t effective_level(uint32_t level) {
    if (level == static_cast<uint32_t>(Level::default_level)) return static_cast<uint32_t>(Level::connect);
    if (level == static_cast<uint32_t>(Level::call)) return static_cast<uint32_t>(Level::packet);
    return level;
}

}  // namespace

Status BindingAuth::create(const AuthSettings& s, bool local_only, Ref<BindingAuth>& out) {
    const uint32_t service = s.service == security::authn::default_service ? security::authn::winnt : s.service;
    const uint32_t level = effective_level(s.level);
    if (level > static_cast<uint32_t>(Level::privacy)) return Status::unknown_authn_level;
    if (service != security::authn::winnt && s.authz > authz_dce && s.authz != authz_default)
        return Status::unknown_authz_service;
    if (s.has_qos) RPC_TRY(check_qos(s.qos));
    out.reset();
    if (service == security::authn::none || level == static_cast<uint32_t>(Level::none)) return Status::ok;
    if (s.identity == no_credentials) return Status::invalid_auth_identity;
    auto made = make_ref<BindingAuth>();
    if (!made || !made->principal.assign(s.principal)) return Status::out_of_memory;
    made->level = level;
    made->service = service;
    made->authz = service == security::authn::winnt ? authz_none : s.authz;
    made->identity = s.identity;
    if (s.has_qos) made->qos = s.qos;
    if (local_only) {
        if (service != security::authn::winnt) return Status::unknown_authn_service;
        out = std::move(made);
        return Status::ok;
    }
    security::ClientRequest request{service, static_cast<Level>(level), s.principal, s.identity, {}};
    request.qos.mutual_auth = (made->qos.capabilities & mutual_auth) != 0;
    request.qos.impersonation = made->qos.impersonation_type;
    Ref<security::ClientAuth> provider;
    RPC_TRY(security::make_client_auth(request, provider));
    made->provider = std::move(provider);
    out = std::move(made);
    return Status::ok;
}

}  // namespace rpc::runtime
