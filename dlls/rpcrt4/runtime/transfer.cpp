#include "runtime/transfer.h"

#include "base/guard.h"
#include "call/client_call.h"
#include "runtime/async_call.h"
#include "runtime/handle_table.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/thread_cancel.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t buffer_complete = 0x1000;  // RPC_BUFFER_COMPLETE
constexpr uint32_t buffer_partial = 0x2000;   // RPC_BUFFER_PARTIAL
constexpr size_t most_parameters = 256u << 20;  // bytes that are not a pipe's

Ref<call::ClientCall> client_call(const RPC_MESSAGE& message) {
    return from_handle<call::ClientCall>(message.ReservedForRuntime, HandleKind::client_call);
}
Ref<call::ServerCall> server_call(const RPC_MESSAGE& message) {
    return from_handle<call::ServerCall>(message.Handle, HandleKind::server_call);
}

}  // namespace

Status transfer_of(RPC_MESSAGE& message, Ref<call::Transfer>& transfer) {
    if (auto call = server_call(message)) return call->transfer(transfer);
    auto call = client_call(message);
    if (!call) return Status::invalid_binding;
    transfer = call->transfer();
    return transfer ? Status::ok : Status::cannot_support;
}

void set_pipes(RPC_MESSAGE& message, bool request_goes_on, bool reply_is_read) {
    if (auto call = client_call(message)) call->set_pipes(request_goes_on, reply_is_read);
}

void pipes_read(RPC_MESSAGE& message) {
    if (auto call = client_call(message)) call->pipes_read();
}

Status start_pieces(RPC_MESSAGE& message) {
    auto call = client_call(message);
    if (!call || !call->transfer() || call->asynchronous()) return Status::invalid_binding;
    if (message.Buffer != call->body.data() || message.BufferLength > call->body.size()) return Status::invalid_arg;
    call->body.shrink(message.BufferLength);
    begin_cancellable(*call);
    const Status status = call->start();
    return failed(status) ? pieces_failed(message, status) : status;
}

Status pieces_failed(RPC_MESSAGE& message, Status why) {
    auto call = client_call(message);
    if (!call) return why;
    const Status end = call->status();
    if (end == Status::call_pending) call->cancel(true);
    else if (failed(end)) why = end;
    call->tell_errors(why);
    return !failed(free_buffer(message)) ? why : Status::internal_error;
}

uint32_t transfer_representation(RPC_MESSAGE& message) {
    if (auto call = client_call(message)) return call->reply_representation();
    return static_cast<uint32_t>(message.DataRepresentation);
}

Status notify_transfer(RPC_MESSAGE& message, const RPC_ASYNC_STATE* state) {
    auto call = server_call(message);
    if (!call) return Status::ok;
    RPC_ASYNC_STATE copy;
    if (!copy_guarded(&copy, state, sizeof copy)) return Status::invalid_async_handle;
    return call->notify_transfer(copy);
}

Status transfer_failed(RPC_MESSAGE& message, RPC_ASYNC_STATE* state, Status why) {
    if (server_call(message)) {
        (void)!failed(async_abort_call(state, code(why)));  // whoever ended it before us has told the client
        return why;
    }
    return client_call(message) ? async_drop(state, why) : why;
}

Status receive_more(RPC_MESSAGE& message) {
    auto call = server_call(message);
    if (!call) return Status::invalid_binding;
    Ref<call::Transfer> transfer;
    RPC_TRY(call->transfer(transfer));
    if (call->stub.size() > most_parameters) return Status::out_of_memory;
    size_t used = 0;
    bool whole = false;
    RPC_TRY(transfer->take(call->stub, used, whole, call::Transfer::Wait::here));
    message.Buffer = call->stub.data();
    message.BufferLength = static_cast<unsigned>(call->stub.size());
    if (whole) message.RpcFlags = (message.RpcFlags & ~buffer_partial) | buffer_complete;
    return Status::ok;
}

}  // namespace rpc::runtime
