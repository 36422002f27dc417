// What a client is sent: which call an answer belongs to, and whether it may. Sources: C706 chapter 9.3, [MS-RPCE] 3.3.1.5.4.
#include "base/log.h"
#include "link/client_connection.h"
#include "link/statistics.h"
#include "wire/fault.h"

namespace rpc::link {

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

// Undoes the protection of a response or callback. `named` is the security context that it says it is of: null where it says
// nothing, as at connect level it need not.
Status ClientConnection::unprotect(const wire::Pdu& received, size_t stub_offset, wire::Pdu& pdu, const SecuritySession*& named) {
    named = nullptr;
    if (!secure_) return Status::ok;
    SecuritySession* session = nullptr;
    {
        Guard g(mutex_);
        bool may_be_bare = false;
        for (const Login& l : logins_) may_be_bare = may_be_bare || !l.session->protects();
        if (!received.has_auth) return may_be_bare ? Status::ok : Status::sec_pkg_error;
        session = find_session(received.auth.context_id);
    }
    if (!session) return Status::protocol_error;
    named = session;
    if (!session->protects()) return Status::ok;
    const Status status = session->unprotect(received, stub_offset, plain_, pdu);
    return status == Status::access_denied ? Status::sec_pkg_error : status;
}

// Whether what came as `named` may belong to a call that was sent as `of_call`.
Status ClientConnection::check_named(const SecuritySession* of_call, const SecuritySession* named) {
    if (named == of_call) return Status::ok;
    if (named) return Status::protocol_error;
    return of_call->protects() ? Status::sec_pkg_error : Status::ok;
}

Status ClientConnection::on_response(const wire::Pdu& received) {
    wire::Response response;
    if (wire::parse_response(received, response) != wire::Parsed::ok) return Status::protocol_error;
    wire::Pdu pdu = received;
    const SecuritySession* named;
    SecuritySession* of_call;
    RPC_TRY(unprotect(received, response.stub_offset, pdu, named));
    if (named && wire::parse_response(pdu, response) != wire::Parsed::ok) return Status::protocol_error;
    Ref<OutboundCall> call = find(pdu.header.call_id, of_call);
    RPC_TRY(call ? check_named(of_call, named) : Status::ok);
    if (of_call) of_call->proven = true;
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

// Whether the fault may tell that a login has failed that shares the connection. There are servers that close it then, so others do
// not go on here; nor does this identity share again.
bool ClientConnection::is_refusal(const SecuritySession& session, Status fault) {
    if (session.proven || logins_.size() < 2 || (fault != Status::access_denied && fault != Status::protocol_error && fault != Status::sec_pkg_error))
        return false;
    for (const Login& l : logins_)
        if (l.session.get() == &session) l.auth->shares = false;
    return true;
}

Status ClientConnection::on_fault(const wire::Pdu& pdu) {
    wire::Fault fault;
    if (wire::parse_fault(pdu, fault) != wire::Parsed::ok) return Status::protocol_error;
    const Status status = wire::status_from_fault(fault.status);
    const SecuritySession* named = nullptr;
    SecuritySession* of_call;
    {
        Guard g(mutex_);
        if (negotiating_ && !answer_here_ &&
            (pdu.header.call_id == negotiation_id_ || (!echoes_call_id() && calls_.empty()))) {
            answer(status);  // to a bind or alter_context
            return Status::ok;
        }
        if (secure_ && pdu.has_auth && !(named = find_session(pdu.auth.context_id))) return Status::protocol_error;
        // The nearest peer's server may send a response behind its fault, which the next call would take for its own. A protected
        // fault has a number that nobody counted.
        if (!echoes_call_id() || (named && named->protects())) draining_ = true;
    }
    if (auto call = find(pdu.header.call_id, of_call)) {
        if (named && named != of_call) return Status::protocol_error;
        if (of_call) {
            Guard g(mutex_);
            if (is_refusal(*of_call, status)) draining_ = true;
        }
        call->on_fault(fault.status, fault.eeinfo);
        end_call(*call, status);
    }
    close_if_drained();
    return Status::ok;
}

}  // namespace rpc::link
