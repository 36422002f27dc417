#include "stub/pickle_headers.h"

#include <cstring>

namespace rpc::stub::pickle {

namespace {

constexpr uint8_t little_endian = 0x10, big_endian = 0x00;
constexpr uint8_t filler = 0xcc;
constexpr uint8_t procedure_version[2] = {1, 1};
constexpr uint32_t procedure_tail = 1;  // in front of the length; its meaning is not known, and nobody looks at it
constexpr uint32_t length_limit = INT32_MAX;
constexpr RPC_SYNTAX_IDENTIFIER ndr20{{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}},
                                      {2, 0}};

void put_u32(uint8_t* to, uint32_t value) {
    for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> 8 * i);
}

uint32_t get_u32(const uint8_t* from, bool big = false) {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value |= static_cast<uint32_t>(from[i]) << 8 * (big ? 3 - i : i);
    return value;
}

bool is_ndr20(const uint8_t* from) {
    return std::memcmp(from, &ndr20, sizeof ndr20) == 0;
}

}  // namespace

void write_common_header(uint8_t* to) {
    const uint8_t header[common_header_size] = {1,      little_endian, common_header_size, 0, filler, filler,
                                                filler, filler};
    std::memcpy(to, header, sizeof header);
}

void write_private_header(uint8_t* to, uint32_t length) {
    put_u32(to, length);
    put_u32(to + 4, 0);
}

Status read_common_header(const uint8_t* from, TypeLayout& layout, size_t& total) {
    layout = TypeLayout();
    layout.version = from[0];
    layout.big_endian = from[1] == big_endian;
    unsigned length = from[2] | from[3] << 8;
    if (from[1] != little_endian && from[1] != big_endian) return Status::wrong_es_version;
    // The common header itself is little-endian whatever the types are.
    bool version_1 = layout.version == 1 && length == common_header_size;
    bool version_2 = layout.version == 2 && length == common_header_2_size && !layout.big_endian;
    if (!version_1 && !version_2) return Status::wrong_es_version;
    total = length;
    return Status::ok;
}

Status check_common_header_2(const uint8_t* from) {
    return is_ndr20(from + 24) ? Status::ok : Status::unsupported_trans_syn;
}

Status read_private_header(const uint8_t* from, const TypeLayout& layout, uint32_t& length) {
    length = get_u32(from, layout.big_endian);
    if (length % layout.unit() != 0 || length > length_limit) return Status::bad_stub_data;
    if (layout.version != 1)
        for (size_t i = 4; i < layout.private_header_size(); ++i)
            if (from[i]) return Status::bad_stub_data;
    return Status::ok;
}

void write_procedure_header(uint8_t* to, const ProcedureHeader& header) {
    std::memcpy(to, procedure_version, sizeof procedure_version);
    to[2] = to[3] = filler;
    std::memcpy(to + 4, &ndr20, sizeof ndr20);
    std::memcpy(to + 24, &header.interface_id, sizeof header.interface_id);
    put_u32(to + 44, header.number);
    put_u32(to + 48, procedure_tail);
    put_u32(to + 52, header.length);
}

Status read_procedure_header(const uint8_t* from, ProcedureHeader& header) {
    if (std::memcmp(from, procedure_version, sizeof procedure_version) != 0) return Status::wrong_es_version;
    if (!is_ndr20(from + 4)) return Status::unsupported_trans_syn;
    std::memcpy(&header.interface_id, from + 24, sizeof header.interface_id);
    header.number = get_u32(from + 44);
    header.length = get_u32(from + 52);
    return header.length <= length_limit ? Status::ok : Status::bad_stub_data;
}

}  // namespace rpc::stub::pickle
