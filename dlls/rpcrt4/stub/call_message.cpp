#include "stub/call_message.h"

#include <cstring>

#include "base/log.h"
#include "ndr/ndr.h"
#include "runtime/message.h"
#include "stub/pipe.h"

namespace rpc::stub {

Status check_version(const MIDL_STUB_DESC& desc) {
    constexpr uint32_t latest = 0x000affff;
    return desc.Version <= latest ? Status::ok : Status::wrong_stub_version;
}

void client_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc, unsigned int number) {
    message = RPC_MESSAGE();
    message.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    message.ProcNum = number;
    message.RpcInterfaceInformation = desc.RpcInterfaceInformation;
    stub = MIDL_STUB_MESSAGE();
    stub.RpcMsg = &message;
    stub.StubDesc = &desc;
    stub.pfnAllocate = desc.pfnAllocate;
    stub.pfnFree = desc.pfnFree;
    stub.IsClient = 1;
}

void server_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc) {
    stub = MIDL_STUB_MESSAGE();
    stub.RpcMsg = &message;
    stub.StubDesc = &desc;
    stub.pfnAllocate = desc.pfnAllocate;
    stub.pfnFree = desc.pfnFree;
    attach_buffer(stub, message, message.BufferLength);
}

void apply_procedure(const Procedure& procedure, MIDL_STUB_MESSAGE& stub) {
    stub.fHasExtensions = (procedure.opt_flags & opt_has_extensions) != 0;
    stub.fHasNewCorrDesc = (procedure.opt_flags2 & opt2_new_correlation) != 0;
    stub.fHasReturn = (procedure.opt_flags & opt_has_return) != 0;
    ndr::set_range_on_conformance(stub, (procedure.opt_flags2 & opt2_range_on_conformance) != 0);
}

namespace {
Status check_features(const Procedure& procedure) {
    if (procedure.has_pipes && procedure.is_object()) {
        RPC_LOG(warn, "procedure %u has pipes that are not built: only those outside COM are", procedure.number);
        return Status::cannot_support;
    }
    Result result;
    return result_of(procedure, result);
}
}  // namespace

Status check_supported(const Procedure& procedure) {
    return procedure.is_object() ? Status::bad_stub_data : check_features(procedure);
}

Status check_object_supported(const Procedure& procedure) {
    if (!procedure.is_object()) return Status::bad_stub_data;
    RPC_TRY(check_features(procedure));
    Result result;
    RPC_TRY(result_of(procedure, result));
    return result.in_memory ? Status::cannot_support : Status::ok;
}

void attach_buffer(MIDL_STUB_MESSAGE& stub, RPC_MESSAGE& message, size_t size) {
    stub.BufferStart = stub.Buffer = static_cast<unsigned char*>(message.Buffer);
    stub.BufferEnd = stub.BufferStart + size;
    stub.fBufferValid = 1;
}

Status get_buffer(MIDL_STUB_MESSAGE& stub, RPC_MESSAGE& message) {
    message.BufferLength = stub.BufferLength;
    RPC_TRY(runtime::get_buffer(message));
    attach_buffer(stub, message, stub.BufferLength);
    return Status::ok;
}

bool is_big_endian(const RPC_MESSAGE& message) { return (message.DataRepresentation & NDR_INT_REP_MASK) == NDR_BIG_ENDIAN; }

Status convert_parameters(MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint16_t direction) {
    unsigned char* start = stub.Buffer;
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(direction) || p.is(Parameter::pipe)) continue;  // pipes are converted as they are read
        if (p.is(Parameter::partial_ignore) && direction == Parameter::in) {
            RPC_TRY(ndr::convert_simple_type(stub, 0x08));  // all that travels is a number
        } else if (p.is(Parameter::base_type)) {
            RPC_TRY(ndr::convert_simple_type(stub, p.simple_type));
        } else if (is_context(p)) {
            RPC_TRY(align_buffer(stub, 4, 20));
            stub.Buffer += 20;  // its reader knows the byte order
        } else {
            RPC_TRY(ndr::convert_type(stub, p.type));
        }
    }
    stub.Buffer = start;
    return Status::ok;
}

size_t simple_wire_size(uint8_t type) {
    switch (type) {
    case 0x01: case 0x02: case 0x03: case 0x04: return 1;
    case 0x05: case 0x06: case 0x07: case fc_enum16: return 2;
    case 0x08: case 0x09: case 0x0a: case 0x0e: case 0x10: case 0xb8: case 0xb9: return 4;
    case 0x0b: case 0x0c: return 8;
    }
    return 0;
}

size_t simple_memory_size(uint8_t type) {
    if (type == fc_enum16) return sizeof(int32_t);
    if (type == 0xb8 || type == 0xb9) return sizeof(void*);
    return simple_wire_size(type);
}

namespace {
template <class T>
T load(const uint8_t* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
}  // namespace

uintptr_t simple_slot_value(uint8_t type, const uint8_t* memory) {
    switch (type) {
    case 0x03: return static_cast<uintptr_t>(load<int8_t>(memory));
    case 0x06: return static_cast<uintptr_t>(load<int16_t>(memory));
    case 0x08: case fc_enum16: case 0x0e: return static_cast<uintptr_t>(load<int32_t>(memory));
    }
    switch (simple_memory_size(type)) {
    case 1: return *memory;
    case 2: return load<uint16_t>(memory);
    case 4: return load<uint32_t>(memory);
    }
    return load<uintptr_t>(memory);
}

Status align_buffer(MIDL_STUB_MESSAGE& stub, size_t alignment, size_t need) {
    size_t left = static_cast<size_t>(stub.BufferEnd - stub.Buffer);
    size_t skip = (0 - reinterpret_cast<uintptr_t>(stub.Buffer)) & (alignment - 1);
    if (skip > left || left - skip < need) return Status::bad_stub_data;
    stub.Buffer += skip;
    return Status::ok;
}

void align_length(MIDL_STUB_MESSAGE& stub, size_t alignment) {
    stub.BufferLength = static_cast<ULong32>((stub.BufferLength + alignment - 1) & ~(alignment - 1));
}

namespace {

// Bytes of a correlation descriptor as the header says.
size_t correlation_size(const Procedure& procedure) {
    if (!(procedure.opt_flags2 & opt2_new_correlation)) return 4;
    return procedure.opt_flags2 & opt2_range_on_conformance ? 16 : 6;
}

}  // namespace

Status result_of(const Procedure& procedure, Result& result) {
    result = Result();
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(Parameter::returned)) continue;
        if (p.is(Parameter::base_type)) {
            result.size = simple_memory_size(p.simple_type);
        } else if (is_pointer_type(p.type[0]) || is_context(p) || p.type[0] == fc_ip) {
            result.size = sizeof(void*);
        } else {
            result.size = value_size(p.type, correlation_size(procedure));
            if (result.size == 0) return Status::bad_stub_data;
            result.in_memory = !result_in_registers(result.size);
        }
        return Status::ok;
    }
    return Status::ok;
}

size_t value_size(const uint8_t* type, size_t correlation_size) {
    auto u16 = [](const uint8_t* p) { return static_cast<size_t>(p[0] | p[1] << 8); };
    switch (type[0]) {
    case 0x15: case 0x16: case 0x17: case 0x18: case 0x19: case 0x1a:  // structures
        return u16(type + 2);
    case 0x2a:  // encapsulated union: the discriminant's share is the high nibble
        return u16(type + 2) + (type[1] >> 4);
    case 0x2b: {  // non-encapsulated union: discriminant's description, then an offset to the arms
        const uint8_t* at = type + 2 + correlation_size;
        return u16(at + static_cast<int16_t>(u16(at)));
    }
    case 0x2d: case 0x2e: case 0xb0: case 0xb1: case 0xb4:  // transmit_as and its kin: the presented type
        return u16(type + 4);
    case fc_range:
        return simple_memory_size(type[1] & 0x0f);
    }
    return 0;
}

}  // namespace rpc::stub
