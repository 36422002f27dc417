#pragma once
// What a stub keeps for an asynchronous call between its halves. The call owns it; user code never sees it, so a state
// structure that the program freed or overwrote cannot lose it.
#include <cstdint>

#include "base/alloc.h"
#include "base/status.h"

namespace rpc::call {

class AsyncStub : public Brief {
public:
    // RpcAsyncCompleteCall. Client (the reply is here, or the call failed): unmarshals the reply, `reply` receives the
    // return value. Server: marshals [out] data and `*reply`, sends, frees the parameters. Called at most once, on the
    // thread of RpcAsyncCompleteCall, unlocked; the object is destroyed right after, whatever the status.
    virtual Status complete(void* reply) = 0;
    // Ends the call without a reply from here: server RpcAsyncAbortCall, after which the runtime sends the fault; client or
    // server when the call is torn down. Frees the parameters. Called at most once and never with complete().
    virtual void discard() = 0;

    virtual ~AsyncStub() = default;
};

}  // namespace rpc::call
