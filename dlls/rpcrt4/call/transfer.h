#pragma once
// Stub data that travels while its call runs, in either direction: what has come waits here until somebody takes it, and the
// peer waits with it when that is too much; what goes out is counted until it has left. Both sides' calls have one when
// their procedure has pipes. Sources: C706 chapter 14 (pipes), documentation pages "Asynchronous Pipe State" and
// "Client-side Asynchronous Pipe Handling".
#include "base/abi_types.h"
#include "base/bytes.h"
#include "base/mutex.h"
#include "io/transport.h"
#include "link/framing.h"

namespace rpc::call {

// The call, as its transfer sees it. Any thread, unlocked.
class TransferCall {
public:
    // A reference on the call, for as long as something is asked of it; false when it is being destroyed.
    virtual bool hold() = 0;
    virtual void let_go() = 0;
    // Sends a piece, whose size is a multiple of Transfer::unit() unless it is the last. ok: `watch` (or nobody: null) will hear of it;
    // a failure: it will not, and the call has ended or is about to.
    virtual Status send_piece(link::OutgoingBody piece, bool last, io::WriteWatch* watch) = 0;
    // Notifies the program, unless the call has ended.
    virtual void tell(RPC_ASYNC_EVENT event) = 0;

protected:
    ~TransferCall() = default;
};

class Transfer final : public RefCounted<Transfer>, io::WriteWatch, io::Work {
public:
    // `headroom`: what its call's fragments need in front of their stub data. `verified`: they may have a verifier.
    Transfer(TransferCall& call, size_t headroom, bool verified)
        : headroom_(headroom), unit_(verified ? 16 : 8), call_(&call) {}

    // ---- incoming, from the connection ----
    // What is paused when too much waits.
    void set_stream(Ref<io::Stream> stream) EXCLUDES(mutex_);
    // out_of_memory: the call cannot go on.
    Status arrive(ByteView stub) EXCLUDES(mutex_);
    // Nothing more comes: ok, the data are whole; else why they are not.
    void arrived(Status end) EXCLUDES(mutex_);

    // ---- incoming, from the stub ----
    enum class Wait : uint8_t { no, here, notify };
    // Appends what has come to `window`, after dropping the first `used` bytes of it (a multiple of 8 of them, and the rest counts
    // as used still). ok: there is more than before; whole: there is nothing more; else why nothing more will come. With nothing
    // there yet: call_pending (and, for Wait::notify, an RpcReceiveComplete as soon as there is), or the thread waits.
    Status take(Buffer& window, size_t& used, bool& whole, Wait wait) EXCLUDES(mutex_);

    // What comes is taken only when it is whole: the peer waits for nobody any more.
    void take_at_end() EXCLUDES(mutex_);

    // ---- who waits here ----
    // A thread in take or send with Wait::here gives up with call_cancelled when it has waited `silence_ms` in vain, and at the earliest
    // `until_ms` (os::now_ms) that it was told.
    void set_silence(uint32_t silence_ms) EXCLUDES(mutex_);
    void give_up_at(uint64_t until_ms) EXCLUDES(mutex_);

    // ---- outgoing ----
    size_t headroom() const { return headroom_; }
    // Every piece but the last is a multiple of it (C706 12.6.4).
    size_t unit() const { return unit_; }
    // Whether small pieces wait for more, since the peer is to be spared.
    bool spares_peer() EXCLUDES(mutex_);
    // The peer is the nearest one, whose server stalls at fragments of a few bytes and, over TCP, when it has to wait for its reader: it
    // gets neither.
    void spare_peer() EXCLUDES(mutex_);
    // Sends what follows the headroom in `piece`. `told`: RpcSendComplete comes when all has left. A thread that waits (Wait::here) waits
    // first until not too much of what it sent before is still here.
    // call_failed: the call has ended, and knows why.
    Status send(Buffer piece, bool last, bool told, Wait wait) EXCLUDES(mutex_);
    // RpcSendComplete, as if something had been sent.
    void tell_sent() EXCLUDES(mutex_);

    // What belongs to a program that drives the call by its message (runtime/message_pieces.h): one thread at a time, its own to see to.
    struct ByMessage {
        link::OutgoingBody out;  // the next piece, once the request is on its way
        bool started = false;
        Buffer window;       // what has come and is not consumed, behind
        size_t used = 0;     // bytes that are, of which
        size_t given = 0;    // bytes are what the message shows
        bool whole = false;  // nothing more comes
    } by_message;

    // The call has ended: nobody is told anything any more, what comes is dropped, who waits goes on with `why`.
    void end(Status why) EXCLUDES(mutex_);

private:

    void on_written(size_t size) override EXCLUDES(mutex_);
    void run() override EXCLUDES(mutex_);
    TransferCall* hold() EXCLUDES(mutex_);
    void tell(RPC_ASYNC_EVENT event) EXCLUDES(mutex_);
    void schedule_tell() REQUIRES(mutex_);
    Status wait_since(uint64_t began_ms) REQUIRES(mutex_);
    Status await_data() EXCLUDES(mutex_);
    Status await_room() EXCLUDES(mutex_);

    const size_t headroom_;
    const size_t unit_;
    Mutex mutex_;
    Condition changed_;
    TransferCall* call_ GUARDED_BY(mutex_);  // null once it has ended
    Ref<io::Stream> stream_ GUARDED_BY(mutex_);
    Buffer incoming_ GUARDED_BY(mutex_);
    Status end_ GUARDED_BY(mutex_) = Status::call_pending;  // of what comes
    static constexpr uint64_t never = UINT64_MAX;
    uint64_t give_up_at_ GUARDED_BY(mutex_) = never;
    uint32_t silence_ms_ GUARDED_BY(mutex_) = wait_forever;
    bool may_pause_ GUARDED_BY(mutex_) = true;
    bool paused_ GUARDED_BY(mutex_) = false;
    bool awaited_ GUARDED_BY(mutex_) = false;   // RpcReceiveComplete is owed
    size_t pieces_out_ GUARDED_BY(mutex_) = 0;  // watched, and not written yet
    unsigned unwatched_ GUARDED_BY(mutex_) = 0;  // small ones behind the last of them
    bool tell_sent_ GUARDED_BY(mutex_) = false;
    bool no_small_ GUARDED_BY(mutex_) = false;
    bool scheduled_ GUARDED_BY(mutex_) = false;
};

}  // namespace rpc::call
