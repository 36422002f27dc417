#include "stub/client_parameters.h"

#include <cstring>

#include "ndr/ndr.h"
#include "stub/context_handle.h"
#include "stub/partial_ignore.h"
#include "stub/type_memory.h"

namespace rpc::stub {

namespace {

template <class T>
T load(const uint8_t* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

uint8_t* pointer_at(const uint8_t* slot) { return load<uint8_t*>(slot); }

// The pointer variable of pointer_by_reference parameters.
Status pointer_variable(const ClientFrame& frame, const Parameter& p, uint8_t**& variable) {
    variable = reinterpret_cast<uint8_t**>(pointer_at(frame.arguments + p.stack_offset));
    return variable ? Status::ok : Status::null_ref_pointer;
}

// Where the parameter's data is, as the type's routines expect it. A null [ref] pointer is an error.
Status data_of(const ClientFrame& frame, const Parameter& p, uint8_t*& memory) {
    uint8_t* slot = frame.arguments + p.stack_offset;
    if (p.is(Parameter::base_type)) {
        memory = p.is(Parameter::simple_ref) ? pointer_at(slot) : slot;
    } else if (pointer_by_reference(p)) {
        uint8_t** variable = nullptr;
        RPC_TRY(pointer_variable(frame, p, variable));
        memory = *variable;
        return Status::ok;
    } else if (passed_by_value(p)) {
        size_t size = value_size(p.type, ndr::correlation_size(*frame.stub));
        if (size == 0) return ndr::unknown_type(*frame.stub, p.type);
        bool in_slots = value_in_slots(size);
        if (in_slots && p.stack_offset + size > frame.procedure->stack_size) return Status::bad_stub_data;
        memory = in_slots ? slot : pointer_at(slot);
    } else {
        memory = pointer_at(slot);
    }
    const bool reference = p.is(Parameter::simple_ref) || (p.type && p.type[0] == fc_rp);
    return !memory && reference ? Status::null_ref_pointer : Status::ok;
}

// The variable that holds the context handle of an argument.
Status context_variable(const ClientFrame& frame, const Parameter& p, void**& variable) {
    uint8_t* slot = frame.arguments + p.stack_offset;
    variable = context_by_pointer(p) ? reinterpret_cast<void**>(pointer_at(slot)) : reinterpret_cast<void**>(slot);
    return variable ? Status::ok : Status::null_ref_pointer;
}

Status marshal_context(ClientFrame& frame, const Parameter& p) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    void** variable = nullptr;
    RPC_TRY(context_variable(frame, p, variable));
    bool required = !p.is(Parameter::out) || (p.type[1] & context_cannot_be_null) != 0;
    if (required && !*variable) return Status::ss_in_null_context;
    uint8_t* from = m.Buffer;
    RPC_TRY(align_buffer(m, 4, context_wire_size));
    std::memset(from, 0, static_cast<size_t>(m.Buffer - from));
    RPC_TRY(client_context_marshal(*variable, m.Buffer));
    m.Buffer += context_wire_size;
    return Status::ok;
}

Status unmarshal_context(ClientFrame& frame, void*& context) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    RPC_TRY(align_buffer(m, 4, context_wire_size));
    RPC_TRY(client_context_unmarshal(context, frame.binding, m.Buffer, is_big_endian(*m.RpcMsg)));
    m.Buffer += context_wire_size;
    return Status::ok;
}

Status size_parameter(ClientFrame& frame, const Parameter& p) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    if (p.is(Parameter::base_type)) {
        size_t size = simple_wire_size(p.simple_type);
        align_length(m, size);
        m.BufferLength += static_cast<ULong32>(size);
        return Status::ok;
    }
    if (is_context(p)) {
        align_length(m, 4);
        m.BufferLength += context_wire_size;
        return Status::ok;
    }
    if (p.is(Parameter::partial_ignore)) {
        partial_ignore_size(m);
        return Status::ok;
    }
    uint8_t* memory = nullptr;
    RPC_TRY(data_of(frame, p, memory));
    return ndr::buffer_size(m, memory, p.type);
}

Status marshal_parameter(ClientFrame& frame, const Parameter& p) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    if (is_context(p)) return marshal_context(frame, p);
    if (p.is(Parameter::partial_ignore)) return partial_ignore_marshal(m, pointer_at(frame.arguments + p.stack_offset));
    uint8_t* memory = nullptr;
    RPC_TRY(data_of(frame, p, memory));
    if (!p.is(Parameter::base_type)) return ndr::marshal(m, memory, p.type);
    float narrow;
    if (p.simple_type == fc_float && !p.is(Parameter::simple_ref) && frame.floats == FloatArgument::promoted) {
        narrow = static_cast<float>(load<double>(memory));
        memory = reinterpret_cast<uint8_t*>(&narrow);
    }
    return ndr::simple_type_marshal(m, memory, p.simple_type);
}

Status unmarshal_result(ClientFrame& frame, const Parameter& p, uint64_t& result) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    result = 0;
    auto* memory = reinterpret_cast<uint8_t*>(&result);
    if (p.is(Parameter::base_type)) {
        RPC_TRY(ndr::simple_type_unmarshal(m, memory, p.simple_type));
        if (simple_memory_size(p.simple_type) < sizeof(uintptr_t)) result = simple_slot_value(p.simple_type, memory);
        return Status::ok;
    }
    if (is_context(p)) {
        void* context = nullptr;
        RPC_TRY(unmarshal_context(frame, context));
        result = reinterpret_cast<uintptr_t>(context);
        return Status::ok;
    }
    if (!is_pointer_type(p.type[0]) && p.type[0] != fc_ip) {
        Result r;
        RPC_TRY(result_of(*frame.procedure, r));
        if (r.in_memory) memory = static_cast<uint8_t*>(frame.returned);
        if (!memory) return Status::invalid_arg;
        std::memset(memory, 0, r.size);  // what its pointers lead to comes
        return ndr::unmarshal(m, &memory, p.type, false);
    }
    uint8_t* pointer = nullptr;
    RPC_TRY(ndr::unmarshal(m, &pointer, p.type, false));
    result = reinterpret_cast<uintptr_t>(pointer);
    return Status::ok;
}

Status unmarshal_parameter(ClientFrame& frame, const Parameter& p) {
    MIDL_STUB_MESSAGE& m = *frame.stub;
    if (is_context(p)) {
        void** variable = nullptr;
        RPC_TRY(context_variable(frame, p, variable));
        // What an [out] handle's variable held before is no handle.
        if (!p.is(Parameter::in)) *variable = nullptr;
        return unmarshal_context(frame, *variable);
    }
    if (pointer_by_reference(p)) {
        uint8_t** variable = nullptr;
        RPC_TRY(pointer_variable(frame, p, variable));
        return ndr::unmarshal(m, variable, p.type, false);
    }
    uint8_t* memory = nullptr;
    RPC_TRY(data_of(frame, p, memory));
    if (p.is(Parameter::base_type)) return ndr::simple_type_unmarshal(m, memory, p.simple_type);
    return ndr::unmarshal(m, &memory, p.type, false);
}

}  // namespace

Status size_in_parameters(ClientFrame& frame) {
    Parameter p;
    for (ParameterCursor at(*frame.procedure); at.next(p);)
        if (p.is(Parameter::in) && !p.is(Parameter::pipe)) RPC_TRY(size_parameter(frame, p));
    return Status::ok;
}

Status marshal_in_parameters(ClientFrame& frame) {
    Parameter p;
    for (ParameterCursor at(*frame.procedure); at.next(p);)
        if (p.is(Parameter::in) && !p.is(Parameter::pipe)) RPC_TRY(marshal_parameter(frame, p));
    return Status::ok;
}

Status clear_out_parameters(ClientFrame& frame) {
    Parameter p;
    for (ParameterCursor at(*frame.procedure); at.next(p);) {
        if (p.is(Parameter::in) || p.is(Parameter::returned) || p.is(Parameter::base_type) || is_context(p)) continue;
        if (p.is(Parameter::pipe)) continue;
        if (pointer_by_reference(p)) {
            uint8_t** variable = nullptr;
            RPC_TRY(pointer_variable(frame, p, variable));
            *variable = nullptr;
            continue;
        }
        uint8_t* memory = nullptr;
        RPC_TRY(data_of(frame, p, memory));
        RPC_TRY(clear_out_memory(*frame.stub, memory, p.type));
    }
    return Status::ok;
}

static Status unmarshal_each(ClientFrame& frame, uint64_t& result) {
    Parameter p;
    for (ParameterCursor at(*frame.procedure); at.next(p);) {
        if (p.is(Parameter::returned)) RPC_TRY(unmarshal_result(frame, p, result));
        else if (p.is(Parameter::out) && !p.is(Parameter::pipe)) RPC_TRY(unmarshal_parameter(frame, p));
    }
    return Status::ok;
}

Status unmarshal_out_parameters(ClientFrame& frame, uint64_t& result) {
    RPC_TRY(clear_out_parameters(frame));  // what comes is allocated
    MIDL_STUB_MESSAGE& m = *frame.stub;
    if (!ndr::target_level_6(m)) return unmarshal_each(frame, result);
    RPC_TRY(ndr::null_checks_init(m));
    Status status = unmarshal_each(frame, result);
    if (!failed(status)) status = ndr::correlation_pass(m);
    ndr::correlation_free(m);
    return status;
}

}  // namespace rpc::stub
