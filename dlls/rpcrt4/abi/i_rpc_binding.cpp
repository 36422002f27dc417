// What the headers declare of bindings and calls beside the documented functions. Sources: rpcdcep.h; documentation
// page of I_RpcBindingInqLocalClientPID. A server call's handle may be NULL for the one of this thread.
#include "abi/binding_vector.h"
#include "abi/host_address.h"
#include "abi/server_call_handle.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/local_machine.h"
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

Status connection_address(RPC_BINDING_HANDLE handle, io::HostAddress (io::Stream::*end)() const, void* buffer,
                          unsigned long* size, unsigned long* format) {
    Ref<call::ServerCall> call;
    RPC_TRY(server_call(handle, call));
    unsigned long room = 0, kind = 0;
    if (!copy_guarded(&room, size, sizeof room)) return Status::invalid_arg;
    const Status told = abi::give_address((call->connection->stream().*end)(), buffer, room, kind);
    if (failed(told) && told != Status::more_data) return told;
    return copy_guarded(size, &room, sizeof room) && copy_guarded(format, &kind, sizeof kind) ? told : Status::invalid_arg;
}

// For name services, which import bindings: what RpcNsBindingInqEntryName tells from then on.
template <class Char>
Status set_entry_name(RPC_BINDING_HANDLE handle, unsigned long syntax, const Char* name) {
    Ref<runtime::Binding> binding;
    Str text;
    RPC_TRY(abi::client_binding(handle, binding));
    if (syntax != RPC_C_NS_SYNTAX_DEFAULT && syntax != RPC_C_NS_SYNTAX_DCE) return Status::unsupported_name_syntax;
    RPC_TRY(abi::read_text(name, text));
    return binding->set_entry_name(text.view());
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
// Whether a client's binding leads to this machine for certain. Microsoft's bindings for other languages declare it.
RPC_EXPORT(RPC_STATUS, I_RpcBindingIsServerLocal)(RPC_BINDING_HANDLE Binding, unsigned int* ServerLocalFlag) {
    Ref<runtime::Binding> binding;
    if (Status status = abi::client_binding(Binding, binding); failed(status)) return to_rpc(status);
    return give(ServerLocalFlag, unsigned{binding->protocol().local_only || runtime::is_this_machine(binding->network_address().view())});
}
// The client's process, to close; ncalrpc only. Declared as the one above.
RPC_EXPORT(RPC_STATUS, I_RpcOpenClientProcess)(RPC_BINDING_HANDLE Binding, unsigned long DesiredAccess, void** ClientProcess) {
    Ref<call::ServerCall> call;
    if (Status status = server_call(Binding, call); failed(status)) return to_rpc(status);
    const unsigned long id = call->connection->stream().peer_process();
    if (!call->connection->protocol().local_only || id == 0) return RPC_S_INVALID_BINDING;
    void* const process = OpenProcess(DesiredAccess, FALSE, id);
    if (!process) return static_cast<RPC_STATUS>(GetLastError());
    const RPC_STATUS status = give(ClientProcess, process);
    if (status != RPC_S_OK) CloseHandle(process);
    return status;
}

// The address at this end of a call's connection, and at the client's. ncacn_ip_tcp only: RPC_S_CANNOT_SUPPORT elsewhere. That the
// buffer gets the address alone, as RPC_CALL_LOCAL_ADDRESS_V1's does, is inferred, and so are the statuses.
RPC_EXPORT(RPC_STATUS, I_RpcServerInqLocalConnAddress)(RPC_BINDING_HANDLE Binding, void* Buffer, unsigned long* BufferSize,
                                                       unsigned long* AddressFormat) {
    return to_rpc(connection_address(Binding, &io::Stream::own_host, Buffer, BufferSize, AddressFormat));
}
RPC_EXPORT(RPC_STATUS, I_RpcServerInqRemoteConnAddress)(RPC_BINDING_HANDLE Binding, void* Buffer, unsigned long* BufferSize,
                                                        unsigned long* AddressFormat) {
    return to_rpc(connection_address(Binding, &io::Stream::peer_host, Buffer, BufferSize, AddressFormat));
}

// The endpoint that a partially bound handle was given; empty for one that came with its own.
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqDynamicEndpointA)(RPC_BINDING_HANDLE Binding, RPC_CSTR* DynamicEndpoint) {
    return to_rpc(dynamic_endpoint(Binding, DynamicEndpoint));
}
RPC_EXPORT(RPC_STATUS, I_RpcBindingInqDynamicEndpointW)(RPC_BINDING_HANDLE Binding, RPC_WSTR* DynamicEndpoint) {
    return to_rpc(dynamic_endpoint(Binding, DynamicEndpoint));
}
RPC_EXPORT(RPC_STATUS, I_RpcNsBindingSetEntryNameA)(RPC_BINDING_HANDLE Binding, unsigned long EntryNameSyntax, RPC_CSTR EntryName) {
    return to_rpc(set_entry_name(Binding, EntryNameSyntax, EntryName));
}
RPC_EXPORT(RPC_STATUS, I_RpcNsBindingSetEntryNameW)(RPC_BINDING_HANDLE Binding, unsigned long EntryNameSyntax, RPC_WSTR EntryName) {
    return to_rpc(set_entry_name(Binding, EntryNameSyntax, EntryName));
}
RPC_EXPORT(RPC_STATUS, I_RpcBindingCopy)(RPC_BINDING_HANDLE SourceBinding, RPC_BINDING_HANDLE* DestinationBinding) {
    Ref<runtime::Binding> source;
    Status status = abi::client_binding(SourceBinding, source);
    return to_rpc(failed(status) ? status : runtime::binding_copy(SourceBinding, DestinationBinding));
}
