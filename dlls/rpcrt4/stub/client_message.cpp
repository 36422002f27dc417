#include "stub/client_message.h"

#include <cstring>

#include "base/log.h"
#include "ndr/ndr.h"
#include "runtime/message.h"
#include "stub/comm_status.h"
#include "stub/context_handle.h"
#include "stub/rpcss_memory.h"

namespace rpc::stub {

namespace {

// A caller's value of 1, 2, 4 or 8 bytes as one slot.
uintptr_t load_value(const void* from, size_t size) {
    uintptr_t value = 0;
    std::memcpy(&value, from, size < sizeof value ? size : sizeof value);
    return value;
}

}  // namespace

Status ClientMessage::parse(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Style style, bool asynchronous) {
    desc_ = &desc;
    RPC_TRY(check_version(desc));
    RPC_TRY(parse_procedure(format, desc.pFormatTypes, style, asynchronous, procedure_));
    RPC_TRY(check_supported(procedure_));
    return result_of(procedure_, result_);
}

Status ClientMessage::parse(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, bool asynchronous) {
    Ndr20Interface ndr20;
    PFORMAT_STRING format = nullptr;
    RPC_TRY(find_ndr20(info, ndr20));
    RPC_TRY(ndr20.procedure(number, format));
    transfer_syntax_ = ndr20.transfer_syntax;
    if (ndr20.matches_desc()) return parse(*ndr20.desc, format, Style::oif, asynchronous);
    own_desc_ = ndr20.own_desc();
    return parse(own_desc_, format, Style::oif, asynchronous);
}

ClientFrame ClientMessage::frame() {
    ClientFrame f;
    f.stub = &stub_;
    f.procedure = &procedure_;
    f.arguments = arguments_;
    f.binding = binding_;
    f.returned = returned_;
    return f;
}

Status ClientMessage::bind_generic(void* routine, void* unbind, uintptr_t object) {
    if (!routine) return Status::invalid_binding;
    object_ = object;
    binding_ = reinterpret_cast<void*>(static_cast<uintptr_t>(invoke(routine, &object_, 1, ResultKind::integer)));
    unbind_ = unbind;
    return Status::ok;
}

Status ClientMessage::bind_implicit() {
    const auto& info = desc_->IMPLICIT_HANDLE_INFO;
    if (!info.pPrimitiveHandle && procedure_.handle.kind != HandleKind::callback) return Status::invalid_binding;
    switch (procedure_.handle.kind) {
    case HandleKind::primitive:
        binding_ = *info.pPrimitiveHandle;
        return Status::ok;
    case HandleKind::automatic:
        // Without a name service there is nothing to import from: the program must have set it.
        binding_ = *info.pAutoHandle;
        return binding_ ? Status::ok : Status::name_service_unavailable;
    case HandleKind::generic: {
        const GENERIC_BINDING_INFO& g = *info.pGenericBindingInfo;
        return bind_generic(reinterpret_cast<void*>(g.pfnBind), reinterpret_cast<void*>(g.pfnUnbind),
                            load_value(g.pObj, g.Size));
    }
    default:  // [callback]: the call that this thread runs
        binding_ = runtime::current_call_handle();
        return binding_ ? Status::ok : Status::no_call_active;
    }
}

Status ClientMessage::bind_explicit() {
    const HandleInfo& h = procedure_.handle;
    const uint8_t* at = arguments_ + h.offset;
    if (h.via_pointer) {
        const uint8_t* target;
        std::memcpy(&target, at, sizeof(void*));
        at = target;
        if (!at) return Status::null_ref_pointer;
    }
    switch (h.kind) {
    case HandleKind::primitive:
        std::memcpy(&binding_, at, sizeof binding_);
        return Status::ok;
    case HandleKind::generic: {
        if (!desc_->aGenericBindingRoutinePairs) return Status::invalid_binding;
        const GENERIC_BINDING_ROUTINE_PAIR& pair = desc_->aGenericBindingRoutinePairs[h.index];
        return bind_generic(reinterpret_cast<void*>(pair.pfnBind), reinterpret_cast<void*>(pair.pfnUnbind),
                            load_value(at, h.size));
    }
    default: {
        void* context;
        std::memcpy(&context, at, sizeof context);
        // An [out] handle alone binds nothing.
        if (!(h.flags & context_in) && (h.flags & context_out)) return Status::invalid_binding;
        return client_context_binding(context, binding_);
    }
    }
}

Status ClientMessage::bind() { return procedure_.handle.is_explicit ? bind_explicit() : bind_implicit(); }

Status ClientMessage::prepare(uint32_t extra_rpc_flags) {
    client_initialize(message_, stub_, *desc_, procedure_.number);
    message_.RpcFlags = procedure_.rpc_flags | extra_rpc_flags | (procedure_.has_pipes ? RPC_BUFFER_PARTIAL : 0u);
    message_.TransferSyntax = const_cast<RPC_SYNTAX_IDENTIFIER*>(transfer_syntax_);
    stub_.StackTop = arguments_;
    apply_procedure(procedure_, stub_);
    clear_statuses();
    if (procedure_.oi_flags & oi_rpcss_alloc) rpcss::sensitize_client(stub_);
    if (procedure_.oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub_, XLAT_CLIENT));
    RPC_TRY(bind());
    message_.Handle = stub_.SavedHandle = binding_;
    ClientFrame f = frame();
    RPC_TRY(size_in_parameters(f));
    RPC_TRY(get_buffer(stub_, message_));
    has_buffer_ = true;
    RPC_TRY(marshal_in_parameters(f));
    message_.BufferLength = static_cast<unsigned int>(stub_.Buffer - stub_.BufferStart);
    return Status::ok;
}

Status ClientMessage::send_receive() {
    if (!procedure_.has_pipes) {
        const Status status = runtime::send_receive(message_);
        if (failed(status)) drop_buffer();
        return status;
    }
    MutBytes rest;
    bool ended = false;
    const Status status = pipes_.perform(message_, stub_, procedure_, arguments_, rest, ended);
    if (ended) drop_buffer();
    RPC_TRY(status);
    message_.Buffer = rest.data();
    message_.BufferLength = static_cast<unsigned>(rest.size());
    return Status::ok;
}

Status ClientMessage::read_reply(uint64_t& result) {
    stub_.RpcMsg = &message_;
    attach_buffer(stub_, message_, message_.BufferLength);
    ClientFrame f = frame();
    if (ndr::needs_conversion(message_.DataRepresentation)) RPC_TRY(convert_parameters(stub_, procedure_, Parameter::out));
    return unmarshal_out_parameters(f, result);
}

Status ClientMessage::map_failure(Status status, uint64_t& result) {
    if (!failed(status) || !reports_status()) return status;
    const COMM_FAULT_OFFSETS& offsets = desc_->CommFaultOffsets[procedure_.number];
    short offset = is_comm_status(status) ? offsets.CommOffset : offsets.FaultOffset;
    if (offset == comm_fault_is_result) {
        result = code(status);
        return Status::ok;
    }
    uint32_t* variable = status_variable(offset);
    if (!variable) return status;
    *variable = code(status);
    return Status::ok;
}

bool ClientMessage::reports_status() const {
    return (procedure_.oi_flags & oi_has_comm_or_fault) && desc_->CommFaultOffsets;
}

// The parameter that takes a status, or null.
uint32_t* ClientMessage::status_variable(short offset) const {
    if (offset < 0 || static_cast<size_t>(offset) + slot_size > procedure_.stack_size) return nullptr;
    uint32_t* variable;
    std::memcpy(&variable, arguments_ + offset, sizeof variable);
    return variable;
}

// Without a failure they say so; the ACF may have added them, and then no reply has them.
void ClientMessage::clear_statuses() {
    if (!reports_status()) return;
    const COMM_FAULT_OFFSETS& offsets = desc_->CommFaultOffsets[procedure_.number];
    if (uint32_t* comm = status_variable(offsets.CommOffset)) *comm = 0;
    if (uint32_t* fault = status_variable(offsets.FaultOffset)) *fault = 0;
}

ClientMessage::Rest ClientMessage::suspend() {
    Rest rest{message_, binding_, unbind_, object_, stub_.FullPtrXlatTables, has_buffer_};
    stub_.FullPtrXlatTables = nullptr;
    unbind_ = nullptr;
    has_buffer_ = false;
    return rest;
}

void ClientMessage::resume(const Rest& rest) {
    client_initialize(message_, stub_, *desc_, procedure_.number);
    apply_procedure(procedure_, stub_);
    if (procedure_.oi_flags & oi_rpcss_alloc) rpcss::sensitize_client(stub_);
    message_ = rest.message;
    stub_.StackTop = arguments_;
    stub_.SavedHandle = binding_ = rest.binding;
    stub_.FullPtrXlatTables = rest.full_pointers;
    unbind_ = rest.unbind;
    object_ = rest.object;
    has_buffer_ = rest.has_buffer;
}

void ClientMessage::release() {
    pipes_.release();
    if (stub_.FullPtrXlatTables) ndr::full_pointers_free(stub_);
    if (has_buffer_) {
        has_buffer_ = false;
        // What it says now would hide why the call ended.
        if (Status s = runtime::free_buffer(message_); failed(s)) RPC_LOG(warn, "freeing a call's buffer: %u", code(s));
    }
    if (unbind_) {
        Slot slots[2] = {object_, reinterpret_cast<uintptr_t>(binding_)};
        void* unbind = std::exchange(unbind_, nullptr);
        (void)invoke(unbind, slots, 2, ResultKind::integer);
    }
}

}  // namespace rpc::stub
