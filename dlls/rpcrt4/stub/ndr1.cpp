#include "stub/ndr1.h"

#include <cstring>

namespace rpc::stub::ndr1 {

Status read(uint8_t*& source, void* target, BaseType type, uint32_t data_representation) {
    if (type.kind == Kind::character && (data_representation & NDR_CHAR_REP_MASK) != NDR_ASCII_CHAR)
        return Status::cannot_support;
    if (type.kind == Kind::floating && (data_representation & NDR_FLOAT_REP_MASK) != NDR_IEEE_FLOAT)
        return Status::cannot_support;
    bool swap = (data_representation & NDR_INT_REP_MASK) == NDR_BIG_ENDIAN;
    source += (0 - reinterpret_cast<uintptr_t>(source)) & (type.size - 1u);
    uint8_t value[8];
    for (unsigned i = 0; i < type.size; ++i) value[i] = source[swap ? type.size - 1 - i : i];
    std::memcpy(target, value, type.size);
    source += type.size;
    return Status::ok;
}

Status read(RPC_MESSAGE& message, void* target, BaseType type) {
    auto* source = static_cast<uint8_t*>(message.Buffer);
    RPC_TRY(read(source, target, type, message.DataRepresentation));
    message.Buffer = source;
    return Status::ok;
}

Status read_array(RPC_MESSAGE& message, uint32_t lower, uint32_t upper, void* target, BaseType type) {
    if (lower > upper) return Status::invalid_bound;
    auto* elements = static_cast<uint8_t*>(target);
    for (size_t i = lower; i < upper; ++i) RPC_TRY(read(message, elements + i * type.size, type));
    return Status::ok;
}

Status read_enum(RPC_MESSAGE& message, uint32_t* target) {
    uint16_t value = 0;
    RPC_TRY(read(message, &value, short_integer));
    *target = value;
    return Status::ok;
}

}  // namespace rpc::stub::ndr1
