// Pipes, the client's side: the program's routines are called here, unguarded like all of a synchronous stub's own.
#include "stub/pipe.h"

namespace rpc::stub {

namespace {

constexpr uint32_t wanted_bytes = 16 * 1024;

// Room for `elements` of them, or for fewer.
Status allocate(const PipeControl& control, const PipeType& type, uint64_t elements, void*& buffer, uint32_t& room) {
    if (!control.alloc) return Status::invalid_pipe_object;
    uint64_t bytes = elements * type.memory;
    if (bytes > wanted_bytes) bytes = wanted_bytes / type.memory * type.memory;
    if (bytes < type.memory) bytes = type.memory;
    ULong32 given = 0;
    buffer = nullptr;
    control.alloc(control.state, static_cast<ULong32>(bytes), &buffer, &given);
    room = static_cast<uint32_t>(given / type.memory);
    return buffer && room != 0 ? Status::ok : Status::out_of_memory;
}

Status pull(const MIDL_STUB_MESSAGE& stub, const PipeControl& control, const PipeType& type, Buffer& out) {
    if (!control.pull) return Status::invalid_pipe_object;
    for (;;) {
        void* buffer = nullptr;
        uint32_t room = 0;
        RPC_TRY(allocate(control, type, wanted_bytes, buffer, room));
        ULong32 count = 0;
        control.pull(control.state, buffer, room, &count);
        if (count > room) return Status::pipe_discipline_error;
        RPC_TRY(append_chunk(stub, type, buffer, static_cast<uint32_t>(count), out));
        if (count == 0) return Status::ok;
    }
}

Status push(MIDL_STUB_MESSAGE& stub, const PipeControl& control, const PipeType& type) {
    if (!control.push) return Status::invalid_pipe_object;
    PipeCursor cursor;
    void* buffer = nullptr;
    for (;;) {
        RPC_TRY(advance(stub, cursor));
        if (cursor.ended) break;
        uint32_t room = 0, count = 0;
        RPC_TRY(allocate(control, type, cursor.left, buffer, room));
        RPC_TRY(read_elements(stub, type, cursor, buffer, room < cursor.left ? room : cursor.left, count));
        control.push(control.state, buffer, count);
    }
    control.push(control.state, buffer, 0);
    return Status::ok;
}

}  // namespace

Status pull_pipes(const MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame, Buffer& out) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(Parameter::pipe) || !p.is(Parameter::in)) continue;
        PipeType type;
        PipeControl* control = nullptr;
        RPC_TRY(parse_pipe(p, type));
        RPC_TRY(pipe_control(procedure, frame, p, control));
        RPC_TRY(pull(stub, *control, type, out));
    }
    return Status::ok;
}

Status push_pipes(MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(Parameter::pipe) || !p.is(Parameter::out)) continue;
        PipeType type;
        PipeControl* control = nullptr;
        RPC_TRY(parse_pipe(p, type));
        RPC_TRY(pipe_control(procedure, frame, p, control));
        RPC_TRY(push(stub, *control, type));
    }
    return Status::ok;
}

}  // namespace rpc::stub
