#include "stub/type_memory.h"

#include <cstring>

#include "ndr/ndr.h"
#include "stub/call_message.h"

namespace rpc::stub {

namespace {

constexpr size_t size_limit = 0x7fffffff;
constexpr uint8_t fc_string_sized = 0x44, fc_pp = 0x4b, fc_embedded_complex = 0x4c;

size_t u16(const uint8_t* p) { return static_cast<size_t>(p[0] | p[1] << 8); }
size_t u32(const uint8_t* p) { return u16(p) | u16(p + 2) << 16; }
const uint8_t* relative(const uint8_t* p) { return p + static_cast<int16_t>(u16(p)); }

// The number of elements that a conformance description at `type` gives.
Status count_of(MIDL_STUB_MESSAGE& stub, const uint8_t* type, size_t& count) {
    uint64_t value = 0;
    RPC_TRY(ndr::conformance(stub, type, value));
    if (value > size_limit) return Status::invalid_bound;
    count = static_cast<size_t>(value);
    return Status::ok;
}

Status multiply(size_t count, size_t each, size_t& size) {
    uint64_t product = static_cast<uint64_t>(count) * each;
    if (product > size_limit) return Status::invalid_bound;
    size = static_cast<size_t>(product);
    return Status::ok;
}

Status element_size(MIDL_STUB_MESSAGE& stub, const uint8_t* at, size_t& size) {
    if (at[0] == fc_embedded_complex) return memory_of(stub, relative(at + 2), size);
    return memory_of(stub, at, size);
}

// FC_BOGUS_ARRAY: alignment, fixed count, conformance, variance, element.
Status complex_array(MIDL_STUB_MESSAGE& stub, const uint8_t* type, size_t& size) {
    size_t count = u16(type + 2), each = 0, correlation = ndr::correlation_size(stub);
    if (u32(type + 4) != 0xffffffff) RPC_TRY(count_of(stub, type + 4, count));
    RPC_TRY(element_size(stub, type + 4 + 2 * correlation, each));
    return multiply(count, each, size);
}

bool may_hold_pointers(const MIDL_STUB_MESSAGE& stub, const uint8_t* type) {
    switch (type[0]) {
    case 0x15: case 0x17: case 0x22: case 0x23: case 0x24: case 0x25: case 0x26: case 0x27: case 0x28: case 0x29: case fc_range:
        return false;
    case 0x1b: return type[4 + ndr::correlation_size(stub)] == fc_pp;
    case 0x1c: return type[4 + 2 * ndr::correlation_size(stub)] == fc_pp;
    case 0x1d: return type[4] == fc_pp;
    case 0x1e: return type[6] == fc_pp;
    case 0x1f: return type[8 + ndr::correlation_size(stub)] == fc_pp;
    case 0x20: return type[12 + ndr::correlation_size(stub)] == fc_pp;
    }
    return simple_memory_size(type[0]) == 0;
}

}  // namespace

Status memory_of(MIDL_STUB_MESSAGE& stub, const uint8_t* type, size_t& size) {
    size_t count = 0;
    if ((size = simple_memory_size(type[0])) != 0) return Status::ok;
    if ((size = value_size(type, ndr::correlation_size(stub))) != 0) return Status::ok;
    switch (type[0]) {
    case 0x11: case 0x12: case 0x13: case 0x14: case 0x2f:  // pointers
        size = sizeof(void*);
        return Status::ok;
    case 0x2c:  // [byte_count] pointers
        return count_of(stub, type + 2, size);
    case 0x1b: case 0x1c:  // conformant, and varying too
        RPC_TRY(count_of(stub, type + 4, count));
        return multiply(count, u16(type + 2), size);
    case 0x1d: case 0x1f:  // small fixed and varying arrays
        size = u16(type + 2);
        return Status::ok;
    case 0x1e: case 0x20:  // large ones
        size = u32(type + 2);
        return size <= size_limit ? Status::ok : Status::invalid_bound;
    case 0x21:
        return complex_array(stub, type, size);
    case 0x22: case 0x25:  // conformant strings of characters and of wide ones
        if (type[1] != fc_string_sized) return Status::bad_stub_data;
        RPC_TRY(count_of(stub, type + 2, count));
        return multiply(count, type[0] == 0x22 ? 1 : 2, size);
    case 0x26: case 0x29:  // fixed strings
        return multiply(u16(type + 2), type[0] == 0x26 ? 1 : 2, size);
    }
    return ndr::unknown_type(stub, type);
}

Status clear_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t* memory, const uint8_t* type) {
    if (!memory) return Status::ok;
    const uint8_t* cleared = type;
    if (type[0] == fc_rp) {
        // [ref] pointers themselves are the caller's; what they lead to is cleared.
        if (type[1] & 0x08) return Status::ok;
        cleared = relative(type + 2);
    }
    if (!may_hold_pointers(stub, cleared)) return Status::ok;
    size_t size = 0;
    RPC_TRY(memory_of(stub, cleared, size));
    std::memset(memory, 0, size);
    return Status::ok;
}

Status free_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t* memory, const uint8_t* type) {
    if (!memory) return Status::ok;
    const uint8_t* pointee = type[0] == fc_rp ? pointee_of(type) : type;
    size_t size = 0;
    RPC_TRY(memory_of(stub, pointee, size));
    if (may_hold_pointers(stub, pointee)) {
        // A pointer's own routine takes its value.
        uint8_t* value = memory;
        if (is_pointer_type(pointee[0]) || pointee[0] == fc_ip) std::memcpy(&value, memory, sizeof value);
        if (value) RPC_TRY(ndr::free(stub, value, pointee));
    }
    std::memset(memory, 0, size);
    return Status::ok;
}

Status give_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t*& memory, const uint8_t* type) {
    size_t size = 0;
    RPC_TRY(memory_of(stub, type[0] == fc_rp ? pointee_of(type) : type, size));
    void* block = nullptr;
    RPC_TRY(ndr::allocate(stub, size, &block));
    memory = static_cast<uint8_t*>(std::memset(block, 0, size));
    return Status::ok;
}

}  // namespace rpc::stub
