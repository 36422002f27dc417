#pragma once
// Syntax identifiers of presentation negotiation and bind-time feature negotiation. Sources: C706 12.6.3.1 (p_syntax_id_t),
// [MS-RPCE] 2.2.2.14, 3.3.1.5.3.
#include "base/bytes.h"
#include "base/uuid.h"

namespace rpc::wire {

struct SyntaxId {
    Uuid uuid;
    uint16_t major = 0;
    uint16_t minor = 0;
    bool operator==(const SyntaxId&) const = default;
};
constexpr size_t syntax_id_size = 20;

// 8A885D04-1CEB-11C9-9FE8-08002B104860 2.0
inline constexpr SyntaxId ndr20{{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, 2, 0};
// 71710533-BEBA-4937-8319-B5DBEF9CCC36 1.0
inline constexpr SyntaxId ndr64{{0x71710533, 0xBEBA, 0x4937, {0x83, 0x19, 0xB5, 0xDB, 0xEF, 0x9C, 0xCC, 0x36}}, 1, 0};
// What a result that accepts nothing carries.
inline constexpr SyntaxId null_syntax{};

// Bits of the first byte of the feature mask; the other seven bytes are reserved.
namespace feature {
constexpr uint8_t security_context_multiplexing = 0x01;
constexpr uint8_t keep_connection_on_orphan = 0x02;
}  // namespace feature

// The transfer syntax that offers `mask`: 6CB71C2C-9812-4540-<mask, then zeros> 1.0.
SyntaxId feature_syntax(uint8_t mask);
// Whether `syntax` is such an offer; stores its first mask byte.
[[nodiscard]] bool is_feature_syntax(const SyntaxId& syntax, uint8_t& mask);

SyntaxId read_syntax(Reader& in);
void write_syntax(Writer& out, const SyntaxId& syntax);

}  // namespace rpc::wire
