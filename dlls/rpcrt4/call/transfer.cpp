#include "call/transfer.h"

#include <algorithm>
#include <utility>

#include "base/os.h"

namespace rpc::call {
namespace {

constexpr size_t most_waiting = 256 * 1024;  // bytes that have come, before the peer has to wait
constexpr size_t most_pieces = 8;            // that a thread which waits leaves behind
constexpr size_t small_piece = 512;          // bytes: behind others the connection writes such pieces together, unless each is watched
constexpr unsigned most_unwatched = 64;      // in a row

}  // namespace

// ---- incoming ----

void Transfer::set_stream(Ref<io::Stream> stream) {
    Guard g(mutex_);
    stream_ = std::move(stream);
}

Status Transfer::arrive(ByteView stub) {
    {
        Guard g(mutex_);
        if (!call_ || stub.empty()) return Status::ok;
        if (!incoming_.append(stub)) return Status::out_of_memory;
        if (incoming_.size() > most_waiting && may_pause_ && !paused_ && stream_) {
            paused_ = true;
            stream_->pause();
        }
        changed_.wake_all();
        if (!std::exchange(awaited_, false)) return Status::ok;
    }
    tell(RpcReceiveComplete);
    return Status::ok;
}

void Transfer::arrived(Status end) {
    {
        Guard g(mutex_);
        if (end_ != Status::call_pending) return;
        end_ = end;
        changed_.wake_all();
        if (!std::exchange(awaited_, false)) return;
    }
    tell(RpcReceiveComplete);
}

Status Transfer::take(Buffer& window, size_t& used, bool& whole, Wait wait) {
    constexpr size_t kept_phase = 7;
    const size_t done = used & ~kept_phase;
    used -= done;
    window.drop_front(done);
    if (wait == Wait::here) RPC_TRY(await_data());
    Guard g(mutex_);
    if (incoming_.empty()) {
        whole = end_ == Status::ok;
        if (end_ == Status::call_pending) awaited_ = wait == Wait::notify;
        return end_;
    }
    if (window.empty()) std::swap(window, incoming_);
    else if (!window.append(incoming_.view())) return Status::out_of_memory;
    incoming_.clear();
    whole = end_ == Status::ok;
    if (std::exchange(paused_, false)) stream_->resume();
    return Status::ok;
}

void Transfer::take_at_end() {
    Guard g(mutex_);
    may_pause_ = false;
    if (std::exchange(paused_, false)) stream_->resume();
}

// ---- who waits here ----

void Transfer::set_silence(uint32_t silence_ms) {
    Guard g(mutex_);
    silence_ms_ = silence_ms;
}

void Transfer::give_up_at(uint64_t until_ms) {
    Guard g(mutex_);
    give_up_at_ = std::min(give_up_at_, until_ms);
    changed_.wake_all();
}

// For a change, or for the end of the patience.
Status Transfer::wait_since(uint64_t began_ms) {
    const uint64_t until = std::min(give_up_at_, silence_ms_ == wait_forever ? never : began_ms + silence_ms_);
    const uint64_t now = until == never ? 0 : os::now_ms();
    if (now >= until) return Status::call_cancelled;
    changed_.wait(mutex_, until == never ? wait_forever : static_cast<uint32_t>(std::min<uint64_t>(until - now, wait_forever - 1)));
    return Status::ok;
}

Status Transfer::await_data() {
    {
        Guard g(mutex_);
        if (!incoming_.empty() || end_ != Status::call_pending) return Status::ok;
    }
    io::about_to_wait();
    const uint64_t began = os::now_ms();
    Guard g(mutex_);
    while (incoming_.empty() && end_ == Status::call_pending) RPC_TRY(wait_since(began));
    return Status::ok;
}

Status Transfer::await_room() {
    {
        Guard g(mutex_);
        if (!call_ || pieces_out_ < most_pieces) return Status::ok;
    }
    io::about_to_wait();
    const uint64_t began = os::now_ms();
    Guard g(mutex_);
    while (call_ && pieces_out_ >= most_pieces) RPC_TRY(wait_since(began));
    return Status::ok;
}

// ---- outgoing ----

bool Transfer::spares_peer() {
    Guard g(mutex_);
    return no_small_;
}

void Transfer::spare_peer() {
    Guard g(mutex_);
    no_small_ = true;
    may_pause_ = false;
}

Status Transfer::send(Buffer piece, bool last, bool told, Wait wait) {
    if (wait == Wait::here) RPC_TRY(await_room());
    link::OutgoingBody body;
    body.adopt(std::move(piece), headroom_);
    TransferCall* call = hold();
    if (!call) return Status::call_failed;
    bool watched;
    {
        Guard g(mutex_);
        watched = wait != Wait::here || last || pieces_out_ == 0 || body.size() > small_piece || unwatched_ == most_unwatched;
        unwatched_ = watched ? 0 : unwatched_ + 1;
        if (watched) ++pieces_out_;
        if (told) tell_sent_ = true;
        if (last) tell_sent_ = false;
    }
    if (watched) add_ref();  // until it was written
    const Status status = call->send_piece(std::move(body), last, watched ? this : nullptr);
    if (failed(status) && watched) on_written(0);
    call->let_go();
    return status;
}

void Transfer::tell_sent() {
    Guard g(mutex_);
    tell_sent_ = true;
    if (pieces_out_ == 0) schedule_tell();
}

void Transfer::on_written(size_t) {
    {
        Guard g(mutex_);
        if (--pieces_out_ == 0) schedule_tell();
        changed_.wake_all();
    }
    release();
}

// The program may hear of it from inside its own push otherwise.
void Transfer::schedule_tell() {
    if (!tell_sent_ || scheduled_ || !call_) return;
    scheduled_ = true;
    add_ref();
    io::submit(*this);
}

void Transfer::run() {
    auto self = Ref<Transfer>::adopt(this);
    bool told;
    {
        Guard g(mutex_);
        scheduled_ = false;
        told = std::exchange(tell_sent_, false);
    }
    if (told) tell(RpcSendComplete);
}

// ---- the call ----

TransferCall* Transfer::hold() {
    Guard g(mutex_);
    return call_ && call_->hold() ? call_ : nullptr;
}

void Transfer::tell(RPC_ASYNC_EVENT event) {
    TransferCall* call = hold();
    if (!call) return;
    call->tell(event);
    call->let_go();
}

void Transfer::end(Status why) {
    Guard g(mutex_);
    call_ = nullptr;
    if (end_ == Status::call_pending) end_ = why;
    awaited_ = tell_sent_ = false;
    if (std::exchange(paused_, false)) stream_->resume();
    stream_.reset();
    changed_.wake_all();
}

}  // namespace rpc::call
