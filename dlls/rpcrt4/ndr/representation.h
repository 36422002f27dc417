#pragma once
// What a sender's format label ([C706] 14.1) makes of numbers and characters: byte order, EBCDIC, VAX and IBM floating point
// ([C706] 14.2), turned into ours. Cray's, which the label can name too and rpcndr.h has no name for, is cannot_support.
#include <cstdint>

#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::ndr {

class Representation {
public:
    // The ULONG of RPC_MESSAGE.
    explicit Representation(uint32_t label) : label_(label) {}

    bool big_endian() const { return (label_ & NDR_INT_REP_MASK) == NDR_BIG_ENDIAN; }
    // Whether more than byte order differs from ours.
    bool foreign_values() const {
        return (label_ & NDR_CHAR_REP_MASK) != NDR_ASCII_CHAR || (label_ & NDR_FLOAT_REP_MASK) != NDR_IEEE_FLOAT;
    }
    // cannot_support for labels that no rule is known for.
    Status check() const;
    // `count` values of the base type `format_char`, in place. fp_overflow for numbers that IEEE's format cannot hold,
    // bad_stub_data for VAX's reserved operands.
    Status convert(uint8_t format_char, uint8_t* at, uint64_t count) const;

private:
    Status convert_float(uint8_t* at, unsigned size) const;
    uint32_t label_;
};

}  // namespace rpc::ndr
