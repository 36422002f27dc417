// The door: ndr.h over the walker.
#include "ndr/ndr.h"

#include "ndr/types.h"

namespace rpc::ndr {

Status buffer_size(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format) {
    return Walker(message, Op::size).run(memory, format);
}

Status marshal(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format) {
    return Walker(message, Op::marshal).run(memory, format);
}

Status unmarshal(MIDL_STUB_MESSAGE& message, uint8_t** memory, PFORMAT_STRING format, bool must_alloc) {
    return Walker(message, Op::unmarshal).run_unmarshal(memory, format, must_alloc);
}

Status free(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format) {
    if (!memory) return Status::ok;
    return Walker(message, Op::free).run(memory, format);
}

Status memory_end(MIDL_STUB_MESSAGE& message, uint8_t* memory, PFORMAT_STRING format, uint8_t*& end) {
    Walker w(message, Op::size);
    uint64_t size = 0;
    const Type& type = type_of(format[0]);
    if (!memory) return Status::null_ref_pointer;
    if (type.header) RPC_TRY(type.header(w, memory, format));
    RPC_TRY(object_size(w, format, size));
    end = memory + size;
    return Status::ok;
}

Status memory_size(MIDL_STUB_MESSAGE& message, PFORMAT_STRING format, uint32_t& size) {
    Walker w(message, Op::memory_size);
    RPC_TRY(w.run_wire(format));
    uint64_t sum = message.MemorySize + w.memory_total();
    if (sum > INT32_MAX) return Status::invalid_bound;
    message.MemorySize = static_cast<ULong32>(sum);
    size = static_cast<uint32_t>(sum);
    return Status::ok;
}

Status simple_type_marshal(MIDL_STUB_MESSAGE& message, const uint8_t* memory, uint8_t format_char) {
    return Walker(message, Op::marshal).run_simple(const_cast<uint8_t*>(memory), format_char);
}

Status simple_type_unmarshal(MIDL_STUB_MESSAGE& message, uint8_t* memory, uint8_t format_char) {
    return Walker(message, Op::unmarshal).run_simple(memory, format_char);
}

uint32_t simple_type_wire_size(uint8_t format_char) { return type_of(format_char).wire; }

uint32_t simple_type_memory_size(uint8_t format_char) {
    uint8_t memory = type_of(format_char).memory;
    return memory == pointer_wide ? sizeof(void*) : memory;
}

}  // namespace rpc::ndr
