// How a virtual connection's channels come to be: the first two, and their successors. What goes through them is http_stream_win.cpp's.
#include <utility>

#include "base/error_record.h"
#include "base/log.h"
#include "base/os.h"
#include "io/http_keep_alive_win.h"
#include "io/http_stream_win.h"

namespace rpc::io {
namespace {

constexpr uint32_t most_recycling_ms = 25000;  // a successor that is not there then never will be

}  // namespace

// ---- opening ----

// Under the lock, until the server is there. False: the connection is over, or the time is.
bool HttpStream::wait_until(bool (HttpStream::*there)() const, uint64_t until) {
    while (!(this->*there)() && !is_over()) {
        const uint64_t now = os::now_ms();
        if (now >= until) return false;
        changed_.wait(mutex_, until - now < wait_forever ? static_cast<uint32_t>(until - now) : wait_forever);
    }
    return (this->*there)();
}

Status HttpStream::make_channel(bool is_in, bool is_first, Ref<HttpChannel>& channel) {
    channel = make_ref<HttpChannel>(http_, *this, is_in, is_first);
    return channel ? route_->open(http_, is_in, channel->handles) : Status::out_of_memory;
}

Status HttpStream::log_in(HttpChannel& channel, uint64_t until) {
    uint32_t schemes = 0;
    const Status status = begin_login(http_, channel.handles.request, login_, until, schemes);
    Guard g(mutex_);
    if (schemes != 0) schemes_wanted_ = schemes;
    return status == Status::call_cancelled ? Status::server_unavailable : status;
}

// Logs in and sends the request, with an OUT channel's first PDU; an IN channel's is written when it is sent. Who asked hears by
// on_error where that fails.
Status HttpStream::start_channel(HttpChannel& channel, uint64_t until) {
    const bool has_legs = login_.has_legs();
    RPC_TRY(route_->begin_turn(has_legs, until));
    const Status status = send_request(channel, until);
    if (!has_legs) return status;
    if (!failed(status)) {  // the login's connection is the request's when that is sent
        Guard g(mutex_);
        while (!channel.sent && !is_over() && !(channel.is_in && in_failed_)) {
            const uint64_t now = os::now_ms();
            if (now >= until) break;
            changed_.wait(mutex_, until - now < wait_forever ? static_cast<uint32_t>(until - now) : wait_forever);
        }
    }
    route_->end_turn();
    return status;
}

Status HttpStream::send_request(HttpChannel& channel, uint64_t until) {
    if (!channel.enter()) return Status::call_failed;
    const Status status = log_in(channel, until);
    if (!failed(status)) {
        const DWORD size = channel.is_in ? 0 : static_cast<DWORD>(channel.chunk.size());
        const size_t total = channel.is_in      ? in_lifetime_
                             : channel.is_first ? VirtualConnection::out_request_size
                                                : VirtualConnection::next_out_request_size;
        const bool asked = channel.listen(on_status) &&
                           http_.WinHttpSendRequest(channel.handles.request, nullptr, 0, size != 0 ? channel.chunk.data() : nullptr, size,
                                                    static_cast<DWORD>(total), reinterpret_cast<DWORD_PTR>(&channel));
        if (!asked) on_error(channel, GetLastError());
    }
    channel.leave();
    return status;
}

Status HttpStream::open(uint32_t in_lifetime, uint32_t timeout_ms) {
    const uint64_t until = timeout_ms == wait_forever ? UINT64_MAX : os::now_ms() + timeout_ms;
    in_lifetime_ = in_lifetime;
    Ref<HttpChannel> in, out;
    RPC_TRY(make_channel(true, true, in));
    RPC_TRY(make_channel(false, true, out));
    {
        Guard g(mutex_);
        RPC_TRY(connection_.begin(in_lifetime));
        RPC_TRY(connection_.open_out_channel(out->chunk));
        RPC_TRY(connection_.open_in_channel(in->chunk));
        in->writing = true;
        in_ = in;
        out_ = out;
    }
    Status status = start_channel(*out, until);
    if (!failed(status)) status = start_channel(*in, until);
    if (failed(status)) fail(status);
    Guard g(mutex_);
    const bool opened = wait_until(&HttpStream::is_open, until) && !closed_;
    const Status why = closed_ ? why_ : Status::server_unavailable;
    const uint32_t said = system_error_;
    g.unlock();
    if (opened) return begin_keep_alive(*this);
    close();
    if (said != 0) note_error(ErrorComponent::runtime, said, detected::none);
    return why;
}

uint32_t HttpStream::schemes_wanted() {
    Guard g(mutex_);
    return schemes_wanted_;
}

// ---- successors ----

// It may be read when its predecessor has ended, which may be before this or after.
void HttpStream::on_successor_headers(HttpChannel& channel) {
    if (!channel.enter()) return;
    uint32_t schemes = 0;
    const Status status = http_answer(http_, channel.handles.request, schemes);
    channel.leave();
    if (failed(status)) {
        RPC_LOG(warn, "a successor of the OUT channel was refused: status %u", static_cast<unsigned>(status));
        return fail(Status::call_failed);
    }
    {
        Guard g(mutex_);
        channel.answered = true;
    }
    read_on();
}

// Under the lock, after anything that may have brought the need.
Status HttpStream::want_successors() {
    if (is_over()) return Status::ok;
    if (connection_.wants_in_channel()) RPC_TRY(ask(in_successor_));
    if (connection_.wants_out_channel()) RPC_TRY(ask(out_successor_));
    return Status::ok;
}

Status HttpStream::ask(Successor& successor) {
    if (successor.asked) return Status::ok;
    RPC_TRY(start_executor());
    successor.asked = true;
    successor.since_ms = os::now_ms();
    add_ref();  // until it has run
    submit(successor);
    return Status::ok;
}

void HttpStream::Successor::run() {
    auto hold = Ref<HttpStream>::adopt(&stream);
    if (const Status status = stream.succeed(is_in); failed(status)) {
        RPC_LOG(warn, "no successor of the %s channel: status %u", is_in ? "IN" : "OUT", static_cast<unsigned>(status));
        stream.fail(Status::call_failed);
    }
}

Status HttpStream::succeed(bool is_in) {
    Ref<HttpChannel> channel;
    RPC_TRY(make_channel(is_in, false, channel));
    {
        Guard g(mutex_);
        if (is_over()) return Status::ok;
        if (is_in)
            RPC_TRY(connection_.succeed_in_channel(channel->chunk));
        else
            RPC_TRY(connection_.succeed_out_channel(channel->chunk));
        channel->writing = is_in;
        next_role(is_in) = channel;
        (is_in ? in_successor_ : out_successor_).asked = false;
    }
    return start_channel(*channel, os::now_ms() + most_recycling_ms);
}

// Under the lock: the successor takes the channel's place. A channel that ends is closed when the next one does, or by keep_alive(): Wine's
// WinHTTP still uses a request's socket when the callback that told of the end has returned, and, were it closed, somebody else's that
// has its number by then. Returned is the one before.
Ref<HttpChannel> HttpStream::replace(bool is_in) {
    auto& [channel, since_ms] = is_in ? ended_in_ : ended_out_;
    since_ms = os::now_ms();
    return std::exchange(channel, std::exchange(role(is_in), std::move(next_role(is_in))));
}

// Under the lock: one that ended long ago.
Ref<HttpChannel> HttpStream::long_ended(bool is_in) {
    auto& [channel, since_ms] = is_in ? ended_in_ : ended_out_;
    return channel && os::now_ms() - since_ms >= 1000 ? std::move(channel) : nullptr;
}

// Under the lock: whether a successor has been under way for too long, by what the proxy does or does not do.
bool HttpStream::is_stuck() {
    const uint64_t now = os::now_ms();
    const bool in = in_successor_.asked || connection_.is_recycling_in() || !in_->sent;
    const bool out = out_successor_.asked || connection_.is_recycling_out() || !out_->answered;
    return (in && now - in_successor_.since_ms > most_recycling_ms) || (out && now - out_successor_.since_ms > most_recycling_ms);
}

}  // namespace rpc::io
