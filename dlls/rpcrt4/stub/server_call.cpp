#include "base/guard.h"
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
        return Status::ok;
    }

    // `this` may be gone any time after the manager was entered.
    void enter() { (void)call_.call_manager(); }

    Status complete(void* reply) override {
        Status status = Status::ok;
        if (uint32_t raised = call_guarded([&] { status = answer(reply); })) status = static_cast<Status>(raised);
        discard();
        return status;
    }

    void discard() override {
        if (call_guarded([&] { call_.release(); })) return;  // a deallocator's own fault; the rest is lost
    }

private:
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
