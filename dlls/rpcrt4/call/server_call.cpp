#include "call/server_call.h"

#include "base/error_record.h"
#include "wire/fault.h"

namespace rpc::call {
namespace {

// RpcClientDisconnect and RpcClientCancel, which the toolchain's header lacks.
constexpr auto client_disconnect_event = static_cast<RPC_ASYNC_EVENT>(3);
constexpr auto client_cancel_event = static_cast<RPC_ASYNC_EVENT>(4);

// What this thread's records say of the error that it tells (page "Propagating Error Information": those of the same code),
// with the runtime's own on top. Empty where clients are told nothing, or memory is out.
ErrorChain errors_of(Status status) {
    ErrorChain errors;
    if (!errors_propagate()) return errors;
    const ErrorChain* noted = thread_errors(false);
    if (noted && !noted->empty() && (*noted)[noted->size() - 1]->status == code(status) && !copy_chain(*noted, errors)) return errors;
    if (!errors.empty() && errors.back()->component == static_cast<uint32_t>(ErrorComponent::runtime)) return errors;
    auto own = make_error_record(ErrorComponent::runtime, code(status), detected::dispatch_failed);
    if (own) (void)errors.push_back(std::move(own));
    return errors;
}

}  // namespace

void ServerCall::run() {
    auto self = Ref<ServerCall>::adopt(this);
    connection->await_turn(*this);
    dispatcher_.dispatch(*this);
    trace.step("returned");
    connection->let_next_start(*this);
}

Status ServerCall::detach(RPC_ASYNC_STATE* state, AsyncStub* stub) {
    Guard g(mutex_);
    if (state_ || ended_ || claimed_) return Status::invalid_async_call;
    state_ = state;
    stub_.reset(stub);
    g.unlock();
    trace.step("detached");
    return Status::ok;
}

bool ServerCall::detached() {
    Guard g(mutex_);
    return state_ != nullptr;
}

RPC_ASYNC_STATE* ServerCall::async_state() {
    Guard g(mutex_);
    return state_;
}

bool ServerCall::claim(Owned<AsyncStub>& stub) {
    Guard g(mutex_);
    if (claimed_ || ended_) return false;
    claimed_ = true;
    stub = std::move(stub_);
    return true;
}

bool ServerCall::end(Status outcome) {
    Guard g(mutex_);
    if (ended_) return false;
    outcome_ = outcome;
    ended_ = true;
    Ref<Transfer> transfer = transfer_;
    g.unlock();
    if (transfer) transfer->end(Status::call_failed);
    trace.step("completed", outcome);
    return true;
}

Status ServerCall::call_back(uint16_t opnum, link::OutgoingBody request, link::CallbackReply& reply) {
    trace.step("calls back");
    return connection->call_back(*this, opnum, std::move(request), reply);
}

Status ServerCall::outcome() {
    Guard g(mutex_);
    return outcome_;
}

bool ServerCall::ended() {
    Guard g(mutex_);
    return ended_;
}

Status ServerCall::respond() {
    if (!body.allocated()) {
        Status status = body.allocate(0, false);
        if (failed(status)) {
            fault(status, false);
            return status;
        }
    }
    if (!end(Status::ok)) return Status::ok;
    return connection->respond(*this, std::move(body));
}

void ServerCall::fault(Status status, bool did_not_execute) {
    // A fault that cannot be sent has closed the connection: the client learns of it that way.
    if (end(status)) (void)connection->fault(*this, wire::fault_from_status(status), did_not_execute, errors_of(status));
}

const void* ServerCall::keep_client_name(Buffer utf16) {
    Guard g(mutex_);
    if (client_name_.empty()) client_name_ = std::move(utf16);
    return client_name_.data();
}

bool ServerCall::cancelled() {
    Guard g(mutex_);
    return cancelled_;
}

bool ServerCall::disconnected() {
    Guard g(mutex_);
    return disconnected_;
}

// ---- what the client does ----

void ServerCall::on_cancel() {
    trace.step("cancelled");
    {
        Guard g(mutex_);
        cancelled_ = true;
    }
    tell(call_cancel);
}

void ServerCall::on_disconnect() {
    trace.step("disconnected");
    {
        Guard g(mutex_);
        disconnected_ = true;
    }
    if (auto transfer = known_transfer()) transfer->arrived(Status::call_failed);
    tell(client_disconnect);
}

// The subscription is held while its routine runs: the program may unsubscribe in it.
void ServerCall::tell(uint32_t happened) {
    Ref<Subscription> to;
    void* subject;
    {
        Guard g(mutex_);
        Watch& w = watch(happened);
        if (!w.subscription || w.told) return;
        w.told = true;
        ++w.queued;
        to = w.subscription;
        subject = state_ ? static_cast<void*>(state_) : this;
    }
    to->how.deliver(subject, happened == call_cancel ? client_cancel_event : client_disconnect_event);
}

Status ServerCall::subscribe(uint32_t notifications, Ref<Subscription> subscription) {
    bool cancelled, disconnected;
    {
        Guard g(mutex_);
        for (uint32_t kind : {client_disconnect, call_cancel})
            if ((notifications & kind) && watch(kind).subscription) return Status::invalid_arg;
        for (uint32_t kind : {client_disconnect, call_cancel}) {
            if (!(notifications & kind)) continue;
            watch(kind).subscription = subscription;
            watch(kind).queued = 0;
        }
        cancelled = cancelled_ && (notifications & call_cancel);
        disconnected = disconnected_ && (notifications & client_disconnect);
    }
    if (cancelled) tell(call_cancel);
    if (disconnected) tell(client_disconnect);
    return Status::ok;
}

Status ServerCall::unsubscribe(uint32_t notification, uint32_t& queued) {
    Ref<Subscription> ended;  // its handles close unlocked
    Guard g(mutex_);
    Watch& w = watch(notification);
    if (!w.subscription) return Status::invalid_arg;
    ended = std::move(w.subscription);
    queued = w.queued;
    g.unlock();
    return Status::ok;
}

}  // namespace rpc::call
