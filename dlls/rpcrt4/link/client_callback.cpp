// Requests of the server's on a client's connection: [callback] procedures. Source: [MS-RPCE] 3.3.1.5.9.
#include "base/log.h"
#include "link/client_connection.h"
#include "link/statistics.h"
#include "wire/fault.h"

namespace rpc::link {
namespace {

constexpr size_t max_request = 256u << 20;  // bytes of stub data that a server may send

}  // namespace

// The nested call has the outer one's call_id, presentation and security context; there is no callback but to a call that waits.
Status ClientConnection::on_request(const wire::Pdu& received) {
    wire::Request request;
    if (wire::parse_request(received, request) != wire::Parsed::ok) return Status::protocol_error;
    wire::Pdu pdu = received;
    const SecuritySession* named;
    RPC_TRY(unprotect(received, request.stub_offset, pdu, named));
    if (named && wire::parse_request(pdu, request) != wire::Parsed::ok) return Status::protocol_error;
    Status refusal = Status::ok;
    {
        Guard g(mutex_);
        OutboundCall* call = calls_.find(pdu.header.call_id);
        if (!call || pdu.header.has(wire::pfc::maybe)) return Status::protocol_error;
        RPC_TRY(check_named(call->session_, named));
        if (call->p_cont_id_ != request.p_cont_id) refusal = Status::unknown_if;
        if (kind_ == Kind::async) refusal = Status::cannot_support;  // nobody waits for it who could run a procedure
    }
    if (kind_ == Kind::sync) return take_request(pdu, request, refusal);
    return pdu.header.has(wire::pfc::last_frag) ? refuse_callback(pdu.header.call_id, request.p_cont_id, refusal, false) : Status::ok;
}

// One more fragment; the pump looks when it is the last.
Status ClientConnection::take_request(const wire::Pdu& pdu, const wire::Request& request, Status refusal) {
    Callback& c = callback_;
    const bool first = pdu.header.has(wire::pfc::first_frag);
    if (c.whole || first == c.begun) return Status::protocol_error;
    if (first) {
        c.request.opnum = request.opnum;
        c.request.data_representation = pdu.header.data_representation();
    } else if (c.request.opnum != request.opnum) {
        return Status::protocol_error;
    }
    c.begun = true;
    if (!failed(refusal) && c.request.stub.size() + request.stub.size() > max_request) refusal = Status::server_too_busy;
    if (!failed(refusal) && !failed(c.refusal) && !c.request.stub.append(request.stub)) refusal = Status::out_of_memory;
    if (failed(refusal)) {
        c.refusal = refusal;
        c.request.stub.reset();
    }
    c.whole = pdu.header.has(wire::pfc::last_frag);
    return Status::ok;
}

Status ClientConnection::answer_callback(OutboundCall& call) {
    Callback callback = std::move(callback_);
    callback_ = {};
    uint16_t p_cont_id;
    uint32_t call_id;
    {
        Guard g(mutex_);
        if (!carries(call)) return Status::ok;
        p_cont_id = call.p_cont_id_;
        call_id = call.call_id_;
    }
    OutgoingBody reply;
    bool executed = false;
    Status status = callback.refusal;
    if (!failed(status)) status = call.on_callback(callback.request, reply, executed);
    if (!failed(status) && !reply.allocated()) status = reply.allocate(0, false);
    return failed(status) ? refuse_callback(call_id, p_cont_id, status, executed) : send_reply(call, std::move(reply));
}

Status ClientConnection::send_reply(const OutboundCall& call, OutgoingBody reply) {
    Outgoing to;
    to.fields.type = wire::PduType::response;
    {
        Guard g(mutex_);
        to.fields.call_id = call.call_id_;
        to.fields.p_cont_id = call.p_cont_id_;
        to.max_frag = max_xmit_frag_;
        to.session = call.session_;
        to.auth = call_auth(to.session);
    }
    Buffer out;
    Vector<size_t> ends;
    RPC_TRY(frame_call(to.fields, std::move(reply), to.max_frag, out, &ends, to.auth));
    if (to.session) RPC_TRY(to.session->protect(out.bytes()));
    count_packets_out(static_cast<uint32_t>(ends.size()));
    for (size_t i = 0, at = 0; i < ends.size(); at = ends[i++]) {
        ByteView pdu = out.view().subspan(at, ends[i] - at);
        RPC_TRY(stream_->write({&pdu, 1}));
    }
    return Status::ok;
}

Status ClientConnection::refuse_callback(uint32_t call_id, uint16_t p_cont_id, Status why, bool executed) {
    RPC_LOG(debug, "a callback ended with status %u", code(why));
    wire::FaultFields fields;
    fields.call_id = call_id;
    fields.p_cont_id = p_cont_id;
    fields.flags = executed ? 0 : wire::pfc::did_not_execute;
    fields.status = wire::fault_from_status(why);
    Buffer out;
    RPC_TRY(wire::build_fault(out, fields));
    count_packets_out(1);
    if (kind_ == Kind::async) return stream_->post(std::move(out)), Status::ok;
    ByteView pdu = out.view();
    return stream_->write({&pdu, 1});
}

}  // namespace rpc::link
