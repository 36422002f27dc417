#include "runtime/thread_state.h"

#include <utility>

#include "base/module.h"
#include "runtime/thread_cancel.h"

namespace rpc::runtime {
namespace {

struct ThreadState {
    call::ServerCall* call = nullptr;  // kept alive by the dispatch that set it
    Ref<DispatchData> data;            // that call's
    ThreadMemory memory;
    ThreadCancel cancel;
    unsigned callbacks = 0;  // that run on it, nested
    Ref<call::ServerCall> impersonated;
};

ThreadState* thread_state(bool create) {
    auto state = static_cast<ThreadState*>(thread_slot(ThreadSlot::state));
    if (state || !create) return state;
    state = make<ThreadState>();
    set_thread_exit(ThreadSlot::state, [](void* value) { destroy(static_cast<ThreadState*>(value)); });
    if (state && !set_thread_slot(ThreadSlot::state, state)) {
        destroy(state);
        return nullptr;
    }
    return state;
}

// A server may nest callbacks in the calls that they make, and each takes of the thread's stack.
constexpr unsigned max_nested_callbacks = 64;

}  // namespace

Ref<call::ServerCall> current_call() {
    ThreadState* state = thread_state(false);
    return state ? Ref<call::ServerCall>::share(state->call) : nullptr;
}

// --- memory ---------------------------------------------------------------------------------------------------------

void ThreadMemory::use(Ref<MemoryEnvironment> environment) {
    if (environment) environment->attach();
    std::swap(environment_, environment);
    if (environment) environment->detach(false);
}

void ThreadMemory::clear() {
    Ref<MemoryEnvironment> environment = std::exchange(environment_, nullptr);
    if (environment) environment->detach(true);
    client_allocate = nullptr;
    client_free = nullptr;
}

void ThreadMemory::take(ThreadMemory& other) {
    clear();
    environment_ = std::exchange(other.environment_, nullptr);
    client_allocate = std::exchange(other.client_allocate, nullptr);
    client_free = std::exchange(other.client_free, nullptr);
}

ThreadMemory* thread_memory(bool create) {
    ThreadState* state = thread_state(create);
    return state ? &state->memory : nullptr;
}

// --- cancels --------------------------------------------------------------------------------------------------------

ThreadCancel* thread_cancel() {
    ThreadState* state = thread_state(true);
    return state ? &state->cancel : nullptr;
}

// --- the dispatched call --------------------------------------------------------------------------------------------

Ref<call::ServerCall> impersonated() {
    ThreadState* state = thread_state(false);
    return state ? state->impersonated : nullptr;
}

Status set_impersonated(Ref<call::ServerCall> call) {
    ThreadState* state = thread_state(call.get() != nullptr);
    if (!state) return call ? Status::out_of_memory : Status::ok;
    state->impersonated = std::move(call);
    return Status::ok;
}

CallScope::CallScope(call::ServerCall& call) {
    ThreadState* state = thread_state(true);
    if (!state) return;
    outer_ = state->call;
    outer_memory_.take(state->memory);
    outer_data_ = std::exchange(state->data, nullptr);
    state->call = &call;
    entered_ = true;
}

void CallScope::leave() {
    if (entered_) {
        ThreadState* state = thread_state(false);
        state->call = outer_;
        state->memory.take(outer_memory_);
        std::swap(state->data, outer_data_);
    }
    entered_ = false;
    outer_data_.reset();
}

Status dispatch_data(DispatchData* (*create)(), Ref<DispatchData>& data) {
    ThreadState* state = thread_state(false);
    if (!state || !state->call) return Status::no_call_active;
    if (!state->data) state->data = Ref<DispatchData>::adopt(create());
    data = state->data;
    return data ? Status::ok : Status::out_of_memory;
}

CallbackScope::CallbackScope() {
    ThreadState* state = thread_state(true);
    if (!state || state->callbacks >= max_nested_callbacks) return;
    ++state->callbacks;
    outer_ = std::exchange(state->call, nullptr);
    outer_memory_.take(state->memory);
    entered_ = true;
}

void CallbackScope::leave() {
    if (entered_) {
        ThreadState* state = thread_state(false);
        --state->callbacks;
        state->call = outer_;
        state->memory.take(outer_memory_);
    }
    entered_ = false;
}

}  // namespace rpc::runtime
