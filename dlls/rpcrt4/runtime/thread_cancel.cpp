#include "runtime/thread_cancel.h"

#include "base/module.h"
#include "base/os.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {
namespace {

constexpr int32_t infinite = -1;  // RPC_C_CANCEL_INFINITE_TIMEOUT

// The records of all threads; each takes itself off before it goes.
struct Table {
    Mutex mutex;
    List<ThreadCancel> threads GUARDED_BY(mutex);
};
constinit Table g_table;

Status to_wait(int32_t seconds, uint32_t& wait_ms) {
    if (seconds < infinite) return Status::invalid_timeout;
    constexpr uint32_t most = (wait_forever - 1) / 1000;
    const uint32_t wanted = static_cast<uint32_t>(seconds);
    wait_ms = seconds == infinite ? wait_forever : (wanted < most ? wanted : most) * 1000;
    return Status::ok;
}

}  // namespace

ThreadCancel::ThreadCancel() : thread_id(os::thread_id()) {
    Guard g(g_table.mutex);
    g_table.threads.push_back(this);
}

ThreadCancel::~ThreadCancel() {
    Guard g(g_table.mutex);
    g_table.threads.remove(this);
}

void ThreadCancel::set_wait(uint32_t wait_ms) {
    Guard g(mutex_);
    wait_ms_ = wait_ms;
}

Ref<call::ClientCall> ThreadCancel::call(uint32_t& wait_ms) {
    Guard g(mutex_);
    wait_ms = wait_ms_;
    return call_;
}

Ref<call::ClientCall> ThreadCancel::exchange(Ref<call::ClientCall> call) {
    Guard g(mutex_);
    std::swap(call_, call);
    g.unlock();
    return call;
}

Status perform_cancellable(call::ClientCall& call) {
    ThreadCancel* thread = thread_cancel();
    if (!thread) return call.perform();  // without memory for a record nobody can cancel it
    auto outer = thread->exchange(Ref<call::ClientCall>::share(&call));
    const Status status = call.perform();
    (void)thread->exchange(std::move(outer));
    return status;
}

void begin_cancellable(call::ClientCall& call) {
    if (ThreadCancel* thread = thread_cancel()) call.outer = thread->exchange(Ref<call::ClientCall>::share(&call));
}

void end_cancellable(call::ClientCall& call) {
    ThreadCancel* thread = thread_cancel();
    if (!thread) return;
    auto mine = thread->exchange(nullptr);
    (void)thread->exchange(mine.get() == &call ? std::move(call.outer) : std::move(mine));
}

Status cancel_thread(uint32_t thread_id, const int32_t* seconds) {
    uint32_t wanted_ms = 0;
    if (seconds) RPC_TRY(to_wait(*seconds, wanted_ms));
    Ref<call::ClientCall> call;
    uint32_t wait_ms = 0;
    {
        Guard g(g_table.mutex);
        for (ThreadCancel* t = g_table.threads.front(); t && !call; t = g_table.threads.next(t))
            if (t->thread_id == thread_id) call = t->call(wait_ms);
    }
    if (call) call->cancel_within(seconds ? wanted_ms : wait_ms);
    return Status::ok;
}

Status set_cancel_timeout(int32_t seconds) {
    uint32_t wait_ms;
    RPC_TRY(to_wait(seconds, wait_ms));
    RPC_TRY(pin_module());  // the record has to last as long as the thread
    ThreadCancel* thread = thread_cancel();
    if (!thread) return Status::out_of_memory;
    thread->set_wait(wait_ms);
    return Status::ok;
}

Status test_cancel() {
    auto call = current_call();
    return call && call->cancelled() ? Status::ok : Status::access_denied;
}

}  // namespace rpc::runtime
