// ServerMessage after the request is read: the manager, the reply, the end.
#include <cstring>
#include <utility>

#include "base/guard.h"
#include "ndr/ndr.h"
#include "runtime/message.h"
#include "stub/proxy/messages.h"
#include "stub/server_message.h"

namespace rpc::stub {

namespace {

ResultKind result_kind(const Procedure& procedure) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);)
        if (p.is(Parameter::returned) && p.is(Parameter::base_type)) {
            if (p.simple_type == fc_float) return ResultKind::float32;
            if (p.simple_type == fc_double) return ResultKind::float64;
        }
    return ResultKind::integer;
}

}  // namespace

uint64_t ServerMessage::call_manager() {
    manager_called_ = true;
    unsigned int number = this->number();
    if (info_->ThunkTable && info_->ThunkTable[number]) {
        // A thunk calls the manager itself, with the frame as a structure whose last member is the result.
        info_->ThunkTable[number](&stub_);
        uint64_t result = 0;
        std::memcpy(&result, frame_ + procedure_.arguments_size, sizeof result);
        return result;
    }
    // An asynchronous manager answers nothing: its result comes with the completion.
    size_t ahead = result_kind_.in_memory && !procedure_.is_async() ? 1 : 0;
    return invoke(routine(), reinterpret_cast<Slot*>(frame_) - ahead, procedure_.arguments_size / slot_size + ahead,
                  result_kind(procedure_));
}

void* ServerMessage::routine() const {
    if (target_) return (*static_cast<void***>(target_->object))[number()];
    if (message_->ManagerEpv) return static_cast<void**>(message_->ManagerEpv)[number()];
    return reinterpret_cast<void*>(info_->DispatchTable[number()]);
}

Status ServerMessage::take_reply_buffer() {
    if (!target_) return get_buffer(stub_, *message_);
    RPC_TRY(com::stub_get_buffer(*target_->iid, *target_->channel, stub_));
    attach_buffer(stub_, *message_, stub_.BufferLength);
    return Status::ok;
}

// Where the value of an [out] parameter or of the result is.
uint8_t* ServerMessage::data_of(const Parameter& p) {
    if (!p.is(Parameter::returned)) return argument(p);
    if (p.is(Parameter::base_type) || !(is_pointer_type(p.type[0]) || p.type[0] == fc_ip)) return result_;
    uint8_t* pointer;
    std::memcpy(&pointer, result_, sizeof pointer);
    return pointer;
}

void ServerMessage::set_result(uint64_t bits) {
    has_result_ = true;
    if (!result_kind_.in_memory) std::memcpy(result_, &bits, sizeof bits);
}

Status ServerMessage::set_result(const void* reply) {
    if (result_kind_.size == 0) return Status::ok;
    has_result_ = reply && copy_guarded(result_, reply, result_kind_.size);
    return has_result_ ? Status::ok : Status::invalid_arg;
}

// The pointer that the frame holds for a parameter, or that it leads to.
uint8_t* ServerMessage::argument(const Parameter& p) const {
    uint8_t* pointer;
    std::memcpy(&pointer, frame_ + p.stack_offset, sizeof pointer);
    if (pointer && pointer_by_reference(p)) std::memcpy(&pointer, pointer, sizeof(uint8_t*));
    return pointer;
}

Status ServerMessage::size_out(const Parameter& p, uint8_t* memory) {
    if (p.is(Parameter::base_type)) {
        size_t size = simple_wire_size(p.simple_type);
        align_length(stub_, size);
        stub_.BufferLength += static_cast<ULong32>(size);
        return Status::ok;
    }
    if (is_context(p)) {
        align_length(stub_, 4);
        stub_.BufferLength += context_wire_size;
        return Status::ok;
    }
    return ndr::buffer_size(stub_, memory, p.type);
}

Status ServerMessage::marshal_context(const Parameter& p, unsigned int ordinal) {
    uint8_t* from = stub_.Buffer;
    RPC_TRY(align_buffer(stub_, 4, context_wire_size));
    std::memset(from, 0, static_cast<size_t>(stub_.Buffer - from));
    RPC_TRY(server_context_marshal(message_->Handle, *contexts_[ordinal], rundown_of(p), message_->RpcInterfaceInformation,
                                   stub_.Buffer));
    stub_.Buffer += context_wire_size;
    return Status::ok;
}

Status ServerMessage::marshal_out(const Parameter& p, uint8_t* memory, unsigned int ordinal) {
    if (p.is(Parameter::base_type)) return ndr::simple_type_marshal(stub_, memory, p.simple_type);
    if (is_context(p)) return marshal_context(p, ordinal);
    return ndr::marshal(stub_, memory, p.type);
}

Status ServerMessage::create_result_context() {
    Parameter p;
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal) {
        if (!p.is(Parameter::returned) || !is_context(p) || contexts_[ordinal]) continue;
        RPC_TRY(adopt_context(server_context_new(), p, ordinal));
        std::memcpy(&user_context(*contexts_[ordinal]), result_, sizeof(void*));
    }
    return Status::ok;
}

Status ServerMessage::marshal() {
    auto travels = [](const Parameter& p) {
        return (p.is(Parameter::out) || p.is(Parameter::returned)) && !p.is(Parameter::pipe);
    };
    RPC_TRY(async_pipes_ ? async_pipes_->done() : pipes_.done());
    RPC_TRY(create_result_context());
    const ByteView piped = async_pipes_ ? async_pipes_->held() : pipes_.held();
    stub_.BufferLength = static_cast<ULong32>(piped.size());
    stub_.PointerBufferMark = nullptr;
    Parameter p;
    for (ParameterCursor at(procedure_); at.next(p);)
        if (travels(p)) RPC_TRY(size_out(p, data_of(p)));
    RPC_TRY(take_reply_buffer());
    message_->DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    if (!piped.empty()) std::memcpy(stub_.Buffer, piped.data(), piped.size());
    stub_.Buffer += piped.size();
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal) {
        if (!travels(p)) continue;
        if (Status s = marshal_out(p, data_of(p), ordinal); failed(s)) {
            if (!target_) (void)code(runtime::free_buffer(*message_));  // why marshalling failed is the answer
            return s;
        }
    }
    message_->BufferLength = static_cast<unsigned int>(stub_.Buffer - stub_.BufferStart);
    return Status::ok;
}

static bool points_at_number(const Parameter& p) {
    constexpr uint8_t pointer_simple = 0x08;
    return p.type && is_pointer_type(p.type[0]) && (p.type[1] & pointer_simple) && simple_memory_size(p.type[2]) != 0;
}

void ServerMessage::free_parameter(const Parameter& p) {
    if (p.is(Parameter::base_type) || is_context(p) || p.is(Parameter::pipe)) return;
    if (p.is(Parameter::returned)) {
        // Like an [out] parameter's: what the manager allocated for it is the stub's to free.
        uint8_t* memory = has_result_ && p.is(Parameter::must_free) ? data_of(p) : nullptr;
        if (memory) (void)code(ndr::free(stub_, memory, p.type));
        return;
    }
    uint8_t* memory = argument(p);
    if (passed_by_value(p) && value_in_slots(value_size(p.type, ndr::correlation_size(stub_)))) memory = slot(p);
    if (!memory) return;
    if (p.is(Parameter::must_free)) (void)code(ndr::free(stub_, memory, p.type));
    // Arrays, strings and structures are no pointers to their routines: the block that holds one is ours to free.
    bool in_frame = memory == slot(p) || memory_.owns(memory) || (memory >= request_ && memory < request_end_);
    bool is_object = p.type[0] == fc_ip;
    if (!is_pointer_type(p.type[0]) && !is_object && !in_frame) stub_.pfnFree(memory);
}

void ServerMessage::release_contexts() {
    uses_.unlock();
    if (!contexts_) return;
    Parameter p;
    unsigned int ordinal = 0;
    for (ParameterCursor at(procedure_); at.next(p); ++ordinal) {
        ServerContext* context = std::exchange(contexts_[ordinal], nullptr);
        if (!context) continue;
        server_context_abandon(*context, rundown_of(p));
        server_context_release(context);
    }
}

void ServerMessage::release() {
    free_all();
    notify();
}

// [notify] and [notify_flag] (documentation pages of the two attributes): after everything else, also of a call that failed
// before its manager was called, which the flag tells.
void ServerMessage::notify() {
    if (!std::exchange(to_notify_, false)) return;
    NDR_NOTIFY_ROUTINE routine = desc_->NotifyRoutineTable[procedure_.notify_index];
    if (procedure_.opt_flags2 & opt2_notify2) reinterpret_cast<NDR_NOTIFY2_ROUTINE>(routine)(manager_called_);
    else routine();
}

void ServerMessage::free_all() {
    if (!frame_) return;
    // What the parameters still point at in the request is not the allocator's to free.
    stub_.BufferStart = stub_.Buffer = request_;
    stub_.BufferEnd = request_end_;
    Parameter p;
    if (std::exchange(whole_, false)) {
        // A number behind a pointer may be what another parameter's size is read from.
        for (const bool numbers : {false, true})
            for (ParameterCursor at(procedure_); at.next(p);)
                if (points_at_number(p) == numbers) free_parameter(p);
    }
    release_contexts();
    pipes_.release();
    if (async_pipes_) async_pipes_->close();
    async_pipes_.reset();
    frame_ = nullptr;
    ndr::correlation_free(stub_);
    if (stub_.FullPtrXlatTables) ndr::full_pointers_free(stub_);
    memory_.release();
    scope_.leave();
    if (environment_) environment_->end();
}

}  // namespace rpc::stub
