#include "stub/partial_ignore.h"

#include <cstring>

#include "ndr/ndr.h"
#include "stub/call_message.h"
#include "stub/type_memory.h"

namespace rpc::stub {

namespace {

constexpr uint8_t fc_long = 0x08;
constexpr uint32_t not_null = 0x20000;

}  // namespace

void partial_ignore_size(MIDL_STUB_MESSAGE& stub) {
    align_length(stub, 4);
    stub.BufferLength += 4;
}

Status partial_ignore_marshal(MIDL_STUB_MESSAGE& stub, const void* pointer) {
    uint32_t indicator = pointer ? not_null : 0;
    return ndr::simple_type_marshal(stub, reinterpret_cast<uint8_t*>(&indicator), fc_long);
}

Status partial_ignore_unmarshal(MIDL_STUB_MESSAGE& stub, void*& pointer) {
    uint32_t indicator = 0;
    RPC_TRY(ndr::simple_type_unmarshal(stub, reinterpret_cast<uint8_t*>(&indicator), fc_long));
    pointer = reinterpret_cast<void*>(static_cast<uintptr_t>(indicator));
    return Status::ok;
}

Status partial_ignore_initialize(MIDL_STUB_MESSAGE& stub, void*& pointer, const uint8_t* type) {
    if (!pointer) return Status::ok;
    pointer = nullptr;
    if (!is_pointer_type(type[0])) return Status::bad_stub_data;
    size_t size = 0;
    RPC_TRY(memory_of(stub, pointee_of(type), size));
    void* memory = nullptr;
    RPC_TRY(ndr::allocate_tracked(stub, size, &memory));
    pointer = std::memset(memory, 0, size);
    return Status::ok;
}

}  // namespace rpc::stub
