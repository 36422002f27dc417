#pragma once
// RpcCancelThread and its kin: one thread cancels the synchronous call of another. Every thread that makes such calls has a record
// here, found by the thread's id. Sources: the documentation pages of RpcCancelThread, RpcCancelThreadEx and
// RpcMgmtSetCancelTimeout.
#include "base/list.h"
#include "base/mutex.h"
#include "base/ref.h"
#include "call/client_call.h"

namespace rpc::runtime {

// Part of a thread's state; registers itself for as long as that lives.
class ThreadCancel final : public ListLink<> {
public:
    ThreadCancel();
    ~ThreadCancel();

    // How long this thread's calls wait for the server after a cancel: wait_forever is the default.
    void set_wait(uint32_t wait_ms) EXCLUDES(mutex_);
    // The call that is out, or null; with the thread's waiting time.
    Ref<call::ClientCall> call(uint32_t& wait_ms) EXCLUDES(mutex_);
    // The call that is out; null when it has ended. Answers the one before, which a nested call puts back.
    Ref<call::ClientCall> exchange(Ref<call::ClientCall> call) EXCLUDES(mutex_);

    const uint32_t thread_id;

private:
    Mutex mutex_;
    Ref<call::ClientCall> call_ GUARDED_BY(mutex_);
    uint32_t wait_ms_ GUARDED_BY(mutex_) = wait_forever;
};

// Performs the call as this thread's, so that other threads can cancel it.
Status perform_cancellable(call::ClientCall& call);
// The same for a call whose thread does other things in between: from begin to end, both this thread's. end: nothing for another call.
void begin_cancellable(call::ClientCall& call);
void end_cancellable(call::ClientCall& call);

// RpcCancelThread (null) and RpcCancelThreadEx (seconds, -1 = for ever). A thread that makes no call goes on unharmed.
// invalid_timeout for other negative values.
Status cancel_thread(uint32_t thread_id, const int32_t* seconds);
// RpcMgmtSetCancelTimeout, for this thread. invalid_timeout, out_of_memory.
Status set_cancel_timeout(int32_t seconds);
// RpcTestCancel: ok when the call that is dispatched on this thread was cancelled, else access_denied.
Status test_cancel();

}  // namespace rpc::runtime
