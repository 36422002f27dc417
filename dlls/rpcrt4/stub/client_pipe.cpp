// Pipes, the client's side: the program's routines are called here, unguarded like all of a synchronous stub's own.
#include <algorithm>

#include "base/alloc.h"
#include "runtime/transfer.h"
#include "stub/pipe_stream.h"

namespace rpc::stub {

namespace {

constexpr uint32_t wanted_bytes = 16 * 1024;
using Wait = call::Transfer::Wait;

// Room for `elements` of them, or for fewer.
Status allocate(const PipeControl& control, const PipeType& type, uint64_t elements, void*& buffer, uint32_t& room) {
    uint64_t bytes = elements * type.memory;
    if (bytes > wanted_bytes) bytes = wanted_bytes / type.memory * type.memory;
    if (bytes < type.memory) bytes = type.memory;
    ULong32 given = 0;
    buffer = nullptr;
    control.alloc(control.state, static_cast<ULong32>(bytes), &buffer, &given);
    room = static_cast<uint32_t>(given / type.memory);
    return buffer && room != 0 ? Status::ok : Status::out_of_memory;
}

// Of every pipe in that direction, in order.
template <class F>
Status for_each_pipe(const Procedure& procedure, uint8_t* frame, uint16_t direction, F what) {
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(Parameter::pipe) || !p.is(direction)) continue;
        PipeType type;
        PipeControl* control = nullptr;
        RPC_TRY(parse_pipe(p, type));
        RPC_TRY(pipe_control(procedure, frame, p, control));
        RPC_TRY(what(*control, type));
    }
    return Status::ok;
}

}  // namespace

Status ClientPipes::perform(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint8_t* frame, MutBytes& rest,
                            bool& ended) {
    message_ = &message;
    // What can be told before anything is sent.
    RPC_TRY(for_each_pipe(procedure, frame, Parameter::in, [this](const PipeControl& control, const PipeType&) {
        sends_ = true;
        return control.pull && control.alloc ? Status::ok : Status::invalid_pipe_object;
    }));
    RPC_TRY(for_each_pipe(procedure, frame, Parameter::out, [this](const PipeControl& control, const PipeType&) {
        receives_ = true;
        return control.push && control.alloc ? Status::ok : Status::invalid_pipe_object;
    }));
    Status status = begin(stub);
    if (!failed(status) && sends_)
        status = for_each_pipe(procedure, frame, Parameter::in,
                               [&](const PipeControl& control, const PipeType& type) { return pull(stub, control, type); });
    if (!failed(status)) status = run(procedure, frame, rest);
    ended = ended_;
    return status;
}

// A transfer that has failed has failed the call, and that knows why.
Status ClientPipes::transferred(Status status) {
    if (!failed(status)) return status;
    ended_ = true;
    return runtime::pieces_failed(*message_, status);
}

Status ClientPipes::begin(const MIDL_STUB_MESSAGE& stub) {
    streams_ = make<PipeStreams>();
    if (!streams_) return Status::out_of_memory;
    RPC_TRY(runtime::transfer_of(*message_, streams_->transfer));
    if (sends_) {
        const size_t rest = message_->BufferLength % streams_->transfer->unit();
        message_->BufferLength -= static_cast<unsigned>(rest);
        RPC_TRY(streams_->writer.begin(streams_->transfer->headroom(),
                                       {static_cast<uint8_t*>(message_->Buffer) + message_->BufferLength, rest}));
    }
    RPC_TRY(streams_->reader.begin(stub, static_cast<uint32_t>(message_->DataRepresentation), {}, 0, false));
    runtime::set_pipes(*message_, sends_, receives_);
    const Status status = runtime::start_pieces(*message_);
    ended_ = failed(status);
    return status;
}

Status ClientPipes::pull(const MIDL_STUB_MESSAGE& stub, const PipeControl& control, const PipeType& type) {
    for (;;) {
        void* buffer = nullptr;
        uint32_t room = 0;
        RPC_TRY(allocate(control, type, wanted_bytes, buffer, room));
        ULong32 count = 0;
        control.pull(control.state, buffer, room, &count);
        if (count > room) return Status::pipe_discipline_error;
        RPC_TRY(streams_->writer.append(stub, type, buffer, static_cast<uint32_t>(count)));
        if (count == 0) return Status::ok;
        RPC_TRY(transferred(streams_->writer.flush(*streams_->transfer, false, false, Wait::here)));
    }
}

// The rest of the call: the end of the request, and the reply.
Status ClientPipes::run(const Procedure& procedure, uint8_t* frame, MutBytes& rest) {
    if (sends_) RPC_TRY(transferred(streams_->writer.flush(*streams_->transfer, true, false, Wait::here)));
    RPC_TRY(for_each_pipe(procedure, frame, Parameter::out,
                          [this](const PipeControl& control, const PipeType& type) { return push(control, type); }));
    runtime::pipes_read(*message_);
    while (!streams_->reader.whole()) RPC_TRY(take());
    message_->DataRepresentation = runtime::transfer_representation(*message_);
    rest = streams_->reader.rest();
    return Status::ok;
}

Status ClientPipes::push(const PipeControl& control, const PipeType& type) {
    PipeCursor cursor;
    void* buffer = nullptr;
    for (;;) {
        RPC_TRY(advance(cursor));
        if (cursor.ended) break;
        uint32_t room = 0, count = 0;
        RPC_TRY(allocate(control, type, cursor.left, buffer, room));
        for (;;) {
            const Status status = streams_->reader.read(type, cursor, buffer, std::min(room, cursor.left), count);
            if (!failed(status)) break;
            if (status != Status::call_pending) return status;
            RPC_TRY(take());
        }
        control.push(control.state, buffer, count);
    }
    control.push(control.state, buffer, 0);
    return Status::ok;
}

Status ClientPipes::advance(PipeCursor& cursor) {
    for (;;) {
        const Status status = streams_->reader.advance(cursor);
        if (status != Status::call_pending) return status;
        RPC_TRY(take());
    }
}

Status ClientPipes::take() {
    RPC_TRY(transferred(streams_->reader.take(*streams_->transfer, Wait::here)));
    streams_->reader.set_representation(runtime::transfer_representation(*message_));
    return Status::ok;
}

void ClientPipes::release() {
    if (streams_) destroy(streams_);
    streams_ = nullptr;
}

}  // namespace rpc::stub
