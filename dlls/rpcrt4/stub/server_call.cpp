#include "base/guard.h"
#include "base/log.h"
#include "runtime/message.h"
#include "stub/server_message.h"
#include "stub/stub.h"

namespace rpc::stub {

// --- synchronous ----------------------------------------------------------------------------------------------------

namespace {

struct SyncServerCall {
    RPC_MESSAGE* message;
    Style style;
    bool all_syntaxes = false;
    Status status = Status::ok;
    ServerMessage call{};

    Status run() {
        RPC_TRY(all_syntaxes ? call.find_all(*message, false) : call.find(*message, style, false));
        if (call.procedure().is_async()) return Status::bad_stub_data;
        RPC_TRY(call.unmarshal(nullptr));
        runtime::manager_may_block(*message);
        call.set_result(call.call_manager());
        return call.marshal();
    }
};

Status run_server(SyncServerCall& call) {
    run_with_cleanup([](void* p) { static_cast<SyncServerCall*>(p)->status = static_cast<SyncServerCall*>(p)->run(); },
                     [](void* p) { static_cast<SyncServerCall*>(p)->call.release(); }, &call);
    return call.status;
}

}  // namespace

Status server_call(RPC_MESSAGE& message) {
    SyncServerCall call{&message, Style::oif};
    return run_server(call);
}

Status server_call_oi(RPC_MESSAGE& message) {
    SyncServerCall call{&message, Style::oi};
    return run_server(call);
}

Status server_call_all(RPC_MESSAGE& message) {
    SyncServerCall call{&message, Style::oif, true};
    return run_server(call);
}

// --- asynchronous ---------------------------------------------------------------------------------------------------

namespace {

constexpr uint32_t async_signature = 0x43595341;  // "ASYC"

// Arguments, state and message of a call whose manager may have returned long ago. The runtime's call owns it.
class AsyncServerCall final : public call::AsyncStub {
public:
    // ok: the manager is to be entered, and the runtime owns this.
    Status prepare(RPC_MESSAGE& message, bool all_syntaxes) {
        RPC_TRY(all_syntaxes ? call_.find_all(message, true) : call_.find(message, Style::oif, true));
        if (!call_.procedure().is_async()) return Status::bad_stub_data;
        state_.Size = sizeof state_;
        state_.Signature = async_signature;
        RPC_TRY(call_.unmarshal(&state_));
        RPC_TRY(runtime::async_set_handle(message, &state_, this));
        message_ = message;
        call_.set_message(message_);
        call_.leave_environment();
        return Status::ok;
    }

    // `this` may be gone any time after the manager was entered.
    void enter() {
        rpcss::ThreadScope scope;
        // The dispatch gave this thread its state already, so that nothing can fail here.
        (void)code(scope.enter(call_.environment()));
        (void)call_.call_manager();
        scope.leave();
    }

    Status complete(void* reply) override {
        rpcss::ThreadScope scope;
        Status status = scope.enter(call_.environment());
        if (!failed(status)) status = complete_here(reply);
        scope.leave();
        discard();
        return status;
    }

    // After prepare failed, on the thread that it failed on.
    void leave_environment() { call_.leave_environment(); }

    void discard() override {
        rpcss::ThreadScope scope;
        // Without it only the parameters' own frees do nothing: the environment's end frees the same memory.
        (void)code(scope.enter(call_.environment()));
        const uint32_t raised = call_guarded([&] { call_.release(); });
        scope.leave();
        if (raised) RPC_LOG(warn, "freeing a call's parameters raised 0x%x", raised);  // the rest is lost
    }

private:
    Status complete_here(void* reply) {
        Status status = Status::ok;
        if (uint32_t raised = call_guarded([&] { status = answer(reply); })) status = static_cast<Status>(raised);
        return status;
    }
    Status answer(void* reply);

    RPC_MESSAGE message_{};
    RPC_ASYNC_STATE state_{};
    ServerMessage call_;
};

Status AsyncServerCall::answer(void* reply) {
    RPC_TRY(call_.set_result(reply));
    RPC_TRY(call_.marshal());
    return runtime::send(message_);
}

struct AsyncDispatch {
    RPC_MESSAGE* message;
    AsyncServerCall* call;
    bool all_syntaxes;
    bool handed_over = false;
    Status status = Status::ok;
};

Status run_async_server(RPC_MESSAGE& message, bool all_syntaxes) {
    AsyncDispatch dispatch{&message, make<AsyncServerCall>(), all_syntaxes};
    if (!dispatch.call) return Status::out_of_memory;
    run_with_cleanup(
        [](void* p) {
            auto& d = *static_cast<AsyncDispatch*>(p);
            d.status = d.call->prepare(*d.message, d.all_syntaxes);
            d.handed_over = !failed(d.status);
        },
        [](void* p) {
            auto& d = *static_cast<AsyncDispatch*>(p);
            if (d.handed_over) return;
            d.call->leave_environment();
            d.call->discard();
            destroy(d.call);
        },
        &dispatch);
    // An exception of the manager's passes through: the runtime ends the call and discards its parameters.
    if (!failed(dispatch.status)) dispatch.call->enter();
    return dispatch.status;
}

}  // namespace

Status async_server_call(RPC_MESSAGE& message) { return run_async_server(message, false); }
Status async_server_call_all(RPC_MESSAGE& message) { return run_async_server(message, true); }

}  // namespace rpc::stub
