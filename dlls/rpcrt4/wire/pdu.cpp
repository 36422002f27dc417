#include "wire/pdu.h"

#include "wire/pdu_build.h"
#include "wire/rts.h"

namespace rpc::wire {

const char* name(Parsed p) {
    switch (p) {
        case Parsed::ok: return "ok";
        case Parsed::truncated: return "truncated";
        case Parsed::bad_version: return "bad version";
        case Parsed::bad_type: return "bad PDU type";
        case Parsed::bad_drep: return "bad drep";
        case Parsed::bad_length: return "bad length";
        case Parsed::bad_body: return "bad body";
    }
    return "?";
}

const char* name(PduType t) {
    switch (t) {
        case PduType::request: return "request";
        case PduType::response: return "response";
        case PduType::fault: return "fault";
        case PduType::bind: return "bind";
        case PduType::bind_ack: return "bind_ack";
        case PduType::bind_nak: return "bind_nak";
        case PduType::alter_context: return "alter_context";
        case PduType::alter_context_resp: return "alter_context_resp";
        case PduType::auth3: return "rpc_auth_3";
        case PduType::shutdown: return "shutdown";
        case PduType::co_cancel: return "co_cancel";
        case PduType::orphaned: return "orphaned";
    }
    return "?";
}

namespace {

bool legal_type(uint8_t type) {
    return type == 0 || type == 2 || type == 3 || (type >= 11 && type <= 19);
}

// The checks that the first 10 bytes allow. `bytes` has that many.
Parsed check_prefix(ByteView bytes, size_t& length, bool with_rts = false) {
    if (bytes[0] != 5 || bytes[1] > 1) return Parsed::bad_version;
    if (!legal_type(bytes[2]) && !(with_rts && bytes[2] == rts::pdu_type)) return Parsed::bad_type;
    if ((bytes[4] & 0xF0) > 0x10 || (bytes[4] & 0x0F) > 1 || bytes[5] > 3) return Parsed::bad_drep;
    Reader in(bytes.subspan(8, 2), (bytes[4] & 0x10) == 0);
    length = in.u16();
    return length < header_size ? Parsed::bad_length : Parsed::ok;
}

}  // namespace

uint32_t Header::data_representation() const {
    Reader in(drep);
    return in.u32();
}

Parsed frag_length(ByteView bytes, size_t& length, bool with_rts) {
    length = 0;
    return bytes.size() < peek_size ? Parsed::truncated : check_prefix(bytes, length, with_rts);
}

Parsed parse_header(ByteView bytes, Header& out) {
    out = Header();
    if (bytes.size() < header_size) return Parsed::truncated;
    size_t length = 0;
    if (Parsed p = check_prefix(bytes, length); p != Parsed::ok) return p;
    out.version_minor = bytes[1];
    out.type = static_cast<PduType>(bytes[2]);
    out.flags = bytes[3];
    std::memcpy(out.drep, bytes.data() + 4, sizeof out.drep);
    out.big_endian = (bytes[4] & 0x10) == 0;
    Reader in(bytes.subspan(8, 8), out.big_endian);
    out.frag_length = in.u16();
    out.auth_length = in.u16();
    out.call_id = in.u32();
    if (out.auth_length != 0 && header_size + sec_trailer_size + out.auth_length > out.frag_length)
        return Parsed::bad_length;
    return Parsed::ok;
}

Parsed parse_pdu(ByteView raw, Pdu& out) {
    out = Pdu();
    if (Parsed p = parse_header(raw, out.header); p != Parsed::ok) return p;
    if (raw.size() < out.header.frag_length) return Parsed::truncated;
    if (raw.size() > out.header.frag_length) return Parsed::bad_length;
    out.raw = raw;
    size_t end = raw.size();
    if (out.header.auth_length != 0) {
        if (!parse_auth_trailer(raw, out.header.auth_length, out.header.big_endian, out.auth)) return Parsed::bad_length;
        out.has_auth = true;
        end = out.auth.offset - out.auth.pad_length;
    }
    out.body = raw.subspan(header_size, end - header_size);
    return Parsed::ok;
}

Parsed parse_request(const Pdu& pdu, Request& out) {
    out = Request();
    if (pdu.header.type != PduType::request) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.alloc_hint = in.u32();
    out.p_cont_id = in.u16();
    out.opnum = in.u16();
    out.has_object = pdu.header.has(pfc::object_uuid);
    if (out.has_object) out.object = read_uuid(in);
    if (!in.ok()) return Parsed::bad_body;
    out.stub_offset = header_size + in.position();
    out.stub = in.rest();
    return Parsed::ok;
}

Parsed parse_response(const Pdu& pdu, Response& out) {
    out = Response();
    if (pdu.header.type != PduType::response) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.alloc_hint = in.u32();
    out.p_cont_id = in.u16();
    out.cancel_count = in.u8();
    in.skip(1);
    if (!in.ok()) return Parsed::bad_body;
    out.stub_offset = header_size + in.position();
    out.stub = in.rest();
    return Parsed::ok;
}

namespace {
constexpr uint8_t fault_has_eeinfo = 0x01;   // bit of the reserved byte, [MS-RPCE] 2.2.2.8
constexpr uint32_t fault_header_size = 0x20;  // alloc_hint counts the blob from here
}  // namespace

Parsed parse_fault(const Pdu& pdu, Fault& out) {
    out = Fault();
    if (pdu.header.type != PduType::fault) return Parsed::bad_type;
    Reader in(pdu.body, pdu.header.big_endian);
    out.alloc_hint = in.u32();
    out.p_cont_id = in.u16();
    out.cancel_count = in.u8();
    uint8_t reserved = in.u8();
    out.status = in.u32();
    if (!in.ok()) return Parsed::bad_body;
    out.did_not_execute = pdu.header.has(pfc::did_not_execute);
    // The four reserved bytes behind the status are missing in the faults of some peers.
    if ((reserved & fault_has_eeinfo) != 0 && out.alloc_hint > fault_header_size && in.remaining() >= 4) {
        in.skip(4);
        size_t size = out.alloc_hint - fault_header_size;
        if (size <= in.remaining()) out.eeinfo = in.bytes(size);
    }
    return Parsed::ok;
}

void write_header(uint8_t* at, PduType type, uint8_t flags, uint16_t frag_length, uint16_t auth_length,
                  uint32_t call_id) {
    const uint8_t raw[header_size] = {5,
                                      0,
                                      static_cast<uint8_t>(type),
                                      flags,
                                      0x10,
                                      0,
                                      0,
                                      0,
                                      static_cast<uint8_t>(frag_length),
                                      static_cast<uint8_t>(frag_length >> 8),
                                      static_cast<uint8_t>(auth_length),
                                      static_cast<uint8_t>(auth_length >> 8),
                                      static_cast<uint8_t>(call_id),
                                      static_cast<uint8_t>(call_id >> 8),
                                      static_cast<uint8_t>(call_id >> 16),
                                      static_cast<uint8_t>(call_id >> 24)};
    std::memcpy(at, raw, sizeof raw);
}

Status build_bare(Buffer& out, PduType type, uint32_t call_id) {
    PduBuilder pdu(out, type, pfc::whole, call_id);
    return pdu.finish();
}

Status build_auth3(Buffer& out, uint32_t call_id) {
    PduBuilder pdu(out, PduType::auth3, pfc::whole, call_id);
    pdu.writer.u32(0);
    return pdu.finish();
}

Status build_fault(Buffer& out, const FaultFields& fields) {
    if (fields.eeinfo.size() > max_frag_length - fault_header_size) return Status::invalid_arg;
    PduBuilder pdu(out, PduType::fault, static_cast<uint8_t>(fields.flags | pfc::whole), fields.call_id);
    Writer& w = pdu.writer;
    w.u32(fault_header_size + static_cast<uint32_t>(fields.eeinfo.size()));
    w.u16(fields.p_cont_id);
    w.u8(fields.cancel_count);
    w.u8(fields.eeinfo.empty() ? 0 : fault_has_eeinfo);
    w.u32(fields.status);
    w.u32(0);
    w.bytes(fields.eeinfo);
    return pdu.finish();
}

Uuid read_uuid(Reader& in) {
    Uuid u;
    u.data1 = in.u32();
    u.data2 = in.u16();
    u.data3 = in.u16();
    ByteView tail = in.bytes(sizeof u.data4);
    if (!tail.empty()) std::memcpy(u.data4, tail.data(), sizeof u.data4);
    return u;
}

void write_uuid(Writer& out, const Uuid& uuid) {
    out.u32(uuid.data1);
    out.u16(uuid.data2);
    out.u16(uuid.data3);
    out.bytes(uuid.data4);
}

}  // namespace rpc::wire
