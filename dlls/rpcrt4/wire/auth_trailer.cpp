#include "wire/auth_trailer.h"

#include "wire/pdu_build.h"

namespace rpc::wire {

bool parse_auth_trailer(ByteView pdu, uint16_t auth_length, bool big_endian, AuthTrailer& out) {
    out = AuthTrailer();
    if (auth_length == 0 || pdu.size() < header_size + sec_trailer_size + auth_length) return false;
    out.offset = pdu.size() - auth_length - sec_trailer_size;
    Reader in(pdu.subspan(out.offset), big_endian);
    out.type = in.u8();
    out.level = in.u8();
    out.pad_length = in.u8();
    in.skip(1);
    out.context_id = in.u32();
    out.token = in.rest();
    return in.ok() && out.pad_length <= out.offset - header_size;
}

void write_sec_trailer(uint8_t* at, const AuthFields& fields, uint8_t pad_length) {
    const uint8_t raw[sec_trailer_size] = {fields.type,
                                           fields.level,
                                           pad_length,
                                           0,
                                           static_cast<uint8_t>(fields.context_id),
                                           static_cast<uint8_t>(fields.context_id >> 8),
                                           static_cast<uint8_t>(fields.context_id >> 16),
                                           static_cast<uint8_t>(fields.context_id >> 24)};
    std::memcpy(at, raw, sizeof raw);
}

Status append_auth(Buffer& out, size_t pdu_start, const AuthFields& fields, ByteView token) {
    if (pdu_start > out.size() || token.empty()) return Status::invalid_arg;
    Header header;
    if (parse_header(out.view().subspan(pdu_start), header) != Parsed::ok || header.big_endian ||
        header.auth_length != 0 || header.frag_length != out.size() - pdu_start)
        return Status::invalid_arg;
    bool call = header.type == PduType::request || header.type == PduType::response;
    // Both call headers are 8 bytes off a multiple of 16 (24, 40), the others' alignment counts from the PDU's start.
    size_t aligned_part = header.frag_length - (call ? request_header_size : 0);
    uint8_t pad = auth_padding(aligned_part, call ? auth_alignment_call : auth_alignment_other);
    size_t length = header.frag_length + pad + sec_trailer_size + token.size();
    if (length > max_frag_length) return Status::invalid_arg;

    Writer w(out);
    uint8_t trailer[sec_trailer_size];
    write_sec_trailer(trailer, fields, pad);
    w.zeros(pad);
    w.bytes(trailer);
    w.bytes(token);
    w.patch_u16(pdu_start + 8, static_cast<uint16_t>(length));
    w.patch_u16(pdu_start + 10, static_cast<uint16_t>(token.size()));
    if (w.ok()) return Status::ok;
    PduBuilder::truncate(out, pdu_start + header.frag_length);
    return Status::out_of_memory;
}

}  // namespace rpc::wire
