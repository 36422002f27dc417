#include "io/overlapped_stream_win.h"

#include <algorithm>

#include "base/log.h"

namespace rpc::io {
namespace {

constexpr size_t first_incoming = 4096;  // most connections never see more at once
constexpr size_t most_incoming = 65536;
constexpr int deliveries_in_a_row = 16;

// What waits for its turn goes out together as long as it is small: a write costs more than to copy so much.
constexpr size_t small_write = 1024;
constexpr size_t most_together = 8192;

}  // namespace

bool is_peer_end(DWORD error) {
    return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED || error == ERROR_NO_DATA ||
           error == ERROR_HANDLE_EOF;
}

OverlappedStream::~OverlappedStream() {
    close();
    if (read_event_) CloseHandle(read_event_);
    if (write_event_) CloseHandle(write_event_);
}

void OverlappedStream::fail(Status why) {
    uint32_t none = unknown;
    why_.compare_exchange_strong(none, code(why));
    if (!gate_.shut()) return;
    CancelIoEx(handle_, nullptr);  // who asks for more from now on finds it shut, before or after asking
    resume();                        // a parked reader has its end to tell
    unuse();
}

void OverlappedStream::close() { fail(Status::call_cancelled); }

// ---- blocking ----

Status OverlappedStream::event_for(std::atomic<HANDLE>& event, OVERLAPPED& o) {
    HANDLE made = event.load(std::memory_order_relaxed);
    if (!made) event = made = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    if (!made) return Status::out_of_resources;
    o.hEvent = reinterpret_cast<HANDLE>(reinterpret_cast<ULONG_PTR>(made) | 1);
    o.Internal = STATUS_PENDING;  // not every function of Wine's stores it
    return Status::ok;
}

DWORD OverlappedStream::finish(DWORD asked, OVERLAPPED& o, DWORD& n, uint32_t timeout_ms, bool& expired) {
    expired = false;
    if (asked == ERROR_MORE_DATA) n = static_cast<DWORD>(o.InternalHigh);  // part of a message: n was not set
    if (asked != ERROR_IO_PENDING) return asked;
    HANDLE event = reinterpret_cast<HANDLE>(reinterpret_cast<ULONG_PTR>(o.hEvent) & ~ULONG_PTR{1});
    if (is_closed()) CancelIoEx(handle_, &o);
    const bool reads = event == read_event_.load(std::memory_order_relaxed);
    while (!HasOverlappedIoCompleted(&o)) {
        if (reads && !expired && interrupted_.exchange(false)) {
            expired = true;
            CancelIoEx(handle_, &o);
        }
        DWORD waited = WaitForSingleObject(event, expired || timeout_ms == wait_forever ? INFINITE : timeout_ms);
        if (waited != WAIT_TIMEOUT || expired) continue;
        expired = true;
        CancelIoEx(handle_, &o);
    }
    return GetOverlappedResult(handle_, &o, &n, FALSE) ? 0 : GetLastError();
}

// The event wakes a reader that waits, whatever it waits for; one that is about to wait sees the flag.
void OverlappedStream::interrupt() {
    interrupted_ = true;
    if (!use()) return;
    if (HANDLE event = read_event_) SetEvent(event);
    unuse();
}

Status OverlappedStream::read_result(DWORD error, DWORD n, bool expired, size_t& got) const {
    if (error == 0 || error == ERROR_MORE_DATA) {
        got = n;
        return Status::ok;
    }
    if (error == ERROR_OPERATION_ABORTED && expired) return Status::call_cancelled;
    if (is_peer_end(error) && !is_closed()) return Status::ok;
    RPC_LOG(debug, "read: error %lu", error);
    return error == ERROR_NOT_ENOUGH_MEMORY || error == ERROR_NO_SYSTEM_RESOURCES ? Status::out_of_memory
                                                                                  : Status::call_failed;
}

Status OverlappedStream::read(MutBytes into, size_t& got, uint32_t timeout_ms) {
    got = 0;
    if (into.size() > 0x40000000) into = into.first(0x40000000);
    const ULONGLONG until = timeout_ms == wait_forever ? 0 : GetTickCount64() + timeout_ms;
    for (;;) {
        if (!use()) return Status::call_failed;
        OVERLAPPED o{};
        DWORD n = 0, error = 0;
        bool expired = false;
        Status status = event_for(read_event_, o);
        if (!failed(status)) error = finish(ask_read(into, o, n), o, n, timeout_ms, expired);
        unuse();
        RPC_TRY(status);
        if (expired && error == 0 && n == 0 && !empty_read_is_end()) return Status::call_cancelled;
        const bool again = error == 0 ? n == 0 && !empty_read_is_end()
                                      : error == ERROR_OPERATION_ABORTED && !expired && !is_closed();
        if (!again) return read_result(error, n, expired, got);
        if (timeout_ms == wait_forever) continue;
        const ULONGLONG now = GetTickCount64();
        timeout_ms = now < until ? static_cast<uint32_t>(until - now) : 0;
    }
}

Status OverlappedStream::write(std::span<const ByteView> parts) {
    for (bool begun = false; !parts.empty(); begun = true) {
        const size_t count = std::min(parts.size(), most_parts());
        const Status status = write_some(parts.first(count));
        // The peer may have seen what went out before.
        if (failed(status)) return begun && status == Status::server_unavailable ? Status::call_failed : status;
        parts = parts.subspan(count);
    }
    return Status::ok;
}

Status OverlappedStream::write_some(std::span<const ByteView> parts) {
    size_t total = 0;
    for (ByteView part : parts) total += part.size();
    if (total == 0) return Status::ok;
    if (total > UINT32_MAX) return Status::out_of_memory;
    if (!use()) return Status::call_failed;
    OVERLAPPED o{};
    DWORD n = 0, error = 0;
    bool expired;
    Status status = event_for(write_event_, o);
    if (!failed(status)) error = finish(ask_write(parts, o, n), o, n, wait_forever, expired);
    unuse();
    RPC_TRY(status);
    return write_result(error, n, total);
}

Status OverlappedStream::write_result(DWORD error, size_t n, size_t total) const {
    if (error == 0 && n == total) return Status::ok;
    RPC_LOG(debug, "write: error %lu after %lu of %lu bytes", error, static_cast<DWORD>(n), static_cast<DWORD>(total));
    if (error == ERROR_NOT_ENOUGH_MEMORY) return Status::out_of_memory;
    return n != 0 || is_closed() || !is_peer_end(error) ? Status::call_failed : Status::server_unavailable;
}

// ---- queued: start ----

Status OverlappedStream::join() {
    RPC_TRY(start_executor());
    RPC_TRY(leave_blocking_mode());
    if (!on_port_) RPC_TRY(join_port(handle_));
    on_port_ = true;
    skips_packets_ = SetFileCompletionNotificationModes(
        handle_, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE);
    return incoming_.resize(first_incoming) ? Status::ok : Status::out_of_memory;
}

Status OverlappedStream::start(StreamSink& sink) {
    if (!use()) return Status::server_unavailable;  // the reader's, from here to end_reading
    Status status = join();
    if (failed(status)) {
        unuse();
        return status;
    }
    sink_.store(&sink);
    add_ref();  // the reader's as well
    DWORD n = 0;
    DWORD error = next_read(n);
    if (error == ERROR_IO_PENDING) return Status::ok;
    reader_.error = error;
    reader_.bytes = n;
    submit(reader_);  // deliveries come from pool threads only
    return Status::ok;
}

// ---- queued: reading ----

// Asks for the next read. After ERROR_IO_PENDING another thread may deliver already.
DWORD OverlappedStream::next_read(DWORD& n) {
    if (!use()) return ERROR_OPERATION_ABORTED;
    add_ref();  // with use(): what the last look below needs
    static_cast<OVERLAPPED&>(reader_) = {};
    n = 0;
    DWORD error = ask_read(incoming_.bytes(), reader_, n);
    if (error == ERROR_MORE_DATA) error = ERROR_IO_PENDING;  // a warning, not an error: its packet comes
    if (error == 0 && !skips_packets_) error = ERROR_IO_PENDING;
    if (error == ERROR_IO_PENDING && is_closed()) CancelIoEx(handle_, &reader_);
    unuse();
    release();
    return error;
}

// False: it was the last; on_closed has been called.
bool OverlappedStream::deliver(DWORD error, DWORD n, WorkList& later) {
    Status why = Status::call_failed;
    if (is_closed()) {
        why = Status::call_cancelled;
    } else if (error == 0 || error == ERROR_MORE_DATA) {
        if (n != 0) sink_.load()->on_data({incoming_.data(), n}, later);
        if (n == first_incoming) grow_incoming();
        if (n != 0 || !empty_read_is_end()) return true;
        why = Status::ok;
    } else if (error == ERROR_OPERATION_ABORTED) {
        return true;  // not by close(): the thread that had asked has ended
    } else if (is_peer_end(error)) {
        why = Status::ok;
    } else {
        RPC_LOG(debug, "read: error %lu", error);
    }
    fail(why);
    end_reading(later);
    return false;
}

// A reader that fills its buffer has more to expect. Without memory it goes on as it is.
void OverlappedStream::grow_incoming() {
    if (incoming_.size() == first_incoming) (void)incoming_.resize(most_incoming);
}

void OverlappedStream::end_reading(WorkList& later) {
    unuse();
    sink_.load()->on_closed(static_cast<Status>(why_.load()), later);
    release();
}

void OverlappedStream::read_done(DWORD error, DWORD n) {
    WorkList later;
    for (int i = 1; deliver(error, n, later); ++i) {
        if (parks()) break;
        error = next_read(n);
        if (error == ERROR_IO_PENDING) break;
        if (later.empty() && i < deliveries_in_a_row) continue;
        reader_.error = error;
        reader_.bytes = n;
        submit(reader_);
        break;
    }
    run_later(later);  // this stream may be gone
}

void OverlappedStream::pause() { flow_ = pausing; }

void OverlappedStream::resume() {
    if (flow_.exchange(flowing) != parked) return;
    reader_.error = ERROR_OPERATION_ABORTED;  // nothing to deliver: the next read
    reader_.bytes = 0;
    submit(reader_);
}

// Whether the reader stays where it is.
bool OverlappedStream::parks() {
    uint8_t now = pausing;
    if (!flow_.compare_exchange_strong(now, parked)) return false;
    now = parked;
    return !is_closed() || !flow_.compare_exchange_strong(now, flowing);
}

// ---- queued: writing ----

void OverlappedStream::post(Buffer bytes, WriteWatch* watch) {
    if (enqueue(std::move(bytes), watch)) write_on();
}

void OverlappedStream::post_soon(Buffer bytes) {
    if (enqueue(std::move(bytes), nullptr)) submit(writer_);
}

// True: there was no writer, and the caller is it now.
bool OverlappedStream::enqueue(Buffer bytes, WriteWatch* watch) {
    const size_t size = bytes.size();
    if (!watch && size <= small_write && join_last(bytes.view())) return false;
    Outgoing* out = size != 0 && !is_closed() && sink_.load() ? make<Outgoing>(std::move(bytes), watch) : nullptr;
    if (!out) {
        if (size != 0 && !is_closed()) fail(sink_.load() ? Status::out_of_memory : Status::call_failed);
        if (watch) watch->on_written(size);
        return false;
    }
    unsent_.fetch_add(out->bytes.size(), std::memory_order_relaxed);
    {
        Guard g(queue_lock_);
        (last_ ? last_->next : first_) = out;
        last_ = out;
        if (writing_) return false;
        writing_ = true;
    }
    add_ref();  // the writer's
    return true;
}

// Behind the last bytes that wait for the writer. After close() they share those's fate.
bool OverlappedStream::join_last(ByteView bytes) {
    Guard g(queue_lock_);
    if (!last_ || last_->watch || last_->bytes.size() + bytes.size() > most_together || !last_->bytes.append(bytes)) return false;
    unsent_.fetch_add(bytes.size(), std::memory_order_relaxed);
    return true;
}

// Makes the next buffer the current one; false when there is none, and nobody writes any more. After close() all are
// dropped.
bool OverlappedStream::next_outgoing() {
    for (;;) {
        Outgoing* out;
        {
            Guard g(queue_lock_);
            out = first_;
            if (!out) {
                writing_ = false;
                return false;
            }
            first_ = out->next;
            if (!first_) last_ = nullptr;
        }
        if (!is_closed()) {
            current_ = out;
            return true;
        }
        drop(out);
    }
}

void OverlappedStream::drop(Outgoing* out) {
    const size_t size = out->bytes.size();
    WriteWatch* const watch = out->watch;
    unsent_.fetch_sub(size, std::memory_order_relaxed);
    destroy(out);
    if (watch) watch->on_written(size);
}

// Asks for the next write. After ERROR_IO_PENDING another thread may write on already.
DWORD OverlappedStream::next_write() {
    if (!use()) return ERROR_OPERATION_ABORTED;  // the write's, until it is done
    if (!use()) {
        unuse();
        return ERROR_OPERATION_ABORTED;
    }
    add_ref();  // with the second use(): what the last look below needs
    static_cast<OVERLAPPED&>(writer_) = {};
    const ByteView all = current_->bytes.view();
    DWORD n = 0;
    DWORD error = ask_write({&all, 1}, writer_, n);
    if (error == 0 && !skips_packets_) error = ERROR_IO_PENDING;
    if (error != ERROR_IO_PENDING)
        unuse();
    else if (is_closed())
        CancelIoEx(handle_, &writer_);
    unuse();
    release();
    return error;
}

// An overlapped write takes all or fails. The count says nothing: Wine reports 0 when the thread that asked has ended.
void OverlappedStream::written(DWORD error) {
    if (error != 0) {
        if (!is_closed()) RPC_LOG(debug, "write: error %lu", error);
        fail(is_peer_end(error) ? Status::server_unavailable : Status::call_failed);
    }
    drop(std::exchange(current_, nullptr));
}

// Writes until a write is pending or nothing is left. Owns writing_ and one reference.
void OverlappedStream::write_on() {
    while (next_outgoing()) {
        const DWORD error = next_write();
        if (error == ERROR_IO_PENDING) return;  // its packet goes on
        written(error);
    }
    release();
}

void OverlappedStream::write_done(DWORD error) {
    written(error);
    unuse();
    write_on();
}

}  // namespace rpc::io
