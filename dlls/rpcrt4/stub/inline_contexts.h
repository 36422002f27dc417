#pragma once
// Context handles of inline stubs, which unmarshal one after the other and never say that they are done: they are their call's from
// there until its dispatch routine has returned.
#include "stub/context_handle.h"

namespace rpc::stub {

// Waits until the call of this thread has the context as `mode` says. Those that it has already are given up and taken anew in the
// one order of all calls, which may be as the manager has not begun. Takes over the caller's reference in any case. Without a
// call that is dispatched here nothing is waited for. context_mismatch_fault: one of them was closed meanwhile; call_failed: the
// client is gone; out_of_memory.
Status use_context_in_stub(ServerContext& context, ContextMode mode);

}  // namespace rpc::stub
