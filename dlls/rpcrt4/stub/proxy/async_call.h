#pragma once
// The client's half of COM's asynchronous calls: what a call object, the proxy of an asynchronous interface, keeps between a Begin_ and
// its Finish_. Sources: the documentation pages "Making and Processing Asynchronous Calls" and "Making an Asynchronous Call"; how a
// channel is used, of which only the header of IAsyncRpcChannelBuffer speaks, is inferred: Send gives away a buffer of GetBuffer's and
// signals the call object's ISynchronize when the reply is there, Receive puts that into the same message, FreeBuffer ends it.
#include <utility>

#include "stub/client_parameters.h"
#include "stub/proxy/proxy.h"

namespace rpc::com {

// A call object's state. One call at a time; its halves may come from any thread.
struct AsyncCall {
    enum : uint32_t { idle, busy, pending };  // busy: a half is running
    uint32_t state = idle;
    uint32_t method = 0;              // the synchronous one
    AsyncChannel* channel = nullptr;  // of the call that is out, counted
    RPC_MESSAGE message{};            // its buffer, while there is one
};

AsyncCall* async_call_new();              // null: no memory
void async_call_free(AsyncCall* call);    // gives up what is out: the client does not want the results

// One Begin_ or Finish_, on its caller's stack: plain data, for exceptions may pass; release() then ends what began.
struct AsyncHalf {
    AsyncCall* entered = nullptr;
    Synchronize* done = nullptr;
    AsyncChannel* sending = nullptr;

    // Sends what frame.arguments say on the channel of `object`. RPC_S_CALLPENDING while an earlier call is out or being finished;
    // the channel's or the aggregate's refusal when it has no IAsyncRpcChannelBuffer or no ISynchronize.
    Status begin(void* object, stub::ClientFrame& frame);
    // Reads the results of the call that the Begin_ of the same method started. RPC_E_CALL_COMPLETE when there is none; when the channel
    // answers RPC_S_CALLPENDING, that, and the call stays out.
    Status finish(void* object, stub::ClientFrame& frame, uint64_t& result);
    void release();
};

}  // namespace rpc::com
