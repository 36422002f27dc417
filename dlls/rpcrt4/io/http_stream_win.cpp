#include "io/http_stream_win.h"

#include <algorithm>

#include "base/error_record.h"
#include "base/log.h"
#include "base/os.h"
#include "io/deliver.h"
#include "io/http_keep_alive_win.h"

namespace rpc::io {
namespace {

constexpr size_t write_size = 65536;        // one WinHttpWriteData, unless a PDU is larger
constexpr size_t most_unsent = 2 * write_size;  // a blocking write waits above it
constexpr uint32_t last_lifetime = 1 << 20;  // no new call where the IN channel carries less than this

}  // namespace

void HttpHandles::close(const WinHttp& http) {
    for (HINTERNET* handle : {&in, &out, &server, &session})
        if (*handle) http.WinHttpCloseHandle(std::exchange(*handle, nullptr));
}

HttpStream::~HttpStream() {
    forget_keep_alive(*this);
    close();
}

// ---- opening ----

// From here on the request holds the stream, until its last callback.
bool HttpStream::listen_to(HINTERNET request, Channel& channel) {
    channel.stream = this;
    auto context = reinterpret_cast<DWORD_PTR>(&channel);
    if (!http_.WinHttpSetOption(request, WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof context)) return false;
    add_ref();
    if (http_.WinHttpSetStatusCallback(request, on_status, WINHTTP_CALLBACK_FLAG_ALL_NOTIFICATIONS, 0) != WINHTTP_INVALID_STATUS_CALLBACK)
        return true;
    release();
    return false;
}

// Under the lock, until the OUT channel's request is sent, or the server is there. False: the connection is over, or the time is.
bool HttpStream::wait_until(bool (HttpStream::*there)() const, uint64_t until) {
    while (!(this->*there)() && !is_over()) {
        const uint64_t now = os::now_ms();
        if (now >= until) return false;
        changed_.wait(mutex_, until - now < wait_forever ? static_cast<uint32_t>(until - now) : wait_forever);
    }
    return (this->*there)();
}

Status HttpStream::log_in(HINTERNET request, const HttpLogin& login, uint64_t until) {
    uint32_t schemes = 0;
    const Status status = begin_login(http_, request, login, until, schemes);
    Guard g(mutex_);
    if (schemes != 0) schemes_wanted_ = schemes;
    return status == Status::call_cancelled ? Status::server_unavailable : status;
}

Status HttpStream::send(HINTERNET request, Channel& channel, MutBytes body, DWORD total) {
    const DWORD size = static_cast<DWORD>(body.size());
    if (listen_to(request, channel) &&
        http_.WinHttpSendRequest(request, nullptr, 0, body.data(), size, total, reinterpret_cast<DWORD_PTR>(&channel)))
        return Status::ok;
    on_error(channel.is_in, GetLastError());
    return Status::ok;  // open() says how it ended
}

Status HttpStream::send_out(const HttpLogin& login, uint64_t until) {
    RPC_TRY(log_in(handles_.out, login, until));
    return send(handles_.out, out_context_, first_.bytes(), static_cast<DWORD>(first_.size()));
}

// A login belongs to an HTTP connection. WinHTTP gives the one that is free to whoever asks: the OUT channel's request has to have taken
// its own before the IN channel's login begins.
Status HttpStream::send_in(const HttpLogin& login, uint64_t until) {
    if (login.has_legs()) {
        Guard g(mutex_);
        if (!wait_until(&HttpStream::out_is_sent, until)) return Status::ok;
    }
    RPC_TRY(log_in(handles_.in, login, until));
    return send(handles_.in, in_context_, {}, VirtualConnection::in_channel_lifetime);
}

Status HttpStream::open(const HttpLogin& login, uint32_t timeout_ms) {
    const uint64_t until = timeout_ms == wait_forever ? UINT64_MAX : os::now_ms() + timeout_ms;
    {
        Guard g(mutex_);
        RPC_TRY(connection_.begin());
        RPC_TRY(connection_.open_out_channel(first_));
    }
    who_ = Ref<const HttpCredentials>::share(login.who);
    in_context_.is_in = true;
    if (!use()) return Status::call_failed;
    Status status = send_out(login, until);
    if (!failed(status)) status = send_in(login, until);
    unuse();
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

// WinHTTP's threads end up here, and the thread that asked, where it is done at once.
void CALLBACK HttpStream::on_status(HINTERNET, DWORD_PTR context, DWORD status, LPVOID information, DWORD size) {
    auto& channel = *reinterpret_cast<Channel*>(context);
    if (status == WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING) return channel.stream->release();
    channel.stream->on_event(channel.is_in, status, information, size);
}

void HttpStream::on_event(bool is_in, DWORD status, LPVOID information, DWORD size) {
    switch (status) {
    case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
        return on_request_sent(is_in);
    case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE:
        return on_headers();
    case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
    case WINHTTP_CALLBACK_STATUS_READ_COMPLETE: {
        const bool read = status == WINHTTP_CALLBACK_STATUS_READ_COMPLETE;
        const DWORD count = read ? size : *static_cast<const DWORD*>(information);
        if (count == 0) return peer_ended();
        {
            Guard g(mutex_);
            reading_ = read ? Reading::read : Reading::available;
            read_size_ = count;
        }
        return read_on();
    }
    case WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE: {
        {
            Guard g(mutex_);
            writing_ = false;
            written_ = connection_.rpc_bytes_sent();
            wrote_ = true;
            changed_.wake_all();
        }
        tell_watches(false);
        return write_on();
    }
    case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR:
        return on_error(is_in, static_cast<const WINHTTP_ASYNC_RESULT*>(information)->dwError);
    }
}

void HttpStream::on_error(bool is_in, DWORD error) {
    RPC_LOG(debug, "%s channel: error %lu", is_in ? "IN" : "OUT", error);
    bool open, waits;
    {
        Guard g(mutex_);
        if (system_error_ == 0) system_error_ = error;
        open = connection_.is_open();
        waits = is_in && !out_answered_;
        if (is_in) in_failed_ = true;
    }
    if (error == ERROR_NOT_ENOUGH_MEMORY) return fail(Status::out_of_memory);
    if (waits) return;  // a proxy that refuses says why on the OUT channel, and may have closed both
    if (!open) return fail(Status::server_unavailable);
    // What came on the OUT channel before it broke is still read.
    return is_in ? fail(Status::call_failed) : peer_ended();
}

void HttpStream::on_request_sent(bool is_in) {
    if (Status status = look_at_certificate(is_in); failed(status)) return fail(status);
    {
        Guard g(mutex_);
        (is_in ? in_open_ : out_sent_) = true;
        changed_.wake_all();
    }
    if (is_in) return write_on();
    if (!use()) return;
    const bool asked = http_.WinHttpReceiveResponse(handles_.out, nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    unuse();
    if (!asked) on_error(false, error);
}

// A connection that WinHTTP made anew after the login's look is looked at again, before anything of a call goes out.
Status HttpStream::look_at_certificate(bool is_in) {
    if (!who_ || !use()) return Status::ok;
    const Status status = check_certificate(http_, is_in ? handles_.in : handles_.out, *who_);
    unuse();
    return status;
}

void HttpStream::on_headers() {
    if (!use()) return;
    uint32_t schemes = 0;
    Status status = http_answer(http_, handles_.out, schemes);
    unuse();
    {
        Guard g(mutex_);
        if (schemes != 0) schemes_wanted_ = schemes;
        out_answered_ = true;
        if (in_failed_ && !failed(status)) status = Status::server_unavailable;
    }
    if (failed(status)) return fail(status);
    read_on();
}

// ---- the end ----

void HttpStream::fail(Status why) {
    {
        Guard g(mutex_);
        if (!closed_) why_ = why;
        closed_ = true;
        changed_.wake_all();
        schedule();
    }
    tell_watches(true);
    if (gate_.shut()) unuse();
}

void HttpStream::peer_ended() {
    {
        Guard g(mutex_);
        peer_closed_ = true;
        changed_.wake_all();
        schedule();
    }
}

bool HttpStream::alive() {
    Guard g(mutex_);
    return !is_over() && connection_.lifetime_left() > last_lifetime;
}

void HttpStream::keep_alive() {
    Guard g(mutex_);
    const bool quiet = !std::exchange(wrote_, false);
    const Status status = quiet && !is_over() ? connection_.send_ping() : Status::ok;
    g.unlock();
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

// Under the lock: what was read becomes PDUs.
Status HttpStream::take_read() {
    if (reading_ != Reading::read) return Status::ok;
    reading_ = Reading::idle;
    if (consumed_ != 0 && (available() == 0 || consumed_ >= VirtualConnection::receive_window)) {
        incoming_.drop_front(consumed_);
        consumed_ = 0;
    }
    const Status status = connection_.received({read_buffer_, std::min<size_t>(read_size_, sizeof read_buffer_)}, incoming_);
    changed_.wake_all();
    if (available() != 0) schedule();
    return status;
}

void HttpStream::read_step() {
    enum { nothing, query, read } next = nothing;
    DWORD size = 0;
    Status status;
    {
        Guard g(mutex_);
        status = take_read();
        if (failed(status) || is_over()) {
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
    if (failed(status)) return fail(status);
    write_on();  // an acknowledgement may have made room
    if (next == nothing || !use()) return;
    const bool asked = next == query ? http_.WinHttpQueryDataAvailable(handles_.out, nullptr)
                                     : http_.WinHttpReadData(handles_.out, read_buffer_, size, nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    unuse();
    if (!asked) on_error(false, error);
}

// ---- the IN channel ----

void HttpStream::write_on() {
    if (write_turns_.fetch_add(1) != 0) return;
    do write_step();
    while (write_turns_.fetch_sub(1) != 1);
}

void HttpStream::write_step() {
    Status status = Status::ok;
    {
        Guard g(mutex_);
        if (!in_open_ || writing_ || is_over()) return;
        chunk_.clear();
        const bool first = connection_.lifetime_left() == VirtualConnection::in_channel_lifetime;
        status = first ? connection_.open_in_channel(chunk_) : connection_.next(chunk_, write_size);
        if (!failed(status) && chunk_.empty()) return;
        writing_ = !failed(status);
    }
    if (failed(status)) return fail(status);
    if (!use()) return;
    const bool asked = http_.WinHttpWriteData(handles_.in, chunk_.data(), static_cast<DWORD>(chunk_.size()), nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    unuse();
    if (!asked) on_error(true, error);
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
