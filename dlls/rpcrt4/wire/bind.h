#pragma once
// bind, alter_context, their answers and bind_nak. Counts are one byte each and a PDU has at most 65535 bytes, so what a
// peer can make us look at is bounded; nothing is copied or allocated. Sources: C706 12.6.4, [MS-RPCE] 2.2.2.4, 2.2.2.5,
// 2.2.2.9, 3.3.1.5.3.
#include <span>

#include "wire/pdu.h"
#include "wire/syntax.h"

namespace rpc::wire {

// p_cont_def_result_t.
enum class BindResult : uint16_t { acceptance = 0, user_rejection = 1, provider_rejection = 2, negotiate_ack = 3 };
// p_provider_reason_t, beside provider_rejection. Beside negotiate_ack the field holds the agreed feature mask.
enum class ProviderReason : uint16_t {
    not_specified = 0,
    abstract_syntax_not_supported = 1,
    proposed_transfer_syntaxes_not_supported = 2,
    local_limit_exceeded = 3,
};
// Of a bind_nak.
enum class RejectReason : uint16_t {
    not_specified = 0,
    temporary_congestion = 1,
    local_limit_exceeded = 2,
    called_paddr_unknown = 3,
    protocol_version_not_supported = 4,
    default_context_not_supported = 5,
    user_data_not_readable = 6,
    no_psap_available = 7,
    authentication_type_not_recognized = 8,
    invalid_checksum = 9,
};

// One p_cont_elem_t as received.
struct ContextElement {
    uint16_t p_cont_id = 0;
    SyntaxId abstract_syntax;
    uint8_t transfer_count = 0;
    // i < transfer_count.
    SyntaxId transfer(size_t i) const;

    ByteView transfers;
    bool big_endian = false;
};
// Walks the elements of a bind that was parsed; cannot fail any more.
class ContextElements {
public:
    ContextElements() : in_({}) {}
    ContextElements(ByteView list, uint8_t count, bool big_endian) : in_(list, big_endian), left_(count) {}
    // False behind the last one.
    bool next(ContextElement& out);

private:
    Reader in_;
    uint8_t left_ = 0;
};

// bind or alter_context.
struct Bind {
    uint16_t max_xmit_frag = 0;
    uint16_t max_recv_frag = 0;
    uint32_t assoc_group_id = 0;
    uint8_t context_count = 0;
    ContextElements contexts;  // copy it to walk again
};
Parsed parse_bind(const Pdu& pdu, Bind& out);

struct ContextResult {
    BindResult result = BindResult::provider_rejection;
    uint16_t reason = 0;  // ProviderReason, or the feature mask beside negotiate_ack
    SyntaxId transfer_syntax;
    bool operator==(const ContextResult&) const = default;
};
class ContextResults {
public:
    ContextResults() : in_({}) {}
    ContextResults(ByteView list, uint8_t count, bool big_endian) : in_(list, big_endian), left_(count) {}
    bool next(ContextResult& out);

private:
    Reader in_;
    uint8_t left_ = 0;
};

// bind_ack or alter_context_resp.
struct BindAck {
    uint16_t max_xmit_frag = 0;
    uint16_t max_recv_frag = 0;
    uint32_t assoc_group_id = 0;
    ByteView secondary_address;  // characters up to the terminator
    uint8_t result_count = 0;
    ContextResults results;  // in the order of the elements offered
};
Parsed parse_bind_ack(const Pdu& pdu, BindAck& out);

struct BindNak {
    RejectReason reason = RejectReason::not_specified;
    ByteView versions;  // pairs of major, minor: what the server speaks; may be missing
    ByteView eeinfo;    // extended error blob behind the signature of [MS-RPCE] 2.2.2.9; empty when there is none
};
Parsed parse_bind_nak(const Pdu& pdu, BindNak& out);

// ---- building; the contract is that of the builders in pdu.h ----
struct BindFields {
    uint32_t call_id = 0;
    uint8_t flags = 0;  // pfc::conc_mpx, pfc::support_header_sign; first and last are added
    uint16_t max_xmit_frag = 0;
    uint16_t max_recv_frag = 0;
    uint32_t assoc_group_id = 0;
};
struct ContextOffer {
    uint16_t p_cont_id = 0;
    SyntaxId abstract_syntax;
    std::span<const SyntaxId> transfer_syntaxes;  // at most 255
};
// `type` is bind or alter_context. At most 255 offers (more: invalid_arg).
Status build_bind(Buffer& out, PduType type, const BindFields& fields, std::span<const ContextOffer> offers);
// `type` is bind_ack or alter_context_resp. `secondary_address` without its terminator, which is added unless it is empty.
Status build_bind_ack(Buffer& out, PduType type, const BindFields& fields, ByteView secondary_address,
                      std::span<const ContextResult> results);
// Names versions 5.0 and 5.1 as spoken. `eeinfo` is sent when it is not empty.
Status build_bind_nak(Buffer& out, uint32_t call_id, RejectReason reason, ByteView eeinfo = {});

}  // namespace rpc::wire
