// Family security: what a server registers, and what it learns of its clients. Sources: the documentation page of each
// function.
#include "abi/export.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/server_security.h"

namespace rpc::abi {
namespace {

template <class T>
Status register_auth_info(const T* principal, unsigned long service) {
    Str name;
    RPC_TRY(read_text(principal, name));
    return runtime::register_auth(static_cast<uint32_t>(service), name.view());
}

template <class T>
Status inq_default_princ_name(unsigned long service, T** name) {
    if (!name) return Status::invalid_arg;
    Str text;
    const auto known = service == RPC_C_AUTHN_DEFAULT ? RPC_C_AUTHN_WINNT : service;
    RPC_TRY(security::default_principal(static_cast<uint32_t>(known), text));
    return write_text(text.view(), name);
}

template <class T>
Status give(T* out, T value) {
    return !out || copy_guarded(out, &value, sizeof value) ? Status::ok : Status::invalid_arg;
}

// Null outs are not asked for. Privs is the client's name in UTF-16, valid as long as the call.
template <class T>
Status inq_auth_client(RPC_BINDING_HANDLE handle, RPC_AUTHZ_HANDLE* privs, T** server, unsigned long* level,
                       unsigned long* service, unsigned long* authz) {
    Ref<call::ServerCall> call;
    RPC_TRY(runtime::server_call_of(handle, call));
    runtime::ClientIdentity identity;
    RPC_TRY(runtime::client_identity(call.get(), identity));
    if (privs)
        RPC_TRY(give(privs, const_cast<RPC_AUTHZ_HANDLE>(runtime::client_privileges(*call, identity.client.view()))));
    RPC_TRY(give(level, static_cast<unsigned long>(identity.level)));
    RPC_TRY(give(service, static_cast<unsigned long>(identity.service)));
    RPC_TRY(give(authz, static_cast<unsigned long>(RPC_C_AUTHZ_NONE)));
    return write_text(identity.server.view(), server);
}

}  // namespace
}  // namespace rpc::abi

using namespace rpc;
using namespace rpc::abi;

// GetKeyFn and Arg belong to services that SSPI does not have; the documentation says that the ones it has ignore them.
RPC_EXPORT(RPC_STATUS, RpcServerRegisterAuthInfoA)
(RPC_CSTR ServerPrincName, unsigned long AuthnSvc, RPC_AUTH_KEY_RETRIEVAL_FN, void*) {
    return to_rpc(register_auth_info<unsigned char>(ServerPrincName, AuthnSvc));
}
RPC_EXPORT(RPC_STATUS, RpcServerRegisterAuthInfoW)
(RPC_WSTR ServerPrincName, unsigned long AuthnSvc, RPC_AUTH_KEY_RETRIEVAL_FN, void*) {
    return to_rpc(register_auth_info<unsigned short>(ServerPrincName, AuthnSvc));
}

// DOMAIN\user of this process. The name is the caller's, to be freed by RpcStringFree.
RPC_EXPORT(RPC_STATUS, RpcServerInqDefaultPrincNameA)(unsigned long AuthnSvc, RPC_CSTR* PrincName) {
    return to_rpc(inq_default_princ_name(AuthnSvc, PrincName));
}
RPC_EXPORT(RPC_STATUS, RpcServerInqDefaultPrincNameW)(unsigned long AuthnSvc, RPC_WSTR* PrincName) {
    return to_rpc(inq_default_princ_name(AuthnSvc, PrincName));
}

// NULL: the call of this thread. ncalrpc's clients are always known, as WINNT at privacy.
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthClientA)
(RPC_BINDING_HANDLE ClientBinding, RPC_AUTHZ_HANDLE* Privs, RPC_CSTR* ServerPrincName, unsigned long* AuthnLevel,
 unsigned long* AuthnSvc, unsigned long* AuthzSvc) {
    return to_rpc(inq_auth_client(ClientBinding, Privs, ServerPrincName, AuthnLevel, AuthnSvc, AuthzSvc));
}
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthClientW)
(RPC_BINDING_HANDLE ClientBinding, RPC_AUTHZ_HANDLE* Privs, RPC_WSTR* ServerPrincName, unsigned long* AuthnLevel,
 unsigned long* AuthnSvc, unsigned long* AuthzSvc) {
    return to_rpc(inq_auth_client(ClientBinding, Privs, ServerPrincName, AuthnLevel, AuthnSvc, AuthzSvc));
}
// Flags speak of certificates, which no service here has.
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthClientExA)
(RPC_BINDING_HANDLE ClientBinding, RPC_AUTHZ_HANDLE* Privs, RPC_CSTR* ServerPrincName, unsigned long* AuthnLevel,
 unsigned long* AuthnSvc, unsigned long* AuthzSvc, unsigned long) {
    return to_rpc(inq_auth_client(ClientBinding, Privs, ServerPrincName, AuthnLevel, AuthnSvc, AuthzSvc));
}
RPC_EXPORT(RPC_STATUS, RpcBindingInqAuthClientExW)
(RPC_BINDING_HANDLE ClientBinding, RPC_AUTHZ_HANDLE* Privs, RPC_WSTR* ServerPrincName, unsigned long* AuthnLevel,
 unsigned long* AuthnSvc, unsigned long* AuthzSvc, unsigned long) {
    return to_rpc(inq_auth_client(ClientBinding, Privs, ServerPrincName, AuthnLevel, AuthnSvc, AuthzSvc));
}

// The provider's own handle (SSPI: PCtxtHandle), valid as long as the call.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqSecurityContext)(RPC_BINDING_HANDLE Binding, void** SecurityContextHandle) {
    Ref<call::ServerCall> call;
    if (Status status = runtime::server_call_of(Binding, call); failed(status)) return to_rpc(status);
    if (!call->security) return RPC_S_BINDING_HAS_NO_AUTH;
    return to_rpc(give(SecurityContextHandle, call->security->context().native()));
}

// ---- impersonation; a thread that forgets to revert does so when its manager routine returns ----

RPC_EXPORT(RPC_STATUS, RpcImpersonateClient)(RPC_BINDING_HANDLE BindingHandle) {
    return to_rpc(runtime::impersonate_client(BindingHandle));
}
RPC_EXPORT(RPC_STATUS, RpcImpersonateClient2)(RPC_BINDING_HANDLE BindingHandle) {
    return to_rpc(runtime::impersonate_client(BindingHandle));
}
RPC_EXPORT(RPC_STATUS, RpcRevertToSelf)(void) {
    return to_rpc(runtime::revert_to_self(nullptr));
}
RPC_EXPORT(RPC_STATUS, RpcRevertToSelfEx)(RPC_BINDING_HANDLE BindingHandle) {
    return to_rpc(runtime::revert_to_self(BindingHandle));
}
