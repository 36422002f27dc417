#pragma once
// One connection of a server: negotiates, puts requests together, hands them on in order, frames answers. Sources: C706
// chapter 9.3 (server machines), [MS-RPCE] 3.3.3.
#include "base/error_record.h"
#include "base/list.h"
#include "base/mutex.h"
#include "io/protocols.h"
#include "link/call_table.h"
#include "link/framing.h"
#include "link/security_session.h"
#include "link/server_association.h"
#include "wire/bind.h"
#include "wire/pdu_splitter.h"

namespace rpc::link {

class ServerConnection;

// What a presentation context leads to; the runtime knows more.
class ServerInterface : public RefCounted<ServerInterface> {
public:
    virtual ~ServerInterface() = default;
    // Whether calls of that procedure are dispatched with their first fragment, and take the others while they run.
    virtual bool streams(uint16_t opnum) const {
        (void)opnum;
        return false;
    }
    uint32_t max_request = UINT32_MAX;  // bytes of stub data that one request from another machine may have
};

// What a client answered to a callback.
struct CallbackReply {
    Status status = Status::ok;
    Buffer stub;
    uint32_t data_representation = 0;
};

struct ActiveCalls;  // the tag of the connection's list

// A request on its way through the server. Referenced by the connection while it is active, by the pool while it is queued,
// and by whoever will answer it.
class InboundCall : public RefCounted<InboundCall>, public ListLink<ActiveCalls>, public io::Work, public Brief {
public:
    virtual ~InboundCall() = default;
    // What the client sent; constant from the dispatch on.
    uint16_t opnum = 0;
    bool has_object = false;
    Uuid object;
    wire::SyntaxId transfer_syntax;
    uint32_t data_representation = 0;
    bool maybe = false;  // no answer wanted
    Buffer stub;  // all of it, or, where the interface streams it, the first fragment's
    Ref<ServerInterface> iface;
    Ref<ServerConnection> connection;
    Ref<SecuritySession> security;  // the client's proven identity; null: it gave none

    // It was dispatched before all of it was here.
    bool streamed() const { return streamed_; }

    // The client asks for the call to end. At any time after the first fragment; unlocked.
    virtual void on_cancel() = 0;
    // The client is gone: nobody will read an answer. Unlocked.
    virtual void on_disconnect() = 0;
    // It is going to be dispatched before all of it is here. On the connection's thread, as on_more.
    virtual Status begin_stream() { return Status::cannot_support; }
    // The next stub data. `end`: call_pending, more comes; ok, these were the last; else nothing more comes, and why. Unlocked.
    virtual void on_more(ByteView more, Status end) { (void)more, (void)end; }

private:
    friend class ServerConnection;
    uint32_t call_id_ = 0;
    InboundCall* chain_ = nullptr;
    uint16_t p_cont_id_ = 0;
    wire::SyntaxId abstract_syntax_;  // as the client named it
    enum class Phase : uint8_t { receiving, queued, dispatched } phase_ = Phase::receiving;
    bool orphaned_ = false;
    bool streamed_ = false;      // constant from the dispatch on
    bool whole_ = false;         // the sink's thread only
    bool reply_begun_ = false;
    uint8_t cancels_ = 0;
    size_t held_ = 0;  // its part of the connection's
    CallbackReply* reply_ = nullptr;  // of the callback that is out, on its thread's stack; guarded by the connection's mutex
};

// The runtime, as connections see it. Any thread, unlocked.
class ServerHost {
public:
    // Whether this server offers the interface with that transfer syntax; if not, `why`.
    virtual Ref<ServerInterface> find_interface(const wire::SyntaxId& abstract_syntax, const wire::SyntaxId& transfer_syntax,
                                                wire::ProviderReason& why) = 0;
    // An empty call; null when memory is out.
    virtual Ref<InboundCall> make_call() = 0;
    // The server's half of a new security context; unknown_authn_service when the server has not registered for that service.
    virtual Status accept_security(uint8_t service, security::Level level, Ref<security::Context>& context) {
        (void)service, (void)level, (void)context;
        return Status::unknown_authn_service;
    }

protected:
    ~ServerHost() = default;
};

// Hears of the end of a connection. The connection holds it until then, or until it is taken back.
class DisconnectWatch : public RefCounted<DisconnectWatch>, public ListLink<> {
public:
    virtual ~DisconnectWatch() = default;
    // The client is gone. Once, unlocked.
    virtual void on_disconnect() = 0;
    Uuid id;  // tells the watches of one connection apart
};

class ServerConnection final : public RefCounted<ServerConnection>, public io::StreamSink {
public:
    // Takes a stream that was just accepted; lives until the stream's end. `secondary_address` is the endpoint, for bind_ack.
    // `host` must live as long; `watch`, if there is one, hears of the end in any case, and may be what keeps it.
    static Status serve(Ref<io::Stream> stream, const io::Protocol& protocol, std::string_view secondary_address,
                        ServerHost& host, Ref<DisconnectWatch> watch = nullptr);

    // The call's manager is about to start: waits until the one before it has let the next start (or a moment has passed: a manager
    // that blocks must not stop the others), so that calls of one connection start in the order of their requests.
    void await_turn(InboundCall& call) EXCLUDES(mutex_);
    // Lets the next one start. When the manager routine returned; before a synchronous one starts, as it may block. Idempotent.
    void let_next_start(InboundCall& call) EXCLUDES(mutex_);

    // Answers the call and takes it off the connection; a second answer is dropped. What nobody waits for (maybe, orphaned,
    // closed) is not sent. When the answer cannot be framed the connection is closed, and the status says why.
    Status respond(InboundCall& call, OutgoingBody body) EXCLUDES(mutex_);
    // Sends the next stub data of the answer, whose size is a multiple of 8, of a known client 16; respond() or fault() ends it. One caller at a time. ok: `watch`
    // will hear when they have left. call_failed: nobody waits for them.
    Status send_piece(InboundCall& call, OutgoingBody piece, io::WriteWatch* watch) EXCLUDES(mutex_);
    // `wire_status` from wire::fault_from_status. Of `errors`, if there are any, goes what the fault's one fragment holds.
    Status fault(InboundCall& call, uint32_t wire_status, bool did_not_execute, const ErrorChain& errors = {}) EXCLUDES(mutex_);

    // Calls the client back while it waits for this call ([MS-RPCE] 3.3.1.5.9), and waits for its answer, one at a time. A failure: the
    // client's fault; call_in_progress; cannot_support where the client does not wait (maybe, a request or reply in pieces);
    // call_failed, also where the client does not know callbacks and closes the connection.
    Status call_back(InboundCall& call, uint16_t opnum, OutgoingBody body, CallbackReply& reply) EXCLUDES(mutex_);

    bool closed() EXCLUDES(mutex_);
    // False: the connection has ended already, and the watch is not kept.
    [[nodiscard]] bool add_watch(Ref<DisconnectWatch> watch) EXCLUDES(mutex_);
    // False: there is none of that id any more.
    [[nodiscard]] bool remove_watch(const Uuid& id) EXCLUDES(mutex_);
    void close() { stream_->close(); }
    ServerAssociation* association() const { return association_.get(); }
    io::Stream& stream() const { return *stream_; }

    // io::StreamSink
    void on_data(ByteView bytes, io::WorkList& later) override EXCLUDES(mutex_);
    void on_closed(Status why, io::WorkList& later) override EXCLUDES(mutex_);

    const io::Protocol& protocol() const { return protocol_; }

    ServerConnection(Ref<io::Stream> stream, const io::Protocol& protocol, Str secondary_address, ServerHost& host)
        : stream_(std::move(stream)), protocol_(protocol), secondary_address_(std::move(secondary_address)), host_(host) {}

private:
    struct Context {
        uint16_t p_cont_id;
        wire::SyntaxId abstract_syntax;  // as the client named it
        wire::SyntaxId transfer_syntax;
        Ref<ServerInterface> iface;
    };
    void tell_watches() EXCLUDES(mutex_);
    Status on_pdu(ByteView raw, io::WorkList& later);
    Status on_bind(const wire::Pdu& pdu);
    Status answer_offers(wire::Bind& bind, Vector<wire::ContextResult>& results);
    Status accept(const wire::ContextElement& element, wire::ContextResult& result);
    Status refuse_bind(const wire::Pdu& pdu, wire::RejectReason reason, const ErrorChain& errors = {});
    Status acknowledge(const wire::Pdu& pdu, wire::Bind& bind, const SecuritySession* session, ByteView token);
    // Security (server_security.cpp).
    Status on_auth3(const wire::Pdu& pdu);
    Status secure(const wire::Pdu& pdu, Ref<SecuritySession>& session, Buffer& token);
    Status begin_session(const wire::Pdu& pdu, Ref<SecuritySession>& session);
    Status refuse_security(const wire::Pdu& pdu, Status why);
    SecuritySession* session(uint32_t id);
    Status unprotect(const wire::Pdu& received, wire::Pdu& pdu, wire::Request& request, Ref<SecuritySession>& session);
    Status check_verification(InboundCall& call);
    Status check_verification(InboundCall& call, ByteView& stub);
    Status protect_and_post(SecuritySession* session, Buffer pdus, io::WriteWatch* watch = nullptr);
    Status on_request(const wire::Pdu& pdu, io::WorkList& later);
    Status store(InboundCall& call, const wire::Request& request, bool last) EXCLUDES(mutex_);
    Status go_on(InboundCall& call, const wire::Request& request, bool last, Status status);
    Status begin_call(const wire::Pdu& pdu, const wire::Request& request, Ref<SecuritySession> session, Ref<InboundCall>& call);
    // Callbacks (server_callback.cpp).
    Status begin_callback(InboundCall& call, CallbackReply& reply) EXCLUDES(mutex_);
    Status send_request(InboundCall& call, uint16_t opnum, OutgoingBody body);
    Status on_answer(const wire::Pdu& pdu) EXCLUDES(mutex_);
    Status read_answer(InboundCall& call, const wire::Pdu& received, Status& outcome) EXCLUDES(mutex_);
    Status keep_answer(InboundCall& call, ByteView stub, uint32_t data_representation) EXCLUDES(mutex_);
    void end_callback(InboundCall& call, Status status) REQUIRES(mutex_);
    void queue(Ref<InboundCall> call, io::WorkList& later) EXCLUDES(mutex_);
    void on_cancel(uint32_t call_id, bool orphaned) EXCLUDES(mutex_);
    Ref<InboundCall> find(uint32_t call_id) REQUIRES(mutex_);
    void take_off(InboundCall& call) REQUIRES(mutex_);
    // Whether an answer is wanted, taking the call off.
    bool finish(InboundCall& call) EXCLUDES(mutex_);
    // Posts an answer, or closes the connection to a client that asks and asks and does not read.
    void post(Buffer answer, io::WriteWatch* watch = nullptr);
    Status send_response(InboundCall& call, OutgoingBody body, bool ends, io::WriteWatch* watch);
    Status send_fault(uint32_t call_id, uint16_t p_cont_id, uint8_t cancels, uint32_t wire_status, bool did_not_execute,
                      const ErrorChain& errors = {});

    const Ref<io::Stream> stream_;
    const io::Protocol& protocol_;
    const Str secondary_address_;
    ServerHost& host_;
    wire::PduSplitter splitter_;         // the sink's thread only, as the next nine
    Vector<Ref<SecuritySession>> sessions_;
    Buffer plain_;                       // the request that was decrypted
    bool signs_headers_ = false;         // the client's bind said so
    bool multiplexes_security_ = false;
    Ref<ServerAssociation> association_;
    Vector<Context> contexts_;
    uint16_t max_xmit_frag_ = 0;  // constant once calls come
    bool bound_ = false;
    bool multiplexes_ = false;

    SendOrder sending_;  // of protected responses

    Mutex mutex_;
    Condition turn_;
    Condition answered_;  // of callbacks
    CallTable<InboundCall, ActiveCalls, &InboundCall::call_id_, &InboundCall::chain_> calls_ GUARDED_BY(mutex_);
    size_t held_ GUARDED_BY(mutex_) = 0;  // bytes of stub data of all requests that have no answer yet
    // Dispatch order: the one whose manager runs and has not let go, the one that the pool has and that waits for it, the rest.
    InboundCall* current_ GUARDED_BY(mutex_) = nullptr;
    InboundCall* waiting_ GUARDED_BY(mutex_) = nullptr;
    io::WorkList ready_ GUARDED_BY(mutex_);
    List<DisconnectWatch> watches_ GUARDED_BY(mutex_);
    bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace rpc::link
