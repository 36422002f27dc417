// Pipes, the server's side: the request is whole, so pulling reads it; what is pushed waits for the reply.
#include <atomic>
#include <utility>

#include "base/alloc.h"
#include "base/guard.h"
#include "stub/pipe.h"

namespace rpc::stub {

namespace {

constexpr uint32_t pipe_signature = 0x45504950;  // "PIPE"
constinit std::atomic<const PipeRoutines*> pipe_routines{nullptr};

}  // namespace

void set_pipe_routines(const PipeRoutines* routines) { pipe_routines.store(routines, std::memory_order_release); }

Status ServerPipes::add(MIDL_STUB_MESSAGE& stub, const Parameter& p, PipeControl& control) {
    const PipeRoutines* routines = pipe_routines.load(std::memory_order_acquire);
    if (!routines) return Status::cannot_support;
    PipeType type;
    RPC_TRY(parse_pipe(p, type));
    auto* pipe = make<Pipe>();
    if (!pipe) return Status::out_of_memory;
    *pipe = {pipe_signature, this, nullptr, type, p.is(Parameter::in), p.is(Parameter::out), PipeCursor(), false, false};
    stub_ = &stub;
    Pipe** last = &first_;
    while (*last) last = &(*last)->next;
    *last = pipe;
    control = {routines->pull, routines->push, nullptr, reinterpret_cast<char*>(pipe)};
    return Status::ok;
}

Status ServerPipes::done() {
    return read_before(nullptr) && written_before(nullptr) ? Status::ok : Status::pipe_discipline_error;
}

void ServerPipes::release() {
    while (first_) {
        Pipe* pipe = std::exchange(first_, first_->next);
        pipe->signature = 0;
        destroy(pipe);
    }
    out_.reset();
}

Status ServerPipes::of(char* state, Pipe*& pipe) {
    uint32_t signature = 0;
    pipe = reinterpret_cast<Pipe*>(state);
    bool good = state && copy_guarded(&signature, state, sizeof signature) && signature == pipe_signature;
    return good ? Status::ok : Status::invalid_pipe_object;
}

bool ServerPipes::read_before(const Pipe* pipe) {
    for (Pipe* p = first_; p && p != pipe; p = p->next) {
        if (!p->in) continue;
        // Whoever took the last element need not have asked for the end.
        if (failed(advance(*stub_, p->cursor)) || !p->cursor.ended) return false;
    }
    return true;
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
    if (!pipe->in || !pipe->owner->read_before(pipe)) return Status::wrong_pipe_order;
    if (pipe->told) return Status::pipe_empty;
    if (size == 0 || !buffer) return Status::pipe_discipline_error;
    RPC_TRY(read_elements(*pipe->owner->stub_, pipe->type, pipe->cursor, buffer, size, count));
    pipe->told = count == 0;
    return Status::ok;
}

Status pipe_push(char* state, void* buffer, uint32_t count) {
    ServerPipes::Pipe* pipe = nullptr;
    RPC_TRY(ServerPipes::of(state, pipe));
    ServerPipes& all = *pipe->owner;
    if (!pipe->out || !all.read_before(nullptr) || !all.written_before(pipe)) return Status::wrong_pipe_order;
    if (pipe->pushed) return Status::pipe_closed;
    if (count != 0 && !buffer) return Status::pipe_discipline_error;
    RPC_TRY(append_chunk(*all.stub_, pipe->type, buffer, count, all.out_));
    pipe->pushed = count == 0;
    return Status::ok;
}

}  // namespace rpc::stub
