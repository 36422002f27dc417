// Fast bindings: RpcBindingCreate, RpcBindingBind, RpcBindingUnbind. Sources: their documentation pages.
#include "abi/binding_vector.h"
#include "abi/client_auth.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/async_bind.h"
#include "runtime/convert.h"

using namespace rpc;
using abi::client_binding;
using abi::to_rpc;

namespace {

// rpcdce.h; mingw-w64 has the structures without the names.
constexpr unsigned long object_uuid_valid = 1;  // RPC_BHT_OBJECT_UUID_VALID
constexpr unsigned long option_noncausal = 1;   // RPC_BHO_NONCAUSAL
constexpr unsigned long protseq_tcp = 1, protseq_np = 2, protseq_lrpc = 3, protseq_http = 4;  // RPC_PROTSEQ_x

Status check_template(const RPC_BINDING_HANDLE_TEMPLATE& t) {
    if (t.Version != 1 || (t.Flags & ~object_uuid_valid) != 0 || t.u1.Reserved) return Status::invalid_arg;
    switch (t.ProtocolSequence) {
        case protseq_lrpc:
            return Status::ok;
        case protseq_tcp:
        case protseq_np:
        case protseq_http:
            return Status::cannot_support;  // documented: ncalrpc is the only one
    }
    return Status::invalid_arg;
}

// As RpcBindingSetAuthInfoEx would say it afterwards. mingw-w64 declares the names without their character type.
template <class Char>
Status set_security(runtime::Binding& binding, const RPC_BINDING_HANDLE_SECURITY* security) {
    RPC_BINDING_HANDLE_SECURITY copy;
    Str principal;
    if (!security) return Status::ok;
    if (!copy_guarded(&copy, security, sizeof copy) || copy.Version != 1) return Status::invalid_arg;
    RPC_TRY(abi::read_text(reinterpret_cast<const Char*>(copy.ServerPrincName), principal));
    return abi::set_auth_info(binding, principal.view(), copy.AuthnLevel, copy.AuthnSvc, copy.AuthIdentity, RPC_C_AUTHZ_NONE,
                              copy.SecurityQos, sizeof(Char) == 1);
}

Status set_options(runtime::Binding& binding, const RPC_BINDING_HANDLE_OPTIONS* options) {
    RPC_BINDING_HANDLE_OPTIONS copy;
    if (!options) return Status::ok;
    if (!copy_guarded(&copy, options, sizeof copy) || copy.Version != 1) return Status::invalid_arg;
    RPC_TRY(binding.set_com_timeout(copy.ComTimeout));
    RPC_TRY(binding.set_option(runtime::binding_option::call_timeout, copy.CallTimeout));
    return binding.set_option(runtime::binding_option::binding_noncausal, (copy.Flags & option_noncausal) != 0);
}

template <class Char>
Status create(const RPC_BINDING_HANDLE_TEMPLATE* given, const RPC_BINDING_HANDLE_SECURITY* security,
              const RPC_BINDING_HANDLE_OPTIONS* options, RPC_BINDING_HANDLE* out) {
    RPC_BINDING_HANDLE_TEMPLATE t;
    Str address, endpoint;
    Ref<runtime::Binding> binding;
    void* handle = nullptr;
    if (!copy_guarded(&t, given, sizeof t)) return Status::invalid_arg;
    RPC_TRY(check_template(t));
    RPC_TRY(abi::read_text(reinterpret_cast<const Char*>(t.NetworkAddress), address));
    RPC_TRY(abi::read_text(reinterpret_cast<const Char*>(t.StringEndpoint), endpoint));
    const Uuid object = runtime::to_uuid(t.ObjectUuid);
    RPC_TRY(runtime::Binding::create({{}, "ncalrpc", address.view(), endpoint.view(), {}},
                                     (t.Flags & object_uuid_valid) != 0 ? &object : nullptr, binding));
    binding->make_fast();
    RPC_TRY(set_security<Char>(*binding, security));
    RPC_TRY(set_options(*binding, options));
    RPC_TRY(runtime::Binding::to_handle(std::move(binding), &handle));
    if (copy_guarded(static_cast<void*>(out), &handle, sizeof handle)) return Status::ok;
    (void)failed(runtime::Binding::free_handle(&handle));
    return Status::invalid_arg;
}

Status bind(runtime::Binding& binding, RPC_IF_HANDLE spec) {
    RPC_CLIENT_INTERFACE iface;
    if (!copy_guarded(&iface, spec, sizeof iface)) return Status::invalid_arg;
    return binding.bind(runtime::to_syntax(iface.InterfaceId), runtime::to_syntax(iface.TransferSyntax),
                        runtime::own_endpoint(iface, binding.protocol().name));
}

}  // namespace

// Makes no connection; ncalrpc only. The handle is freed with RpcBindingFree.
RPC_EXPORT(RPC_STATUS, RpcBindingCreateA)
(RPC_BINDING_HANDLE_TEMPLATE* Template, RPC_BINDING_HANDLE_SECURITY* Security, RPC_BINDING_HANDLE_OPTIONS* Options,
 RPC_BINDING_HANDLE* Binding) {
    return to_rpc(create<unsigned char>(Template, Security, Options, Binding));
}
RPC_EXPORT(RPC_STATUS, RpcBindingCreateW)
(RPC_BINDING_HANDLE_TEMPLATE* Template, RPC_BINDING_HANDLE_SECURITY* Security, RPC_BINDING_HANDLE_OPTIONS* Options,
 RPC_BINDING_HANDLE* Binding) {
    return to_rpc(create<unsigned short>(Template, Security, Options, Binding));
}

// Finds the server and the interface. Without a state it blocks; with one the bind is completed like an asynchronous call.
RPC_EXPORT(RPC_STATUS, RpcBindingBind)(PRPC_ASYNC_STATE pAsync, RPC_BINDING_HANDLE Binding, RPC_IF_HANDLE IfSpec) {
    Ref<runtime::Binding> binding;
    if (Status status = client_binding(Binding, binding); failed(status)) return to_rpc(status);
    if (!pAsync) return to_rpc(bind(*binding, IfSpec));
    RPC_CLIENT_INTERFACE iface;
    if (!copy_guarded(&iface, IfSpec, sizeof iface)) return RPC_S_INVALID_ARG;
    return to_rpc(runtime::bind_async(pAsync, std::move(binding), iface));
}

RPC_EXPORT(RPC_STATUS, RpcBindingUnbind)(RPC_BINDING_HANDLE Binding) {
    Ref<runtime::Binding> binding;
    Status status = client_binding(Binding, binding);
    return to_rpc(failed(status) ? status : binding->unbind());
}
