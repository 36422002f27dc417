// How a client connection comes to be, and to further presentation contexts and security: bind, alter_context, auth3. Sources: C706
// chapter 9.3, [MS-RPCE] 3.3.1.5.2, 3.3.1.5.3, 3.3.1.5.4.
#include "base/error_record.h"
#include "base/os.h"
#include "link/client_connection.h"
#include "wire/error_info.h"

namespace rpc::link {
namespace {

constexpr size_t small_read = 4096;
constexpr uint16_t feature_context_id = 0xFFFF;  // ours never get that far: contexts per connection are bounded
constexpr size_t max_contexts = 1000;
constexpr uint32_t max_security_contexts = 64;  // tried on a connection; [MS-RPCE] 3.3.1.5.4 has 2,000 as the most
constexpr int max_legs = 16;  // a server could go on for ever

// 0: no limit.
uint32_t time_until(uint64_t until_ms) {
    if (until_ms == 0) return wait_forever;
    const uint64_t now = os::now_ms();
    return until_ms > now ? static_cast<uint32_t>(until_ms - now) : 0;
}

Status status_of_rejection(const wire::ContextResult& result) {
    if (result.result == wire::BindResult::user_rejection) return Status::access_denied;
    switch (static_cast<wire::ProviderReason>(result.reason)) {
    case wire::ProviderReason::abstract_syntax_not_supported:
        return Status::unknown_if;
    case wire::ProviderReason::proposed_transfer_syntaxes_not_supported:
        return Status::unsupported_trans_syn;
    case wire::ProviderReason::local_limit_exceeded:
        return Status::server_too_busy;
    case wire::ProviderReason::not_specified:
        break;
    }
    return Status::call_failed_dne;
}

Status status_of_nak(wire::RejectReason reason) {
    switch (reason) {
    case wire::RejectReason::temporary_congestion:
    case wire::RejectReason::local_limit_exceeded:
        return Status::server_too_busy;
    case wire::RejectReason::protocol_version_not_supported:
        return Status::protocol_error;
    case wire::RejectReason::authentication_type_not_recognized:
        return Status::unknown_authn_service;
    case wire::RejectReason::invalid_checksum:
        return Status::access_denied;
    default:
        return Status::call_failed_dne;
    }
}

}  // namespace

Status ClientConnection::open(const io::Protocol& protocol, const io::Address& address, const Syntaxes& first,
                              Ref<const security::ClientAuth> auth, uint32_t& group, ConnectionOwner* owner, uint32_t com_timeout_scale) {
    owner_ = owner;
    secure_ = auth ? true : false;
    if (auth) RPC_TRY(new_session(*auth));
    const ComTimeout patience = com_timeout(com_timeout_scale, protocol.local_only);
    bind_ms_ = patience.bind_ms;
    com_timeout_scale_ = com_timeout_scale;
    local_only_ = protocol.local_only;
    largest_fragment_ = protocol.largest_fragment;
    RPC_TRY(io::connect(protocol, address, patience.connect_ms, stream_));
    if (patience.keep_alive_ms != 0) stream_->keep_alive(patience.keep_alive_ms);
    if (!read_buffer_.resize(small_read)) return Status::out_of_memory;
    RPC_TRY(negotiate(wire::PduType::bind, first, auth.get(), group));
    if (kind_ == Kind::sync) return Status::ok;
    read_buffer_.reset();
    RPC_TRY(io::start_executor());
    {
        Guard g(mutex_);
        started_ = true;
    }
    add_ref();  // the sink's, until on_closed
    Status status = stream_->start(*this);
    if (failed(status)) {
        Guard g(mutex_);
        closed_ = true;
        g.unlock();
        release();
    }
    return status;
}

void ClientConnection::use_com_timeout(uint32_t scale) {
    if (local_only_ || scale == com_timeout_scale_) return;
    com_timeout_scale_ = scale;
    stream_->keep_alive(com_timeout(scale, false).keep_alive_ms);
}

// `auth`: a security context is wanted, else a presentation context alone.
Status ClientConnection::begin_negotiation(wire::PduType type, const Syntaxes& syntaxes, const security::ClientAuth* auth, Negotiation& n,
                                           bool& known) {
    const bool joins = auth && type == wire::PduType::alter_context;
    Guard g(mutex_);
    while (negotiating_ && !closed_ && !draining_) answered_.wait(mutex_);
    if (closed_ || draining_) return Status::call_failed_dne;
    const Context* context = find_context(syntaxes);
    known = joins ? find_login(auth) != nullptr : context != nullptr;  // who negotiated before us added it
    if (known) return Status::ok;
    if (!context && contexts_.size() >= max_contexts) return Status::out_of_resources;
    if (joins && (!context || !takes_login(*auth))) return Status::cannot_support;
    negotiating_ = true;
    answer_here_ = false;
    answered_token_.clear();
    offered_ = syntaxes;
    offered_id_ = context ? context->p_cont_id : next_context_id_;
    negotiation_id_ = next_call_id_++;
    const bool limited = (type == wire::PduType::bind || joins) && bind_ms_ != wait_forever;
    n = {type, offered_id_, negotiation_id_, started_, false, joins, limited ? os::now_ms() + bind_ms_ : 0, nullptr};
    return Status::ok;
}

Status ClientConnection::new_session(const security::ClientAuth& auth) {
    Ref<security::Context> context;
    RPC_TRY(auth.new_context(context));
    Guard g(mutex_);
    building_ = make_ref<SecuritySession>(std::move(context), auth.service, auth.level, next_session_id_);
    if (!building_) return Status::out_of_memory;
    ++next_session_id_;
    return Status::ok;
}

// Makes the session, unless open() has, and its first token.
Status ClientConnection::begin_login(Negotiation& n, const security::ClientAuth& auth, Buffer& token) {
    if (n.joins) RPC_TRY(new_session(auth));
    {
        Guard g(mutex_);
        n.session = building_;
        const bool would_sign = n.session->offers_header_signing();
        if (!n.joins) offered_signing_ = would_sign;
        if (would_sign && !offered_signing_) return Status::cannot_support;  // it would be less than it is by itself
        n.session->sign_header = would_sign && signs_headers_;
    }
    RPC_TRY(n.session->step({}, token));
    return token.empty() ? Status::sec_pkg_error : Status::ok;  // it would be a bind as nobody
}

Status ClientConnection::negotiate(wire::PduType type, const Syntaxes& syntaxes, const security::ClientAuth* auth, uint32_t& group) {
    Negotiation n;
    bool known = false;
    RPC_TRY(begin_negotiation(type, syntaxes, auth, n, known));
    if (known) return Status::ok;
    Buffer token;
    Status status = auth ? begin_login(n, *auth, token) : Status::ok;
    if (!failed(status)) status = offer(n, syntaxes, group, token.view());
    if (!failed(status) && auth) status = prove(n, syntaxes, group);
    bool refused;
    {
        Guard g(mutex_);
        negotiating_ = false;
        building_.reset();  // the negotiation has another reference
        answered_.wake_all();
        refused = !failed(status) && failed(answer_);
        if (refused) status = answer_;
        if (!failed(status)) return keep(n, auth, group);
    }
    // An answer that may still come would be taken for another's; and behind a login that failed some servers close it themselves.
    if (n.sent && (!refused || n.joins)) close();
    if (refused) note_error(ErrorComponent::runtime, code(status), detected::bind_refused, {code(status), 1u});
    if (n.sent && n.joins) auth->shares = false;
    return status;
}

// What was agreed on.
Status ClientConnection::keep(const Negotiation& n, const security::ClientAuth* auth, uint32_t& group) {
    if (auth && !logins_.push_back({Ref<const security::ClientAuth>::share(auth), n.session, {}})) return Status::out_of_memory;
    if (n.joins) return Status::ok;
    ++next_context_id_;  // a refused one leaves no context behind: its id is offered again
    group = answered_group_;
    return contexts_.push_back({offered_, offered_id_}) ? Status::ok : Status::out_of_memory;
}

// Sends bind or alter_context, with a token unless it is empty, and waits for the answer.
Status ClientConnection::offer(Negotiation& n, const Syntaxes& syntaxes, uint32_t group, ByteView token) {
    wire::BindFields fields;
    fields.call_id = n.call_id;
    fields.flags = wire::pfc::conc_mpx;
    {
        Guard g(mutex_);
        if (offered_signing_) fields.flags |= wire::pfc::support_header_sign;
    }
    fields.max_xmit_frag = fields.max_recv_frag = largest_fragment_;
    fields.assoc_group_id = group;
    const uint8_t several = secure_ ? wire::feature::security_context_multiplexing : uint8_t{0};
    const wire::SyntaxId features = wire::feature_syntax(wire::feature::keep_connection_on_orphan | several);
    wire::ContextOffer offers[2];
    offers[0].p_cont_id = n.p_cont_id;
    offers[0].abstract_syntax = offers[1].abstract_syntax = syntaxes.abstract_syntax;
    offers[0].transfer_syntaxes = {&syntaxes.transfer_syntax, 1};
    offers[1].p_cont_id = feature_context_id;
    offers[1].transfer_syntaxes = {&features, 1};
    Buffer pdu;
    RPC_TRY(wire::build_bind(pdu, n.type, fields, {offers, n.type == wire::PduType::bind ? size_t{2} : size_t{1}}));
    if (!token.empty()) RPC_TRY(wire::append_auth(pdu, 0, n.session->fields(), token));
    n.sent = true;
    if (n.queued) {
        stream_->post(std::move(pdu));
    } else {
        ByteView part = pdu.view();
        size_t got = 0;
        const Status status = stream_->exchange({&part, 1}, read_buffer_.bytes(), got, time_until(n.until_ms));
        RPC_TRY(take_answer(n, status, got));
    }
    return await_answer(n);
}

// The legs behind the first two: rpc_auth_3 where ours is the last, alter_context where the server has another one.
Status ClientConnection::prove(Negotiation& n, const Syntaxes& syntaxes, uint32_t group) {
    for (int leg = 0; leg < max_legs; ++leg) {
        Buffer in, out;
        {
            Guard g(mutex_);
            in = std::move(answered_token_);
            answered_token_.reset();
            if (failed(answer_)) return Status::ok;  // the caller sees it
        }
        if (n.session->complete()) return in.empty() ? Status::ok : Status::protocol_error;
        // A server that ignores who we are.
        if (in.empty()) return n.joins ? Status::protocol_error : Status::access_denied;
        RPC_TRY(n.session->step(in.view(), out));
        if (n.session->complete()) return out.empty() ? Status::ok : send_auth3(n, out.view());
        if (out.empty()) return Status::sec_pkg_error;
        n.type = wire::PduType::alter_context;
        {
            Guard g(mutex_);
            answer_here_ = false;
        }
        RPC_TRY(offer(n, syntaxes, group, out.view()));
    }
    return Status::sec_pkg_error;
}

Status ClientConnection::send_auth3(const Negotiation& n, ByteView token) {
    Buffer pdu;
    RPC_TRY(wire::build_auth3(pdu, n.call_id));
    RPC_TRY(wire::append_auth(pdu, 0, n.session->fields(), token));
    if (n.queued) return stream_->post(std::move(pdu)), Status::ok;
    ByteView part = pdu.view();
    return stream_->write({&part, 1});
}

// Waits until the answer to the negotiation is here; the blocking stream is read by this thread, the queued one by the pool.
Status ClientConnection::await_answer(const Negotiation& n) {
    Guard g(mutex_);
    while (!answer_here_) {
        if (closed_) return Status::call_failed_dne;
        if (n.queued) {
            const uint32_t left = time_until(n.until_ms);
            if (left == 0) return Status::call_failed_dne;
            answered_.wait(mutex_, left);
            continue;
        }
        mutex_.unlock();
        size_t got = 0;
        Status status = stream_->read(read_buffer_.bytes(), got, time_until(n.until_ms));
        status = take_answer(n, status, got);
        mutex_.lock();
        if (failed(status)) return status;
    }
    return Status::ok;
}

// What a wait for a negotiation's answer brought. One that was broken off is taken up again: the cancel was an earlier call's.
Status ClientConnection::take_answer(const Negotiation& n, Status waited, size_t got) {
    if (waited == Status::call_cancelled) return n.until_ms == 0 || os::now_ms() < n.until_ms ? Status::ok : Status::server_unavailable;
    RPC_TRY(waited);
    return read_some(got);
}

Status ClientConnection::on_bind_ack(const wire::Pdu& pdu) {
    wire::BindAck ack;
    if (wire::parse_bind_ack(pdu, ack) != wire::Parsed::ok) return Status::protocol_error;
    wire::ContextResult first, extra;
    if (!ack.results.next(first)) return Status::protocol_error;
    bool features = ack.results.next(extra) && extra.result == wire::BindResult::negotiate_ack;
    Guard g(mutex_);
    if (!negotiating_ || answer_here_) return Status::protocol_error;
    if (pdu.header.type == wire::PduType::bind_ack && !bound_) {
        if (ack.max_recv_frag < wire::header_size + 64) return Status::protocol_error;
        bound_ = true;
        signs_headers_ = offered_signing_ && pdu.header.has(wire::pfc::support_header_sign);
        if (building_) building_->sign_header = signs_headers_;
        max_xmit_frag_ = std::min(ack.max_recv_frag, largest_fragment_);
        multiplexes_ = pdu.header.has(wire::pfc::conc_mpx);
        negotiated_features_ = features;
        keeps_on_orphan_ = features && (extra.reason & wire::feature::keep_connection_on_orphan) != 0;
        multiplexes_security_ = secure_ && features && (extra.reason & wire::feature::security_context_multiplexing) != 0;
    }
    if (pdu.has_auth && secure_) {
        const SecuritySession* named = building_ ? building_.get() : find_session(pdu.auth.context_id);
        if (!named || !named->matches(pdu.auth)) return Status::protocol_error;
        if (building_ && !answered_token_.append(pdu.auth.token)) return Status::out_of_memory;
    }
    answered_group_ = ack.assoc_group_id;
    answer(first.result == wire::BindResult::acceptance ? Status::ok : status_of_rejection(first));
    return Status::ok;
}

void ClientConnection::answer(Status status) {
    answer_ = status;
    answer_here_ = true;
    answered_.wake_all();
}

Status ClientConnection::on_bind_nak(const wire::Pdu& pdu) {
    wire::BindNak nak;
    if (wire::parse_bind_nak(pdu, nak) != wire::Parsed::ok) return Status::protocol_error;
    ErrorChain told;
    if (!nak.eeinfo.empty() && !failed(wire::decode_error_info(nak.eeinfo, told))) set_thread_errors(std::move(told));
    Guard g(mutex_);
    if (!negotiating_ || answer_here_) return Status::protocol_error;
    answer(status_of_nak(nak.reason));
    return Status::ok;
}

// Header signing is the connection's, agreed on by its bind: who would sign does not join where the bind could not.
bool ClientConnection::takes_login(const security::ClientAuth& auth) const {
    for (const Login& l : logins_)
        if (!l.session->proven) return false;  // it may be about to fail
    return auth.shares && multiplexes_security_ && next_session_id_ <= max_security_contexts && !logins_.empty() &&
           (offered_signing_ || auth.level < security::Level::call || logins_.begin()->session->protects());
}

ClientConnection::Fit ClientConnection::fit(const Syntaxes& syntaxes, const security::ClientAuth* auth) {
    if (secure_ != (auth != nullptr)) return Fit::none;
    Guard g(mutex_);
    if (closed_ || draining_) return Fit::none;
    const bool has_context = find_context(syntaxes) != nullptr;
    // The nearest peer drops a connection on which it sees alter_context: only those who showed that they know better get one.
    if (auth && !find_login(auth)) return takes_login(*auth) && understands_cancel() ? Fit::login : Fit::none;
    return has_context ? Fit::now : understands_cancel() ? Fit::context : Fit::none;
}

// First the presentation context, so that its refusal leaves no half of a security context behind.
Status ClientConnection::extend(const Syntaxes& syntaxes, const security::ClientAuth* auth) {
    uint32_t group = 0;
    RPC_TRY(negotiate(wire::PduType::alter_context, syntaxes, nullptr, group));
    return auth ? negotiate(wire::PduType::alter_context, syntaxes, auth, group) : Status::ok;
}

bool ClientConnection::knows(const security::ClientAuth* auth) {
    if (!auth || !secure_) return !auth && !secure_;
    Guard g(mutex_);
    return find_login(auth) != nullptr;
}

}  // namespace rpc::link
