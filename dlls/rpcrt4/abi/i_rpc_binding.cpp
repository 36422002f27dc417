// What the headers declare of bindings and calls beside the documented functions. Sources: rpcdcep.h; documentation
// page of I_RpcBindingInqLocalClientPID. A server call's handle may be NULL for the one of this thread.
#include "abi/binding_vector.h"
#include "abi/server_call_handle.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/message.h"

using namespace rpc;
using abi::server_call;
using abi::to_rpc;

namespace {

template <class T>
RPC_STATUS give(T* out, T value) {
    return copy_guarded(static_cast<void*>(out), &value, sizeof value) ? RPC_S_OK : RPC_S_INVALID_ARG;
}

unsigned transport_type(const io::Protocol& protocol) {
    return protocol.local_only ? TRANSPORT_TYPE_LPC : TRANSPORT_TYPE_CN;
}

template <class Char>
Status dynamic_endpoint(RPC_BINDING_HANDLE handle, Char** out) {
    Ref<runtime::Binding> binding;
    Str endpoint;
    RPC_TRY(abi::client_binding(handle, binding));
    RPC_TRY(binding->endpoint(endpoint));
    return abi::write_text(binding->has_dynamic_endpoint() ? endpoint.view() : std::string_view{}, out);
}

}  // namespace

// A client's binding or a server's call.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqTransportType)(RPC_BINDING_HANDLE Binding, unsigned int* Type) {
    if (auto binding = runtime::Binding::from_handle(Binding)) return give(Type, transport_type(binding->protocol()));
    Ref<call::ServerCall> call;
    if (Status status = server_call(Binding, call); failed(status)) return to_rpc(status);
    return give(Type, transport_type(call->connection->protocol()));
}
// Of the call that this thread serves.
RPC_EXPORT(RPC_STATUS, I_RpcServerInqTransportType)(unsigned int* Type) {
    Ref<call::ServerCall> call;
    if (Status status = server_call(nullptr, call); failed(status)) return to_rpc(status);
    return give(Type, transport_type(call->connection->protocol()));
}
// ncalrpc only.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqLocalClientPID)(RPC_BINDING_HANDLE Binding, unsigned long* Pid) {
    Ref<call::ServerCall> call;
    if (Status status = server_call(Binding, call); failed(status)) return to_rpc(status);
    const unsigned long process = call->connection->stream().peer_process();
    if (!call->connection->protocol().local_only || process == 0) return RPC_S_INVALID_BINDING;
    return give(Pid, process);
}
RPC_EXPORT(RPC_STATUS, I_RpcBindingIsClientLocal)(RPC_BINDING_HANDLE BindingHandle, unsigned int* ClientLocalFlag) {
    Ref<call::ServerCall> call;
    if (Status status = server_call(BindingHandle, call); failed(status)) return to_rpc(status);
    return give(ClientLocalFlag, unsigned{call->connection->stream().peer_is_local()});
}

// The endpoint that a partially bound handle was given; empty for one that came with its own.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqDynamicEndpointA)(RPC_BINDING_HANDLE Binding, RPC_CSTR* DynamicEndpoint) {
    return to_rpc(dynamic_endpoint(Binding, DynamicEndpoint));
}
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqDynamicEndpointW)(RPC_BINDING_HANDLE Binding, RPC_WSTR* DynamicEndpoint) {
    return to_rpc(dynamic_endpoint(Binding, DynamicEndpoint));
}
RPC_EXPORT(RPC_STATUS, I_RpcBindingCopy)(RPC_BINDING_HANDLE SourceBinding, RPC_BINDING_HANDLE* DestinationBinding) {
    Ref<runtime::Binding> source;
    Status status = abi::client_binding(SourceBinding, source);
    return to_rpc(failed(status) ? status : runtime::binding_copy(SourceBinding, DestinationBinding));
}
