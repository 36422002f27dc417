// A server's calls to the client whose call it is running: [callback] procedures. Source: [MS-RPCE] 3.3.1.5.9.
#include "base/log.h"
#include "link/server_connection.h"
#include "wire/fault.h"

namespace rpc::link {
namespace {

constexpr size_t max_reply = 256u << 20;  // bytes of stub data that a client may answer

}  // namespace

Status ServerConnection::call_back(InboundCall& call, uint16_t opnum, OutgoingBody body, CallbackReply& reply) {
    let_next_start(call);
    RPC_TRY(begin_callback(call, reply));
    io::about_to_wait();
    const Status sent = send_request(call, opnum, std::move(body));
    Guard g(mutex_);
    if (failed(sent) && call.reply_ == &reply) end_callback(call, sent);
    while (call.reply_ == &reply) answered_.wait(mutex_);
    return reply.status;
}

Status ServerConnection::begin_callback(InboundCall& call, CallbackReply& reply) {
    Guard g(mutex_);
    ListLink<ActiveCalls>* link = &call;
    if (!link->linked() || closed_ || call.orphaned_) return Status::call_failed_dne;
    if (call.reply_) return Status::call_in_progress;
    if (call.maybe || call.streamed_) return Status::cannot_support;
    call.reply_ = &reply;
    return Status::ok;
}

// A failure leaves nothing half sent, or the connection closed.
Status ServerConnection::send_request(InboundCall& call, uint16_t opnum, OutgoingBody body) {
    wire::CallFields fields;
    fields.call_id = call.call_id_;
    fields.p_cont_id = call.p_cont_id_;
    fields.opnum = opnum;
    SecuritySession* session = call.security.get();
    Buffer out;
    RPC_TRY(frame_call(fields, std::move(body), max_xmit_frag_, out, nullptr, session ? session->call_auth() : wire::CallAuth{}));
    const Status status = protect_and_post(session, std::move(out));
    if (failed(status)) stream_->close();
    return status;
}

void ServerConnection::end_callback(InboundCall& call, Status status) {
    if (!call.reply_) return;
    call.reply_->status = status;
    call.reply_ = nullptr;
    answered_.wake_all();
}

// A response or fault of the client's: the next part of the answer to the callback that is out.
Status ServerConnection::on_answer(const wire::Pdu& pdu) {
    Ref<InboundCall> call;
    {
        Guard g(mutex_);
        call = find(pdu.header.call_id);
        if (!call || !call->reply_) {
            RPC_LOG(warn, "a client sent a %s PDU that nothing asked for", wire::name(pdu.header.type));
            return Status::protocol_error;
        }
    }
    Status outcome = Status::call_pending;
    RPC_TRY(read_answer(*call, pdu, outcome));
    if (outcome == Status::call_pending) return Status::ok;
    Guard g(mutex_);
    end_callback(*call, outcome);
    return Status::ok;
}

Status ServerConnection::read_answer(InboundCall& call, const wire::Pdu& received, Status& outcome) {
    if (received.header.type == wire::PduType::fault) {
        wire::Fault fault;
        if (wire::parse_fault(received, fault) != wire::Parsed::ok) return Status::protocol_error;
        outcome = wire::status_from_fault(fault.status);
        return Status::ok;
    }
    wire::Response response;
    if (wire::parse_response(received, response) != wire::Parsed::ok) return Status::protocol_error;
    wire::Pdu pdu = received;
    if (call.security && call.security->protects()) {
        if (failed(call.security->unprotect(received, response.stub_offset, plain_, pdu))) return Status::protocol_error;
        if (wire::parse_response(pdu, response) != wire::Parsed::ok) return Status::protocol_error;
    }
    RPC_TRY(keep_answer(call, response.stub, pdu.header.data_representation()));
    if (pdu.header.has(wire::pfc::last_frag)) outcome = Status::ok;
    return Status::ok;
}

// Whoever waits may have gone meanwhile, with the place for it. An answer that is too long ends the connection: the rest of it would follow.
Status ServerConnection::keep_answer(InboundCall& call, ByteView stub, uint32_t data_representation) {
    Guard g(mutex_);
    if (!call.reply_) return Status::ok;
    CallbackReply& reply = *call.reply_;
    reply.data_representation = data_representation;
    if (stub.size() > max_reply - reply.stub.size()) return Status::protocol_error;
    return reply.stub.append(stub) ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::link
