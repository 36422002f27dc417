#pragma once
// The verification trailer: what a client says again about its request inside the protected stub data, where the
// security provider does not protect the header itself. Pure functions of bytes; any thread. Source:
// [MS-RPCE] 2.2.2.13.
#include "wire/pdu.h"
#include "wire/syntax.h"

namespace rpc::wire {

// Each part may be missing.
struct Verification {
    bool has_bitmask = false;
    bool client_signs_headers = false;  // the client's bind said so
    bool has_context = false;
    SyntaxId abstract_syntax;
    SyntaxId transfer_syntax;
    bool has_header = false;
    PduType type = PduType::request;
    uint8_t drep[4] = {};
    uint32_t call_id = 0;
    uint16_t p_cont_id = 0;
    uint16_t opnum = 0;
    bool has_unknown = false;  // received: a command that must be processed and that we do not know
};

// Appends padding and the trailer with the parts that `v` has to stub data that begins at `stub_start` of `out`.
// out_of_memory; invalid_arg when it has none. `out` is as it was then.
Status append_verification(Buffer& out, size_t stub_start, const Verification& v);

// Whether the stub data of a whole request ends with a verification trailer; `stub_size` becomes its size without it.
// Bytes that look like one but do not end where the stub data does are stub data.
[[nodiscard]] bool find_verification(ByteView stub, size_t& stub_size, Verification& v);

}  // namespace rpc::wire
