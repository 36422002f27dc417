#pragma once
// sec_trailer and token at a PDU's end. Sources: C706 13.2.6 (auth_verifier_co_t), [MS-RPCE] 2.2.2.11.
#include "base/bytes.h"

namespace rpc::wire {

constexpr size_t sec_trailer_size = 8;

// As received.
struct AuthTrailer {
    uint8_t type = 0;        // RPC_C_AUTHN_x
    uint8_t level = 0;       // RPC_C_AUTHN_LEVEL_x
    uint8_t pad_length = 0;  // padding between body and trailer
    uint32_t context_id = 0;
    ByteView token;
    size_t offset = 0;  // of the sec_trailer in the PDU; what is signed or sealed ends here, padding included
};
// `pdu` is one whole PDU whose header has passed parse_header (so `auth_length` is consistent with its size) and is not 0.
// False when the padding reaches into the common header.
[[nodiscard]] bool parse_auth_trailer(ByteView pdu, uint16_t auth_length, bool big_endian, AuthTrailer& out);

struct AuthFields {
    uint8_t type = 0;
    uint8_t level = 0;
    uint32_t context_id = 0;
};
// Padding that brings a body of `body_size` bytes (stub data for request and response) to `alignment`.
constexpr uint8_t auth_padding(size_t body_size, size_t alignment) {
    return static_cast<uint8_t>((0 - body_size) & (alignment - 1));
}
// Request and response put their trailer 16 bytes aligned behind the stub data; in the others it is 4 bytes aligned
// (auth3's must follow its 4 bytes of padding directly, [MS-RPCE] 2.2.2.10, so 16 cannot hold there).
constexpr size_t auth_alignment_call = 16;
constexpr size_t auth_alignment_other = 4;

void write_sec_trailer(uint8_t* at, const AuthFields& fields, uint8_t pad_length);

// Appends padding, sec_trailer and a token that is not empty to the PDU that begins at `pdu_start` of `out` and ends with
// it, and corrects frag_length and auth_length. On failure (out_of_memory; invalid_arg: longer than 65535 bytes, or not
// such a PDU) `out` is as it was.
Status append_auth(Buffer& out, size_t pdu_start, const AuthFields& fields, ByteView token);

}  // namespace rpc::wire
