// The server connection's security contexts. Sources: [MS-RPCE] 2.2.2.13, 3.3.1.5.2, 3.3.1.5.4, 3.3.3.5.3.
#include "base/log.h"
#include "link/server_connection.h"
#include "wire/fault.h"

namespace rpc::link {
namespace {

constexpr size_t max_sessions = 2000;  // [MS-RPCE] 3.3.1.5.4: no client has more

bool level_known(uint8_t level) {
    return level >= static_cast<uint8_t>(security::Level::connect) &&
           level <= static_cast<uint8_t>(security::Level::privacy);
}

}  // namespace

SecuritySession* ServerConnection::session(uint32_t id) {
    for (auto& s : sessions_)
        if (s->id == id) return s.get();
    return nullptr;
}

// ---- building ----

Status ServerConnection::begin_session(const wire::Pdu& pdu, Ref<SecuritySession>& session) {
    const wire::AuthTrailer& auth = pdu.auth;
    if (!level_known(auth.level)) return Status::unknown_authn_service;
    if (!sessions_.empty() && !multiplexes_security_) return Status::access_denied;
    if (sessions_.size() >= max_sessions) return Status::out_of_resources;
    const auto level = static_cast<security::Level>(auth.level);
    Ref<security::Context> context;
    RPC_TRY(host_.accept_security(auth.type, level, context));
    session = make_ref<SecuritySession>(std::move(context), auth.type, level, auth.context_id);
    if (!session || !sessions_.push_back(session)) return Status::out_of_memory;
    session->sign_header = session->offers_header_signing() && signs_headers_;
    return Status::ok;
}

// One leg by bind or alter_context. A context whose first leg failed leaves nothing behind; later, it stays as one that
// refuses.
Status ServerConnection::secure(const wire::Pdu& pdu, Ref<SecuritySession>& session, Buffer& token) {
    session = Ref<SecuritySession>::share(this->session(pdu.auth.context_id));
    const bool fresh = !session;
    if (fresh) RPC_TRY(begin_session(pdu, session));
    if (!fresh && (pdu.header.type == wire::PduType::bind || !session->matches(pdu.auth)))
        return Status::protocol_error;
    Status status = session->step(pdu.auth.token, token);
    if (!failed(status)) return Status::ok;
    RPC_LOG(warn, "a client could not be authenticated: service %u, status %u", session->service, code(status));
    if (pdu.header.type == wire::PduType::bind) (void)sessions_.pop_back();
    return status == Status::out_of_memory ? status : Status::access_denied;
}

Status ServerConnection::refuse_security(const wire::Pdu& pdu, Status why) {
    ErrorChain errors;
    if (errors_propagate()) {
        const uint16_t where = why == Status::unknown_authn_service ? detected::server_credentials : detected::accept_security;
        clear_thread_errors();
        note_error(ErrorComponent::security_provider, code(why), where, {uint32_t{pdu.auth.type}, uint32_t{pdu.auth.level}});
        errors = take_thread_errors();
    }
    if (pdu.header.type != wire::PduType::bind)
        return send_fault(pdu.header.call_id, 0, 0, wire::fault_from_status(why), true, errors);
    switch (why) {
        case Status::unknown_authn_service:
            return refuse_bind(pdu, wire::RejectReason::authentication_type_not_recognized, errors);
        case Status::out_of_memory:
        case Status::out_of_resources:
            return refuse_bind(pdu, wire::RejectReason::local_limit_exceeded, errors);
        default:
            return refuse_bind(pdu, wire::RejectReason::invalid_checksum, errors);
    }
}

// The client's last leg; nothing answers it, a refusal shows in the calls.
Status ServerConnection::on_auth3(const wire::Pdu& pdu) {
    SecuritySession* building = pdu.has_auth ? session(pdu.auth.context_id) : nullptr;
    if (!building || building->complete() || !building->matches(pdu.auth)) return Status::protocol_error;
    if (building->broken()) return Status::ok;
    Buffer none;
    Status status = building->step(pdu.auth.token, none);
    if (!failed(status) && building->complete()) return Status::ok;
    RPC_LOG(warn, "a client could not be authenticated: service %u, status %u", building->service, code(status));
    building->give_up();
    return Status::ok;
}

// ---- requests ----

// Finds the context that the request is made in and undoes its protection. access_denied: it may not run.
Status ServerConnection::unprotect(const wire::Pdu& received, wire::Pdu& pdu, wire::Request& request,
                                   Ref<SecuritySession>& session) {
    if (sessions_.empty() && !received.has_auth) return Status::ok;
    SecuritySession* found = received.has_auth ? this->session(received.auth.context_id)
                             : sessions_.size() == 1 && !sessions_[0]->protects() ? sessions_[0].get()
                                                                                  : nullptr;
    if (!found || found->broken() || !found->complete()) return Status::access_denied;
    if (received.has_auth && !found->matches(received.auth)) return Status::access_denied;
    if (found->protects()) {
        Status status = found->unprotect(received, request.stub_offset, plain_, pdu);
        if (failed(status)) {
            RPC_LOG(warn, "a request was not what its client had protected");
            return status;
        }
        if (wire::parse_request(pdu, request) != wire::Parsed::ok) return Status::protocol_error;
    }
    session = Ref<SecuritySession>::share(found);
    return Status::ok;
}

// Takes the verification trailer off the stub data of a whole request, if it has one.
Status ServerConnection::check_verification(InboundCall& call) {
    ByteView stub = call.stub.view();
    RPC_TRY(check_verification(call, stub));
    return call.stub.resize(stub.size()) ? Status::ok : Status::out_of_memory;
}

Status ServerConnection::check_verification(InboundCall& call, ByteView& stub) {
    if (!call.security || call.security->level < security::Level::integrity) return Status::ok;
    wire::Verification v;
    size_t size;
    if (!wire::find_verification(stub, size, v)) return Status::ok;
    const bool wrong =
        v.has_unknown || (v.has_bitmask && v.client_signs_headers && !signs_headers_) ||
        (v.has_context && !(v.abstract_syntax == call.abstract_syntax_ && v.transfer_syntax == call.transfer_syntax)) ||
        (v.has_header && !(v.type == wire::PduType::request && v.call_id == call.call_id_ &&
                           v.p_cont_id == call.p_cont_id_ && v.opnum == call.opnum));
    if (wrong) {
        RPC_LOG(warn, "a request was changed on its way: its verification trailer says so");
        return Status::access_denied;
    }
    stub = stub.first(size);
    return Status::ok;
}

// ---- responses ----

Status ServerConnection::protect_and_post(SecuritySession* session, Buffer pdus, io::WriteWatch* watch) {
    if (!session || !session->protects()) return post(std::move(pdus), watch), Status::ok;
    sending_.enter();
    Status status = session->protect(pdus.bytes());
    if (!failed(status)) post(std::move(pdus), watch);
    sending_.leave();
    return status;
}

}  // namespace rpc::link
