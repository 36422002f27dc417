#pragma once
// A call as its server sees it, from the complete request to the one answer. It is the binding handle that the manager and
// every server-call API get, and it outlives its dispatch thread when it is asynchronous: arguments, buffers and state
// structure belong to it until it is completed, aborted, or its manager raises.
//
//   dispatched --async_set_handle, manager returned--> detached
//   dispatched, detached --answer or fault, once--> ended
//
// Flags beside the state: cancelled (co_cancel, orphaned), disconnected.
#include "base/abi_types.h"
#include "call/async_stub.h"
#include "call/notification.h"
#include "call/trace.h"
#include "call/transfer.h"
#include "link/server_connection.h"

namespace rpc::call {

class ServerCall;

// How a server wants to hear of what its client does.
class Subscription final : public RefCounted<Subscription> {
public:
    Notification how;
};

// Who runs calls: the runtime.
class Dispatcher {
public:
    // On a pool thread, in the connection's order, unlocked. Answers the call or leaves it detached; calls
    // connection->let_next_start when the next may start (at the latest it happens when this returns).
    virtual void dispatch(ServerCall& call) = 0;

protected:
    ~Dispatcher() = default;
};

class ServerCall final : public link::InboundCall, TransferCall {
public:
    explicit ServerCall(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
    ~ServerCall() override;

    RPC_MESSAGE message{};       // what the dispatch routine and its stub see; theirs until the end
    link::OutgoingBody body;     // the reply's stub data, once asked for

    // ---- from the stub ----
    // What travels while the call runs; made on first use. out_of_memory.
    Status transfer(Ref<Transfer>& transfer) EXCLUDES(mutex_);
    // Where RpcSendComplete and RpcReceiveComplete are told from now on: what the program wrote into its state. invalid_arg.
    Status notify_transfer(const RPC_ASYNC_STATE& state) EXCLUDES(mutex_);
    // The call becomes asynchronous: it does not end with its dispatch routine. Takes over `stub` (may be null).
    // invalid_async_call when it is already, or has ended.
    Status detach(RPC_ASYNC_STATE* state, AsyncStub* stub) EXCLUDES(mutex_);
    bool detached() EXCLUDES(mutex_);
    RPC_ASYNC_STATE* async_state() EXCLUDES(mutex_);
    // Whether the caller is the one who ends this call: true once. The stub goes to it (null for a synchronous call).
    bool claim(Owned<AsyncStub>& stub) EXCLUDES(mutex_);

    // Calls the client back and waits (link::ServerConnection::call_back). Any thread.
    Status call_back(uint16_t opnum, link::OutgoingBody request, link::CallbackReply& reply);

    // ---- answers: the first one counts ----
    Status respond() EXCLUDES(mutex_);
    // `status` is what the client shall see; it is mapped to a fault status that may be sent.
    void fault(Status status, bool did_not_execute) EXCLUDES(mutex_);
    bool ended() EXCLUDES(mutex_);
    // What the client was told, once ended.
    Status outcome() EXCLUDES(mutex_);
    Trace trace{"server"};
    uint64_t started_ms = 0;  // for the log; 0 when it is off
    bool counted = false;     // against its interface's limit; guarded by the server's mutex

    // Keeps the client's name for programs that were given it; the first one stays. Valid as long as the call.
    const void* keep_client_name(Buffer utf16) EXCLUDES(mutex_);

    bool cancelled() EXCLUDES(mutex_);
    bool disconnected() EXCLUDES(mutex_);

    // What the client may do to its call, as bits: RPC_NOTIFICATIONS.
    static constexpr uint32_t client_disconnect = 1;
    static constexpr uint32_t call_cancel = 2;
    // Tells of each of `notifications` (one or both) once, at once where it has happened already. The program's routine gets the async
    // state, or this call's handle where it is synchronous. invalid_arg: subscribed already.
    Status subscribe(uint32_t notifications, Ref<Subscription> subscription) EXCLUDES(mutex_);
    // `queued`: how often it was told. invalid_arg: not subscribed.
    Status unsubscribe(uint32_t notification, uint32_t& queued) EXCLUDES(mutex_);

    // link::InboundCall
    void on_cancel() override EXCLUDES(mutex_);
    void on_disconnect() override EXCLUDES(mutex_);
    Status begin_stream() override;
    void on_more(ByteView more, Status end) override EXCLUDES(mutex_);
    // io::Work
    void run() override;

private:
    // TransferCall
    bool hold() override { return try_add_ref(); }
    void let_go() override { release(); }
    Status send_piece(link::OutgoingBody piece, bool last, io::WriteWatch* watch) override;
    void tell(RPC_ASYNC_EVENT event) override EXCLUDES(mutex_);

    Ref<Transfer> known_transfer() EXCLUDES(mutex_);
    bool end(Status outcome) EXCLUDES(mutex_);
    void tell(uint32_t happened) EXCLUDES(mutex_);
    struct Watch {
        Ref<Subscription> subscription;
        uint32_t queued = 0;
        bool told = false;  // once in the life of the call
    };
    Watch& watch(uint32_t notification) REQUIRES(mutex_) { return watches_[notification == call_cancel]; }
    Dispatcher& dispatcher_;
    Mutex mutex_;
    RPC_ASYNC_STATE* state_ GUARDED_BY(mutex_) = nullptr;
    Owned<AsyncStub> stub_ GUARDED_BY(mutex_);
    Ref<Transfer> transfer_ GUARDED_BY(mutex_);
    Ref<Subscription> transfer_heard_ GUARDED_BY(mutex_);
    Buffer client_name_ GUARDED_BY(mutex_);
    bool claimed_ GUARDED_BY(mutex_) = false;
    bool ended_ GUARDED_BY(mutex_) = false;
    Status outcome_ GUARDED_BY(mutex_) = Status::ok;
    bool cancelled_ GUARDED_BY(mutex_) = false;
    bool disconnected_ GUARDED_BY(mutex_) = false;
    Watch watches_[2] GUARDED_BY(mutex_);
};

}  // namespace rpc::call
