#include "runtime/message.h"

#include "base/error_record.h"
#include "base/guard.h"
#include "base/log.h"
#include "call/client_call.h"
#include "runtime/binding.h"
#include "runtime/callback.h"
#include "runtime/convert.h"
#include "runtime/endpoint_mapper.h"
#include "runtime/management.h"
#include "runtime/message_pieces.h"
#include "runtime/server.h"
#include "runtime/thread_cancel.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t buffer_async = 0x8000;    // RPC_BUFFER_ASYNC
constexpr uint32_t buffer_partial = 0x2000;  // RPC_BUFFER_PARTIAL
constexpr uint32_t little_endian_ascii_ieee = 0x10;
constexpr ULong32 async_signature = 0x43595341;  // "ASYC"

Ref<call::ClientCall> client_call(const RPC_MESSAGE& message) {
    return from_handle<call::ClientCall>(message.ReservedForRuntime, HandleKind::client_call);
}
Ref<call::ServerCall> server_call(const RPC_MESSAGE& message) {
    return from_handle<call::ServerCall>(message.Handle, HandleKind::server_call);
}

// The association of a call: a binding without an endpoint gets the interface's own, else the one in the endpoint map
// of the server's machine (documentation page "Endpoints").
Status find_association(Binding& binding, const RPC_CLIENT_INTERFACE& iface, Ref<link::Association>& association) {
    const Status status = binding.association(association);
    if (status != Status::no_endpoint_found) return status;
    const std::string_view own = own_endpoint(iface, binding.protocol().name);
    if (!own.empty()) {
        RPC_TRY(binding.complete(own));
        return binding.association(association);
    }
    const Status resolved = endpoint_mapper::resolve(binding, to_syntax(iface.InterfaceId), to_syntax(iface.TransferSyntax));
    if (failed(resolved)) {
        note_error(ErrorComponent::runtime, code(resolved), detected::resolve_endpoint,
                   {std::string_view(binding.protocol().name), binding.network_address().view(), uint32_t{iface.InterfaceId.SyntaxGUID.Data1}, 0u});
        return resolved;
    }
    return binding.association(association);
}

Status server_get_buffer(call::ServerCall& call, RPC_MESSAGE& message) {
    call.body.reset();
    RPC_TRY(call.body.allocate(message.BufferLength, false));
    message.Buffer = call.body.data();
    return Status::ok;
}

// The stub data that the message describes must be what get_buffer gave out.
Status take_length(link::OutgoingBody& body, const RPC_MESSAGE& message) {
    if (!body.allocated() || message.Buffer != body.data() || message.BufferLength > body.size())
        return Status::invalid_arg;
    body.shrink(message.BufferLength);
    return Status::ok;
}

void drop_client_call(RPC_MESSAGE& message) {
    void* handle = std::exchange(message.ReservedForRuntime, nullptr);
    message.Buffer = nullptr;
    if (!handle_table::remove(handle)) return;
    auto call = Ref<call::ClientCall>::adopt(static_cast<call::ClientCall*>(handle));
    if (call->transfer() && !call->asynchronous()) end_cancellable(*call);
}

Status hand_out_reply(call::ClientCall& call, RPC_MESSAGE& message) {
    message.Buffer = call.reply.data();
    message.BufferLength = static_cast<unsigned>(call.reply.size());
    message.DataRepresentation = call.reply_data_representation;
    return Status::ok;
}

// `for_object`: null for the binding's.
Status get_any_buffer(RPC_MESSAGE& message, const Uuid* for_object) {
    Status served;
    if (callback::reply_buffer(message, served)) return served;
    if (auto call = server_call(message)) {
        return callback::is_outgoing(*call, message) ? callback::get_buffer(std::move(call), message) : server_get_buffer(*call, message);
    }
    if (auto call = callback::implied_call(message)) return callback::get_buffer(std::move(call), message);
    auto binding = Binding::from_handle(message.Handle);
    auto iface = static_cast<const RPC_CLIENT_INTERFACE*>(message.RpcInterfaceInformation);
    if (!binding) return Status::invalid_binding;
    if (!iface) return Status::unknown_if;
    clear_thread_errors();  // what they say is of earlier calls
    if (client_call(message)) drop_client_call(message);
    Ref<link::Association> association;
    RPC_TRY(find_association(*binding, *iface, association));
    link::Syntaxes syntaxes{to_syntax(iface->InterfaceId),
                            to_syntax(message.TransferSyntax ? *message.TransferSyntax : iface->TransferSyntax)};
    Uuid object = for_object ? *for_object : binding->object();
    const bool has_object = !(object == Uuid{});
    auto auth = binding->auth();
    auto call = make_ref<call::ClientCall>(std::move(association), syntaxes, static_cast<uint16_t>(message.ProcNum),
                                           uint8_t{0}, has_object ? &object : nullptr,
                                           auth ? auth->provider : nullptr);
    if (!call) return Status::out_of_memory;
    // In milliseconds, for calls that leave the machine and are waited for; 0 and INFINITE are no limit.
    const uintptr_t limit = binding->option(binding_option::call_timeout);
    if (limit != 0 && limit < wait_forever && !binding->protocol().local_only) call->set_timeout(static_cast<uint32_t>(limit));
    const bool in_pieces = (message.RpcFlags & buffer_partial) != 0, async = (message.RpcFlags & buffer_async) != 0;
    if (in_pieces) RPC_TRY(call->begin_transfer());
    if (!async && !in_pieces) callback::offer(*call, *iface);
    RPC_TRY(call->connect(async || in_pieces));
    RPC_TRY(call->body.allocate(message.BufferLength, has_object));
    management::count_call_out();
    RPC_TRY(handle_table::add(call.get(), HandleKind::client_call));
    message.Buffer = call->body.data();
    message.DataRepresentation = little_endian_ascii_ieee;
    message.ReservedForRuntime = call.detach();
    return Status::ok;
}

}  // namespace

Status get_buffer(RPC_MESSAGE& message) { return get_any_buffer(message, nullptr); }

Status get_buffer_for(RPC_MESSAGE& message, const Uuid& object) { return get_any_buffer(message, &object); }

Status negotiate_transfer_syntax(RPC_MESSAGE& message) {
    auto iface = static_cast<RPC_CLIENT_INTERFACE*>(message.RpcInterfaceInformation);
    if (!Binding::from_handle(message.Handle) && !server_call(message)) return Status::invalid_binding;
    if (!iface) return Status::unknown_if;
    message.TransferSyntax = &iface->TransferSyntax;
    return Status::ok;
}

Status free_buffer(RPC_MESSAGE& message) {
    if (callback::free_buffer(message) || callback::free_reply_buffer(message)) return Status::ok;
    if (auto call = server_call(message)) {
        if (callback::is_outgoing(*call, message)) return Status::invalid_binding;
        call->body.reset();
        message.Buffer = nullptr;
        return Status::ok;
    }
    auto call = client_call(message);
    if (!call) return Status::invalid_binding;
    if (call->asynchronous() || call->transfer()) call->cancel(true);
    drop_client_call(message);
    return Status::ok;
}

Status send_receive(RPC_MESSAGE& message) {
    Status called_back;
    if (callback::send_receive(message, called_back)) return called_back;
    auto call = client_call(message);
    if (!call || call->asynchronous()) return Status::invalid_binding;
    if (call->transfer()) return send_receive_pieces(message);
    RPC_TRY(take_length(call->body, message));
    Status status = perform_cancellable(*call);
    if (!failed(status)) {
        clear_thread_errors();  // of attempts that another one made good
        return hand_out_reply(*call, message);
    }
    drop_client_call(message);
    return status;
}

Status send(RPC_MESSAGE& message) {
    if (auto call = server_call(message)) {
        RPC_TRY(take_length(call->body, message));
        Server::instance().make_room(*call);
        Status status = call->respond();
        Server::instance().call_ended(*call);
        return status;
    }
    auto call = client_call(message);
    if (!call || !call->asynchronous()) return Status::invalid_binding;
    RPC_TRY(take_length(call->body, message));
    return call->start();
}

Status receive(RPC_MESSAGE& message) {
    auto call = client_call(message);
    if (!call) return Status::invalid_binding;
    RPC_TRY(call->status());
    return hand_out_reply(*call, message);
}

Status async_set_handle(RPC_MESSAGE& message, RPC_ASYNC_STATE* state, call::AsyncStub* stub) {
    RPC_ASYNC_STATE copy;
    if (!copy_guarded(&copy, state, sizeof copy)) return Status::invalid_async_handle;
    if (copy.Size != sizeof copy || copy.Signature != async_signature) return Status::invalid_async_handle;
    void* handle;
    if (auto call = server_call(message)) {
        RPC_TRY(call->detach(state, stub));
        handle = call.get();
    } else {
        auto out = client_call(message);
        if (!out) return Status::invalid_binding;
        auto other = from_handle<call::ClientCall>(copy.RuntimeInfo, HandleKind::client_call);
        if (other && other->async_state() == state) return Status::invalid_async_call;
        call::Notification notification;
        RPC_TRY(notification.capture(copy));
        out->tie(state, std::move(notification), stub);
        handle = out.get();
    }
    return copy_guarded(&state->RuntimeInfo, &handle, sizeof handle) ? Status::ok : Status::invalid_async_handle;
}

void async_detach(RPC_MESSAGE& message) {
    auto call = client_call(message);
    if (!call || !call->asynchronous()) return;
    void* const none = nullptr;
    if (!copy_guarded(&call->async_state()->RuntimeInfo, &none, sizeof none)) RPC_LOG(warn, "an async state vanished");
    call->untie();
}

void manager_may_block(RPC_MESSAGE& message) {
    if (auto call = server_call(message)) call->connection->let_next_start(*call);
}

void* current_call_handle() { return current_call().get(); }

bool client_gone(void* call_handle) {
    auto call = from_handle<call::ServerCall>(call_handle, HandleKind::server_call);
    return !call || call->disconnected();
}

Status association_data(void* call_handle, AssociationData* (*create)(), Ref<AssociationData>& data) {
    auto call = call_handle ? from_handle<call::ServerCall>(call_handle, HandleKind::server_call) : current_call();
    if (!call) return call_handle ? Status::invalid_binding : Status::no_call_active;
    return call->connection->association()->data(create, data);
}

Status binding_copy(void* binding_handle, void** copy) {
    auto binding = Binding::from_handle(binding_handle);
    if (!binding) return Status::invalid_binding;
    Ref<Binding> made;
    RPC_TRY(binding->copy(made));
    return Binding::to_handle(std::move(made), copy);
}

Status binding_free(void** binding_handle) {
    return Binding::free_handle(binding_handle);
}

}  // namespace rpc::runtime
