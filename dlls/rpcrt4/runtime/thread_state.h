#pragma once
// What the runtime keeps per thread: the server call that is dispatched on it. Grows with the memory routines and error records.
#include "base/ref.h"
#include "base/status.h"
#include "call/server_call.h"

namespace rpc::runtime {

// The call dispatched on this thread, for APIs that take NULL as "this call"; null outside one.
Ref<call::ServerCall> current_call();

// Makes `call` this thread's for as long as the scope lives (a manager routine that makes a local call nests them).
class CallScope {
public:
    explicit CallScope(call::ServerCall& call);
    // Ends the scope; explicit, since destructors do not run in an SEH unwind that leaves the thread.
    void leave();
    bool entered() const { return entered_; }

private:
    call::ServerCall* outer_ = nullptr;
    bool entered_ = false;
};

}  // namespace rpc::runtime
