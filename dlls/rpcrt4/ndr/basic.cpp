// Base types and what is hardly more: ranges, ignored pointers, types that other rooms own.
#include <atomic>
#include <cstring>

#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constinit std::atomic<TypeHook> context_hook{nullptr};
constexpr uint16_t enum16_limit = 0x7fff;

}  // namespace

void set_context_hook(TypeHook hook) { context_hook.store(hook, std::memory_order_release); }

Status Walker::simple(uint8_t* memory, uint8_t fc) {
    const Type& type = type_of(fc);
    if (type.wire == 0) return Status::bad_stub_data;
    if (op_ == Op::free) return Status::ok;
    RPC_TRY(align(type.wire - 1u));
    bool same = type.memory == type.wire || (type.memory == pointer_wide && pointer_size() == type.wire);
    if (op_ == Op::size || op_ == Op::memory_size || op_ == Op::convert) return values(memory, 1, fc);
    RPC_TRY(need(type.wire));
    if (same) {
        uint8_t *to = op_ == Op::marshal ? at_ : memory, *from = op_ == Op::marshal ? memory : at_;
        at_ += type.wire;
        if (to == from) return Status::ok;
        switch (type.wire) {
        case 1: *to = *from; break;
        case 2: std::memcpy(to, from, 2); break;
        case 4: std::memcpy(to, from, 4); break;
        default: std::memcpy(to, from, 8); break;
        }
        return Status::ok;
    }
    if (fc == fc_enum16) {
        // 2 bytes on the wire, an int in memory (documentation page of the enum keyword: 0 to 32,767).
        uint32_t value = 0;
        if (op_ == Op::marshal) {
            std::memcpy(&value, memory, 4);
            if (value > enum16_limit) return Status::enum_value_out_of_range;
            std::memcpy(at_, &value, 2);
        } else {
            std::memcpy(&value, at_, 2);
            if (value > enum16_limit) return Status::enum_value_out_of_range;
            std::memcpy(memory, &value, 4);
        }
    } else {
        // __int3264: 4 bytes on the wire, a pointer's width in memory.
        int64_t value = 0;
        if (op_ == Op::marshal) {
            std::memcpy(at_, memory, 4);
        } else {
            int32_t low;
            std::memcpy(&low, at_, 4);
            value = fc == fc_int3264 ? low : static_cast<int64_t>(static_cast<uint32_t>(low));
            std::memcpy(memory, &value, 8);
        }
    }
    at_ += type.wire;
    return Status::ok;
}

// FC_RANGE, flags and type, low<4>, high<4>
Status range(Walker& w, uint8_t* memory, Format f) {
    uint8_t fc = f[1] & 0x0f;
    RPC_TRY(w.simple(memory, fc));
    if (!w.is(Op::unmarshal)) return Status::ok;
    int64_t value = 0, low = static_cast<int32_t>(u32_at(f + 2)), high = static_cast<int32_t>(u32_at(f + 6));
    uint64_t raw = 0;
    std::memcpy(&raw, memory, type_of(fc).memory);
    switch (fc) {
    case fc_small: value = static_cast<int8_t>(raw); break;
    case fc_short: value = static_cast<int16_t>(raw); break;
    case fc_long: case fc_enum16: case fc_enum32: value = static_cast<int32_t>(raw); break;
    case fc_ulong:
        low = u32_at(f + 2);
        high = u32_at(f + 6);
        [[fallthrough]];
    default: value = static_cast<int64_t>(raw); break;
    }
    return value < low || value > high ? Status::invalid_bound : Status::ok;
}

Status range_size(Walker&, Format f, uint64_t& size) {
    size = type_of(f[1] & 0x0f).memory;
    return size ? Status::ok : Status::bad_stub_data;
}

// [ignore]: a pointer in memory, 4 bytes of no meaning on the wire.
Status ignored_pointer(Walker& w, uint8_t* memory, Format) {
    uint32_t nothing = 0;
    if (w.is(Op::unmarshal)) w.store(memory, nullptr);
    return w.number(nothing);
}

Status pointer_size(Walker& w, Format, uint64_t& size) {
    size = w.pointer_size();
    return Status::ok;
}

Status context_handle(Walker& w, uint8_t* memory, Format f) {
    if (w.is(Op::memory_size) || w.is(Op::convert)) {
        // Left as it came: who reads a context handle looks at the data representation.
        RPC_TRY(w.align(3));
        RPC_TRY(w.need(cbNDRContext));
        return w.bytes(nullptr, cbNDRContext);
    }
    TypeHook hook = context_hook.load(std::memory_order_acquire);
    if (!hook) return Status::cannot_support;
    w.lend();
    RPC_TRY(hook(w.op(), w.message(), memory, f));
    return w.take_back();
}

}  // namespace rpc::ndr
