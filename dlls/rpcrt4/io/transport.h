#pragma once
// What the runtime needs from a transport: ordered bytes to one peer, and a way to be found. One file per transport
// implements it; io/protocols.h lists them. Nothing above this header knows which one it talks over.
#include <span>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/str.h"
#include "io/executor.h"

namespace rpc::io {

// Receives what a started stream brings. Calls come from pool threads, unlocked, one at a time per stream.
class StreamSink {
public:
    // `bytes` is valid during the call only. What may block (a manager routine) is put into `later`: the pool runs it
    // after the stream's next read is posted.
    virtual void on_data(ByteView bytes, WorkList& later) = 0;
    // The last call, exactly once per successful start(): after close(), at the peer's end or on an error (`why`;
    // ok = the peer closed in order).
    virtual void on_closed(Status why, WorkList& later) = 0;

protected:
    ~StreamSink() = default;
};

// Hears of bytes that were posted. It lives until it has.
class WriteWatch {
public:
    // `size` bytes have left this process, or were dropped with their stream. Once for every post that named it; any thread,
    // unlocked, perhaps before that post returns.
    virtual void on_written(size_t size) = 0;

protected:
    ~WriteWatch() = default;
};

// An IP address in network order; empty where there is none.
struct HostAddress {
    uint8_t size = 0;  // 4: IPv4, 16: IPv6
    uint8_t bytes[16] = {};
};

// A connected stream. (io/capture.cpp hands every function on: a new one has its line there.) It is *blocking* from birth and *queued* from start() on; it never goes back.
// Any thread may call close() at any time; the rest is serialised by the caller except where said.
class Stream : public RefCounted<Stream> {
public:
    virtual ~Stream() = default;

    // ---- blocking: before start() ----
    // Writes all parts in order. server_unavailable / call_failed when the connection is gone.
    virtual Status write(std::span<const ByteView> parts) = 0;
    // Waits for bytes, at most `timeout_ms` (wait_forever; expiry is call_cancelled) and stores 1..into.size() of them in
    // `into`; got = 0 with ok: the peer closed. May run beside a write from another thread. Not alertable.
    virtual Status read(MutBytes into, size_t& got, uint32_t timeout_ms) = 0;
    // One write and the first read after it, for transports that can do both in one request. Same results as the two, and
    // call_failed_dne where it is certain that the peer had gone before and nothing was sent.
    virtual Status exchange(std::span<const ByteView> parts, MutBytes into, size_t& got, uint32_t timeout_ms) {
        RPC_TRY(write(parts));
        return read(into, got, timeout_ms);
    }
    // Whether exchange() of one part of `size` bytes always tells so: alive() need not be asked before it.
    virtual bool exchange_finds_peer_gone(size_t size) {
        (void)size;
        return false;
    }

    // Breaks off a blocking read that is under way, or else the next one: it stores nothing and answers call_cancelled, as
    // it does when its time is over, and the stream stays as it is. Any thread, beside everything else. A read may find
    // its bytes first; then the one after it is broken off.
    virtual void interrupt() = 0;

    // ---- queued ----
    // Joins the pool and begins to read. `sink` must live until its on_closed has returned. On failure nothing is ever
    // delivered.
    virtual Status start(StreamSink& sink) = 0;
    // Queues bytes behind those posted before and returns at once; any thread. A failure closes the stream and shows in
    // on_closed. After close() the bytes are dropped.
    virtual void post(Buffer bytes, WriteWatch* watch = nullptr) = 0;
    // The same for what need not leave at once, as the peer has more than enough to do: it may go out together with what is posted
    // after it, and the writing is done by a thread of the pool.
    virtual void post_soon(Buffer bytes) { post(std::move(bytes)); }

    // From inside the sink's on_data: no more is read until resume(), not even the peer's end, so that a peer that sends more than
    // somebody takes has to wait. resume() may come from any thread, and close() does the same.
    virtual void pause() = 0;
    virtual void resume() = 0;

    // Bytes posted that are still in memory here, as the peer does not read. Any thread.
    virtual size_t unsent() = 0;

    // ---- both ----
    // A peer that has said nothing for so long is asked whether it is still there, and without an answer the stream ends; 0: never.
    // Nothing happens where the transport hears of its peer's end anyway.
    virtual void keep_alive(uint32_t silent_ms) { (void)silent_ms; }
    // Ends the connection: a blocked read or write returns, pending I/O is cancelled, on_closed follows if started.
    // Idempotent; any thread; returns at once.
    virtual void close() = 0;
    // Whether the peer has gone or close() was called, as far as can be told without blocking: a pooled connection is
    // asked before its next use.
    virtual bool alive() = 0;
    // The peer's process where the transport knows it, else 0.
    virtual uint32_t peer_process() const { return 0; }
    // Whether the peer is on this machine for certain.
    virtual bool peer_is_local() const = 0;
    // The calling thread acts for the peer from here on (a server's end of a pipe); cannot_support elsewhere.
    virtual Status impersonate_peer() { return Status::cannot_support; }
    // The peer's address in the form a string binding has; empty when it has none.
    virtual std::string_view peer_address() const { return {}; }
    // The addresses of the connection's two ends; empty where the transport has none.
    virtual HostAddress own_host() const { return {}; }
    virtual HostAddress peer_host() const { return {}; }
};

class AcceptSink {
public:
    // A new, blocking stream; on a pool thread, unlocked.
    virtual void on_accept(Ref<Stream> stream, WorkList& later) = 0;

protected:
    ~AcceptSink() = default;
};

// A listening endpoint. Releasing it does not stop it: close() does.
class Acceptor : public RefCounted<Acceptor> {
public:
    virtual ~Acceptor() = default;
    // The endpoint clients must name: as asked for, or as chosen when none was.
    virtual std::string_view endpoint() const = 0;
    // Stops accepting and returns when no on_accept runs or will run. Not from inside on_accept.
    virtual void close() = 0;
};

struct ListenOptions {
    uint32_t backlog = 10;                       // RPC_C_PROTSEQ_MAX_REQS_DEFAULT
    const void* security_descriptor = nullptr;  // SECURITY_DESCRIPTOR, borrowed for the call; null = the default
};

}  // namespace rpc::io
