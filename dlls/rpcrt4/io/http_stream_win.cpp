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

// Of a failed request: 503 "RPC Error: 6ba", the number being what the RPC proxy says of the server ([MS-RPCH] 2.1.2.1.3).
Status reason_status(std::wstring_view reason) {
    constexpr std::wstring_view prefix = L"RPC Error: ";
    uint32_t value = 0;
    if (!reason.starts_with(prefix)) return Status::server_unavailable;
    for (wchar_t c : reason.substr(prefix.size())) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
        if (digit < 0) break;
        value = value << 4 | static_cast<uint32_t>(digit);
    }
    return value != 0 ? static_cast<Status>(value) : Status::server_unavailable;
}

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

Status HttpStream::open(uint32_t timeout_ms) {
    Buffer first;
    {
        Guard g(mutex_);
        RPC_TRY(connection_.begin());
        RPC_TRY(connection_.open_out_channel(first));
    }
    in_context_.is_in = true;
    if (!use()) return Status::call_failed;
    const DWORD size = static_cast<DWORD>(first.size());
    const bool sent = listen_to(handles_.in, in_context_) && listen_to(handles_.out, out_context_) &&
                      http_.WinHttpSendRequest(handles_.out, nullptr, 0, first.data(), size, size, reinterpret_cast<DWORD_PTR>(&out_context_)) &&
                      http_.WinHttpSendRequest(handles_.in, nullptr, 0, nullptr, 0, VirtualConnection::in_channel_lifetime,
                                               reinterpret_cast<DWORD_PTR>(&in_context_));
    const DWORD error = sent ? 0 : GetLastError();
    unuse();
    if (!sent) on_error(true, error);
    const uint64_t until = os::now_ms() + timeout_ms;
    Guard g(mutex_);
    while (!is_over() && !connection_.is_open()) {
        const uint64_t now = os::now_ms();
        if (timeout_ms != wait_forever && now >= until) break;
        changed_.wait(mutex_, timeout_ms == wait_forever ? wait_forever : static_cast<uint32_t>(until - now));
    }
    const bool opened = connection_.is_open() && !closed_;
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
    if (is_in) {
        {
            Guard g(mutex_);
            in_open_ = true;
        }
        return write_on();
    }
    if (!use()) return;
    const bool asked = http_.WinHttpReceiveResponse(handles_.out, nullptr);
    const DWORD error = asked ? 0 : GetLastError();
    unuse();
    if (!asked) on_error(false, error);
}

Status HttpStream::answer_status() {
    DWORD code = 0, size = sizeof code;
    if (!http_.WinHttpQueryHeaders(handles_.out, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, nullptr, &code, &size, nullptr))
        return Status::server_unavailable;
    RPC_LOG(debug, "OUT channel: HTTP status %lu", code);
    switch (code) {
    case HTTP_STATUS_OK:
        return Status::ok;
    case HTTP_STATUS_DENIED: {
        DWORD schemes = 0, first = 0, target = 0;
        if (http_.WinHttpQueryAuthSchemes(handles_.out, &schemes, &first, &target)) {
            Guard g(mutex_);
            schemes_wanted_ = schemes;
        }
        return Status::access_denied;
    }
    case HTTP_STATUS_FORBIDDEN:
        return Status::access_denied;
    case HTTP_STATUS_PROXY_AUTH_REQ:
        return Status::proxy_access_denied;
    }
    wchar_t reason[64];
    size = sizeof reason;
    // A reason that does not fit is none of those that we know.
    if (!http_.WinHttpQueryHeaders(handles_.out, WINHTTP_QUERY_STATUS_TEXT, nullptr, reason, &size, nullptr)) size = 0;
    return reason_status({reason, size / sizeof(wchar_t)});
}

void HttpStream::on_headers() {
    if (!use()) return;
    Status status = answer_status();
    unuse();
    {
        Guard g(mutex_);
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
