// ServerMessage, parameter by parameter: from the request into the frame.
#include <cstring>

#include "base/log.h"
#include "ndr/ndr.h"
#include "runtime/message.h"
#include "stub/partial_ignore.h"
#include "stub/server_message.h"
#include "stub/type_memory.h"

namespace rpc::stub {

namespace {

constexpr uint8_t pointer_alloced_on_stack = 0x04, pointer_simple = 0x08;

template <class T>
void store(uint8_t* p, T v) {
    std::memcpy(p, &v, sizeof v);
}

}  // namespace

Status ServerMessage::unmarshal_parameter(const Parameter& p, unsigned int ordinal) {
    if (p.is(Parameter::base_type)) return unmarshal_simple(p);
    if (is_context(p)) return unmarshal_context(p, ordinal);
    if (p.is(Parameter::partial_ignore)) {
        void* pointer = nullptr;
        RPC_TRY(partial_ignore_unmarshal(stub_, pointer));
        store<void*>(slot(p), pointer);
        return Status::ok;
    }
    if (passed_by_value(p)) return unmarshal_by_value(p);
    // What the manager may free itself, or needs aligned for more than its type, may not stay in the request (documentation
    // page "force_allocate attribute").
    const bool must_alloc = p.is(Parameter::force_allocate);
    if (pointer_by_reference(p)) {
        uint8_t** variable = nullptr;
        RPC_TRY(give_variable(p, variable));
        return ndr::unmarshal(stub_, variable, p.type, must_alloc);
    }
    // The interpreter's own memory for the referent where the compiler asked for it, else what the type's routine finds: a
    // place in the request, or the allocator's.
    uint8_t* memory = nullptr;
    if (p.type[0] == fc_rp) RPC_TRY(prepare_pointer(p, memory));
    RPC_TRY(ndr::unmarshal(stub_, &memory, p.type, must_alloc && !memory));
    store<uint8_t*>(slot(p), memory);
    return Status::ok;
}

// A null pointer variable whose address is the argument.
Status ServerMessage::give_variable(const Parameter& p, uint8_t**& variable) {
    variable = static_cast<uint8_t**>(memory_.take(sizeof *variable));
    if (!variable) return Status::out_of_memory;
    store<uint8_t**>(slot(p), variable);
    return Status::ok;
}

Status ServerMessage::unmarshal_simple(const Parameter& p) {
    uint8_t type = p.simple_type;
    size_t wire = simple_wire_size(type), size = simple_memory_size(type);
    if (!p.is(Parameter::simple_ref)) {
        alignas(8) uint8_t value[8] = {};
        RPC_TRY(ndr::simple_type_unmarshal(stub_, value, type));
        if (size > slot_size) std::memcpy(slot(p), value, sizeof value);  // 8 bytes in two slots
        else store<uintptr_t>(slot(p), simple_slot_value(type, value));
        return Status::ok;
    }
    if (wire == size) {
        // In place: the request lives as long as the call.
        RPC_TRY(align_buffer(stub_, wire, wire));
        store<uint8_t*>(slot(p), stub_.Buffer);
        stub_.Buffer += wire;
        return Status::ok;
    }
    auto* memory = static_cast<uint8_t*>(memory_.take(8));
    if (!memory) return Status::out_of_memory;
    store<uint8_t*>(slot(p), memory);
    return ndr::simple_type_unmarshal(stub_, memory, type);
}

Status ServerMessage::unmarshal_by_value(const Parameter& p) {
    size_t size = value_size(p.type, ndr::correlation_size(stub_));
    if (size == 0) return ndr::unknown_type(stub_, p.type);
    uint8_t* memory = slot(p);
    if (value_in_slots(size)) {
        if (p.stack_offset + size > procedure_.stack_size) return Status::bad_stub_data;
    } else {
        memory = static_cast<uint8_t*>(memory_.take(size));
        if (!memory) return Status::out_of_memory;
        store<uint8_t*>(slot(p), memory);
    }
    return ndr::unmarshal(stub_, &memory, p.type, false);
}

NDR_RUNDOWN ServerMessage::rundown_of(const Parameter& p) const {
    return desc_->apfnNdrRundownRoutines ? desc_->apfnNdrRundownRoutines[p.type[2]] : nullptr;
}

// Puts a context into the frame: its value, or the address of its value.
Status ServerMessage::adopt_context(ServerContext* context, const Parameter& p, unsigned int ordinal) {
    if (!context) return Status::out_of_memory;
    contexts_[ordinal] = context;
    uses_.add(*context, server_context_is_new(*context) ? ContextMode::none : context_mode(p.type[1]));
    if (p.is(Parameter::returned)) return Status::ok;
    void*& value = user_context(*context);
    if (context_by_pointer(p)) store<void**>(slot(p), &value);
    else store<void*>(slot(p), value);
    return Status::ok;
}

Status ServerMessage::unmarshal_context(const Parameter& p, unsigned int ordinal) {
    RPC_TRY(align_buffer(stub_, 4, context_wire_size));
    uint8_t flags = p.type[1];
    ServerContext* context = nullptr;
    RPC_TRY(server_context_find(message_->Handle, stub_.Buffer, is_big_endian(*message_), message_->RpcInterfaceInformation,
                                (flags & context_strict) != 0, context));
    stub_.Buffer += context_wire_size;
    RPC_TRY(adopt_context(context, p, ordinal));
    bool required = !p.is(Parameter::out) || (flags & context_cannot_be_null) != 0;
    return required && !user_context(*context) ? context_mismatch_fault : Status::ok;
}

// All at once and in one order for every call: two that name the same contexts cannot wait for each other. What was closed
// while this call waited is unknown now.
Status ServerMessage::lock_contexts() {
    if (uses_.contended()) runtime::manager_may_block(*message_);
    RPC_TRY(uses_.lock(message_->Handle));
    Parameter p;
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal) {
        ServerContext* context = contexts_[ordinal];
        if (!context || server_context_is_new(*context)) continue;
        if (!user_context(*context)) return context_mismatch_fault;
        if (!context_by_pointer(p)) store<void*>(slot(p), user_context(*context));
    }
    return Status::ok;
}

// A [ref] pointer whose referent the interpreter provides.
Status ServerMessage::prepare_pointer(const Parameter& p, uint8_t*& memory) {
    const uint8_t* type = p.type;
    bool on_stack = (type[1] & pointer_alloced_on_stack) != 0;
    if (!on_stack && p.is(Parameter::in)) return Status::ok;
    size_t size = 0;
    if (type[1] & pointer_simple) {
        size = simple_memory_size(type[2]);
    } else {
        RPC_TRY(memory_of(stub_, pointee_of(type), size));
    }
    if (size < p.server_alloc_size()) size = p.server_alloc_size();
    if (on_stack) {
        memory = static_cast<uint8_t*>(memory_.take(size));
        return memory ? Status::ok : Status::out_of_memory;
    }
    void* block = nullptr;
    RPC_TRY(ndr::allocate_tracked(stub_, size, &block));
    memory = static_cast<uint8_t*>(block);
    std::memset(memory, 0, size);
    return Status::ok;
}

Status ServerMessage::initialize_ignored(const Parameter& p) {
    void* pointer;
    std::memcpy(&pointer, slot(p), sizeof pointer);
    RPC_TRY(partial_ignore_initialize(stub_, pointer, p.type));
    store<void*>(slot(p), pointer);
    return Status::ok;
}

// A control structure with our routines, in the frame or where its slot points.
Status ServerMessage::prepare_pipe(const Parameter& p) {
    if (!(p.is(Parameter::by_value) && value_in_slots(sizeof(PipeControl)))) {
        void* structure = memory_.take(sizeof(PipeControl));
        if (!structure) return Status::out_of_memory;
        store<void*>(slot(p), structure);
    }
    if (procedure_.is_async()) return Status::ok;
    PipeControl* control = nullptr;
    RPC_TRY(pipe_control(procedure_, frame_, p, control));
    return pipes_.add(p, *control);
}

Status ServerMessage::prepare_out(const Parameter& p, unsigned int ordinal) {
    if (!p.is(Parameter::out)) return Status::ok;
    uint8_t* memory = nullptr;
    if (p.is(Parameter::base_type)) {
        memory = static_cast<uint8_t*>(memory_.take(8));
    } else if (is_context(p)) {
        return adopt_context(server_context_new(), p, ordinal);
    } else if (passed_by_value(p)) {
        return Status::bad_stub_data;
    } else if (pointer_by_reference(p)) {
        uint8_t** variable = nullptr;
        return give_variable(p, variable);
    } else if (p.type[0] == fc_rp) {
        RPC_TRY(prepare_pointer(p, memory));
    } else if (is_pointer_type(p.type[0])) {
        return Status::ok;  // null until the manager says otherwise
    } else {
        size_t size = 0;
        RPC_TRY(memory_of(stub_, p.type, size));
        memory = static_cast<uint8_t*>(memory_.take(size ? size : 1));
    }
    if (!memory) return Status::out_of_memory;
    store<uint8_t*>(slot(p), memory);
    return Status::ok;
}

}  // namespace rpc::stub
