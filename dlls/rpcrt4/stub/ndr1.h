#pragma once
// What the stubs of MIDL 1 call: base types read one by one from a message, in whatever representation its sender has.
// Sources: the macros of rpcndr.h for one-byte types (small_from_ndr, small_array_from_ndr, small_from_ndr_temp), which
// are the same for bytes; C706 14.2 for the others. As those macros these know no end of the buffer: that is the stub's
// affair.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub::ndr1 {

enum class Kind : uint8_t { character, integer, floating };

struct BaseType {
    uint8_t size;  // bytes, and alignment
    Kind kind;
};
constexpr BaseType character{1, Kind::character}, short_integer{2, Kind::integer}, long_integer{4, Kind::integer},
    single_float{4, Kind::floating}, double_float{8, Kind::floating};

// `source` moves past the value. cannot_support for EBCDIC and for VAX, Cray and IBM floating point.
Status read(uint8_t*& source, void* target, BaseType type, uint32_t data_representation);
// From message.Buffer.
Status read(RPC_MESSAGE& message, void* target, BaseType type);
// Elements from `lower` up to but not including `upper` of the array at `target`. invalid_bound for bounds the wrong
// way round.
Status read_array(RPC_MESSAGE& message, uint32_t lower, uint32_t upper, void* target, BaseType type);
// 16 bits on the wire.
Status read_enum(RPC_MESSAGE& message, uint32_t* target);

}  // namespace rpc::stub::ndr1
