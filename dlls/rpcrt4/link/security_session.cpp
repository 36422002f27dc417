#include "link/security_session.h"

namespace rpc::link {
namespace {

// Where the stub data of one of our own requests or responses begins.
size_t own_stub_offset(const wire::Header& header) {
    const bool object = header.type == wire::PduType::request && header.has(wire::pfc::object_uuid);
    return wire::request_header_size + (object ? 16 : 0);
}

security::PduParts parts(MutBytes pdu, size_t stub_offset, size_t trailer_offset) {
    return {pdu.first(stub_offset), pdu.subspan(stub_offset, trailer_offset - stub_offset),
            pdu.subspan(trailer_offset, wire::sec_trailer_size), pdu.subspan(trailer_offset + wire::sec_trailer_size)};
}

}  // namespace

Status SecuritySession::step(ByteView in, Buffer& out) {
    if (broken_ || complete_) return Status::access_denied;
    Status status = context_->step(in, out, complete_);
    broken_ = failed(status);
    return status;
}

bool SecuritySession::matches(const wire::AuthTrailer& trailer) const {
    const auto said = static_cast<security::Level>(trailer.level);
    return trailer.context_id == id && trailer.type == service &&
           (said == level || (said == security::Level::call && level == security::Level::packet));
}

Status SecuritySession::protect(MutBytes pdus) {
    if (!protects()) return Status::ok;
    while (!pdus.empty()) {
        wire::Header header;
        if (wire::parse_header(pdus, header) != wire::Parsed::ok || header.frag_length > pdus.size() ||
            header.auth_length == 0)
            return Status::internal_error;
        const size_t trailer = size_t{header.frag_length} - header.auth_length - wire::sec_trailer_size;
        RPC_TRY(context_->protect(level, sign_header,
                                  parts(pdus.first(header.frag_length), own_stub_offset(header), trailer)));
        pdus = pdus.subspan(header.frag_length);
    }
    return Status::ok;
}

Status SecuritySession::unprotect(const wire::Pdu& pdu, size_t stub_offset, Buffer& plain, wire::Pdu& out) {
    if (!pdu.has_auth || !matches(pdu.auth) || stub_offset > pdu.auth.offset) return Status::access_denied;
    plain.clear();
    if (!plain.append(pdu.raw)) return Status::out_of_memory;
    if (failed(context_->unprotect(level, sign_header, parts(plain.bytes(), stub_offset, pdu.auth.offset)))) {
        broken_ = true;
        return Status::access_denied;
    }
    return wire::parse_pdu(plain.view(), out) == wire::Parsed::ok ? Status::ok : Status::access_denied;
}

}  // namespace rpc::link
