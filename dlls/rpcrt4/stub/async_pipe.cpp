#include "stub/async_pipe.h"

#include <atomic>

#include "base/guard.h"
#include "runtime/handle_table.h"
#include "runtime/transfer.h"

namespace rpc::stub {

namespace {

constexpr uint32_t notify_on_send_complete = 1;  // RPC_C_NOTIFY_ON_SEND_COMPLETE
constinit std::atomic<const AsyncPipeRoutines*> async_routines{nullptr};
using Wait = call::Transfer::Wait;

}  // namespace

void set_async_pipe_routines(const AsyncPipeRoutines* routines) {
    async_routines.store(routines, std::memory_order_release);
}

// Whoever is told that a push has left may push before that one has returned. Nothing waits inside a turn, and nothing calls the program.
class AsyncPipes::Turn {
public:
    explicit Turn(AsyncPipes& all) : all_(all) {
        Guard g(all_.mutex_);
        while (all_.busy_) all_.free_.wait(all_.mutex_);
        all_.busy_ = true;
    }
    ~Turn() {
        Guard g(all_.mutex_);
        all_.busy_ = false;
        all_.free_.wake_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    AsyncPipes& all_;
};

// --- the call's side ------------------------------------------------------------------------------------------------

Status AsyncPipes::add(const Parameter& p, AsyncPipeControl& control) {
    const AsyncPipeRoutines* routines = async_routines.load(std::memory_order_acquire);
    if (!routines) return Status::cannot_support;
    PipeType type;
    RPC_TRY(parse_pipe(p, type));
    Owned<Pipe> pipe(rpc::make<Pipe>());
    if (!pipe) return Status::out_of_memory;
    pipe->all = this;
    pipe->type = type;
    pipe->sent = p.is(client_ ? Parameter::in : Parameter::out);
    pipe->received = p.is(client_ ? Parameter::out : Parameter::in);
    sends_ = sends_ || pipe->sent;
    receives_ = receives_ || pipe->received;
    Pipe* const handle = pipe.get();
    if (!pipes_.push_back(std::move(pipe))) return Status::out_of_memory;
    RPC_TRY(runtime::handle_table::add(handle, runtime::HandleKind::pipe));
    control = {routines->pull, routines->push, nullptr, reinterpret_cast<char*>(handle)};
    return Status::ok;
}

Status AsyncPipes::make(const Procedure& procedure, uint8_t* frame, bool client, Ref<AsyncPipes>& pipes) {
    auto made = make_ref<AsyncPipes>();
    if (!made) return Status::out_of_memory;
    made->client_ = client;
    Parameter p;
    for (ParameterCursor at(procedure); at.next(p);) {
        if (!p.is(Parameter::pipe)) continue;
        PipeControl* control = nullptr;
        static_assert(sizeof(PipeControl) == sizeof(AsyncPipeControl));
        RPC_TRY(pipe_control(procedure, frame, p, control));
        RPC_TRY(made->add(p, *reinterpret_cast<AsyncPipeControl*>(control)));
    }
    pipes = std::move(made);
    return Status::ok;
}

Status AsyncPipes::begin_client(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& settings, RPC_ASYNC_STATE* state) {
    RPC_TRY(runtime::transfer_of(message, transfer_));
    desc_ = *settings.StubDesc;
    settings_ = settings;
    settings_.StubDesc = &desc_;
    state_ = state;
    runtime::set_pipes(message, sends_, receives_);
    if (sends_) {
        const size_t rest = message.BufferLength % transfer_->unit();
        message.BufferLength -= static_cast<unsigned>(rest);
        RPC_TRY(writer_.begin(transfer_->headroom(), {static_cast<uint8_t*>(message.Buffer) + message.BufferLength, rest}));
    }
    message_ = message;
    return reader_.begin(settings_, static_cast<uint32_t>(message.DataRepresentation), {}, 0, false);
}

void AsyncPipes::started() {
    if (sends_ && wants_sent()) transfer_->tell_sent();
}

Status AsyncPipes::begin_server(RPC_MESSAGE& message, const MIDL_STUB_MESSAGE& settings, RPC_ASYNC_STATE* state) {
    RPC_TRY(runtime::transfer_of(message, transfer_));
    desc_ = *settings.StubDesc;
    settings_ = settings;
    settings_.StubDesc = &desc_;
    state_ = state;
    message_ = message;
    RPC_TRY(reader_.begin_behind(settings_, message));
    return writer_.begin(transfer_->headroom(), {});
}

Status AsyncPipes::done() {
    Turn turn(*this);
    const bool good = (client_ || received_before(nullptr)) && sent_before(nullptr);
    return good ? Status::ok : Status::pipe_discipline_error;
}

Status AsyncPipes::rest(MutBytes& rest) {
    Turn turn(*this);
    while (!reader_.whole()) RPC_TRY(reader_.take(*transfer_, Wait::no));
    rest = reader_.rest();
    return Status::ok;
}

void AsyncPipes::close() {
    for (auto& pipe : pipes_) (void)runtime::handle_table::remove(pipe.get());
}

// --- the program's side ---------------------------------------------------------------------------------------------

Ref<AsyncPipes> AsyncPipes::of(char* state, Pipe*& pipe) {
    const bool found = runtime::handle_table::with(state, runtime::HandleKind::pipe, [](const void* handle) {
        return static_cast<const Pipe*>(handle)->all->try_add_ref();
    });
    pipe = reinterpret_cast<Pipe*>(state);
    return found ? Ref<AsyncPipes>::adopt(pipe->all) : nullptr;
}

bool AsyncPipes::wants_sent() const {
    decltype(state_->Flags) flags = 0;
    return copy_guarded(&flags, &state_->Flags, sizeof flags) && (flags & notify_on_send_complete);
}

bool AsyncPipes::received_before(const Pipe* pipe) {
    for (auto& p : pipes_) {
        if (p.get() == pipe) break;
        if (!p->received) continue;
        // Whoever took the last element need not have asked for the end.
        if (failed(reader_.advance(p->cursor)) || !p->cursor.ended) return false;
    }
    return true;
}

bool AsyncPipes::sent_before(const Pipe* pipe) const {
    for (auto& p : pipes_) {
        if (p.get() == pipe) break;
        if (p->sent && !p->pushed) return false;
    }
    return true;
}

Status AsyncPipes::finish(Status status, After after) {
    if (after == After::failed) return runtime::transfer_failed(message_, state_, status);
    if (after == After::pipes_read) runtime::pipes_read(message_);
    return status;
}

Status AsyncPipes::pull(Pipe& pipe, void* buffer, uint32_t size, uint32_t& count, After& after) {
    if (!pipe.received || !received_before(&pipe) || (client_ && !sent_before(nullptr))) return Status::wrong_pipe_order;
    if (pipe.told) return Status::pipe_empty;
    if (size == 0 || !buffer) return Status::pipe_discipline_error;
    for (;;) {
        Status status = reader_.read(pipe.type, pipe.cursor, buffer, size, count);
        if (!failed(status)) break;
        if (status == Status::call_pending) {
            RPC_TRY(runtime::notify_transfer(message_, state_));
            status = reader_.take(*transfer_, Wait::notify);
            if (status == Status::call_pending) return status;
        }
        if (failed(status)) {
            after = After::failed;
            return status;
        }
        if (client_) reader_.set_representation(runtime::transfer_representation(message_));
    }
    pipe.told = count == 0;
    if (client_ && pipe.told && received_before(nullptr)) after = After::pipes_read;
    return Status::ok;
}

Status AsyncPipes::push(Pipe& pipe, void* buffer, uint32_t count, After& after) {
    if (!pipe.sent || !sent_before(&pipe) || (!client_ && !received_before(nullptr))) return Status::wrong_pipe_order;
    if (pipe.pushed) return Status::pipe_closed;
    if (count != 0 && !buffer) return Status::pipe_discipline_error;
    RPC_TRY(writer_.append(settings_, pipe.type, buffer, count));
    pipe.pushed = count == 0;
    const bool last = client_ && sent_before(nullptr);
    const bool told = !last && wants_sent();
    if (told) RPC_TRY(runtime::notify_transfer(message_, state_));
    const Status status = writer_.flush(*transfer_, last, told, Wait::no);
    if (failed(status)) after = After::failed;
    return status;
}

Status async_pipe_pull(char* state, void* buffer, uint32_t size, uint32_t& count) {
    AsyncPipes::Pipe* pipe = nullptr;
    count = 0;
    auto all = AsyncPipes::of(state, pipe);
    if (!all) return Status::invalid_pipe_object;
    auto after = AsyncPipes::After::nothing;
    Status status;
    {
        AsyncPipes::Turn turn(*all);
        status = all->pull(*pipe, buffer, size, count, after);
    }
    return all->finish(status, after);
}

Status async_pipe_push(char* state, void* buffer, uint32_t count) {
    AsyncPipes::Pipe* pipe = nullptr;
    auto all = AsyncPipes::of(state, pipe);
    if (!all) return Status::invalid_pipe_object;
    auto after = AsyncPipes::After::nothing;
    Status status;
    {
        AsyncPipes::Turn turn(*all);
        status = all->push(*pipe, buffer, count, after);
    }
    return all->finish(status, after);
}

}  // namespace rpc::stub
