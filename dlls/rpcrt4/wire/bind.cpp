#include "wire/bind.h"

#include "wire/pdu_build.h"

namespace rpc::wire {

SyntaxId feature_syntax(uint8_t mask) {
    return {{0x6CB71C2C, 0x9812, 0x4540, {mask, 0, 0, 0, 0, 0, 0, 0}}, 1, 0};
}

bool is_feature_syntax(const SyntaxId& syntax, uint8_t& mask) {
    mask = 0;
    if (syntax.uuid.data1 != 0x6CB71C2C || syntax.uuid.data2 != 0x9812 || syntax.uuid.data3 != 0x4540) return false;
    if (syntax.major != 1 || syntax.minor != 0) return false;
    mask = syntax.uuid.data4[0];
    return true;
}

SyntaxId read_syntax(Reader& in) {
    SyntaxId s;
    s.uuid = read_uuid(in);
    uint32_t version = in.u32();  // one 32-bit number: minor in its upper half
    s.major = static_cast<uint16_t>(version);
    s.minor = static_cast<uint16_t>(version >> 16);
    return s;
}

void write_syntax(Writer& out, const SyntaxId& syntax) {
    write_uuid(out, syntax.uuid);
    out.u16(syntax.major);
    out.u16(syntax.minor);
}

SyntaxId ContextElement::transfer(size_t i) const {
    if (i >= transfer_count) return null_syntax;
    Reader in(transfers.subspan(i * syntax_id_size, syntax_id_size), big_endian);
    return read_syntax(in);
}

bool ContextElements::next(ContextElement& out) {
    if (left_ == 0) return false;
    out = ContextElement();
    out.p_cont_id = in_.u16();
    out.transfer_count = in_.u8();
    in_.skip(1);
    out.abstract_syntax = read_syntax(in_);
    out.transfers = in_.bytes(out.transfer_count * syntax_id_size);
    out.big_endian = in_.big_endian();
    left_ = in_.ok() ? static_cast<uint8_t>(left_ - 1) : 0;
    return in_.ok();
}

bool ContextResults::next(ContextResult& out) {
    if (left_ == 0) return false;
    out = ContextResult();
    out.result = static_cast<BindResult>(in_.u16());
    out.reason = in_.u16();
    out.transfer_syntax = read_syntax(in_);
    left_ = in_.ok() ? static_cast<uint8_t>(left_ - 1) : 0;
    return in_.ok();
}

namespace {

// n_elements, then three reserved bytes.
uint8_t read_count(Reader& in) {
    uint8_t count = in.u8();
    in.skip(3);
    return count;
}

void write_count(Writer& out, size_t count) { out.u32(static_cast<uint32_t>(count)); }

// Whether the walk meets as many items as were announced.
template <class Walk, class Item>
bool complete(Walk walk, uint8_t count) {
    Item item;
    size_t seen = 0;
    while (walk.next(item)) ++seen;
    return seen == count;
}

}  // namespace

Parsed parse_bind(const Pdu& pdu, Bind& out) {
    out = Bind();
    if (pdu.header.type != PduType::bind && pdu.header.type != PduType::alter_context) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.max_xmit_frag = in.u16();
    out.max_recv_frag = in.u16();
    out.assoc_group_id = in.u32();
    out.context_count = read_count(in);
    if (!in.ok()) return Parsed::bad_body;
    out.contexts = ContextElements(in.rest(), out.context_count, pdu.header.big_endian);
    return complete<ContextElements, ContextElement>(out.contexts, out.context_count) ? Parsed::ok : Parsed::bad_body;
}

Parsed parse_bind_ack(const Pdu& pdu, BindAck& out) {
    out = BindAck();
    if (pdu.header.type != PduType::bind_ack && pdu.header.type != PduType::alter_context_resp) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.max_xmit_frag = in.u16();
    out.max_recv_frag = in.u16();
    out.assoc_group_id = in.u32();
    ByteView address = in.bytes(in.u16());
    in.align(4);  // from the body's start, which is aligned itself
    out.result_count = read_count(in);
    if (!in.ok()) return Parsed::bad_body;
    size_t length = 0;
    while (length < address.size() && address[length] != 0) ++length;
    out.secondary_address = address.first(length);
    out.results = ContextResults(in.rest(), out.result_count, pdu.header.big_endian);
    return complete<ContextResults, ContextResult>(out.results, out.result_count) ? Parsed::ok : Parsed::bad_body;
}

namespace {
// 90740320-FAD0-11D3-82D7-009027B130AB: extended error information follows ([MS-RPCE] 2.2.2.9).
constexpr Uuid nak_eeinfo_signature{
    0x90740320, 0xFAD0, 0x11D3, {0x82, 0xD7, 0x00, 0x90, 0x27, 0xB1, 0x30, 0xAB}};
}  // namespace

Parsed parse_bind_nak(const Pdu& pdu, BindNak& out) {
    out = BindNak();
    if (pdu.header.type != PduType::bind_nak) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.reason = static_cast<RejectReason>(in.u16());
    if (!in.ok()) return Parsed::bad_body;
    if (in.remaining() == 0) return Parsed::ok;  // old peers end here
    ByteView versions = in.bytes(size_t{in.u8()} * 2);
    if (!in.ok()) return Parsed::bad_body;
    out.versions = versions;
    if (in.remaining() >= sizeof(Uuid) && read_uuid(in) == nak_eeinfo_signature) out.eeinfo = in.rest();
    return Parsed::ok;
}

Status build_bind(Buffer& out, PduType type, const BindFields& fields, std::span<const ContextOffer> offers) {
    if (offers.size() > 255) return Status::invalid_arg;
    PduBuilder pdu(out, type, static_cast<uint8_t>(fields.flags | pfc::whole), fields.call_id);
    Writer& w = pdu.writer;
    w.u16(fields.max_xmit_frag);
    w.u16(fields.max_recv_frag);
    w.u32(fields.assoc_group_id);
    write_count(w, offers.size());
    bool fits = true;
    for (const ContextOffer& offer : offers) {
        fits = fits && offer.transfer_syntaxes.size() <= 255;
        w.u16(offer.p_cont_id);
        w.u8(static_cast<uint8_t>(offer.transfer_syntaxes.size()));
        w.u8(0);
        write_syntax(w, offer.abstract_syntax);
        if (fits)
            for (const SyntaxId& syntax : offer.transfer_syntaxes) write_syntax(w, syntax);
    }
    return pdu.finish(fits);
}

Status build_bind_ack(Buffer& out, PduType type, const BindFields& fields, ByteView secondary_address,
                      std::span<const ContextResult> results) {
    if (results.size() > 255 || secondary_address.size() > max_frag_length) return Status::invalid_arg;
    PduBuilder pdu(out, type, static_cast<uint8_t>(fields.flags | pfc::whole), fields.call_id);
    Writer& w = pdu.writer;
    w.u16(fields.max_xmit_frag);
    w.u16(fields.max_recv_frag);
    w.u32(fields.assoc_group_id);
    w.u16(static_cast<uint16_t>(secondary_address.empty() ? 0 : secondary_address.size() + 1));
    w.bytes(secondary_address);
    if (!secondary_address.empty()) w.u8(0);
    pdu.align(4);
    write_count(w, results.size());
    for (const ContextResult& result : results) {
        w.u16(static_cast<uint16_t>(result.result));
        w.u16(result.reason);
        write_syntax(w, result.transfer_syntax);
    }
    return pdu.finish();
}

Status build_bind_nak(Buffer& out, uint32_t call_id, RejectReason reason, ByteView eeinfo) {
    PduBuilder pdu(out, PduType::bind_nak, pfc::whole, call_id);
    pdu.writer.u16(static_cast<uint16_t>(reason));
    const uint8_t versions[] = {2, 5, 0, 5, 1};
    pdu.writer.bytes(versions);
    if (!eeinfo.empty()) {
        write_uuid(pdu.writer, nak_eeinfo_signature);
        pdu.writer.bytes(eeinfo);
    }
    return pdu.finish();
}

}  // namespace rpc::wire
