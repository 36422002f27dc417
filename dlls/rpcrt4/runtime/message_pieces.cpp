#include "runtime/message_pieces.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/guard.h"
#include "call/client_call.h"
#include "runtime/handle_table.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/thread_cancel.h"
#include "runtime/transfer.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t buffer_complete = 0x1000;      // RPC_BUFFER_COMPLETE
constexpr uint32_t buffer_partial = 0x2000;       // RPC_BUFFER_PARTIAL
constexpr uint32_t buffer_extra = 0x4000;         // RPC_BUFFER_EXTRA
constexpr uint32_t buffer_no_notify = 0x10000;    // RPC_BUFFER_NONOTIFY
constexpr uint32_t notify_on_send_complete = 1;   // RPC_C_NOTIFY_ON_SEND_COMPLETE
constexpr size_t most_at_once = 256u << 20;       // bytes of a reply that somebody wants in one piece
using Wait = call::Transfer::Wait;
using ByMessage = call::Transfer::ByMessage;

Ref<call::ClientCall> client_call(const RPC_MESSAGE& message) {
    return from_handle<call::ClientCall>(message.ReservedForRuntime, HandleKind::client_call);
}
Ref<call::ServerCall> server_call(const RPC_MESSAGE& message) {
    return from_handle<call::ServerCall>(message.Handle, HandleKind::server_call);
}

// What the message describes is `body` or a beginning of it; nothing is nothing.
bool describes(const RPC_MESSAGE& message, link::OutgoingBody& body) {
    if (message.Buffer != body.data()) return false;
    return message.BufferLength <= (body.allocated() ? body.size() : 0);
}

Status allocate(link::OutgoingBody& body, size_t headroom, size_t size) {
    Buffer room;
    if (size > UINT32_MAX - headroom || !room.resize(headroom + size)) return Status::out_of_memory;
    body.adopt(std::move(room), headroom);
    return Status::ok;
}

void show(RPC_MESSAGE& message, link::OutgoingBody& body) {
    message.Buffer = body.data();
    message.BufferLength = body.allocated() ? static_cast<unsigned>(body.size()) : 0;
}

// Cuts `body` as the message has it to what may be sent; `rest` becomes what may not.
Status cut(RPC_MESSAGE& message, link::OutgoingBody& body, const call::Transfer& transfer, bool last, link::OutgoingBody& rest) {
    if (!describes(message, body)) return Status::invalid_arg;
    const size_t kept = last ? 0 : message.BufferLength % transfer.unit();
    if (kept != 0) {
        RPC_TRY(allocate(rest, transfer.headroom(), kept));
        std::memcpy(rest.data(), body.data() + message.BufferLength - kept, kept);
    }
    if (!body.allocated()) return allocate(body, transfer.headroom(), 0);
    body.shrink(message.BufferLength - kept);
    return Status::ok;
}

bool wants_sent(const RPC_ASYNC_STATE* state) {
    decltype(state->Flags) flags = 0;
    return state && copy_guarded(&flags, &state->Flags, sizeof flags) && (flags & notify_on_send_complete);
}

// All but the first piece of a request, and of a reply.
Status send_body(RPC_MESSAGE& message, call::Transfer& transfer, link::OutgoingBody& body, bool last, bool told, Wait wait) {
    link::OutgoingBody rest;
    RPC_TRY(cut(message, body, transfer, last, rest));
    link::OutgoingBody piece = std::exchange(body, std::move(rest));
    show(message, body);
    if (piece.size() == 0 && !last) {
        if (told) transfer.tell_sent();
    } else {
        RPC_TRY(transfer.send(piece.release(), last, told, wait));
    }
    return body.allocated() ? Status::send_incomplete : Status::ok;
}

Status start(RPC_MESSAGE& message, call::ClientCall& call, bool last) {
    ByMessage& mine = call.transfer()->by_message;
    const bool told = !last && wants_sent(call.async_state());
    RPC_TRY(cut(message, call.body, *call.transfer(), last, mine.out));
    call.set_pipes(!last, false);
    mine.started = true;
    show(message, mine.out);
    if (!call.asynchronous()) begin_cancellable(call);
    RPC_TRY(call.start());
    if (told) call.transfer()->tell_sent();
    return mine.out.allocated() ? Status::send_incomplete : Status::ok;
}

Status server_send(RPC_MESSAGE& message, call::ServerCall& call) {
    Ref<call::Transfer> transfer;
    RPC_TRY(call.transfer(transfer));
    RPC_ASYNC_STATE* const state = call.async_state();
    const bool told = wants_sent(state);
    if (told) RPC_TRY(notify_transfer(message, state));
    return send_body(message, *transfer, call.body, false, told, state ? Wait::no : Wait::here);
}

Status client_receive(RPC_MESSAGE& message, call::ClientCall& call, size_t wanted) {
    call::Transfer& transfer = *call.transfer();
    ByMessage& mine = transfer.by_message;
    if ((message.RpcFlags & buffer_extra) == 0) mine.used += std::exchange(mine.given, 0);
    message.Buffer = nullptr;
    message.BufferLength = 0;
    const Wait wait = !call.asynchronous() ? Wait::here : message.RpcFlags & buffer_no_notify ? Wait::no : Wait::notify;
    while (!mine.whole && mine.window.size() - mine.used < wanted) {
        if (mine.window.size() > most_at_once) return Status::out_of_memory;
        RPC_TRY(transfer.take(mine.window, mine.used, mine.whole, wait));
    }
    mine.given = mine.window.size() - mine.used;
    message.Buffer = mine.window.data() + mine.used;
    message.BufferLength = static_cast<unsigned>(mine.given);
    message.DataRepresentation = call.reply_representation();
    if (mine.whole) message.RpcFlags = (message.RpcFlags & ~buffer_partial) | buffer_complete;
    return Status::ok;
}

// What a transfer that the end of its call broke off does not know.
Status outcome(call::ClientCall& call, Status status) {
    if (status != Status::call_failed || call.asynchronous()) return status;
    const Status end = call.status();
    return end == Status::call_pending || !failed(end) ? status : end;
}

// What a message's Buffer may be: one that goes out, or the client's window on what came.
struct Found {
    Ref<call::ServerCall> server;
    Ref<call::ClientCall> client;
    link::OutgoingBody* out = nullptr;
    ByMessage* window = nullptr;
    size_t headroom = 0;
};

Status find(const RPC_MESSAGE& message, Found& found) {
    if ((found.server = server_call(message))) {
        found.out = &found.server->body;
        found.headroom = link::OutgoingBody::plain_headroom;
    } else if ((found.client = client_call(message))) {
        call::Transfer* const transfer = found.client->transfer().get();
        found.out = transfer && transfer->by_message.started ? &transfer->by_message.out : &found.client->body;
        found.headroom = transfer ? transfer->headroom() : found.out->headroom();
        ByMessage* const mine = transfer ? &transfer->by_message : nullptr;
        if (mine && message.Buffer && mine->given != 0 && message.Buffer == mine->window.data() + mine->used) found.window = mine;
    } else {
        return Status::invalid_binding;
    }
    if (found.window || !message.Buffer || message.Buffer == found.out->data()) return Status::ok;
    return Status::invalid_arg;
}

}  // namespace

Status send_piece(RPC_MESSAGE& message) {
    const bool last = (message.RpcFlags & buffer_partial) == 0;
    if (auto call = server_call(message)) {
        if (!last) return server_send(message, *call);
        if (!message.Buffer && !call->body.allocated()) RPC_TRY(realloc_pipe_buffer(message, 0));
        return send(message);
    }
    auto call = client_call(message);
    if (!call || !(call->asynchronous() || call->transfer())) return Status::invalid_binding;
    if (!call->transfer()) return last ? send(message) : Status::cannot_support;
    call::Transfer& transfer = *call->transfer();
    if (!transfer.by_message.started) return start(message, *call, last);
    const Wait wait = call->asynchronous() ? Wait::no : Wait::here;
    return outcome(*call, send_body(message, transfer, transfer.by_message.out, last, !last && wants_sent(call->async_state()), wait));
}

Status receive_piece(RPC_MESSAGE& message, uint32_t size) {
    const bool partial = (message.RpcFlags & buffer_partial) != 0;
    if (server_call(message)) {
        while (message.RpcFlags & buffer_partial && message.BufferLength < size) RPC_TRY(receive_more(message));
        return Status::ok;
    }
    auto call = client_call(message);
    if (!call || !call->transfer()) return receive(message);
    return client_receive(message, *call, partial ? std::max(size, 1u) : SIZE_MAX);
}

Status send_receive_pieces(RPC_MESSAGE& message) {
    message.RpcFlags &= ~buffer_partial;
    Status status = send_piece(message);
    if (!failed(status)) status = receive_piece(message, 0);
    return failed(status) ? pieces_failed(message, status) : status;
}

Status free_pipe_buffer(RPC_MESSAGE& message) {
    Found found;
    RPC_TRY(find(message, found));
    if (found.window) found.window->used += std::exchange(found.window->given, 0);
    else if (message.Buffer) found.out->reset();
    message.Buffer = nullptr;
    message.BufferLength = 0;
    return Status::ok;
}

Status realloc_pipe_buffer(RPC_MESSAGE& message, uint32_t size) {
    Found found;
    RPC_TRY(find(message, found));
    if (ByMessage* const mine = found.window) {
        if (size > UINT32_MAX - mine->used || !mine->window.resize(mine->used + size)) return Status::out_of_memory;
        mine->given = size;
        message.Buffer = mine->window.data() + mine->used;
        message.BufferLength = size;
        return Status::ok;
    }
    if (found.headroom == 0) return Status::invalid_arg;  // a call that is on its way in one piece
    link::OutgoingBody made;
    RPC_TRY(allocate(made, found.headroom, size));
    if (message.Buffer) std::memcpy(made.data(), message.Buffer, std::min<size_t>(size, found.out->size()));
    *found.out = std::move(made);
    show(message, *found.out);
    return Status::ok;
}

}  // namespace rpc::runtime
