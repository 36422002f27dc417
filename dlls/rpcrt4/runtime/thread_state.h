#pragma once
// What the runtime keeps per thread: the server call that is dispatched on it, and where its RpcSs memory comes from.
#include "base/abi_types.h"
#include "base/ref.h"
#include "base/status.h"
#include "call/server_call.h"
#include "runtime/memory_environment.h"

namespace rpc::runtime {

// The call dispatched on this thread, for APIs that take NULL as "this call"; null outside one.
Ref<call::ServerCall> current_call();

// A thread's part of the RpcSs memory package (stub/rpcss_memory.h).
class ThreadMemory {
public:
    using Allocate = decltype(MIDL_STUB_MESSAGE::pfnAllocate);
    using Free = decltype(MIDL_STUB_MESSAGE::pfnFree);

    ThreadMemory() = default;
    ThreadMemory(const ThreadMemory&) = delete;
    ThreadMemory& operator=(const ThreadMemory&) = delete;
    ~ThreadMemory() { clear(); }

    const Ref<MemoryEnvironment>& environment() const { return environment_; }
    // Null: none. The one before stays what it is, for a thread that saves it by its handle.
    void use(Ref<MemoryEnvironment> environment);
    // Abandons the environment and forgets the client's routines.
    void clear();
    // Takes over what `other` has, and leaves it empty.
    void take(ThreadMemory& other);

    // RpcSsSetClientAllocFree: both or neither.
    Allocate client_allocate = nullptr;
    Free client_free = nullptr;

private:
    Ref<MemoryEnvironment> environment_;
};

// Null where this thread has none yet; with `create` only when memory is out.
ThreadMemory* thread_memory(bool create);

// This thread's record for cancels from other threads, made on first use; null when memory is out.
class ThreadCancel;
ThreadCancel* thread_cancel();

// What a stub keeps for the call that is dispatched on this thread, until its routine has returned or raised and before it is
// answered. The destructor runs unlocked.
class DispatchData : public RefCounted<DispatchData> {
public:
    virtual ~DispatchData() = default;
};

// Makes `call` this thread's for as long as the scope lives (a manager routine that makes a local call nests them). The
// manager starts without RpcSs memory of its own, and what it leaves behind is freed.
class CallScope {
public:
    explicit CallScope(call::ServerCall& call);
    // Ends the scope; explicit, since destructors do not run in an SEH unwind that leaves the thread.
    void leave();
    bool entered() const { return entered_; }

private:
    call::ServerCall* outer_ = nullptr;
    Ref<DispatchData> outer_data_;
    ThreadMemory outer_memory_;
    bool entered_ = false;
};

// That of the call of this thread, made by `create` on first use. no_call_active; out_of_memory when `create` answers null.
Status dispatch_data(DispatchData* (*create)(), Ref<DispatchData>& data);

// For a [callback] procedure on a client's thread: no call is this thread's meanwhile, and RpcSs memory is as in CallScope.
class CallbackScope {
public:
    CallbackScope();
    void leave();
    // False: memory is out, or callbacks are nested too deeply on this thread.
    bool entered() const { return entered_; }

private:
    call::ServerCall* outer_ = nullptr;
    ThreadMemory outer_memory_;
    bool entered_ = false;
};

// The call whose client this thread acts for, until it reverts; null: none. set_impersonated keeps a reference; out_of_memory.
Ref<call::ServerCall> impersonated();
Status set_impersonated(Ref<call::ServerCall> call);

}  // namespace rpc::runtime
