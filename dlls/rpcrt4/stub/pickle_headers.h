#pragma once
// The headers of pickles, as pure functions of bytes. Type serialisation: [MS-RPCE] 2.2.6 (version 1) and 2.2.7
// (version 2). The header of a procedure's encoding is published nowhere; what stands here was seen in what Wine's
// builtin writes and accepts.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub::pickle {

// How the types of one stream are laid out: what its common header says.
struct TypeLayout {
    uint8_t version = 1;
    bool big_endian = false;

    // Private headers and data are aligned to this, and data padded to it.
    size_t unit() const { return version == 1 ? 8 : 16; }
    size_t private_header_size() const { return unit(); }
    // Version 1 has no private header in front of a primitive type; version 2 has one everywhere.
    bool header_before_primitive() const { return version != 1; }
};

constexpr size_t common_header_size = 8;  // version 1, and what version 2 starts with
constexpr size_t common_header_2_size = 64;
constexpr size_t procedure_header_size = 56;

void write_common_header(uint8_t* to);                    // version 1, little-endian
void write_private_header(uint8_t* to, uint32_t length);  // version 1

// The first 8 bytes of a stream: `total` is the size of the whole header. wrong_es_version.
Status read_common_header(const uint8_t* from, TypeLayout& layout, size_t& total);
// The whole header of version 2. unsupported_trans_syn for what is not NDR 2.0.
Status check_common_header_2(const uint8_t* from);
// bad_stub_data for a length that is no multiple of the layout's unit, or past 2 GiB, or a filler of version 2 that is
// not 0.
Status read_private_header(const uint8_t* from, const TypeLayout& layout, uint32_t& length);

struct ProcedureHeader {
    RPC_SYNTAX_IDENTIFIER interface_id;
    uint32_t number = 0;
    uint32_t length = 0;  // of the data that follows
};

void write_procedure_header(uint8_t* to, const ProcedureHeader& header);
// wrong_es_version, unsupported_trans_syn, bad_stub_data for a length past 2 GiB.
Status read_procedure_header(const uint8_t* from, ProcedureHeader& header);

}  // namespace rpc::stub::pickle
