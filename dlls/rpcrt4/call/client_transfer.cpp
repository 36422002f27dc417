// ClientCall: a request and a reply that travel in pieces.
#include "base/guard.h"
#include "call/client_call.h"

namespace rpc::call {

Status ClientCall::begin_transfer() {
    transfer_ = make_ref<Transfer>(static_cast<TransferCall&>(*this), send_.object ? link::OutgoingBody::object_headroom
                                                                                   : link::OutgoingBody::plain_headroom, auth_ ? true : false);
    if (!transfer_) return Status::out_of_memory;
    transfer_->set_silence(send_.timeout_ms);
    return Status::ok;
}

void ClientCall::set_pipes(bool request_goes_on, bool reply_is_read) {
    send_.more = request_goes_on;
    if (!reply_is_read) transfer_->take_at_end();
    Guard g(mutex_);
    sending_ = request_goes_on;
    reading_ = reply_is_read;
}

void ClientCall::pipes_read() {
    transfer_->take_at_end();
    {
        Guard g(mutex_);
        reading_ = false;
        if (!reply_whole_) return;
    }
    on_end(Status::ok);
}

uint32_t ClientCall::reply_representation() {
    Guard g(mutex_);
    return reply_data_representation;
}

bool ClientCall::request_goes_on() {
    Guard g(mutex_);
    return sending_;
}

Status ClientCall::send_piece(link::OutgoingBody piece, bool last, io::WriteWatch* watch) {
    Ref<link::ClientConnection> connection;
    {
        Guard g(mutex_);
        if (phase_ != Phase::pending) return Status::call_failed;
        connection = connection_;
        if (last) sending_ = false;
    }
    return connection ? connection->send_more(*this, send_, std::move(piece), last, watch) : Status::call_failed;
}

void ClientCall::tell(RPC_ASYNC_EVENT event) {
    {
        Guard g(mutex_);
        if (phase_ != Phase::pending || !state_) return;
        if (!copy_guarded(&state_->Event, &event, sizeof event)) return;
    }
    notification_.deliver(state_, event);
}

}  // namespace rpc::call
