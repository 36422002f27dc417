#pragma once
// The connection-oriented PDUs: common header, request, response, fault and the PDUs without a body of their own.
// (bind.h: the bind family; fragment.h: long requests and responses; fault.h: status values; auth_trailer.h: sec_trailer.)
// Pure functions of bytes; any thread. Views point into the bytes that were parsed. What we write is little-endian; what
// we read follows the sender's drep. Sources: C706 chapter 12.6, [MS-RPCE] 2.2.2.
#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/auth_trailer.h"

namespace rpc::wire {

enum class PduType : uint8_t {
    request = 0,
    response = 2,
    fault = 3,
    bind = 11,
    bind_ack = 12,
    bind_nak = 13,
    alter_context = 14,
    alter_context_resp = 15,
    auth3 = 16,
    shutdown = 17,
    co_cancel = 18,
    orphaned = 19,
};

// pfc_flags.
namespace pfc {
constexpr uint8_t first_frag = 0x01;
constexpr uint8_t last_frag = 0x02;
constexpr uint8_t pending_cancel = 0x04;       // on request, response and fault
constexpr uint8_t support_header_sign = 0x04;  // the same bit on the bind family and auth3
constexpr uint8_t conc_mpx = 0x10;
constexpr uint8_t did_not_execute = 0x20;  // only on fault: the call surely was not executed
constexpr uint8_t maybe = 0x40;
constexpr uint8_t object_uuid = 0x80;
constexpr uint8_t whole = first_frag | last_frag;
}  // namespace pfc

constexpr size_t header_size = 16;
constexpr size_t peek_size = 10;           // bytes needed to know a PDU's length
constexpr size_t request_header_size = 24;  // 40 with an object UUID; a response's is 24, a fault's 32
constexpr size_t max_frag_length = 0xFFFF;
constexpr uint16_t must_recv_frag_size = 1432;  // every implementation receives at least this (C706 appendix K)

// Why bytes were refused. Anything but ok and truncated is a protocol error of the peer.
enum class [[nodiscard]] Parsed : uint8_t { ok, truncated, bad_version, bad_type, bad_drep, bad_length, bad_body };
// The name, for log lines.
const char* name(Parsed p);
const char* name(PduType t);

struct Header {
    PduType type = PduType::request;
    uint8_t version_minor = 0;
    uint8_t flags = 0;
    bool big_endian = false;
    uint8_t drep[4] = {};
    uint16_t frag_length = 0;
    uint16_t auth_length = 0;
    uint32_t call_id = 0;

    bool has(uint8_t flag) const { return (flags & flag) != 0; }
    // As RPC_MESSAGE.DataRepresentation holds it (0x10 = little-endian, ASCII, IEEE).
    uint32_t data_representation() const;
};

// Reads the first 16 bytes. Checks version (5.0, 5.1), type, drep and that frag_length holds the header and, with
// auth_length != 0, sec_trailer and token. Fewer than 16 bytes: truncated.
Parsed parse_header(ByteView bytes, Header& out);
// The length of the PDU that begins with `bytes`, for cutting a stream into PDUs; makes the checks that 10 bytes allow, so
// that garbage is refused before anything waits for it. RTS PDUs (rts.h) are garbage but `with_rts`. Fewer than 10 bytes: truncated.
Parsed frag_length(ByteView bytes, size_t& length, bool with_rts = false);

// One whole PDU.
struct Pdu {
    Header header;
    ByteView raw;
    ByteView body;  // behind the common header, without authentication padding and trailer
    AuthTrailer auth;
    bool has_auth = false;
};
// `raw` must be exactly one PDU (more bytes than frag_length: bad_length).
Parsed parse_pdu(ByteView raw, Pdu& out);

struct Request {
    uint32_t alloc_hint = 0;
    uint16_t p_cont_id = 0;
    uint16_t opnum = 0;
    bool has_object = false;
    Uuid object;
    ByteView stub;
    size_t stub_offset = 0;  // of `stub` in the PDU
};
struct Response {
    uint32_t alloc_hint = 0;
    uint16_t p_cont_id = 0;
    uint8_t cancel_count = 0;
    ByteView stub;
    size_t stub_offset = 0;
};
struct Fault {
    uint32_t alloc_hint = 0;
    uint16_t p_cont_id = 0;
    uint8_t cancel_count = 0;
    bool did_not_execute = false;
    uint32_t status = 0;  // as sent: see status_from_fault
    ByteView eeinfo;      // extended error blob; empty when there is none
};
// Each expects a PDU of its type: another one is bad_type.
Parsed parse_request(const Pdu& pdu, Request& out);
Parsed parse_response(const Pdu& pdu, Response& out);
// Stub data is ignored ([MS-RPCE] 2.2.2.8). An extended error blob that does not fit is left out, not an error.
Parsed parse_fault(const Pdu& pdu, Fault& out);

// The builders append one PDU to `out`; on failure (out_of_memory, or invalid_arg: longer than 65535 bytes) `out` is as it
// was. append_auth (auth_trailer.h) adds a verifier to a PDU just built.

// shutdown, co_cancel or orphaned: the common header alone.
Status build_bare(Buffer& out, PduType type, uint32_t call_id);
// Only with a verifier behind it.
Status build_auth3(Buffer& out, uint32_t call_id);

struct FaultFields {
    uint32_t call_id = 0;
    uint16_t p_cont_id = 0;
    uint8_t cancel_count = 0;
    uint8_t flags = 0;    // pfc::did_not_execute, pfc::pending_cancel; first and last are added
    uint32_t status = 0;  // from fault_from_status
    ByteView eeinfo;      // sent when not empty
};
Status build_fault(Buffer& out, const FaultFields& fields);

// Writes the 16 bytes of a common header to `at`.
void write_header(uint8_t* at, PduType type, uint8_t flags, uint16_t frag_length, uint16_t auth_length,
                  uint32_t call_id);

// UUIDs in the byte order of the reader; little-endian out.
Uuid read_uuid(Reader& in);
void write_uuid(Writer& out, const Uuid& uuid);

}  // namespace rpc::wire
