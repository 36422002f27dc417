#include "stub/server_message.h"

#include <cstring>
#include <utility>

#include "base/log.h"
#include "ndr/ndr.h"
#include "runtime/message.h"
#include "runtime/transfer.h"
#include "stub/proxy/messages.h"
#include "stub/proxy/tables.h"
#include "stub/type_memory.h"

namespace rpc::stub {

namespace {

template <class T>
void store(uint8_t* p, T v) {
    std::memcpy(p, &v, sizeof v);
}

}  // namespace

// --- memory ---------------------------------------------------------------------------------------------------------

void* CallMemory::take(size_t size) {
    size = (size + 15) & ~size_t{15};
    if (size <= sizeof first_ - used_) {
        void* p = first_ + used_;
        used_ += size;
        std::memset(p, 0, size);
        return p;
    }
    constexpr size_t header = (sizeof(Block) + 15) & ~size_t{15};
    if (size > SIZE_MAX - header) return nullptr;
    const size_t room = mem_brief_room(header + size);
    auto* block = static_cast<Block*>(mem_alloc_brief(room));
    if (!block) return nullptr;
    std::memset(block, 0, header + size);
    block->next = blocks_;
    block->size = header + size;
    blocks_ = block;
    return reinterpret_cast<uint8_t*>(block) + header;
}

bool CallMemory::owns(const void* p) const {
    auto at = reinterpret_cast<uintptr_t>(p);
    auto within = [at](const void* start, size_t size) { return at - reinterpret_cast<uintptr_t>(start) < size; };
    if (within(first_, used_)) return true;
    for (const Block* b = blocks_; b; b = b->next)
        if (within(b, b->size)) return true;
    return false;
}

void CallMemory::release() {
    while (Block* block = blocks_) {
        blocks_ = block->next;
        mem_free_brief(block, mem_brief_room(block->size));
    }
    used_ = 0;
}

// --- request --------------------------------------------------------------------------------------------------------

Status ServerMessage::find_server(RPC_MESSAGE& message) {
    message_ = &message;
    auto* server = static_cast<const RPC_SERVER_INTERFACE*>(message.RpcInterfaceInformation);
    if (!server || !server->InterpreterInfo) return Status::unknown_if;
    info_ = static_cast<const MIDL_SERVER_INFO*>(server->InterpreterInfo);
    if (server->DispatchTable && number() >= server->DispatchTable->DispatchTableCount)
        return Status::procnum_out_of_range;
    return Status::ok;
}

Status ServerMessage::find_procedure(const Ndr20Interface& ndr20, Style style, bool asynchronous) {
    PFORMAT_STRING format = nullptr;
    RPC_TRY(ndr20.procedure(number(), format));
    RPC_TRY(check_version(*desc_));
    RPC_TRY(parse_procedure(format, desc_->pFormatTypes, style, asynchronous, procedure_));
    to_notify_ = (procedure_.opt_flags2 & (opt2_notify | opt2_notify2)) && desc_->NotifyRoutineTable;
    return check_supported(procedure_);
}

Status ServerMessage::find(RPC_MESSAGE& message, Style style, bool asynchronous) {
    RPC_TRY(find_server(message));
    desc_ = info_->pStubDesc;
    return find_procedure({desc_, info_->ProcString, info_->FmtStringOffset}, style, asynchronous);
}

Status ServerMessage::find_all(RPC_MESSAGE& message, bool asynchronous) {
    RPC_TRY(find_server(message));
    if (message.TransferSyntax && !is_ndr20(*message.TransferSyntax)) return Status::unsupported_trans_syn;
    Ndr20Interface ndr20;
    RPC_TRY(find_ndr20(*info_, ndr20));
    own_desc_ = ndr20.own_desc();
    desc_ = ndr20.matches_desc() ? ndr20.desc : &own_desc_;
    return find_procedure(ndr20, Style::oif, asynchronous);
}

Status ServerMessage::find(RPC_MESSAGE& message, const ObjectTarget& target, Style style) {
    message_ = &message;
    target_ = &target;
    info_ = target.info;
    desc_ = info_->pStubDesc;
    const uint8_t* format = com::procedure_format(info_->ProcString, info_->FmtStringOffset, number());
    if (!desc_ || !format) return Status::procnum_out_of_range;
    RPC_TRY(check_version(*desc_));
    RPC_TRY(parse_procedure(format, desc_->pFormatTypes, style, false, procedure_));
    if (procedure_.arguments_size < slot_size) return Status::bad_stub_data;
    return check_object_supported(procedure_);
}

Status ServerMessage::set_handle_argument() {
    const HandleInfo& h = procedure_.handle;
    if (!h.is_explicit || h.kind != HandleKind::primitive) return Status::ok;
    if (!h.via_pointer) {
        store<void*>(frame_ + h.offset, message_->Handle);
        return Status::ok;
    }
    auto* variable = static_cast<uint8_t*>(memory_.take(sizeof(void*)));
    if (!variable) return Status::out_of_memory;
    store<void*>(variable, message_->Handle);
    store<void*>(frame_ + h.offset, variable);
    return Status::ok;
}

Status ServerMessage::make_frame() {
    RPC_TRY(result_of(procedure_, result_kind_));
    // A method's goes behind its object, and compilers do not agree.
    if (procedure_.is_object() && result_kind_.in_memory) return Status::cannot_support;
    // In front there is room for the address of a result in memory; behind, since a hyper or double result may be wider than
    // the slot that the header counts for it.
    constexpr size_t in_front = 16;
    auto* block = static_cast<uint8_t*>(memory_.take(in_front + procedure_.stack_size + sizeof(uint64_t)));
    contexts_ = static_cast<ServerContext**>(memory_.take(procedure_.parameter_count * sizeof(void*)));
    uses_.begin(static_cast<ContextUse*>(memory_.take(procedure_.parameter_count * sizeof(ContextUse))));
    result_ = static_cast<uint8_t*>(memory_.take(result_kind_.size > 8 ? result_kind_.size : 8));
    if (!block || !contexts_ || !result_) return Status::out_of_memory;
    frame_ = block + in_front;
    stub_.StackTop = frame_;
    if (result_kind_.in_memory) store<uint8_t*>(frame_ - slot_size, result_);
    return Status::ok;
}

// Whether what has come of the request holds all parameters but the pipes.
bool ServerMessage::parameters_are_here() {
    server_initialize(*message_, stub_, *desc_);
    apply_procedure(procedure_, stub_);
    Buffer copy;  // of a foreign sender's data, which the look itself would change
    if (ndr::needs_conversion(message_->DataRepresentation)) {
        if (!copy.append({stub_.BufferStart, message_->BufferLength})) return false;
        stub_.BufferStart = stub_.Buffer = copy.data();
        stub_.BufferEnd = copy.data() + copy.size();
    }
    return !failed(convert_parameters(stub_, procedure_, Parameter::in));
}

// Of a request that was dispatched before all of it was here.
Status ServerMessage::await_parameters() {
    while ((message_->RpcFlags & RPC_BUFFER_PARTIAL) && !(procedure_.has_pipes && parameters_are_here()))
        RPC_TRY(runtime::receive_more(*message_));
    return Status::ok;
}

// The frame without its parameters, and what the stub message needs for them.
Status ServerMessage::begin_frame() {
    server_initialize(*message_, stub_, *desc_);
    apply_procedure(procedure_, stub_);
    request_ = stub_.BufferStart;
    request_end_ = stub_.BufferEnd;
    RPC_TRY(make_frame());
    if (target_) {
        com::attach_channel(stub_, target_->channel);
        store<void*>(frame_, target_->object);
    }
    if (!(procedure_.oi_flags & oi_rpcss_alloc)) return Status::ok;
    RPC_TRY(rpcss::establish(stub_, environment_));
    return scope_.enter(environment_);
}

Status ServerMessage::prepare_results() {
    RPC_TRY(begin_frame());
    if (procedure_.oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub_, XLAT_SERVER));
    RPC_TRY(ndr::track_allocations(stub_));
    Status status = ndr::correlation_init(stub_);
    Parameter p;
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); !failed(status) && at.next(p); ++ordinal) {
        p.attributes &= static_cast<uint16_t>(~Parameter::in);
        if (!p.is(Parameter::returned)) status = prepare_out(p, ordinal);
    }
    if (failed(status)) {
        ndr::discard_tracked(stub_);
        return status;
    }
    ndr::forget_tracked(stub_);
    whole_ = true;
    return Status::ok;
}

Status ServerMessage::unmarshal(RPC_ASYNC_STATE* async) {
    if (!target_) RPC_TRY(await_parameters());
    RPC_TRY(begin_frame());
    if (async) {
        if (procedure_.arguments_size < slot_size) return Status::bad_stub_data;
        store<void*>(frame_, async);
    }
    RPC_TRY(set_handle_argument());
    if (procedure_.oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub_, XLAT_SERVER));
    if (ndr::needs_conversion(message_->DataRepresentation)) RPC_TRY(convert_parameters(stub_, procedure_, Parameter::in));
    RPC_TRY(ndr::track_allocations(stub_));
    if (Status s = unmarshal_parameters(); failed(s)) {
        // What came of a bad request cannot be walked; what it made the allocator give can still be given back.
        ndr::discard_tracked(stub_);
        return s;
    }
    ndr::forget_tracked(stub_);
    whole_ = true;
    if (!procedure_.has_pipes) return Status::ok;
    if (!async) return pipes_.begin(*message_, stub_);
    RPC_TRY(AsyncPipes::make(procedure_, frame_, false, async_pipes_));
    return async_pipes_->begin_server(*message_, stub_, async);
}

Status ServerMessage::unmarshal_parameters() {
    RPC_TRY(ndr::correlation_init(stub_));
    Parameter p;
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal)
        if (p.is(Parameter::in) && !p.is(Parameter::pipe)) RPC_TRY(unmarshal_parameter(p, ordinal));
    RPC_TRY(ndr::correlation_pass(stub_));
    // Only now is every size that an [out] parameter's memory depends on known.
    ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal) {
        if (p.is(Parameter::pipe)) {
            RPC_TRY(prepare_pipe(p));
            continue;
        }
        if (p.is(Parameter::in) && p.is(Parameter::partial_ignore)) RPC_TRY(initialize_ignored(p));
        if (!p.is(Parameter::in) && !p.is(Parameter::returned)) RPC_TRY(prepare_out(p, ordinal));
    }
    return lock_contexts();
}

}  // namespace rpc::stub
