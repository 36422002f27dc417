#include "link/client_connection.h"

#include "base/error_record.h"
#include "base/log.h"
#include "base/os.h"
#include "link/statistics.h"
#include "wire/fault.h"

namespace rpc::link {
namespace {

constexpr size_t large_read = 0x10000;

// What the calls learn of a connection that failed.
Status final_status(Status why) {
    return why == Status::protocol_error || why == Status::out_of_memory || why == Status::sec_pkg_error ? why : Status::call_failed;
}

}  // namespace

// ---- calls ----

Status ClientConnection::enlist(OutboundCall& call, const Send& send, wire::CallFields& fields, uint16_t& max_frag) {
    count_packets_out(1);
    Guard g(mutex_);
    if (closed_ || draining_) return Status::call_failed_dne;
    const Context* context = nullptr;
    for (const Context& c : contexts_)
        if (c.syntaxes == send.syntaxes) context = &c;
    if (!context) return Status::internal_error;
    fields.p_cont_id = context->p_cont_id;
    fields.opnum = send.opnum;
    fields.flags = send.flags;
    fields.object = send.object;
    fields.call_id = call.call_id_ = next_call_id_++;
    call.p_cont_id_ = context->p_cont_id;
    max_frag = max_xmit_frag_;
    call.sent_ = call.cancel_told_ = call.abandon_wanted_ = false;
    call.on_.store(this, std::memory_order_relaxed);
    call.add_ref();
    calls_.add(&call);
    return Status::ok;
}

Ref<OutboundCall> ClientConnection::find(uint32_t call_id) {
    unanswered_.store(0, std::memory_order_relaxed);
    Guard g(mutex_);
    // The answer of a peer that does not echo belongs to the one call that is out.
    if (!echoes_call_id()) return Ref<OutboundCall>::share(calls_.front());
    return Ref<OutboundCall>::share(calls_.find(call_id));
}

// Takes the call off the list; true for whoever did it. The list's reference goes with it, the caller holds one of its own.
bool ClientConnection::delist(OutboundCall& call) {
    Guard g(mutex_);
    if (!carries(call)) return false;
    call.on_.store(nullptr, std::memory_order_relaxed);
    calls_.remove(&call);
    free_place();
    g.unlock();
    call.release();
    return true;
}

void ClientConnection::end_call(OutboundCall& call, Status status) {
    auto keep = Ref<OutboundCall>::share(&call);
    if (!delist(call)) return;
    call.on_end(status);
    close_if_drained();
    if (kind_ == Kind::async && owner_) owner_->on_place_freed();
}

void ClientConnection::close_if_drained() {
    {
        Guard g(mutex_);
        if (!draining_ || closed_ || !calls_.empty() || places_taken_ != 0) return;
    }
    close();
}

void ClientConnection::fail_all(Status status) {
    for (;;) {
        Guard g(mutex_);
        auto call = Ref<OutboundCall>::share(calls_.front());
        g.unlock();
        if (!call) return;
        end_call(*call, status);
    }
}

// call_failed_dne where the peer has gone, as far as the exchange that follows will not find that out by itself.
Status ClientConnection::check_peer(const OutgoingBody& body) {
    uint16_t max_frag;
    {
        Guard g(mutex_);
        max_frag = max_xmit_frag_;
    }
    if (!session_ && body.fits(max_frag) && stream_->exchange_finds_peer_gone(body.framed_size())) return Status::ok;
    if (stream_->alive()) return Status::ok;
    close();
    return Status::call_failed_dne;
}

// What protection of the stub data alone would leave open to changes on the way is said again behind it.
Status ClientConnection::add_verification(const Send& send, const wire::CallFields& fields, OutgoingBody& body) {
    if (!session_ || session_->level < security::Level::integrity) return Status::ok;
    wire::Verification v;
    {
        Guard g(mutex_);
        for (Context& c : contexts_)
            if (c.p_cont_id == fields.p_cont_id && !c.verified) v.has_context = c.verified = true;
    }
    v.has_header = v.has_bitmask = !session_->sign_header;
    if (!v.has_header && !v.has_context) return Status::ok;
    v.client_signs_headers = session_->offers_header_signing();
    v.abstract_syntax = send.syntaxes.abstract_syntax;
    v.transfer_syntax = send.syntaxes.transfer_syntax;
    v.drep[0] = 0x10;  // as write_header has it
    v.call_id = fields.call_id;
    v.p_cont_id = fields.p_cont_id;
    v.opnum = fields.opnum;
    return body.append(v);
}

// Frames the request; protecting it is up to the caller, in the order of sending.
Status ClientConnection::frame(const Send& send, const wire::CallFields& fields, uint16_t max_frag, OutgoingBody& body, Buffer& out,
                               Vector<size_t>* ends) {
    if (fields.ends) RPC_TRY(add_verification(send, fields, body));
    return frame_call(fields, std::move(body), max_frag, out, ends, session_ ? session_->call_auth() : wire::CallAuth{});
}

Status ClientConnection::perform(OutboundCall& call, const Send& send, OutgoingBody& body) {
    wire::CallFields fields;
    uint16_t max_frag;
    RPC_TRY(check_peer(body));
    RPC_TRY(enlist(call, send, fields, max_frag));
    Buffer out;
    Vector<size_t> ends;
    Vector<ByteView> pdus;
    const uint8_t* const stub = body.data();
    const bool one = !session_ && body.fits(max_frag);  // and nothing to be written down
    Status status = frame(send, fields, max_frag, body, out, one ? nullptr : &ends);
    if (!failed(status) && session_ && failed(status = session_->protect(out.bytes()))) close();
    if (!failed(status) && !one && !pdus.reserve(ends.size())) status = Status::out_of_memory;
    if (failed(status)) {
        delist(call);
        return status;
    }
    for (size_t i = 0, at = 0; i < ends.size(); at = ends[i++])
        if (!pdus.push_back(out.view().subspan(at, ends[i] - at))) __builtin_unreachable();  // reserved
    const ByteView whole = out.view();
    const std::span<const ByteView> parts = one ? std::span(&whole, 1) : std::span<const ByteView>(pdus.data(), pdus.size());
    size_t got = 0;
    io::about_to_wait();
    Patience patience{send.timeout_ms, 0};
    if (patience.timeout_ms != wait_forever) patience.heard_at = os::now_ms();
    if (call.cancel_asked_) stream_->interrupt();  // asked before the call was on the list: it is told behind the request
    status = stream_->exchange(parts, read_buffer_.bytes(), got, patience.timeout_ms);
    if (status == Status::call_failed_dne && body.take_back(out, stub)) {
        close();
        return delist(call) ? status : Status::ok;
    }
    for (;;) {
        if (status == Status::call_cancelled) {
            on_broken_wait(call, patience);
            status = Status::ok;
        } else if (!failed(status)) {
            status = read_some(got);
            if (!failed(status) && callback_.whole) status = answer_callback(call);
            if (patience.timeout_ms != wait_forever) patience.heard_at = os::now_ms();
        }
        if (failed(status)) {
            close();
            fail_all(final_status(status));
            return Status::ok;
        }
        {
            Guard g(mutex_);
            if (!carries(call)) return Status::ok;
        }
        status = stream_->read(read_buffer_.bytes(), got, wait_time(call, patience));
    }
}

// How long the pump may wait for the peer now.
uint32_t ClientConnection::wait_time(const OutboundCall& call, const Patience& patience) {
    uint64_t until = call.give_up_at_;
    if (patience.timeout_ms != wait_forever) until = std::min(until, patience.heard_at + patience.timeout_ms);
    if (until == OutboundCall::never) return wait_forever;
    const uint64_t now = os::now_ms();
    return now < until ? static_cast<uint32_t>(std::min<uint64_t>(until - now, wait_forever - 1)) : 0;
}

// Somebody cancels the call, or its time is over; or it was a cancel of an earlier call that came too late.
void ClientConnection::on_broken_wait(OutboundCall& call, const Patience& patience) {
    const uint64_t now = os::now_ms();
    if (now >= call.give_up_at_) return give_up(call, true);
    if (patience.timeout_ms != wait_forever && now - patience.heard_at >= patience.timeout_ms) {
        note_error(ErrorComponent::runtime, code(Status::call_cancelled), detected::call_timeout, {0u, patience.timeout_ms});
        return give_up(call, false);
    }
    if (!call.cancel_asked_) return;
    uint32_t id;
    {
        Guard g(mutex_);
        if (!carries(call) || !understands_cancel() || call.cancel_told_) return;
        call.cancel_told_ = true;
        id = call.call_id_;
    }
    send_bare(wire::PduType::co_cancel, id);
}

void ClientConnection::give_up(OutboundCall& call, bool tell) {
    if (tell) {
        abandon(call);
    } else {
        delist(call);
        // Its late answer is dropped; where nothing says whose it is, it must not be taken for another's.
        Guard g(mutex_);
        const bool keep = multiplexes_;
        g.unlock();
        if (!keep) close();
    }
    call.on_end(Status::call_cancelled);
}

void ClientConnection::interrupt(OutboundCall& call) {
    {
        Guard g(mutex_);
        if (!carries(call)) return;
    }
    stream_->interrupt();
}

// Takes what a blocking read stored in read_buffer_.
Status ClientConnection::read_some(size_t got) {
    if (got == 0) return Status::call_failed;
    RPC_TRY(splitter_.feed(read_buffer_.view().first(got), [this](ByteView raw) { return on_pdu(raw); }));
    if (got == read_buffer_.size() && got < large_read && !read_buffer_.resize(large_read)) return Status::out_of_memory;
    return Status::ok;
}

bool ClientConnection::reserve(bool alone) {
    Guard g(mutex_);
    if (closed_ || draining_ || ((!multiplexes_ || alone || alone_) && places_taken_ != 0)) return false;
    ++places_taken_;
    alone_ = alone;
    return true;
}

void ClientConnection::free_place() {
    if (places_taken_ != 0) --places_taken_;
    if (places_taken_ == 0) alone_ = false;
}

void ClientConnection::put_back() {
    Guard g(mutex_);
    free_place();
}

void ClientConnection::unreserve() {
    put_back();
    close_if_drained();
    if (owner_) owner_->on_place_freed();
}

Status ClientConnection::start(OutboundCall& call, const Send& send, OutgoingBody& body) {
    wire::CallFields fields;
    uint16_t max_frag;
    Status status = enlist(call, send, fields, max_frag);
    if (failed(status)) {
        unreserve();
        return status;
    }
    fields.ends = !send.more;
    Buffer out;
    status = frame(send, fields, max_frag, body, out, nullptr);
    if (!failed(status)) status = post_protected(std::move(out), nullptr, peer_is_behind());
    if (failed(status)) {
        if (!delist(call)) return Status::ok;  // the connection's end came first, and told the call
        close_if_drained();
        if (owner_) owner_->on_place_freed();
        return status;
    }
    bool cancelled, abandoned;
    {
        Guard g(mutex_);
        call.sent_ = true;
        cancelled = call.cancel_told_;
        abandoned = call.abandon_wanted_;
    }
    if (cancelled && !abandoned) send_bare(wire::PduType::co_cancel, fields.call_id);
    if (abandoned) abandon(call);
    return Status::ok;
}

Status ClientConnection::send_more(OutboundCall& call, const Send& send, OutgoingBody body, bool last, io::WriteWatch* watch) {
    wire::CallFields fields;
    uint16_t max_frag;
    {
        Guard g(mutex_);
        if (!carries(call) || closed_) return Status::call_failed;
        for (const Context& c : contexts_)
            if (c.syntaxes == send.syntaxes) fields.p_cont_id = c.p_cont_id;
        fields.call_id = call.call_id_;
        max_frag = max_xmit_frag_;
    }
    fields.opnum = send.opnum;
    fields.object = send.object;
    fields.begins = false;
    fields.ends = last;
    Buffer out;
    RPC_TRY(frame(send, fields, max_frag, body, out, nullptr));
    return post_protected(std::move(out), watch);
}

Status ClientConnection::post_protected(Buffer pdus, io::WriteWatch* watch, bool soon) {
    const bool protects = session_ && session_->protects();
    if (protects) sending_.enter();
    const Status status = protects ? session_->protect(pdus.bytes()) : Status::ok;
    if (!failed(status) && soon)
        stream_->post_soon(std::move(pdus));
    else if (!failed(status))
        stream_->post(std::move(pdus), watch);
    if (!protects) return Status::ok;
    sending_.leave();
    if (failed(status)) close();  // the numbers of what follows would not be the server's
    return status;
}

void ClientConnection::send_bare(wire::PduType type, uint32_t call_id) {
    Buffer pdu;
    if (failed(wire::build_bare(pdu, type, call_id))) return close();  // without memory the peer learns it that way
    if (kind_ == Kind::async) return stream_->post(std::move(pdu));
    ByteView part = pdu.view();
    if (failed(stream_->write({&part, 1}))) close();
}

void ClientConnection::cancel(OutboundCall& call) {
    Guard g(mutex_);
    if (!carries(call) || !started_ || !understands_cancel() || call.cancel_told_) return;
    call.cancel_told_ = true;
    if (!call.sent_) return;
    uint32_t id = call.call_id_;
    g.unlock();
    send_bare(wire::PduType::co_cancel, id);
}

void ClientConnection::abandon(OutboundCall& call) {
    auto keep = Ref<OutboundCall>::share(&call);
    uint32_t id;
    bool tell, orphan, end;
    {
        Guard g(mutex_);
        if (!carries(call)) return;
        if (started_ && !call.sent_) {
            call.abandon_wanted_ = true;
            return;
        }
        id = call.call_id_;
        tell = (started_ || kind_ == Kind::sync) && understands_cancel();
        bool alone = calls_.count() == 1;
        // Without the agreement to keep it, orphaned ends the connection: other calls on it go first.
        orphan = tell && (keeps_on_orphan_ || alone);
        end = !tell || (!keeps_on_orphan_ && alone) || alone_;  // where one may be stopped, nobody else shall wait for it
        if (!keeps_on_orphan_) draining_ = true;
    }
    if (!delist(call)) return;
    if (tell) send_bare(wire::PduType::co_cancel, id);
    if (orphan) send_bare(wire::PduType::orphaned, id);
    if (end) close();
    close_if_drained();
    if (kind_ == Kind::async && owner_) owner_->on_place_freed();
}

// ---- what the peer sends ----

Status ClientConnection::on_pdu(ByteView raw) {
    count_packet_in();
    wire::Pdu pdu;
    if (wire::parse_pdu(raw, pdu) != wire::Parsed::ok) return Status::protocol_error;
    switch (pdu.header.type) {
    case wire::PduType::response:
        return callback_.begun ? Status::protocol_error : on_response(pdu);
    case wire::PduType::fault:
        return callback_.begun ? Status::protocol_error : on_fault(pdu);
    case wire::PduType::request:
        return on_request(pdu);
    case wire::PduType::bind_ack:
    case wire::PduType::alter_context_resp:
        return on_bind_ack(pdu);
    case wire::PduType::bind_nak:
        return on_bind_nak(pdu);
    case wire::PduType::shutdown: {
        {
            Guard g(mutex_);
            draining_ = true;
        }
        close_if_drained();
        return Status::ok;
    }
    default:
        RPC_LOG(warn, "client got a %s PDU", wire::name(pdu.header.type));
        return Status::protocol_error;
    }
}

Status ClientConnection::on_response(const wire::Pdu& received) {
    wire::Response response;
    if (wire::parse_response(received, response) != wire::Parsed::ok) return Status::protocol_error;
    wire::Pdu pdu = received;
    if (session_ && session_->protects()) {
        Status status = session_->unprotect(received, response.stub_offset, plain_, pdu);
        if (status == Status::access_denied) return Status::sec_pkg_error;
        RPC_TRY(status);
        if (wire::parse_response(pdu, response) != wire::Parsed::ok) return Status::protocol_error;
    }
    Ref<OutboundCall> call = find(pdu.header.call_id);
    if (!call) {  // the late answer of an abandoned call, unless nothing says whose it is
        {
            Guard g(mutex_);
            if (!echoes_call_id()) draining_ = true;
        }
        close_if_drained();
        return Status::ok;
    }
    Status status = call->on_stub_data(response.stub, response.alloc_hint, pdu.header.data_representation());
    bool last = pdu.header.has(wire::pfc::last_frag);
    if (!failed(status) && !last) return Status::ok;
    end_call(*call, status);
    // What is still to come of a call that we could not take would be taken for another's.
    Guard g(mutex_);
    return failed(status) && !last && !echoes_call_id() ? Status::call_failed : Status::ok;
}

Status ClientConnection::on_fault(const wire::Pdu& pdu) {
    wire::Fault fault;
    if (wire::parse_fault(pdu, fault) != wire::Parsed::ok) return Status::protocol_error;
    const Status status = wire::status_from_fault(fault.status);
    {
        Guard g(mutex_);
        if (negotiating_ && !answer_here_ &&
            (pdu.header.call_id == negotiation_id_ || (!echoes_call_id() && calls_.empty()))) {
            answer(status);  // to a bind or alter_context
            return Status::ok;
        }
        // The nearest peer's server may send a response behind its fault, which the next call would take for its own. A protected
        // fault has a number that nobody counted.
        if (!echoes_call_id() || (pdu.has_auth && session_ && session_->protects())) draining_ = true;
    }
    if (auto call = find(pdu.header.call_id)) {
        call->on_fault(fault.status, fault.eeinfo);
        end_call(*call, status);
    }
    close_if_drained();
    return Status::ok;
}

void ClientConnection::on_data(ByteView bytes, io::WorkList&) {
    Status status = splitter_.feed(bytes, [this](ByteView raw) { return on_pdu(raw); });
    if (!failed(status)) return;
    RPC_LOG(warn, "client connection closed: status %u", code(status));
    close();
    fail_all(final_status(status));
}

void ClientConnection::on_closed(Status, io::WorkList&) {
    {
        Guard g(mutex_);
        closed_ = true;
        answered_.wake_all();
    }
    fail_all(Status::call_failed);
    release();  // the sink's reference: nothing follows
}

void ClientConnection::close() {
    {
        Guard g(mutex_);
        closed_ = true;
        answered_.wake_all();
    }
    if (stream_) stream_->close();
}

bool ClientConnection::quiet_since_last_look() {
    Guard g(mutex_);
    return std::exchange(looked_at_, next_call_id_) == next_call_id_ && places_taken_ == 0;
}

bool ClientConnection::usable() {
    Guard g(mutex_);
    return !closed_ && !draining_;
}

bool ClientConnection::shows_features() {
    Guard g(mutex_);
    return understands_cancel();
}

bool ClientConnection::alive() { return usable() && stream_->alive(); }

bool ClientConnection::gone() {
    {
        Guard g(mutex_);
        if (closed_) return true;
        if (places_taken_ != 0) return false;
    }
    return !stream_->alive();
}

}  // namespace rpc::link
