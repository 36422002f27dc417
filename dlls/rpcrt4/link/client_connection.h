#pragma once
// One connection of a client, in one of two lives (RPC:managing-network-connection-sets-associations): synchronous, owned by one call at a time and pumped by
// the calling thread, or asynchronous, read by the pool and carrying many calls where the peer agreed to multiplex.
// A connection that was bound with security may carry calls of several identities, each by a security context of its own, where the
// peer agreed to that; one that was bound without is nobody's for good.
// Sources: C706 chapter 9.3 (client machines), [MS-RPCE] 3.3.2, 3.3.1.5.4.
#include <atomic>
#include <span>

#include "base/list.h"
#include "base/mutex.h"
#include "io/protocols.h"
#include "link/call_table.h"
#include "link/com_timeout.h"
#include "link/framing.h"
#include "link/security_session.h"
#include "wire/bind.h"
#include "wire/pdu_splitter.h"

namespace rpc::link {

class ClientConnection;

// A request of the server's, made while it runs a call of ours ([MS-RPCE] 3.3.1.5.9).
struct CallbackRequest {
    uint16_t opnum = 0;
    uint32_t data_representation = 0;
    Buffer stub;
};

// A call as its connection sees it. The connection holds a reference from send until the call left it.
class OutboundCall : public RefCounted<OutboundCall>, public ListLink<>, public Brief {
public:
    virtual ~OutboundCall() = default;
    // Stub data of one response fragment, in order. A failure ends the call with that status.
    virtual Status on_stub_data(ByteView stub, uint32_t alloc_hint, uint32_t data_representation) = 0;
    // The end, from the peer or from the connection's. May come more than once: the call keeps the first. Unlocked, and the
    // connection has let go of the call by then.
    virtual void on_end(Status status) = 0;
    // The fault that the end follows: its status as sent, and its extended error information, which may be nonsense.
    virtual void on_fault(uint32_t wire_status, ByteView error_info) { (void)wire_status, (void)error_info; }
    // Synchronous: the server calls back. On the thread that performs the call, unlocked. A failure goes to the server as a fault;
    // `executed` tells whether a procedure was entered before it.
    virtual Status on_callback(CallbackRequest& request, OutgoingBody& reply, bool& executed) {
        (void)request, (void)reply, (void)executed;
        return Status::procnum_out_of_range;
    }

protected:
    // What other threads want of a synchronous call; its pump looks at it when its wait is broken off. A cancel is told to
    // the peer once, and at `give_up_at` (os::now_ms) the call ends here.
    std::atomic<bool> cancel_asked_{false};
    std::atomic<uint64_t> give_up_at_{never};
    static constexpr uint64_t never = UINT64_MAX;

private:
    friend class ClientConnection;
    // The connection whose list this is on. It alone writes itself here and takes itself off, under its mutex: another one that
    // the call had tried before reads that the call is not its own.
    std::atomic<const ClientConnection*> on_{nullptr};
    // Guarded by that connection's mutex.
    uint32_t call_id_ = 0;
    uint16_t p_cont_id_ = 0;
    SecuritySession* session_ = nullptr;  // that connection's
    OutboundCall* chain_ = nullptr;
    bool sent_ = false;            // the request is posted: what speaks of the call may follow it
    bool cancel_told_ = false;     // or will be, right behind the request
    bool abandon_wanted_ = false;  // before it was sent
};

// Who keeps the connection. Every OutboundCall keeps its owner alive until it is destroyed itself.
class ConnectionOwner {
public:
    // An asynchronous connection has a place again, as one of its calls ended. Unlocked.
    virtual void on_place_freed() = 0;

protected:
    ~ConnectionOwner() = default;
};

// The interface a call is for.
struct Syntaxes {
    wire::SyntaxId abstract_syntax;
    wire::SyntaxId transfer_syntax;
    bool operator==(const Syntaxes&) const = default;
};

class ClientConnection final : public RefCounted<ClientConnection>, public io::StreamSink, public ListLink<> {
public:
    enum class Kind : uint8_t { sync, async };

    explicit ClientConnection(Kind kind) : kind_(kind) {}
    ~ClientConnection() { close(); }

    // Connects, binds the first presentation context and, with `auth`, builds the security context. `group` is the association
    // group to join, 0 for a new one; it receives the server's. An asynchronous connection then joins the pool and lives until
    // close() or the peer's end. Blocks the calling thread. server_unavailable, unknown_if, unsupported_trans_syn,
    // protocol_error, access_denied, unknown_authn_service, sec_pkg_error, ...
    Status open(const io::Protocol& protocol, const io::Address& address, const Syntaxes& first,
                Ref<const security::ClientAuth> auth, uint32_t& group, ConnectionOwner* owner,
                uint32_t com_timeout_scale = default_com_timeout) EXCLUDES(mutex_);
    // The scale from now on; by who has a synchronous connection to himself.
    void use_com_timeout(uint32_t scale);
    // Whether nothing was asked of it since the last time this was asked, nor is.
    bool quiet_since_last_look() EXCLUDES(mutex_);

    // What calls for `syntaxes` as that identity (null: as nobody) need before they can go here; the more, the better.
    enum class Fit : uint8_t { none, login, context, now };
    Fit fit(const Syntaxes& syntaxes, const security::ClientAuth* auth) EXCLUDES(mutex_);
    // Adds what is missing, a presentation context, then a security context, by alter_context, waiting for the answers.
    // A security context is added only while this connection carries nothing else: by who has it alone. When that fails after something
    // was sent, the connection is closed. cannot_support: this identity needs a connection of its own. protocol_error: it may be
    // that the server has no room for another security context here.
    Status extend(const Syntaxes& syntaxes, const security::ClientAuth* auth) EXCLUDES(mutex_);
    // Whether it has a context of that identity, or is nobody's as `auth` is.
    bool knows(const security::ClientAuth* auth) EXCLUDES(mutex_);

    struct Send {
        Syntaxes syntaxes;
        const security::ClientAuth* auth = nullptr;  // who the connection was asked for; null: nobody
        uint16_t opnum = 0;
        uint8_t flags = 0;  // pfc::maybe
        const Uuid* object = nullptr;
        bool more = false;  // asynchronous only: send_more follows, and the size of the body is a multiple of 8, with an identity 16
        // Synchronous only: how long the peer may say nothing before the call ends with call_cancelled, without the peer being told
        // (RPC_C_OPT_CALL_TIMEOUT); wait_forever = no limit.
        uint32_t timeout_ms = wait_forever;
    };
    // Synchronous: sends, and pumps this connection until the call has ended: ok, and its on_end was called, with
    // call_cancelled where it was given up. A failure means that nothing was sent and on_end is not called: call_failed_dne with
    // `body` kept when the connection was closed already or the peer turns out to be gone, so that another may be tried;
    // out_of_memory.
    Status perform(OutboundCall& call, const Send& send, OutgoingBody& body) EXCLUDES(mutex_);

    // Asynchronous: takes the place that reserve() promised, sends and returns. Failures as perform's; the place is free then. Either
    // a failure or on_end, never both.
    Status start(OutboundCall& call, const Send& send, OutgoingBody& body) EXCLUDES(mutex_);
    // Goes on with a request that start() began; one caller at a time. `last`: this is the end of it, else its size is a multiple as Send.more has it.
    // ok: `watch` will hear when it has left. call_failed: the call is not here any more.
    Status send_more(OutboundCall& call, const Send& send, OutgoingBody body, bool last, io::WriteWatch* watch) EXCLUDES(mutex_);
    // Asynchronous: whether one more call may go out, counting it. Every true is followed by start() or unreserve(), which tells
    // the owner; put_back() does not. `alone`: while it is out no other may, since who reads its reply slowly stops all reading.
    bool reserve(bool alone = false) EXCLUDES(mutex_);
    void unreserve() EXCLUDES(mutex_);
    void put_back() EXCLUDES(mutex_);

    // Synchronous, any thread: the pump of this call looks at once at what is wanted of it. A request that is still being
    // written is written first.
    void interrupt(OutboundCall& call) EXCLUDES(mutex_);
    // Asynchronous: tells the peer that the client would like the call to end (co_cancel), where the peer understands that.
    void cancel(OutboundCall& call) EXCLUDES(mutex_);
    // The call has ended on our side: co_cancel and orphaned where the peer understands them, else this connection, which
    // carries nothing else, is closed ([MS-RPCE] 3.3.1.5.10).
    void abandon(OutboundCall& call) EXCLUDES(mutex_);

    void close();
    // Whether it may carry another call, as far as this side knows.
    bool usable() EXCLUDES(mutex_);
    // The same, and the transport is asked, without blocking, whether the peer is still there.
    bool alive() EXCLUDES(mutex_);
    // Whether the peer has shown multiplexing or bind-time features. The nearest one shows neither.
    bool shows_features() EXCLUDES(mutex_);
    // Whether it is at its end, for its calls too. A draining one is not: it closes behind its last call. While it has calls its
    // reader tells, and the transport is not asked.
    bool gone() EXCLUDES(mutex_);
    Kind kind() const { return kind_; }
    io::Stream* stream() const { return stream_.get(); }

    // io::StreamSink
    void on_data(ByteView bytes, io::WorkList& later) override EXCLUDES(mutex_);
    void on_closed(Status why, io::WorkList& later) override EXCLUDES(mutex_);

private:
    struct Context {
        Syntaxes syntaxes;
        uint16_t p_cont_id;
    };
    // A security context.
    struct Login {
        Ref<const security::ClientAuth> auth;
        Ref<SecuritySession> session;
        Vector<uint16_t> verified;  // the presentation contexts of which a protected request has told the server what they mean
    };
    // How a request goes out.
    struct Outgoing {
        wire::CallFields fields;
        uint16_t max_frag = 0;
        SecuritySession* session = nullptr;
        wire::CallAuth auth;
    };
    // What goes out for a negotiation, and how its answer is awaited.
    struct Negotiation {
        wire::PduType type;
        uint16_t p_cont_id;
        uint32_t call_id;
        bool queued;
        bool sent;
        bool joins;         // a security context that is added
        uint64_t until_ms;  // the answer must be here; 0: no limit
        Ref<SecuritySession> session;  // that is built; null: none
    };
    Status negotiate(wire::PduType type, const Syntaxes& syntaxes, const security::ClientAuth* auth, uint32_t& group) EXCLUDES(mutex_);
    Status keep(const Negotiation& n, const security::ClientAuth* auth, uint32_t& group) REQUIRES(mutex_);
    Status begin_negotiation(wire::PduType type, const Syntaxes& syntaxes, const security::ClientAuth* auth, Negotiation& n, bool& known)
        EXCLUDES(mutex_);
    bool is_refusal(const SecuritySession& session, Status fault) REQUIRES(mutex_);
    Status new_session(const security::ClientAuth& auth) EXCLUDES(mutex_);
    Status begin_login(Negotiation& n, const security::ClientAuth& auth, Buffer& token) EXCLUDES(mutex_);
    const Context* find_context(const Syntaxes& syntaxes) const REQUIRES(mutex_);
    const Login* find_login(const security::ClientAuth* auth) const REQUIRES(mutex_);
    SecuritySession* find_session(uint32_t id) const REQUIRES(mutex_);
    bool takes_login(const security::ClientAuth& auth) const REQUIRES(mutex_);
    wire::CallAuth call_auth(const SecuritySession* session) const REQUIRES(mutex_);
    Status offer(Negotiation& n, const Syntaxes& syntaxes, uint32_t group, ByteView token) EXCLUDES(mutex_);
    Status prove(Negotiation& n, const Syntaxes& syntaxes, uint32_t group) EXCLUDES(mutex_);
    Status send_auth3(const Negotiation& n, ByteView token);
    Status add_verification(const Send& send, const Outgoing& to, OutgoingBody& body) EXCLUDES(mutex_);
    Status frame(const Send& send, const Outgoing& to, OutgoingBody& body, Buffer& out, Vector<size_t>* ends);
    Status read_some(size_t got);
    Status check_peer(const OutgoingBody& body) EXCLUDES(mutex_);
    Status take_answer(const Negotiation& n, Status waited, size_t got);
    // Of a synchronous call's pump.
    struct Patience {
        uint32_t timeout_ms;  // of silence
        uint64_t heard_at;
    };
    void on_broken_wait(OutboundCall& call, const Patience& patience) EXCLUDES(mutex_);
    static uint32_t wait_time(const OutboundCall& call, const Patience& patience);
    void give_up(OutboundCall& call, bool tell) EXCLUDES(mutex_);
    Status await_answer(const Negotiation& n);
    // What comes: client_incoming.cpp, and of a negotiation client_negotiation.cpp.
    Status on_pdu(ByteView raw);
    void answer(Status status) REQUIRES(mutex_);
    Status on_bind_nak(const wire::Pdu& pdu) EXCLUDES(mutex_);
    Status on_bind_ack(const wire::Pdu& pdu) EXCLUDES(mutex_);
    Status on_response(const wire::Pdu& pdu);
    Status on_fault(const wire::Pdu& pdu);
    Status unprotect(const wire::Pdu& received, size_t stub_offset, wire::Pdu& pdu, const SecuritySession*& named) EXCLUDES(mutex_);
    static Status check_named(const SecuritySession* of_call, const SecuritySession* named);
    // Callbacks (client_callback.cpp). Of a synchronous connection's pump, but for refuse_callback.
    struct Callback {
        CallbackRequest request;
        Status refusal = Status::ok;
        bool begun = false;
        bool whole = false;
    };
    Status on_request(const wire::Pdu& pdu) EXCLUDES(mutex_);
    Status take_request(const wire::Pdu& pdu, const wire::Request& request, Status refusal) EXCLUDES(mutex_);
    Status answer_callback(OutboundCall& call) EXCLUDES(mutex_);
    Status send_reply(const OutboundCall& call, OutgoingBody reply) EXCLUDES(mutex_);
    Status refuse_callback(uint32_t call_id, uint16_t p_cont_id, Status why, bool executed);
    Status enlist(OutboundCall& call, const Send& send, Outgoing& to) EXCLUDES(mutex_);
    Ref<OutboundCall> find(uint32_t call_id, SecuritySession*& session) EXCLUDES(mutex_);
    bool delist(OutboundCall& call) EXCLUDES(mutex_);
    void free_place() REQUIRES(mutex_);
    void end_call(OutboundCall& call, Status status);
    void fail_all(Status status);
    void close_if_drained() EXCLUDES(mutex_);
    bool carries(const OutboundCall& call) const REQUIRES(mutex_) { return call.on_.load(std::memory_order_relaxed) == this; }
    void send_bare(wire::PduType type, uint32_t call_id);
    Status post_protected(SecuritySession* session, Buffer pdus, io::WriteWatch* watch = nullptr, bool soon = false);
    bool peer_is_behind() { return unanswered_.fetch_add(1, std::memory_order_relaxed) >= many_unanswered; }
    // The nearest peer shows neither: it knows neither co_cancel, orphaned nor alter_context, and answers 1 for every call_id.
    bool understands_cancel() const REQUIRES(mutex_) { return multiplexes_ || negotiated_features_; }
    bool echoes_call_id() const REQUIRES(mutex_) { return understands_cancel(); }

    const Kind kind_;
    Ref<io::Stream> stream_;           // set by open, then constant
    ConnectionOwner* owner_ = nullptr;  // as stream_; told only while one of its calls is referenced
    wire::PduSplitter splitter_;       // touched by whoever reads: the pumping thread or the sink
    Buffer read_buffer_;               // synchronous only
    uint32_t bind_ms_ = wait_forever;
    uint32_t com_timeout_scale_ = default_com_timeout;  // whoever has the connection to himself
    bool local_only_ = false;
    uint16_t largest_fragment_ = 0;  // what we offer; the peer's answer lowers it for sending: MS-RPCE peers stay at 5,840
    bool secure_ = false;              // as stream_; bound with security: there is no call without a session
    Buffer plain_;                     // whoever reads: the PDU that was decrypted
    Callback callback_;                // synchronous only
    SendOrder sending_;                // of protected requests on a queued stream

    // Asynchronous requests since an answer came last. A peer that has so many before it does not wait for the next.
    static constexpr uint32_t many_unanswered = 8;
    std::atomic<uint32_t> unanswered_{0};

    Mutex mutex_;
    Condition answered_;
    CallTable<OutboundCall, void, &OutboundCall::call_id_, &OutboundCall::chain_> calls_ GUARDED_BY(mutex_);
    Vector<Context> contexts_ GUARDED_BY(mutex_);
    Vector<Login> logins_ GUARDED_BY(mutex_);  // never less: calls point to their sessions
    uint32_t next_session_id_ GUARDED_BY(mutex_) = 1;  // one that came to nothing is not used again: the server may remember it
    size_t places_taken_ GUARDED_BY(mutex_) = 0;
    uint32_t next_call_id_ GUARDED_BY(mutex_) = 1;
    uint32_t looked_at_ GUARDED_BY(mutex_) = 0;  // next_call_id_ when somebody looked last
    uint16_t next_context_id_ GUARDED_BY(mutex_) = 0;
    uint16_t max_xmit_frag_ GUARDED_BY(mutex_) = 0;
    bool alone_ GUARDED_BY(mutex_) = false;  // its one call is to stay that
    bool multiplexes_ GUARDED_BY(mutex_) = false;
    bool negotiated_features_ GUARDED_BY(mutex_) = false;
    bool keeps_on_orphan_ GUARDED_BY(mutex_) = false;
    bool multiplexes_security_ GUARDED_BY(mutex_) = false;
    bool bound_ GUARDED_BY(mutex_) = false;
    bool offered_signing_ GUARDED_BY(mutex_) = false;  // of headers, by the bind, for all that follow
    bool signs_headers_ GUARDED_BY(mutex_) = false;    // and the peer agreed
    bool started_ GUARDED_BY(mutex_) = false;
    bool closed_ GUARDED_BY(mutex_) = false;
    bool draining_ GUARDED_BY(mutex_) = false;  // carries its calls to their end and takes no more

    // The negotiation that is out, one at a time.
    bool negotiating_ GUARDED_BY(mutex_) = false;
    bool answer_here_ GUARDED_BY(mutex_) = false;
    Status answer_ GUARDED_BY(mutex_) = Status::ok;
    Syntaxes offered_ GUARDED_BY(mutex_);
    uint16_t offered_id_ GUARDED_BY(mutex_) = 0;
    uint32_t negotiation_id_ GUARDED_BY(mutex_) = 0;  // its call_id
    uint32_t answered_group_ GUARDED_BY(mutex_) = 0;
    Buffer answered_token_ GUARDED_BY(mutex_);
    Ref<SecuritySession> building_ GUARDED_BY(mutex_);
};

}  // namespace rpc::link
