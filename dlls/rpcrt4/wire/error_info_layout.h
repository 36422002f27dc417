#pragma once
// The constants that both directions of error_info.h share.
#include <cstddef>
#include <cstdint>

namespace rpc::wire::error_info {

constexpr uint8_t version = 1;
constexpr uint8_t little_endian = 0x10;
constexpr uint16_t common_header_size = 8;
constexpr size_t headers_size = 16;  // the common header and the private one, which has the length of what follows
constexpr uint32_t filler = 0xCCCCCCCC;
constexpr uint32_t first_referent = 0x00020000;
constexpr uint16_t name_present = 1;
constexpr uint16_t name_absent = 2;
constexpr size_t max_elements = INT16_MAX;  // counts are short

}  // namespace rpc::wire::error_info
