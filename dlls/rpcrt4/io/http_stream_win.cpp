#include "io/http_stream_win.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/os.h"
#include "io/deliver.h"
#include "io/http_keep_alive_win.h"

namespace rpc::io {
namespace {

constexpr size_t write_size = 65536;        // one WinHttpWriteData, unless a PDU is larger
constexpr size_t most_unsent = 2 * write_size;  // a blocking write waits above it

}  // namespace

HttpStream::~HttpStream() {
    forget_keep_alive(*this);
    close();
}

// ---- what WinHTTP tells ----

// WinHTTP's threads end up here, and the thread that asked, where it is done at once.
void CALLBACK HttpStream::on_status(HINTERNET, DWORD_PTR context, DWORD status, LPVOID information, DWORD size) {
    auto& channel = *reinterpret_cast<HttpChannel*>(context);
    if (status == WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING) {
        channel.stream->release();
        return channel.release();
    }
    const auto hold = Ref<HttpChannel>::share(&channel);  // whoever closes it here is called back from inside
    const auto hold_stream = Ref<HttpStream>::share(channel.stream);
    channel.stream->on_event(channel, status, information, size);
}

void HttpStream::on_event(HttpChannel& channel, DWORD status, LPVOID information, DWORD size) {
    switch (status) {
    case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
        return on_request_sent(channel);
    case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE:
        return channel.is_first ? on_headers(channel) : on_successor_headers(channel);
    case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
        return on_read(channel, false, *static_cast<const DWORD*>(information));
    case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
        return on_read(channel, true, size);
    case WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE:
        return on_written(channel);
    case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR:
        return on_error(channel, static_cast<const WINHTTP_ASYNC_RESULT*>(information)->dwError);
    }
}

void HttpStream::on_read(HttpChannel& channel, bool read, DWORD count) {
    {
        Guard g(mutex_);
        if (out_.get() != &channel) return;
        if (count != 0) {
            reading_ = read ? Reading::read : Reading::available;
            read_size_ = count;
        }
    }
    return count == 0 ? peer_ended() : read_on();
}

void HttpStream::on_written(HttpChannel& channel) {
    Ref<HttpChannel> over;
    {
        Guard g(mutex_);
        channel.writing = false;
        if (in_.get() == &channel) {
            written_ = connection_.rpc_bytes_sent();
            if (channel.ends) over = replace(true);
        }
        wrote_ = true;
        changed_.wake_all();
    }
    if (over) over->close();
    if (!channel.is_in) return receive_response(channel);
    tell_watches(false);
    write_on();
}

void HttpStream::on_error(HttpChannel& channel, DWORD error) {
    RPC_LOG(debug, "%s channel%s: error %lu%s", channel.is_in ? "IN" : "OUT", channel.is_first ? "" : "'s successor", error,
            channel.answered ? ", answered" : "");
    bool open, waits, is_next;
    {
        Guard g(mutex_);
        if (!has_role(channel)) return;
        if (system_error_ == 0) system_error_ = error;
        open = connection_.is_open();
        waits = channel.is_in && !out_answered_;
        is_next = next_role(channel.is_in).get() == &channel;
        if (channel.is_in) in_failed_ = true;
        changed_.wake_all();
    }
    if (error == ERROR_NOT_ENOUGH_MEMORY) return fail(Status::out_of_memory);
    if (waits) return;  // a proxy that refuses says why on the OUT channel, and may have closed both
    if (!open) return fail(Status::server_unavailable);
    // What came on the OUT channel before it broke is still read.
    return channel.is_in || is_next ? fail(Status::call_failed) : peer_ended();
}

void HttpStream::on_request_sent(HttpChannel& channel) {
    if (Status status = look_at_certificate(channel); failed(status)) return fail(channel.is_first ? status : Status::call_failed);
    {
        Guard g(mutex_);
        channel.sent = true;
        changed_.wake_all();
    }
    if (channel.is_in) return write_chunk(channel);
    return channel.is_first ? receive_response(channel) : end_out_request();
}

void HttpStream::receive_response(HttpChannel& channel) {
    if (!channel.enter()) return;
    const bool asked = http_.WinHttpReceiveResponse(channel.handles.request, nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    channel.leave();
    if (!asked) on_error(channel, error);
}

// A connection that WinHTTP made anew after the login's look is looked at again, before anything of a call goes out.
Status HttpStream::look_at_certificate(HttpChannel& channel) {
    if (!who_ || !channel.enter()) return Status::ok;
    const Status status = check_certificate(http_, channel.handles.request, *who_);
    channel.leave();
    return status;
}

void HttpStream::on_headers(HttpChannel& channel) {
    if (!channel.enter()) return;
    uint32_t schemes = 0;
    Status status = http_answer(http_, channel.handles.request, schemes);
    channel.leave();
    {
        Guard g(mutex_);
        if (schemes != 0) schemes_wanted_ = schemes;
        channel.answered = out_answered_ = true;
        if (in_failed_ && !failed(status)) status = Status::server_unavailable;
    }
    if (failed(status)) return fail(status);
    read_on();
}

// ---- the end ----

void HttpStream::fail(Status why) {
    Ref<HttpChannel> channels[6];
    {
        Guard g(mutex_);
        if (!closed_) why_ = why;
        closed_ = true;
        size_t n = 0;
        for (Ref<HttpChannel>* channel : {&in_, &out_, &next_in_, &next_out_, &ended_in_.channel, &ended_out_.channel})
            channels[n++] = *channel;
        changed_.wake_all();
        schedule();
    }
    tell_watches(true);
    for (auto& channel : channels)
        if (channel) channel->close();
}

void HttpStream::peer_ended() {
    RPC_LOG(debug, "the OUT channel has ended");
    {
        Guard g(mutex_);
        peer_closed_ = true;
        changed_.wake_all();
        schedule();
    }
}

bool HttpStream::alive() {
    Guard g(mutex_);
    return !is_over();
}

void HttpStream::keep_alive() {
    Guard g(mutex_);
    const bool quiet = !std::exchange(wrote_, false);
    Status status = quiet && !is_over() ? connection_.send_ping() : Status::ok;
    if (!is_over() && is_stuck()) {
        status = Status::call_failed;
    }
    const Ref<HttpChannel> over[2] = {long_ended(true), long_ended(false)};
    g.unlock();
    for (auto& channel : over)
        if (channel) channel->close();
    if (failed(status))
        fail(status);
    else if (quiet)
        write_on();
}

// ---- the OUT channel ----

// What WinHTTP does at once calls back from inside: the step that asked goes on with it, and the stack stays as it is.
void HttpStream::read_on() {
    if (read_turns_.fetch_add(1) != 0) return;
    do read_step();
    while (read_turns_.fetch_sub(1) != 1);
}

// Under the lock: what was read becomes PDUs. `over`: a channel that is to be closed, as replace().
Status HttpStream::take_read(Ref<HttpChannel>& over) {
    if (reading_ != Reading::read) return Status::ok;
    reading_ = Reading::idle;
    if (consumed_ != 0 && (available() == 0 || consumed_ >= VirtualConnection::receive_window)) {
        incoming_.drop_front(consumed_);
        consumed_ = 0;
    }
    Status status = connection_.received({read_buffer_, std::min<size_t>(read_size_, sizeof read_buffer_)}, incoming_);
    if (connection_.out_channel_ended()) over = replace(false);
    if (!failed(status)) status = want_successors();
    changed_.wake_all();
    if (available() != 0) schedule();
    return status;
}

void HttpStream::read_step() {
    enum { nothing, query, read } next = nothing;
    DWORD size = 0;
    Status status;
    Ref<HttpChannel> channel, over;
    {
        Guard g(mutex_);
        status = take_read(over);
        channel = out_;
        if (failed(status) || is_over() || !channel->answered) {
        } else if (reading_ == Reading::available) {
            reading_ = Reading::reading;
            size = std::min<DWORD>(read_size_, sizeof read_buffer_);
            next = read;
        } else if (reading_ == Reading::idle && connection_.untaken() < VirtualConnection::receive_window) {
            reading_ = Reading::querying;
            next = query;
        } else if (reading_ == Reading::idle) {
            read_waits_ = true;  // the peer sends more than it was told to: it has to wait
        }
    }
    if (over) over->close();
    if (failed(status)) return fail(status);
    end_out_request();
    write_on();  // an acknowledgement may have made room
    if (next == nothing || !channel->enter()) return;
    const bool asked = next == query ? http_.WinHttpQueryDataAvailable(channel->handles.request, nullptr)
                                     : http_.WinHttpReadData(channel->handles.request, read_buffer_, size, nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    channel->leave();
    if (!asked) on_error(*channel, error);
}

// A successor's request has two parts: the second is due when its predecessor says so, which may be the last that it says.
void HttpStream::end_out_request() {
    Status status = Status::ok;
    Ref<HttpChannel> channel;
    {
        Guard g(mutex_);
        channel = next_out_ ? next_out_ : out_;
        if (!channel || channel->is_first || !channel->sent || channel->ends || is_over()) return;
        channel->chunk.clear();
        status = connection_.end_out_request(channel->chunk, channel->ends);
        if (!failed(status) && !channel->ends) return;
        channel->writing = true;
    }
    return failed(status) ? fail(status) : write_chunk(*channel);
}

// ---- the IN channel ----

void HttpStream::write_on() {
    if (write_turns_.fetch_add(1) != 0) return;
    do write_step();
    while (write_turns_.fetch_sub(1) != 1);
}

void HttpStream::write_step() {
    Status status = Status::ok;
    Ref<HttpChannel> channel;
    {
        Guard g(mutex_);
        channel = in_;
        if (!channel || !channel->sent || channel->writing || is_over()) return;
        channel->chunk.clear();
        status = connection_.next(channel->chunk, write_size);
        channel->ends = connection_.in_channel_ended();
        if (!failed(status)) status = want_successors();
        if (!failed(status) && channel->chunk.empty()) return;
        channel->writing = !failed(status);
    }
    return failed(status) ? fail(status) : write_chunk(*channel);
}

void HttpStream::write_chunk(HttpChannel& channel) {
    if (!channel.enter()) return;
    const bool asked =
        http_.WinHttpWriteData(channel.handles.request, channel.chunk.data(), static_cast<DWORD>(channel.chunk.size()), nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    channel.leave();
    if (!asked) on_error(channel, error);
}

// Whose bytes have left, or are dropped with the stream.
void HttpStream::tell_watches(bool all) {
    for (;;) {
        Guard g(mutex_);
        if (watches_.empty() || (!all && watches_[0].end > written_)) return;
        const Watched w = watches_[0];
        watches_.erase(0);
        g.unlock();
        w.watch->on_written(w.size);
    }
}

// ---- blocking ----

Status HttpStream::write(std::span<const ByteView> parts) {
    uint64_t end = 0;
    for (ByteView part : parts) {
        while (!part.empty()) {
            const ByteView piece = part.first(std::min(part.size(), write_size));
            {
                Guard g(mutex_);
                while (!is_over() && connection_.unsent() > most_unsent) changed_.wait(mutex_);
                if (is_over()) return Status::call_failed;
                RPC_TRY(connection_.send(piece));
                end = posted_ += piece.size();
            }
            part = part.subspan(piece.size());
            write_on();
        }
    }
    Guard g(mutex_);
    while (!is_over() && written_ < end) changed_.wait(mutex_);
    return written_ >= end ? Status::ok : Status::call_failed;
}

// Under the lock. False: there is nothing.
bool HttpStream::take(MutBytes into, size_t& got) {
    got = std::min(into.size(), available());
    if (got == 0) return false;
    std::memcpy(into.data(), incoming_.data() + consumed_, got);
    consumed_ += got;
    if (Status status = connection_.taken(got); failed(status)) {
        closed_ = true;
        why_ = status;
    }
    return true;
}

// Without the lock, after take(): the sender is told, and the OUT channel read on.
void HttpStream::taken() {
    bool resumes;
    {
        Guard g(mutex_);
        resumes = read_waits_ && connection_.untaken() < VirtualConnection::receive_window;
        if (resumes) read_waits_ = false;
    }
    write_on();
    if (resumes) read_on();
}

Status HttpStream::read(MutBytes into, size_t& got, uint32_t timeout_ms) {
    got = 0;
    const uint64_t until = os::now_ms() + timeout_ms;
    Guard g(mutex_);
    for (;;) {
        if (closed_) return Status::call_failed;
        if (take(into, got)) break;
        if (peer_closed_) return Status::ok;
        if (std::exchange(interrupted_, false)) return Status::call_cancelled;
        if (timeout_ms == wait_forever) {
            changed_.wait(mutex_);
            continue;
        }
        const uint64_t now = os::now_ms();
        if (now >= until) return Status::call_cancelled;
        changed_.wait(mutex_, static_cast<uint32_t>(until - now));
    }
    g.unlock();
    taken();
    return Status::ok;
}

void HttpStream::interrupt() {
    Guard g(mutex_);
    interrupted_ = true;
    changed_.wake_all();
}

// ---- queued ----

void HttpStream::schedule() {
    if (!sink_ || scheduled_) return;
    scheduled_ = true;
    submit(*this);
}

Status HttpStream::start(StreamSink& sink) {
    RPC_TRY(start_executor());
    Guard g(mutex_);
    if (closed_) return Status::server_unavailable;
    add_ref();  // until on_closed
    sink_ = &sink;
    if (available() != 0 || peer_closed_) schedule();
    return Status::ok;
}

void HttpStream::post(Buffer bytes, WriteWatch* watch) {
    Status status = Status::ok;
    bool watched = false;
    {
        Guard g(mutex_);
        if (!is_over()) status = connection_.send(bytes.view());
        if (!is_over() && !failed(status)) {
            posted_ += bytes.size();
            watched = watch && watches_.push_back({posted_, bytes.size(), watch});
            if (watch && !watched) status = Status::out_of_memory;
        }
    }
    if (failed(status))
        fail(status);
    else
        write_on();
    if (watch && !watched) watch->on_written(bytes.size());
}

void HttpStream::pause() {
    Guard g(mutex_);
    paused_ = true;
}

void HttpStream::resume() {
    Guard g(mutex_);
    if (std::exchange(paused_, false) && (available() != 0 || is_over())) schedule();
}

size_t HttpStream::unsent() {
    Guard g(mutex_);
    return connection_.unsent();
}

HttpStream::Step HttpStream::next_step(MutBytes into, size_t& got, Status& why) {
    Guard g(mutex_);
    if (!closed_ && paused_) {
        scheduled_ = false;
        return Step::idle;
    }
    if (!closed_ && take(into, got)) return Step::data;
    if (is_over()) {
        why = closed_ ? why_ : Status::ok;
        return Step::closed;
    }
    scheduled_ = false;
    return Step::idle;
}

void HttpStream::run() {
    WorkList later;
    uint8_t chunk[16384];
    size_t got = 0;
    Status why = Status::ok;
    StreamSink* sink;
    {
        Guard g(mutex_);
        sink = sink_;
    }
    while (later.empty()) {
        switch (next_step(chunk, got, why)) {
        case Step::idle:
            return;
        case Step::data:
            taken();
            sink->on_data({chunk, got}, later);
            break;
        case Step::closed:  // still marked as scheduled: nothing runs this again
            fail(why);
            sink->on_closed(why, later);
            release();
            return run_later(later);
        }
    }
    submit(*this);  // reads on, while what the sink left may block
    run_later(later);
}

}  // namespace rpc::io
