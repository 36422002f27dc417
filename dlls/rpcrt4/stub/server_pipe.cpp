// Pipes, the server's side: the manager's thread waits for what it pulls, and for room for what it pushes.
#include <atomic>
#include <utility>

#include "base/alloc.h"
#include "base/guard.h"
#include "runtime/transfer.h"
#include "stub/pipe_stream.h"

namespace rpc::stub {

namespace {

constexpr uint32_t pipe_signature = 0x45504950;  // "PIPE"
constinit std::atomic<const PipeRoutines*> pipe_routines{nullptr};
using Wait = call::Transfer::Wait;

}  // namespace

void set_pipe_routines(const PipeRoutines* routines) { pipe_routines.store(routines, std::memory_order_release); }

Status ServerPipes::add(const Parameter& p, PipeControl& control) {
    const PipeRoutines* routines = pipe_routines.load(std::memory_order_acquire);
    if (!routines) return Status::cannot_support;
    PipeType type;
    RPC_TRY(parse_pipe(p, type));
    auto* pipe = make<Pipe>();
    if (!pipe) return Status::out_of_memory;
    *pipe = {pipe_signature, this, nullptr, type, p.is(Parameter::in), p.is(Parameter::out), PipeCursor(), false, false};
    Pipe** last = &first_;
    while (*last) last = &(*last)->next;
    *last = pipe;
    control = {routines->pull, routines->push, nullptr, reinterpret_cast<char*>(pipe)};
    return Status::ok;
}

Status ServerPipes::begin(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& stub) {
    stub_ = &stub;
    streams_ = make<PipeStreams>();
    if (!streams_) return Status::out_of_memory;
    RPC_TRY(runtime::transfer_of(message, streams_->transfer));
    RPC_TRY(streams_->reader.begin_behind(stub, message));
    return streams_->writer.begin(streams_->transfer->headroom(), {});
}

Status ServerPipes::done() {
    RPC_TRY(read_before(nullptr));
    return written_before(nullptr) ? Status::ok : Status::pipe_discipline_error;
}

ByteView ServerPipes::held() const { return streams_ ? streams_->writer.held() : ByteView{}; }

void ServerPipes::release() {
    while (first_) {
        Pipe* pipe = std::exchange(first_, first_->next);
        pipe->signature = 0;
        destroy(pipe);
    }
    if (streams_) destroy(std::exchange(streams_, nullptr));
}

Status ServerPipes::of(char* state, Pipe*& pipe) {
    uint32_t signature = 0;
    pipe = reinterpret_cast<Pipe*>(state);
    bool good = state && copy_guarded(&signature, state, sizeof signature) && signature == pipe_signature;
    return good ? Status::ok : Status::invalid_pipe_object;
}

Status ServerPipes::advance(PipeCursor& cursor) {
    for (;;) {
        const Status status = streams_->reader.advance(cursor);
        if (status != Status::call_pending) return status;
        RPC_TRY(streams_->reader.take(*streams_->transfer, Wait::here));
    }
}

Status ServerPipes::read_before(const Pipe* pipe) {
    for (Pipe* p = first_; p && p != pipe; p = p->next) {
        if (!p->in) continue;
        // Whoever took the last element need not have asked for the end.
        RPC_TRY(advance(p->cursor));
        if (!p->cursor.ended) return Status::pipe_discipline_error;
    }
    return Status::ok;
}

bool ServerPipes::written_before(const Pipe* pipe) const {
    for (const Pipe* p = first_; p && p != pipe; p = p->next)
        if (p->out && !p->pushed) return false;
    return true;
}

Status pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count) {
    ServerPipes::Pipe* pipe = nullptr;
    count = 0;
    RPC_TRY(ServerPipes::of(state, pipe));
    ServerPipes& all = *pipe->owner;
    if (!pipe->in || !all.streams_) return Status::wrong_pipe_order;
    if (Status s = all.read_before(pipe); failed(s)) return s == Status::pipe_discipline_error ? Status::wrong_pipe_order : s;
    if (pipe->told) return Status::pipe_empty;
    if (size == 0 || !buffer) return Status::pipe_discipline_error;
    PipeStreams& streams = *all.streams_;
    for (;;) {
        const Status status = streams.reader.read(pipe->type, pipe->cursor, buffer, size, count);
        if (!failed(status)) break;
        if (status != Status::call_pending) return status;
        RPC_TRY(streams.reader.take(*streams.transfer, Wait::here));
    }
    pipe->told = count == 0;
    return Status::ok;
}

Status pipe_push(char* state, void* buffer, uint32_t count) {
    ServerPipes::Pipe* pipe = nullptr;
    RPC_TRY(ServerPipes::of(state, pipe));
    ServerPipes& all = *pipe->owner;
    if (!pipe->out || !all.streams_) return Status::wrong_pipe_order;
    if (Status s = all.read_before(nullptr); failed(s)) return s == Status::pipe_discipline_error ? Status::wrong_pipe_order : s;
    if (!all.written_before(pipe)) return Status::wrong_pipe_order;
    if (pipe->pushed) return Status::pipe_closed;
    if (count != 0 && !buffer) return Status::pipe_discipline_error;
    PipeStreams& streams = *all.streams_;
    RPC_TRY(streams.writer.append(*all.stub_, pipe->type, buffer, count));
    pipe->pushed = count == 0;
    return count == 0 ? Status::ok : streams.writer.flush(*streams.transfer, false, false, Wait::here);
}

}  // namespace rpc::stub
