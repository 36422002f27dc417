#include "link/client_connection.h"

#include <algorithm>

#include "base/error_record.h"
#include "base/log.h"
#include "base/os.h"
#include "link/statistics.h"

namespace rpc::link {
namespace {

constexpr size_t large_read = 0x10000;

// What the calls learn of a connection that failed.
Status final_status(Status why) {
    return why == Status::protocol_error || why == Status::out_of_memory || why == Status::sec_pkg_error ? why : Status::call_failed;
}

}  // namespace

// ---- calls ----

Status ClientConnection::enlist(OutboundCall& call, const Send& send, Outgoing& to) {
    count_packets_out(1);
    Guard g(mutex_);
    if (closed_ || draining_) return Status::call_failed_dne;
    const Context* context = find_context(send.syntaxes);
    const Login* login = find_login(send.auth);
    if (!context || secure_ != (login != nullptr) || secure_ != (send.auth != nullptr)) return Status::internal_error;
    wire::CallFields& fields = to.fields;
    fields.p_cont_id = context->p_cont_id;
    fields.opnum = send.opnum;
    fields.flags = send.flags;
    fields.object = send.object;
    fields.call_id = call.call_id_ = next_call_id_++;
    call.p_cont_id_ = context->p_cont_id;
    to.max_frag = max_xmit_frag_;
    to.session = call.session_ = login ? login->session.get() : nullptr;
    to.auth = call_auth(to.session);
    call.sent_ = call.cancel_told_ = call.abandon_wanted_ = false;
    call.on_.store(this, std::memory_order_relaxed);
    call.add_ref();
    calls_.add(&call);
    return Status::ok;
}

Ref<OutboundCall> ClientConnection::find(uint32_t call_id, SecuritySession*& session) {
    unanswered_.store(0, std::memory_order_relaxed);
    Guard g(mutex_);
    // The answer of a peer that does not echo belongs to the one call that is out.
    auto call = Ref<OutboundCall>::share(echoes_call_id() ? calls_.find(call_id) : calls_.front());
    session = call ? call->session_ : nullptr;
    return call;
}

const ClientConnection::Context* ClientConnection::find_context(const Syntaxes& syntaxes) const {
    for (const Context& c : contexts_)
        if (c.syntaxes == syntaxes) return &c;
    return nullptr;
}

const ClientConnection::Login* ClientConnection::find_login(const security::ClientAuth* auth) const {
    for (const Login& l : logins_)
        if (auth && security::same_auth(l.auth.get(), auth)) return &l;
    return nullptr;
}

SecuritySession* ClientConnection::find_session(uint32_t id) const {
    for (const Login& l : logins_)
        if (l.session->id == id) return l.session.get();
    return nullptr;
}

// At connect level a request says whose it is where that is not plain ([MS-RPCE] 3.3.1.5.4).
wire::CallAuth ClientConnection::call_auth(const SecuritySession* session) const {
    if (!session) return {};
    return session->protects() || logins_.size() == 1 ? session->call_auth() : session->name_alone();
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
    if (!secure_ && body.fits(max_frag) && stream_->exchange_finds_peer_gone(body.framed_size())) return Status::ok;
    if (stream_->alive()) return Status::ok;
    close();
    return Status::call_failed_dne;
}

// What protection of the stub data alone would leave open to changes on the way is said again behind it.
Status ClientConnection::add_verification(const Send& send, const Outgoing& to, OutgoingBody& body) {
    if (!to.session || to.session->level < security::Level::integrity) return Status::ok;
    const uint16_t p_cont_id = to.fields.p_cont_id;
    wire::Verification v;
    {
        Guard g(mutex_);
        for (Login& l : logins_) {
            if (l.session.get() != to.session || std::find(l.verified.begin(), l.verified.end(), p_cont_id) != l.verified.end()) continue;
            v.has_context = true;
            (void)l.verified.push_back(p_cont_id);  // without memory it is said once more
        }
    }
    v.has_header = v.has_bitmask = !to.session->sign_header;
    if (!v.has_header && !v.has_context) return Status::ok;
    v.client_signs_headers = to.session->offers_header_signing();
    v.abstract_syntax = send.syntaxes.abstract_syntax;
    v.transfer_syntax = send.syntaxes.transfer_syntax;
    v.drep[0] = 0x10;  // as write_header has it
    v.call_id = to.fields.call_id;
    v.p_cont_id = p_cont_id;
    v.opnum = to.fields.opnum;
    return body.append(v);
}

// Frames the request; protecting it is up to the caller, in the order of sending.
Status ClientConnection::frame(const Send& send, const Outgoing& to, OutgoingBody& body, Buffer& out, Vector<size_t>* ends) {
    if (to.fields.ends) RPC_TRY(add_verification(send, to, body));
    return frame_call(to.fields, std::move(body), to.max_frag, out, ends, to.auth);
}

Status ClientConnection::perform(OutboundCall& call, const Send& send, OutgoingBody& body) {
    Outgoing to;
    RPC_TRY(check_peer(body));
    RPC_TRY(enlist(call, send, to));
    Buffer out;
    Vector<size_t> ends;
    Vector<ByteView> pdus;
    const uint8_t* const stub = body.data();
    const bool one = !to.session && body.fits(to.max_frag);  // and nothing to be written down
    Status status = frame(send, to, body, out, one ? nullptr : &ends);
    if (!failed(status) && to.session && failed(status = to.session->protect(out.bytes()))) close();
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
    Outgoing to;
    Status status = enlist(call, send, to);
    if (failed(status)) {
        unreserve();
        return status;
    }
    to.fields.ends = !send.more;
    Buffer out;
    status = frame(send, to, body, out, nullptr);
    if (!failed(status)) status = post_protected(to.session, std::move(out), nullptr, peer_is_behind());
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
    if (cancelled && !abandoned) send_bare(wire::PduType::co_cancel, to.fields.call_id);
    if (abandoned) abandon(call);
    return Status::ok;
}

Status ClientConnection::send_more(OutboundCall& call, const Send& send, OutgoingBody body, bool last, io::WriteWatch* watch) {
    Outgoing to;
    {
        Guard g(mutex_);
        if (!carries(call) || closed_) return Status::call_failed;
        to.fields.p_cont_id = call.p_cont_id_;
        to.fields.call_id = call.call_id_;
        to.max_frag = max_xmit_frag_;
        to.session = call.session_;
        to.auth = call_auth(to.session);
    }
    to.fields.opnum = send.opnum;
    to.fields.object = send.object;
    to.fields.begins = false;
    to.fields.ends = last;
    Buffer out;
    RPC_TRY(frame(send, to, body, out, nullptr));
    return post_protected(to.session, std::move(out), watch);
}

Status ClientConnection::post_protected(SecuritySession* session, Buffer pdus, io::WriteWatch* watch, bool soon) {
    const bool protects = session && session->protects();
    if (protects) sending_.enter();
    const Status status = protects ? session->protect(pdus.bytes()) : Status::ok;
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

// ---- the stream ----

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
