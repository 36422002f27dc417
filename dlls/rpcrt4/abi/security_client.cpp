// Family security: authentication of client bindings. Sources: the documentation page of each function, of
// RPC_SECURITY_QOS and of SEC_WINNT_AUTH_IDENTITY.
#include "abi/binding_vector.h"
#include "abi/client_auth.h"
#include "abi/export.h"
#include "abi/http_credentials.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/binding.h"

namespace rpc::abi {
namespace {

using runtime::Binding;

// The version 1 part. What version 2 adds is read by read_http_credentials; later versions add checks that only Schannel makes.
Status read_qos(const RPC_SECURITY_QOS* from, runtime::AuthSettings& settings) {
    static_assert(sizeof(runtime::SecurityQos) == sizeof(RPC_SECURITY_QOS));
    settings.has_qos = from != nullptr;
    return !from || copy_guarded(&settings.qos, from, sizeof settings.qos) ? Status::ok : Status::invalid_arg;
}

template <class T>
Status set_auth_info(RPC_BINDING_HANDLE handle, const T* principal, unsigned long level, unsigned long service,
                     void* identity, unsigned long authz, const RPC_SECURITY_QOS* qos) {
    Ref<Binding> binding;
    Str name;
    RPC_TRY(client_binding(handle, binding));
    RPC_TRY(read_text(principal, name));
    return abi::set_auth_info(*binding, name.view(), level, service, identity, authz, qos, sizeof(T) == 1);
}

template <class T>
Status give(T* out, T value) {
    return !out || copy_guarded(out, &value, sizeof value) ? Status::ok : Status::invalid_arg;
}

// Null outs are not asked for.
template <class T>
Status inq_auth_info(RPC_BINDING_HANDLE handle, T** principal, unsigned long* level, unsigned long* service,
                     void** identity, unsigned long* authz, unsigned long qos_version, RPC_SECURITY_QOS* qos) {
    Ref<Binding> binding;
    RPC_TRY(client_binding(handle, binding));
    auto auth = binding->auth();
    if (!auth) return Status::binding_has_no_auth;
    if (qos && qos_version != RPC_C_SECURITY_QOS_VERSION_1) return Status::invalid_arg;
    RPC_TRY(give(level, static_cast<unsigned long>(auth->level)));
    RPC_TRY(give(service, static_cast<unsigned long>(auth->service)));
    RPC_TRY(give(identity, auth->identity));
    RPC_TRY(give(authz, static_cast<unsigned long>(auth->authz)));
    runtime::SecurityQos copy = auth->qos;
    copy.version = RPC_C_SECURITY_QOS_VERSION_1;
    if (qos && !copy_guarded(qos, &copy, sizeof copy)) return Status::invalid_arg;
    return write_text(auth->principal.view(), principal);
}

}  // namespace

Status set_auth_info(Binding& binding, std::string_view principal, unsigned long level, unsigned long service, void* identity,
                     unsigned long authz, const RPC_SECURITY_QOS* qos, bool ansi) {
    runtime::AuthSettings settings{principal, static_cast<uint32_t>(level), static_cast<uint32_t>(service), identity,
                                   static_cast<uint32_t>(authz), false, {}};
    RPC_TRY(read_qos(qos, settings));
    const bool over_http = binding.protocol().takes_http_credentials;
    Ref<const io::HttpCredentials> http;
    if (over_http) RPC_TRY(read_http_credentials(qos, ansi, http));
    Ref<runtime::BindingAuth> auth;
    RPC_TRY(runtime::BindingAuth::create(settings, binding.protocol().local_only, auth));
    binding.set_auth(std::move(auth));
    if (over_http) binding.set_http_credentials(std::move(http));
    return Status::ok;
}

}  // namespace rpc::abi

using namespace rpc::abi;

// AuthnSvc RPC_C_AUTHN_NONE or AuthnLevel RPC_C_AUTHN_LEVEL_NONE: calls are made as nobody. AuthIdentity is read now;
// the pointer itself is only kept to be given back.
RPC_EXPORT(RPC_STATUS, RpcBindingSetAuthInfoA)
(RPC_BINDING_HANDLE Binding, RPC_CSTR ServerPrincName, unsigned long AuthnLevel, unsigned long AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE AuthIdentity, unsigned long AuthzSvc) {
    return to_rpc(
        set_auth_info<unsigned char>(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, nullptr));
}
RPC_EXPORT(RPC_STATUS, RpcBindingSetAuthInfoW)
(RPC_BINDING_HANDLE Binding, RPC_WSTR ServerPrincName, unsigned long AuthnLevel, unsigned long AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE AuthIdentity, unsigned long AuthzSvc) {
    return to_rpc(
        set_auth_info<unsigned short>(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, nullptr));
}
// Versions 1 to 5 of the QOS are read: their version 1 part, and over ncacn_http the transport credentials of version 2.
RPC_EXPORT(RPC_STATUS, RpcBindingSetAuthInfoExA)
(RPC_BINDING_HANDLE Binding, RPC_CSTR ServerPrincName, unsigned long AuthnLevel, unsigned long AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE AuthIdentity, unsigned long AuthzSvc, RPC_SECURITY_QOS* SecurityQos) {
    return to_rpc(set_auth_info<unsigned char>(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc,
                                               SecurityQos));
}
RPC_EXPORT(RPC_STATUS, RpcBindingSetAuthInfoExW)
(RPC_BINDING_HANDLE Binding, RPC_WSTR ServerPrincName, unsigned long AuthnLevel, unsigned long AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE AuthIdentity, unsigned long AuthzSvc, RPC_SECURITY_QOS* SecurityQos) {
    return to_rpc(set_auth_info<unsigned short>(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc,
                                                SecurityQos));
}

// RPC_S_BINDING_HAS_NO_AUTH without authentication. The name is the caller's, to be freed by RpcStringFree.
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthInfoA)
(RPC_BINDING_HANDLE Binding, RPC_CSTR* ServerPrincName, unsigned long* AuthnLevel, unsigned long* AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE* AuthIdentity, unsigned long* AuthzSvc) {
    return to_rpc(inq_auth_info(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, 0, nullptr));
}
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthInfoW)
(RPC_BINDING_HANDLE Binding, RPC_WSTR* ServerPrincName, unsigned long* AuthnLevel, unsigned long* AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE* AuthIdentity, unsigned long* AuthzSvc) {
    return to_rpc(inq_auth_info(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, 0, nullptr));
}
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthInfoExA)
(RPC_BINDING_HANDLE Binding, RPC_CSTR* ServerPrincName, unsigned long* AuthnLevel, unsigned long* AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE* AuthIdentity, unsigned long* AuthzSvc, unsigned long RpcQosVersion,
 RPC_SECURITY_QOS* SecurityQOS) {
    return to_rpc(inq_auth_info(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, RpcQosVersion,
                                SecurityQOS));
}
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthInfoExW)
(RPC_BINDING_HANDLE Binding, RPC_WSTR* ServerPrincName, unsigned long* AuthnLevel, unsigned long* AuthnSvc,
 RPC_AUTH_IDENTITY_HANDLE* AuthIdentity, unsigned long* AuthzSvc, unsigned long RpcQosVersion,
 RPC_SECURITY_QOS* SecurityQOS) {
    return to_rpc(inq_auth_info(Binding, ServerPrincName, AuthnLevel, AuthnSvc, AuthIdentity, AuthzSvc, RpcQosVersion,
                                SecurityQOS));
}
