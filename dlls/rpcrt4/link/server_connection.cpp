#include "link/server_connection.h"

#include "base/log.h"
#include "base/os.h"
#include "link/statistics.h"
#include "wire/error_info.h"
#include "wire/fault.h"

namespace rpc::link {
namespace {

constexpr uint16_t our_max_frag = 0xFFF8;
constexpr size_t max_contexts = 1000;       // a peer chooses how many
constexpr size_t max_active_calls = 65536;  // likewise
constexpr uint32_t turn_patience_ms = 20;
constexpr size_t max_held = 256u << 20;     // stub data of all calls together; one alone may be longer
constexpr size_t max_unsent = 256u << 20;   // answers that the client does not read
constexpr size_t max_hint = 1 << 20;        // of alloc_hint we believe that much,
constexpr size_t hint_factor = 256;         // and that many times what came with it: it shall cost the peer something
constexpr size_t fault_size = 32;           // without extended error information
constexpr size_t bind_nak_room = 1024;      // for that of a client whose fragments may have any size

// Extended error information with this machine's name, as much as there is room for; without memory none.
void put_errors(const ErrorChain& errors, size_t room, Buffer& out) {
    char16_t name[256];
    if (errors.empty()) return;
    const size_t length = os::computer_name(name, std::size(name));
    const ByteView computer(reinterpret_cast<const uint8_t*>(name), length == 0 ? 0 : (length + 1) * sizeof *name);
    if (failed(wire::encode_error_info(errors, computer, room, out))) RPC_LOG(debug, "extended error information was left out");
}

}  // namespace

Status ServerConnection::serve(Ref<io::Stream> stream, const io::Protocol& protocol, std::string_view secondary_address,
                               ServerHost& host, Ref<DisconnectWatch> watch) {
    Str address;
    Ref<ServerConnection> self;
    if (address.assign(secondary_address)) self = make_ref<ServerConnection>(stream, protocol, std::move(address), host);
    if (!self) {
        if (watch) watch->on_disconnect();
        return Status::out_of_memory;
    }
    if (watch) (void)self->add_watch(std::move(watch));  // it has not ended: it has not begun
    self->add_ref();  // the sink's, until on_closed
    Status status = stream->start(*self);
    if (!failed(status)) return status;
    self->tell_watches();
    self->release();
    return status;
}

void ServerConnection::on_data(ByteView bytes, io::WorkList& later) {
    Status status = splitter_.feed(bytes, [&](ByteView raw) { return on_pdu(raw, later); });
    if (!failed(status)) return;
    RPC_LOG(warn, "server connection closed: status %u", code(status));
    stream_->close();
}

void ServerConnection::on_closed(Status, io::WorkList&) {
    {
        Guard g(mutex_);
        closed_ = true;
        turn_.wake_all();
    }
    // Calls that were not complete can never be; the others learn that nobody waits.
    for (;;) {
        Ref<InboundCall> call;
        bool complete;
        {
            Guard g(mutex_);
            call = Ref<InboundCall>::share(calls_.front());
            if (!call) break;
            take_off(*call);
            complete = call->phase_ != InboundCall::Phase::receiving;
        }
        call->release();
        if (complete) call->on_disconnect();
    }
    contexts_.reset();
    tell_watches();
    release();  // the sink's reference: nothing follows
}

void ServerConnection::tell_watches() {
    for (;;) {
        Guard g(mutex_);
        auto watch = Ref<DisconnectWatch>::adopt(watches_.pop_front());
        g.unlock();
        if (!watch) return;
        watch->on_disconnect();
    }
}

bool ServerConnection::add_watch(Ref<DisconnectWatch> watch) {
    Guard g(mutex_);
    if (closed_) return false;
    watches_.push_back(watch.detach());
    return true;
}

bool ServerConnection::remove_watch(const Uuid& id) {
    Guard g(mutex_);
    for (DisconnectWatch* w = watches_.front(); w; w = watches_.next(w)) {
        if (!(w->id == id)) continue;
        watches_.remove(w);
        g.unlock();
        w->release();
        return true;
    }
    return false;
}

bool ServerConnection::closed() {
    Guard g(mutex_);
    return closed_;
}

Status ServerConnection::on_pdu(ByteView raw, io::WorkList& later) {
    count_packet_in();
    wire::Pdu pdu;
    wire::Parsed parsed = wire::parse_pdu(raw, pdu);
    if (parsed != wire::Parsed::ok) {
        RPC_LOG(warn, "bad PDU from a client: %s", wire::name(parsed));
        return Status::protocol_error;
    }
    switch (pdu.header.type) {
    case wire::PduType::bind:
    case wire::PduType::alter_context:
        return on_bind(pdu);
    case wire::PduType::auth3:
        return on_auth3(pdu);
    case wire::PduType::request:
        return on_request(pdu, later);
    case wire::PduType::response:
    case wire::PduType::fault:
        return on_answer(pdu);
    case wire::PduType::co_cancel:
        on_cancel(pdu.header.call_id, false);
        return Status::ok;
    case wire::PduType::orphaned:
        on_cancel(pdu.header.call_id, true);
        return Status::ok;
    default:
        RPC_LOG(warn, "a client sent a %s PDU", wire::name(pdu.header.type));
        return Status::protocol_error;
    }
}

// ---- negotiation ----

Status ServerConnection::refuse_bind(const wire::Pdu& pdu, wire::RejectReason reason, const ErrorChain& errors) {
    Buffer info, out;
    put_errors(errors, bind_nak_room, info);
    RPC_TRY(wire::build_bind_nak(out, pdu.header.call_id, reason, info.view()));
    post(std::move(out));
    return Status::ok;
}

Status ServerConnection::on_bind(const wire::Pdu& pdu) {
    const bool first = pdu.header.type == wire::PduType::bind;
    wire::Bind bind;
    if (wire::parse_bind(pdu, bind) != wire::Parsed::ok || first == bound_) return Status::protocol_error;
    if (first && (bind.max_recv_frag < wire::header_size + 64 || bind.context_count == 0))
        return refuse_bind(pdu, wire::RejectReason::not_specified);
    if (first) signs_headers_ = pdu.header.has(wire::pfc::support_header_sign);
    Ref<SecuritySession> session;
    Buffer token;
    if (pdu.has_auth) {
        Status status = secure(pdu, session, token);
        if (status == Status::protocol_error) return status;
        if (failed(status)) return refuse_security(pdu, status);
    }
    if (first) {
        association_ = ServerAssociation::join(bind.assoc_group_id);
        if (!association_) return refuse_bind(pdu, wire::RejectReason::local_limit_exceeded);
        max_xmit_frag_ = std::min(bind.max_recv_frag, our_max_frag);
        multiplexes_ = pdu.header.has(wire::pfc::conc_mpx);
        bound_ = true;
    }
    return acknowledge(pdu, bind, session.get(), token.view());
}

Status ServerConnection::acknowledge(const wire::Pdu& pdu, wire::Bind& bind, const SecuritySession* session, ByteView token) {
    const bool first = pdu.header.type == wire::PduType::bind;
    Vector<wire::ContextResult> results;
    RPC_TRY(answer_offers(bind, results));
    wire::BindFields fields;
    fields.call_id = pdu.header.call_id;
    fields.flags = multiplexes_ ? wire::pfc::conc_mpx : 0;
    if (session && session->sign_header) fields.flags |= wire::pfc::support_header_sign;
    fields.max_xmit_frag = max_xmit_frag_;
    fields.max_recv_frag = our_max_frag < bind.max_xmit_frag ? our_max_frag : bind.max_xmit_frag;
    fields.assoc_group_id = association_->group();
    std::string_view address = first ? secondary_address_.view() : std::string_view{};
    Buffer out;
    RPC_TRY(wire::build_bind_ack(out, first ? wire::PduType::bind_ack : wire::PduType::alter_context_resp, fields,
                                 {reinterpret_cast<const uint8_t*>(address.data()), address.size()},
                                 {results.data(), results.size()}));
    if (!token.empty()) RPC_TRY(wire::append_auth(out, 0, session->fields(), token));
    post(std::move(out));
    return Status::ok;
}

Status ServerConnection::answer_offers(wire::Bind& bind, Vector<wire::ContextResult>& results) {
    if (!results.reserve(bind.context_count)) return Status::out_of_memory;
    wire::ContextElement element;
    while (bind.contexts.next(element)) {
        wire::ContextResult result;
        uint8_t features;
        if (element.transfer_count == 1 && wire::is_feature_syntax(element.transfer(0), features)) {
            result.result = wire::BindResult::negotiate_ack;
            result.reason = features & (wire::feature::keep_connection_on_orphan | wire::feature::security_context_multiplexing);
            multiplexes_security_ = (features & wire::feature::security_context_multiplexing) != 0;
        } else {
            RPC_TRY(accept(element, result));
        }
        if (!results.push_back(result)) return Status::out_of_memory;
    }
    return Status::ok;
}

// At most one transfer syntax of the element is accepted, the first that fits ([MS-RPCE] 3.3.1.5.6).
Status ServerConnection::accept(const wire::ContextElement& element, wire::ContextResult& result) {
    auto why = wire::ProviderReason::proposed_transfer_syntaxes_not_supported;
    for (size_t i = 0; i < element.transfer_count; ++i) {
        wire::SyntaxId transfer = element.transfer(i);
        Ref<ServerInterface> iface = host_.find_interface(element.abstract_syntax, transfer, why);
        if (!iface) continue;
        Context* context = nullptr;
        for (Context& c : contexts_)
            if (c.p_cont_id == element.p_cont_id) context = &c;
        if (context) {
            *context = {element.p_cont_id, element.abstract_syntax, transfer, std::move(iface)};
        } else {
            if (contexts_.size() >= max_contexts) {
                why = wire::ProviderReason::local_limit_exceeded;
                break;
            }
            if (!contexts_.push_back({element.p_cont_id, element.abstract_syntax, transfer, std::move(iface)}))
                return Status::out_of_memory;
        }
        result.result = wire::BindResult::acceptance;
        result.transfer_syntax = transfer;
        return Status::ok;
    }
    result.result = wire::BindResult::provider_rejection;
    result.reason = static_cast<uint16_t>(why);
    return Status::ok;
}

// ---- requests ----

Ref<InboundCall> ServerConnection::find(uint32_t call_id) { return Ref<InboundCall>::share(calls_.find(call_id)); }

Status ServerConnection::begin_call(const wire::Pdu& pdu, const wire::Request& request, Ref<SecuritySession> session,
                                    Ref<InboundCall>& call) {
    const Context* context = nullptr;
    for (const Context& c : contexts_)
        if (c.p_cont_id == request.p_cont_id) context = &c;
    if (!context)
        return send_fault(pdu.header.call_id, request.p_cont_id, 0, wire::fault_from_status(Status::unknown_if), true);
    Guard g(mutex_);
    if (auto other = find(pdu.header.call_id); other && !other->reply_) return Status::protocol_error;  // two calls of one id, not nested
    if (calls_.count() >= max_active_calls) {
        g.unlock();
        return send_fault(pdu.header.call_id, request.p_cont_id, 0, wire::fault_from_status(Status::server_too_busy), true);
    }
    call = host_.make_call();
    if (!call) {
        g.unlock();
        return send_fault(pdu.header.call_id, request.p_cont_id, 0, wire::fault_from_status(Status::out_of_memory), true);
    }
    call->call_id_ = pdu.header.call_id;
    call->p_cont_id_ = request.p_cont_id;
    call->opnum = request.opnum;
    call->has_object = request.has_object;
    call->object = request.object;
    call->transfer_syntax = context->transfer_syntax;
    call->data_representation = pdu.header.data_representation();
    call->maybe = pdu.header.has(wire::pfc::maybe);
    call->iface = context->iface;
    call->connection = Ref<ServerConnection>::share(this);
    call->security = std::move(session);
    call->abstract_syntax_ = context->abstract_syntax;
    call->add_ref();
    calls_.add(call.get());
    return Status::ok;
}

Status ServerConnection::on_request(const wire::Pdu& received, io::WorkList& later) {
    wire::Request request;
    if (wire::parse_request(received, request) != wire::Parsed::ok) return Status::protocol_error;
    wire::Pdu pdu = received;
    Ref<SecuritySession> session;
    Status status = unprotect(received, pdu, request, session);
    if (status == Status::protocol_error) return status;
    Ref<InboundCall> call;
    if (pdu.header.has(wire::pfc::first_frag)) {
        if (failed(status))
            return send_fault(pdu.header.call_id, request.p_cont_id, 0, wire::fault_from_status(status), true);
        RPC_TRY(begin_call(pdu, request, std::move(session), call));
        if (!call) return Status::ok;  // refused; what follows of it finds no call
    } else {
        Guard g(mutex_);
        call = find(pdu.header.call_id);
        if (!call) return Status::ok;
        if (call->whole_) return Status::protocol_error;
        if (!failed(status) && !(call->security == session)) status = Status::access_denied;
    }
    bool last = pdu.header.has(wire::pfc::last_frag);
    call->whole_ = last;
    if (call->streamed_) return go_on(*call, request, last, status);
    if (!failed(status)) status = store(*call, request, last);
    if (!failed(status) && last) status = check_verification(*call);
    if (failed(status)) return fault(*call, wire::fault_from_status(status), true);
    if (pdu.header.has(wire::pfc::pending_cancel)) on_cancel(pdu.header.call_id, false);
    if (!last && pdu.header.has(wire::pfc::first_frag) && call->iface->streams(call->opnum)) {
        if (failed(status = call->begin_stream())) return fault(*call, wire::fault_from_status(status), true);
        call->streamed_ = true;
    }
    if (last || call->streamed_) queue(std::move(call), later);
    return Status::ok;
}

// More of a request whose manager may be running: what is wrong with it shows where it is read.
Status ServerConnection::go_on(InboundCall& call, const wire::Request& request, bool last, Status status) {
    ByteView more = request.stub;
    if (!failed(status) && last) status = check_verification(call, more);
    if (failed(status)) call.whole_ = true;
    call.on_more(failed(status) ? ByteView{} : more, failed(status) ? status : last ? Status::ok : Status::call_pending);
    return Status::ok;
}

Status ServerConnection::store(InboundCall& call, const wire::Request& request, bool last) {
    const size_t more = request.stub.size();
    if (more > UINT32_MAX - call.stub.size()) return Status::out_of_memory;
    if (!protocol_.local_only && call.stub.size() + more > call.iface->max_request) return Status::access_denied;
    {
        Guard g(mutex_);
        if (held_ + more > max_held && calls_.count() > 1) return Status::server_too_busy;
        held_ += more;
        call.held_ += more;
    }
    if (call.stub.empty() && !last &&
        !call.stub.reserve(std::min({size_t{request.alloc_hint}, max_hint, more * hint_factor})))
        return Status::out_of_memory;
    return call.stub.reserve_brief(call.stub.size() + more) && call.stub.append(request.stub) ? Status::ok : Status::out_of_memory;
}

void ServerConnection::on_cancel(uint32_t call_id, bool orphaned) {
    Ref<InboundCall> call;
    {
        Guard g(mutex_);
        call = find(call_id);
        if (!call) return;  // late, or never ours: both are nothing
        if (call->cancels_ != UINT8_MAX && !orphaned) ++call->cancels_;
        if (orphaned) {
            call->orphaned_ = true;
            end_callback(*call, Status::call_failed);
        }
    }
    call->on_cancel();
}

// ---- dispatch order ----

void ServerConnection::queue(Ref<InboundCall> call, io::WorkList& later) {
    Guard g(mutex_);
    call->phase_ = InboundCall::Phase::queued;
    if (waiting_) return ready_.push_back(call.detach());
    (current_ ? waiting_ : current_) = call.get();
    later.push_back(call.detach());
}

void ServerConnection::await_turn(InboundCall& call) {
    Guard g(mutex_);
    uint32_t waits = 0;
    while (current_ && current_ != &call && !closed_ && waits++ == 0)
        if (turn_.wait(mutex_, turn_patience_ms)) waits = 0;
    call.phase_ = InboundCall::Phase::dispatched;
    if (current_ == &call) return;
    current_ = &call;
    waiting_ = nullptr;
    io::Work* next = ready_.pop_front();
    if (!next) return;
    waiting_ = static_cast<InboundCall*>(next);
    g.unlock();
    io::submit(*next);
}

void ServerConnection::let_next_start(InboundCall& call) {
    Guard g(mutex_);
    if (current_ != &call) return;
    current_ = nullptr;
    turn_.wake_all();
}

// ---- answers ----

void ServerConnection::post(Buffer answer, io::WriteWatch* watch) {
    count_packets_out(1);
    if (stream_->unsent() > max_unsent) {
        RPC_LOG(warn, "a client does not read its answers");
        stream_->close();
    }
    stream_->post(std::move(answer), watch);
}

void ServerConnection::take_off(InboundCall& call) {
    calls_.remove(&call);
    end_callback(call, Status::call_failed);
    held_ -= call.held_;
    call.held_ = 0;
}

bool ServerConnection::finish(InboundCall& call) {
    Guard g(mutex_);
    ListLink<ActiveCalls>* link = &call;
    if (!link->linked()) return false;
    take_off(call);
    bool wanted = !closed_ && !call.orphaned_ && !call.maybe;
    g.unlock();
    call.release();
    return wanted;
}

Status ServerConnection::send_response(InboundCall& call, OutgoingBody body, bool ends, io::WriteWatch* watch) {
    wire::CallFields fields;
    fields.type = wire::PduType::response;
    fields.call_id = call.call_id_;
    fields.p_cont_id = call.p_cont_id_;
    fields.cancel_count = call.cancels_;
    fields.begins = !std::exchange(call.reply_begun_, true);
    fields.ends = ends;
    SecuritySession* session = call.security.get();
    Buffer out;
    Status status = frame_call(fields, std::move(body), max_xmit_frag_, out, nullptr,
                               session ? session->call_auth() : wire::CallAuth{});
    if (!failed(status)) status = protect_and_post(session, std::move(out), watch);
    if (failed(status)) stream_->close();
    return status;
}

Status ServerConnection::respond(InboundCall& call, OutgoingBody body) {
    auto keep = Ref<InboundCall>::share(&call);
    return finish(call) ? send_response(call, std::move(body), true, nullptr) : Status::ok;
}

Status ServerConnection::send_piece(InboundCall& call, OutgoingBody piece, io::WriteWatch* watch) {
    {
        Guard g(mutex_);
        ListLink<ActiveCalls>* link = &call;
        if (!link->linked() || closed_ || call.orphaned_) return Status::call_failed;
    }
    return send_response(call, std::move(piece), false, watch);
}

Status ServerConnection::fault(InboundCall& call, uint32_t wire_status, bool did_not_execute, const ErrorChain& errors) {
    auto keep = Ref<InboundCall>::share(&call);
    if (!finish(call)) return Status::ok;
    return send_fault(call.call_id_, call.p_cont_id_, call.cancels_, wire_status, did_not_execute, errors);
}

Status ServerConnection::send_fault(uint32_t call_id, uint16_t p_cont_id, uint8_t cancels, uint32_t wire_status,
                                    bool did_not_execute, const ErrorChain& errors) {
    wire::FaultFields fields;
    fields.call_id = call_id;
    fields.p_cont_id = p_cont_id;
    fields.cancel_count = cancels;
    fields.flags = did_not_execute ? wire::pfc::did_not_execute : 0;
    fields.status = wire_status;
    Buffer info, out;
    put_errors(errors, max_xmit_frag_ - fault_size, info);
    fields.eeinfo = info.view();
    Status status = wire::build_fault(out, fields);
    if (failed(status)) {
        stream_->close();  // [MS-RPCE] 3.3.3.5.1: without a fault, the connection ends
        return status;
    }
    post(std::move(out));
    return Status::ok;
}

}  // namespace rpc::link
