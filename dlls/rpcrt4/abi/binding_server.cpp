// RpcBindingServerFromClient, RpcNsBindingInqEntryName: documentation pages of those names.
#include "abi/binding_vector.h"
#include "abi/server_call_handle.h"
#include "abi/text.h"
#include "base/guard.h"

using namespace rpc;
using abi::to_rpc;

namespace {

Status from_client(RPC_BINDING_HANDLE client, RPC_BINDING_HANDLE* out) {
    Ref<call::ServerCall> call;
    Ref<runtime::Binding> binding;
    void* handle = nullptr;
    RPC_TRY(abi::server_call(client, call));
    const io::Stream& stream = call->connection->stream();
    // A client of this machine needs no address; another one that has none cannot be called back.
    if (stream.peer_address().empty() && !stream.peer_is_local()) return Status::cannot_support;
    RPC_TRY(runtime::Binding::create({{}, call->connection->protocol().name, stream.peer_address(), {}, {}},
                                     call->has_object ? &call->object : nullptr, binding));
    RPC_TRY(runtime::Binding::to_handle(std::move(binding), &handle));
    if (copy_guarded(static_cast<void*>(out), &handle, sizeof handle)) return Status::ok;
    (void)failed(runtime::Binding::free_handle(&handle));
    return Status::invalid_arg;
}

// `syntax` is the one of the entry names; there is but one.
bool is_dce_syntax(unsigned long syntax) { return syntax == RPC_C_NS_SYNTAX_DEFAULT || syntax == RPC_C_NS_SYNTAX_DCE; }

template <class Char>
Status entry_name(RPC_BINDING_HANDLE handle, unsigned long syntax, Char** name) {
    Ref<runtime::Binding> binding;
    Str text;
    RPC_TRY(abi::client_binding(handle, binding));
    if (!is_dce_syntax(syntax)) return Status::unsupported_name_syntax;
    RPC_TRY(binding->entry_name(text));
    RPC_TRY(abi::write_text(text.view(), name));
    return text.empty() ? Status::no_entry_name : Status::ok;
}

}  // namespace

// Partially bound: the client's address, without an endpoint. The caller's, until RpcBindingFree.
RPC_EXPORT(RPC_STATUS, RpcBindingServerFromClient)
(RPC_BINDING_HANDLE ClientBinding, RPC_BINDING_HANDLE* ServerBinding) {
    return to_rpc(from_client(ClientBinding, ServerBinding));
}
RPC_EXPORT(RPC_STATUS, RpcNsBindingInqEntryNameA)(RPC_BINDING_HANDLE Binding, unsigned long EntryNameSyntax, RPC_CSTR* EntryName) {
    return to_rpc(entry_name(Binding, EntryNameSyntax, EntryName));
}
RPC_EXPORT(RPC_STATUS, RpcNsBindingInqEntryNameW)(RPC_BINDING_HANDLE Binding, unsigned long EntryNameSyntax, RPC_WSTR* EntryName) {
    return to_rpc(entry_name(Binding, EntryNameSyntax, EntryName));
}
