// Unions (C706 14.3.8): the discriminant, then the selected arm. Documentation page "Unions" of the type format strings.
#include <cstring>

#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr uint16_t no_default = 0xffff;
constexpr uint8_t simple_arm = 0x80;

uint8_t* offset(uint8_t* memory, uint64_t n) { return memory ? memory + n : nullptr; }

// What a discriminant of type `fc` in memory or in the buffer says, sign-extended so that it compares with case labels.
Status value_of(uint8_t fc, const uint8_t* p, bool on_wire, uint32_t& value) {
    const Type& type = type_of(fc);
    size_t size = on_wire ? type.wire : type.memory;
    if (size == 0 || size > 4) return Status::internal_error;
    uint32_t raw = 0;
    std::memcpy(&raw, p, size);
    if (fc == fc_small) raw = static_cast<uint32_t>(static_cast<int8_t>(raw));
    if (fc == fc_short) raw = static_cast<uint32_t>(static_cast<int16_t>(raw));
    value = raw;
    return Status::ok;
}

// `arms` leads to union_arms<2>, the cases, and the default.
Status arm(Walker& w, uint8_t* memory, Format arms, uint32_t value) {
    unsigned count = u16_at(arms) & 0x0fff, mask = u16_at(arms) >> 12;
    Format f = arms + 2, chosen = nullptr;
    for (unsigned i = 0; i < count; ++i, f += 6)
        if (u32_at(f) == value) {
            chosen = f + 4;
            break;
        }
    if (!chosen) {
        chosen = f;
        if (u16_at(f) == no_default) return Status::invalid_tag;
    }
    if (u16_at(chosen) == 0) return Status::ok;  // an arm without data
    if (mask == 1 || mask == 3 || mask == 7) RPC_TRY(w.align(mask));
    else if (mask == 2 || mask == 4 || mask == 8) RPC_TRY(w.align(mask - 1));
    if (chosen[1] == simple_arm) return w.simple(memory, chosen[0]);
    Format type = relative(chosen);
    return is_pointer(type[0]) ? w.embedded_pointer(memory, type) : w.flat(memory, type);
}

Format size_and_arms(Walker& w, Format f) { return relative(f + 2 + correlation_size(w.message())); }

}  // namespace

Status encapsulated_union(Walker& w, uint8_t* memory, Format f) {
    uint8_t fc = f[1] & 0x0f;
    unsigned step = f[1] >> 4;
    const Type& type = type_of(fc);
    if (type.wire == 0 || type.wire > 4) return w.unknown(f + 1);
    RPC_TRY(w.align(type.wire - 1u));
    uint8_t* wire = w.position();
    RPC_TRY(w.simple(memory, fc));
    uint32_t value = 0;
    RPC_TRY(value_of(fc, w.reads() ? wire : memory, w.reads(), value));
    return arm(w, offset(memory, step), f + 4, value);
}

// The union's size is its own; with the discriminant, rounded up to the alignment that the step tells.
Status encapsulated_union_size(Walker&, Format f, uint64_t& size) {
    unsigned step = f[1] >> 4, align = step >= 8 ? 8 : step >= 4 ? 4 : step >= 2 ? 2 : 1;
    size = (u16_at(f + 2) + step + align - 1) / align * align;
    return Status::ok;
}

Status non_encapsulated_union(Walker& w, uint8_t* memory, Format f) {
    uint8_t fc = f[1];
    const Type& type = type_of(fc);
    if (type.wire == 0 || type.wire > 4) return w.unknown(f + 1);
    uint32_t value = 0;
    if (w.from_memory()) {
        int64_t wide = 0;
        RPC_TRY(w.correlate(f + 2, memory, false, wide));
        value = static_cast<uint32_t>(wide);
        uint8_t image[8] = {};
        std::memcpy(image, &value, 4);
        RPC_TRY(w.simple(image, fc));
    } else {
        RPC_TRY(w.align(type.wire - 1u));
        uint8_t* wire = w.position();
        RPC_TRY(w.simple(w.is(Op::unmarshal) ? reinterpret_cast<uint8_t*>(&value) : nullptr, fc));
        RPC_TRY(value_of(fc, wire, true, value));
        uint32_t mask = type.wire == 1 ? 0xff : type.wire == 2 ? 0xffff : 0xffffffff;
        if (w.is(Op::unmarshal)) RPC_TRY(w.verify_tag(f + 2, memory, value, mask));
    }
    return arm(w, memory, size_and_arms(w, f) + 2, value);
}

Status non_encapsulated_union_size(Walker& w, Format f, uint64_t& size) {
    size = u16_at(size_and_arms(w, f));
    return Status::ok;
}

}  // namespace rpc::ndr
