// ServerCall: a request and an answer that travel in pieces.
#include "call/server_call.h"

namespace rpc::call {

ServerCall::~ServerCall() {
    if (auto transfer = known_transfer()) transfer->end(Status::call_failed);
}

Status ServerCall::transfer(Ref<Transfer>& transfer) {
    Guard g(mutex_);
    if (!transfer_) {
        transfer_ = make_ref<Transfer>(static_cast<TransferCall&>(*this), link::OutgoingBody::plain_headroom, security ? true : false);
        if (!transfer_) return Status::out_of_memory;
        transfer_->set_stream(Ref<io::Stream>::share(&connection->stream()));
        transfer_->arrived(Status::ok);  // all of the request is here
    }
    transfer = transfer_;
    return Status::ok;
}

Status ServerCall::begin_stream() {
    auto transfer = make_ref<Transfer>(static_cast<TransferCall&>(*this), link::OutgoingBody::plain_headroom, security ? true : false);
    if (!transfer) return Status::out_of_memory;
    transfer->set_stream(Ref<io::Stream>::share(&connection->stream()));
    Guard g(mutex_);
    transfer_ = std::move(transfer);
    return Status::ok;
}

Ref<Transfer> ServerCall::known_transfer() {
    Guard g(mutex_);
    return transfer_;
}

void ServerCall::on_more(ByteView more, Status end) {
    auto transfer = known_transfer();
    if (!transfer) return;
    if (Status status = transfer->arrive(more); failed(status)) end = status;
    if (end != Status::call_pending) transfer->arrived(end);
}

Status ServerCall::notify_transfer(const RPC_ASYNC_STATE& state) {
    auto heard = make_ref<Subscription>();
    if (!heard) return Status::out_of_memory;
    RPC_TRY(heard->how.capture(state));
    Guard g(mutex_);
    std::swap(transfer_heard_, heard);  // the old one's handles close unlocked
    g.unlock();
    return Status::ok;
}

// The answer's last piece is the answer itself.
Status ServerCall::send_piece(link::OutgoingBody piece, bool, io::WriteWatch* watch) {
    return connection->send_piece(*this, std::move(piece), watch);
}

void ServerCall::tell(RPC_ASYNC_EVENT event) {
    Ref<Subscription> to;
    RPC_ASYNC_STATE* state;
    {
        Guard g(mutex_);
        if (ended_ || claimed_ || !state_ || !transfer_heard_) return;
        state_->Event = event;
        state = state_;
        to = transfer_heard_;
    }
    to->how.deliver(state, event);
}

}  // namespace rpc::call
