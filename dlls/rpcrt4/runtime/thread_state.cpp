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

}  // namespace rpc::runtime
