#include "runtime/thread_state.h"

#include "base/module.h"

namespace rpc::runtime {
namespace {

struct ThreadState {
    call::ServerCall* call = nullptr;  // kept alive by the dispatch that set it
};

ThreadState* thread_state(bool create) {
    auto state = static_cast<ThreadState*>(thread_slot());
    if (state || !create) return state;
    state = make<ThreadState>();
    set_thread_exit([](void* value) { destroy(static_cast<ThreadState*>(value)); });
    if (state && !set_thread_slot(state)) {
        destroy(state);
        return nullptr;
    }
    return state;
}

}  // namespace

Ref<call::ServerCall> current_call() {
    ThreadState* state = thread_state(false);
    return state ? Ref<call::ServerCall>::share(state->call) : nullptr;
}

CallScope::CallScope(call::ServerCall& call) {
    ThreadState* state = thread_state(true);
    if (!state) return;
    outer_ = state->call;
    state->call = &call;
    entered_ = true;
}

void CallScope::leave() {
    if (entered_) thread_state(false)->call = outer_;
    entered_ = false;
}

}  // namespace rpc::runtime
