#pragma once
// The loop that every listening transport runs: some accepts are always pending, so that clients find one, and each that is
// done is replaced before its connection is handed on.
#include "base/mutex.h"
#include "io/completion_port_win.h"
#include "io/transport.h"

namespace rpc::io {

class AcceptLoop : public Acceptor {
public:
    std::string_view endpoint() const override { return endpoint_.view(); }
    void close() override;

protected:
    struct Slot final : Operation, Work {
        void done(DWORD error, DWORD) override { loop->accepted(*this, error); }
        void run() override { loop->accepted(*this, 0); }  // when a client came before there was anything to wait for
        AcceptLoop* loop = nullptr;
        HANDLE handle = nullptr;  // the connection to come
        unsigned which = 0;       // for the transport: among several listening sockets
        bool idle = true;         // nothing is asked for
        bool pending = false;
    };
    static constexpr unsigned max_slots = 8;

    AcceptLoop(AcceptSink& sink, Str endpoint) : sink_(sink), endpoint_(std::move(endpoint)) {}
    ~AcceptLoop() override = default;

    // Makes a handle in slot.handle and asks for an accept on it: 0 = connected already, and no packet will come;
    // ERROR_IO_PENDING; or why not (slot.handle is null then). Under the lock: must not block.
    virtual DWORD ask_accept(Slot& slot) = 0;
    virtual void cancel(Slot& slot) = 0;
    // Makes a stream of a connected handle, which passes to it; null when that failed and the handle is closed.
    virtual Ref<Stream> make_stream(const Slot& slot, HANDLE handle) = 0;
    virtual void close_handle(HANDLE handle) = 0;
    // Nothing is pending any more; once, from close().
    virtual void stopped() {}

    // Begins with `count` slots; `which` = index modulo `kinds`. An error when not even one accept can be pending: nothing
    // has begun then.
    DWORD begin(unsigned count, unsigned kinds);
    unsigned index_of(const Slot& slot) const RPC_TSA(no_thread_safety_analysis) { return static_cast<unsigned>(&slot - slots_); }

private:
    struct Retry final : Work {
        void run() override { loop->retry(); }
        AcceptLoop* loop = nullptr;
    };
    DWORD fill() REQUIRES(mutex_);
    void refill() REQUIRES(mutex_);
    void enter() REQUIRES(mutex_);
    void leave() EXCLUDES(mutex_);
    void accepted(Slot& slot, DWORD error);
    void retry();

    AcceptSink& sink_;
    const Str endpoint_;
    Mutex mutex_;
    Condition idle_;
    bool closed_ GUARDED_BY(mutex_) = false;
    bool retrying_ GUARDED_BY(mutex_) = false;
    unsigned active_ GUARDED_BY(mutex_) = 0;  // accepts from ask to hand-over, and a retry; each holds a reference
    unsigned pending_ GUARDED_BY(mutex_) = 0;
    Slot slots_[max_slots] GUARDED_BY(mutex_);
    unsigned slot_count_ = 0;
    Retry retry_;
};

}  // namespace rpc::io
