#pragma once
// A call as its client sees it: one state machine for synchronous and asynchronous calls. Fed by the connection (stub data,
// end), by the program (cancel) and by failures, it answers with exactly one completion.
//
//   idle --send--> pending --on_end / abortive cancel--> finished --collect--> idle again (the object ends)
//
// Sources: async-rpc state machine of RpcAsyncCancelCall, RpcAsyncCompleteCall; C706 chapter 9.3 (client machines).
#include "base/error_record.h"
#include "call/async_stub.h"
#include "call/notification.h"
#include "call/trace.h"
#include "call/transfer.h"
#include "link/association.h"

namespace rpc::call {

// Who runs the [callback] procedures of the client's interface: the runtime.
class CallbackServer {
public:
    // As link::OutboundCall::on_callback; `iface` is what set_callbacks was given.
    virtual Status serve(const void* iface, link::CallbackRequest& request, link::OutgoingBody& reply, bool& executed) = 0;

protected:
    ~CallbackServer() = default;
};

class ClientCall final : public link::WaitingCall, TransferCall {
public:
    // `association` may be null in tests of the state machine alone. `auth`: who the call is made as, null for nobody.
    ClientCall(Ref<link::Association> association, const link::Syntaxes& syntaxes, uint16_t opnum, uint8_t pdu_flags,
               const Uuid* object, Ref<const security::ClientAuth> auth = nullptr);
    ~ClientCall() override;

    // ---- before the call ----
    link::OutgoingBody body;  // the request's stub data
    // Its stub data will travel in pieces, over a connection that the pool reads: before connect, as for an asynchronous call. A synchronous
    // one's thread starts it too, and waits in its transfer. out_of_memory.
    Status begin_transfer();
    // null: it has none.
    const Ref<Transfer>& transfer() const { return transfer_; }
    // Before start: whether the request goes on behind `body`, and whether the reply is to be read to its end before the program
    // hears that the call is complete.
    void set_pipes(bool request_goes_on, bool reply_is_read);
    // The program has read, or may not read, what the reply has in pipes.
    void pipes_read() EXCLUDES(mutex_);
    // Of what has come of the reply.
    uint32_t reply_representation() EXCLUDES(mutex_);
    // Whether the last piece of the request has not been sent.
    bool request_goes_on() EXCLUDES(mutex_);
    // Gets a connection (synchronous) or a place (asynchronous): an unreachable server or unknown interface shows here.
    Status connect(bool async);
    // Makes the call asynchronous: completion is told through `notification`, `state` gets its Event first. Takes over
    // `stub` (may be null).
    void tie(RPC_ASYNC_STATE* state, Notification notification, AsyncStub* stub);
    // Forgets `state` and stub again, before start.
    void untie();

    // ---- the call ----
    // Synchronous: sends, pumps, and returns the call's result.
    Status perform() EXCLUDES(mutex_);
    // Synchronous, any thread, before and during perform: the server is told, and when `wait_ms` is over (wait_forever: never) and
    // it has not answered, the call ends with call_cancelled. Several cancels: the earliest end counts.
    void cancel_within(uint32_t wait_ms) EXCLUDES(mutex_);
    // Synchronous, before perform or begin_transfer: see ClientConnection::Send.
    void set_timeout(uint32_t timeout_ms) { send_.timeout_ms = timeout_ms; }
    // Synchronous, before perform: the server may call back. `iface` must last as long as the call is out.
    void set_callbacks(CallbackServer& server, const void* iface) {
        callbacks_ = &server;
        callback_interface_ = iface;
    }
    // Asynchronous, instead of start: what has no request, and ends by on_end or a cancel.
    void begin() EXCLUDES(mutex_);
    // Asynchronous, or in pieces: sends and returns. A failure is final and nothing is told.
    Status start() EXCLUDES(mutex_);
    // call_pending until the call has finished, then its result. Any thread.
    Status status() EXCLUDES(mutex_);
    // RpcAsyncCancelCall: non-abortive tells the server; abortive also finishes the call now. Nothing after the end.
    void cancel(bool abort) EXCLUDES(mutex_);

    // ---- after it ----
    // Whether this is the one who collects the outcome: true once, after the end.
    bool collect() EXCLUDES(mutex_);
    Owned<AsyncStub> take_stub() EXCLUDES(mutex_);
    // The calling thread, which collects a failed call, gets the call's error records.
    void tell_errors(Status status) EXCLUDES(mutex_);
    Buffer reply;  // stub data; the collector's
    uint32_t reply_data_representation = 0;

    // Synchronous and in pieces: the call that its thread was in before, while this one can be cancelled. Its thread's (runtime/thread_cancel.h).
    Ref<ClientCall> outer;

    RPC_ASYNC_STATE* async_state() const { return state_; }
    bool asynchronous() const { return state_ != nullptr; }

    // link::WaitingCall
    void on_fault(uint32_t wire_status, ByteView error_info) override EXCLUDES(mutex_);
    Status on_callback(link::CallbackRequest& request, link::OutgoingBody& reply, bool& executed) override;
    Status on_stub_data(ByteView stub, uint32_t alloc_hint, uint32_t data_representation) override EXCLUDES(mutex_);
    void on_end(Status status) override EXCLUDES(mutex_);
    void on_place(Ref<link::ClientConnection> connection, Status why) override EXCLUDES(mutex_);
    const link::Syntaxes& syntaxes() const override { return send_.syntaxes; }
    const security::ClientAuth* auth() const override { return auth_.get(); }

private:
    // TransferCall
    bool hold() override { return try_add_ref(); }
    void let_go() override { release(); }
    Status send_piece(link::OutgoingBody piece, bool last, io::WriteWatch* watch) override EXCLUDES(mutex_);
    void tell(RPC_ASYNC_EVENT event) override EXCLUDES(mutex_);

    Status reserve(Ref<link::ClientConnection>& connection);
    Status start_on(link::ClientConnection& connection);

    enum class Phase : uint8_t { idle, pending, finished, collected };
    Ref<link::ClientConnection> connection() EXCLUDES(mutex_);
    void trace_issued();
    void log_end(Status status) const;
    void catch_up(link::ClientConnection& connection) EXCLUDES(mutex_);

    const Ref<link::Association> association_;  // until destruction: connections call their owner while they hold us
    const Ref<const security::ClientAuth> auth_;
    link::ClientConnection::Send send_;
    Uuid object_;
    RPC_ASYNC_STATE* state_ = nullptr;  // constant from start on
    Notification notification_;         // likewise
    Ref<Transfer> transfer_;            // likewise
    CallbackServer* callbacks_ = nullptr;
    const void* callback_interface_ = nullptr;
    bool async_connection_ = false;
    Trace trace_{"client"};
    uint64_t started_ms_ = 0;  // for the log; 0 when it is off
    bool waited_again_ = false;  // on_place's only

    Mutex mutex_;
    Phase phase_ GUARDED_BY(mutex_) = Phase::idle;
    Status result_ GUARDED_BY(mutex_) = Status::ok;
    bool waiting_ GUARDED_BY(mutex_) = false;      // for a place
    bool cancel_wanted_ GUARDED_BY(mutex_) = false;  // before a place was there
    bool sending_ GUARDED_BY(mutex_) = false;        // pieces of the request are still to come
    bool reading_ GUARDED_BY(mutex_) = false;        // and of what the program reads
    bool reply_whole_ GUARDED_BY(mutex_) = false;    // the end was ok, and waits for the program to read
    Ref<link::ClientConnection> connection_ GUARDED_BY(mutex_);
    Owned<AsyncStub> stub_ GUARDED_BY(mutex_);
    ErrorChain errors_ GUARDED_BY(mutex_);          // of the peer, or of the thread on which the call failed
    uint32_t fault_ GUARDED_BY(mutex_) = 0;         // as sent
    bool errors_whole_ GUARDED_BY(mutex_) = false;  // nothing is to be added
};

}  // namespace rpc::call
