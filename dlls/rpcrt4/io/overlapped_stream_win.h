#pragma once
// What pipes and sockets have in common: a handle with overlapped I/O. While the stream is blocking each direction waits on
// an event of its own; once it is queued, packets of the pool's port carry it. A derived class says how a read and a write
// are asked for.
#include <atomic>

#include "base/mutex.h"
#include "io/completion_port_win.h"
#include "io/transport.h"

namespace rpc::io {

// Counts who uses a handle, so that it is closed once, and never under an I/O that is pending or about to be asked for.
class HandleGate {
public:
    // False once shut. Each success is paired with one leave().
    bool enter() {
        uint32_t now = state_.load();
        while (!(now & shut_bit))
            if (state_.compare_exchange_weak(now, now + one_user)) return true;
        return false;
    }
    // True: shut, and this was the last user. The caller closes the handle.
    [[nodiscard]] bool leave() { return state_.fetch_sub(one_user) == (one_user | shut_bit); }
    // True for the first caller, who is a user until his leave().
    bool shut() { return !(state_.fetch_or(shut_bit) & shut_bit); }
    bool is_shut() const { return state_.load() & shut_bit; }

private:
    static constexpr uint32_t shut_bit = 1;
    static constexpr uint32_t one_user = 2;
    std::atomic<uint32_t> state_{one_user};  // one for whoever shuts
};

class OverlappedStream : public Stream {
public:
    Status write(std::span<const ByteView> parts) override;
    Status read(MutBytes into, size_t& got, uint32_t timeout_ms) override;
    Status start(StreamSink& sink) override;
    void post(Buffer bytes, WriteWatch* watch) override;
    void post_soon(Buffer bytes) override;
    void pause() override;
    void resume() override;
    size_t unsent() override { return unsent_.load(std::memory_order_relaxed); }
    void close() override;
    void interrupt() override;

protected:
    // `handle` is open for overlapped I/O and passes to the stream, which ends it with `close_handle`. `on_port`: it is on
    // the port already (accepted pipes).
    OverlappedStream(HANDLE handle, bool on_port, void (*close_handle)(HANDLE))
        : handle_(handle), on_port_(on_port), close_handle_(close_handle) {}
    ~OverlappedStream() override;

    // Asks for one I/O: 0 = done at once with `n` bytes, ERROR_IO_PENDING, or why not. A write keeps `parts`' bytes, not
    // the array, in use until it is done.
    virtual DWORD ask_read(MutBytes into, OVERLAPPED& o, DWORD& n) = 0;
    virtual DWORD ask_write(std::span<const ByteView> parts, OVERLAPPED& o, DWORD& n) = 0;
    // Whether a read of nothing means that the peer closed (TCP) or that it sent an empty message (pipes).
    virtual bool empty_read_is_end() const = 0;
    // How many parts one ask_write takes.
    virtual size_t most_parts() const { return SIZE_MAX; }
    // Before the handle joins the port.
    virtual Status leave_blocking_mode() { return Status::ok; }

    // Whoever uses the handle stands between the two.
    bool use() { return gate_.enter(); }
    void unuse() {
        if (gate_.leave()) close_handle_(handle_);
    }
    bool is_closed() const { return gate_.is_shut(); }
    bool on_port() const { return on_port_; }

    // An event per direction, made on first use. Its lowest bit is set: no packet for I/O that is waited for.
    Status event_for(std::atomic<HANDLE>& event, OVERLAPPED& o);
    // Waits for what was asked for with `o`; the result of `asked`, be it immediate or pending. `expired`: the time was over or,
    // for a read, interrupt() was called.
    DWORD finish(DWORD asked, OVERLAPPED& o, DWORD& n, uint32_t timeout_ms, bool& expired);
    Status read_result(DWORD error, DWORD n, bool expired, size_t& got) const;
    Status write_some(std::span<const ByteView> parts);
    Status write_result(DWORD error, size_t n, size_t total) const;

    const HANDLE handle_;
    std::atomic<HANDLE> read_event_{nullptr};
    std::atomic<HANDLE> write_event_{nullptr};
    std::atomic<bool> interrupted_{false};  // until a read has seen it

private:
    struct Outgoing : Brief {
        Outgoing(Buffer b, WriteWatch* w) : bytes(std::move(b)), watch(w) {}
        Buffer bytes;
        WriteWatch* watch;
        Outgoing* next = nullptr;
    };
    struct Reader final : Operation, Work {
        explicit Reader(OverlappedStream& s) : stream(s) {}
        void done(DWORD e, DWORD n) override { stream.read_done(e, n); }
        void run() override { stream.read_done(error, bytes); }
        OverlappedStream& stream;
        DWORD error = 0;  // what run() shall go on with
        DWORD bytes = 0;
    };
    struct Writer final : Operation, Work {
        explicit Writer(OverlappedStream& s) : stream(s) {}
        void done(DWORD error, DWORD) override { stream.write_done(error); }
        void run() override { stream.write_on(); }
        OverlappedStream& stream;
    };

    Status join();
    void fail(Status why);
    DWORD next_read(DWORD& n);
    bool deliver(DWORD error, DWORD n, WorkList& later);
    void read_done(DWORD error, DWORD n);
    bool parks();
    void grow_incoming();
    void end_reading(WorkList& later);
    bool enqueue(Buffer bytes, WriteWatch* watch);
    bool join_last(ByteView bytes) EXCLUDES(queue_lock_);
    bool next_outgoing();
    void drop(Outgoing* out);
    DWORD next_write();
    void written(DWORD error);
    void write_on();
    void write_done(DWORD error);

    HandleGate gate_;
    bool on_port_;
    bool skips_packets_ = false;  // what is done at once sends no packet
    void (*const close_handle_)(HANDLE);
    std::atomic<uint32_t> why_{unknown};  // why it ended: the first reason stays
    static constexpr uint32_t unknown = UINT32_MAX;

    // The reader: one read is pending, or one thread delivers.
    std::atomic<StreamSink*> sink_{nullptr};
    Buffer incoming_;
    Reader reader_{*this};
    // A parked reader is nobody's: whoever takes it back to flowing has it go on.
    enum Flow : uint8_t { flowing, pausing, parked };
    std::atomic<uint8_t> flow_{flowing};

    // The writer: whoever sets writing_ owns the members below it until he clears it.
    Mutex queue_lock_;
    Outgoing* first_ GUARDED_BY(queue_lock_) = nullptr;
    Outgoing* last_ GUARDED_BY(queue_lock_) = nullptr;
    bool writing_ GUARDED_BY(queue_lock_) = false;
    Outgoing* current_ = nullptr;
    std::atomic<size_t> unsent_{0};
    Writer writer_{*this};
};

// Win32 errors that mean that the other side has closed in order.
bool is_peer_end(DWORD error);

}  // namespace rpc::io
