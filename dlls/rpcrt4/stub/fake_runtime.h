#pragma once
// Tests only: a runtime of one process. What a client sends is dispatched at once to the interface in `fake::server`, on the
// same thread; buffers are exactly as large as they should be, so that a sanitizer sees every step outside.
#include <map>
#include <vector>

#include "base/abi_types.h"
#include "base/ref.h"
#include "base/status.h"
#include "call/async_stub.h"
#include "runtime/message.h"

namespace rpc::fake {

struct Server {
    RPC_SERVER_INTERFACE* face = nullptr;
    Status (*dispatch)(RPC_MESSAGE&) = nullptr;
    void* manager_epv = nullptr;
    const RPC_SYNTAX_IDENTIFIER* transfer_syntax = nullptr;  // of requests
    uint32_t drep = NDR_LOCAL_DATA_REPRESENTATION;  // of requests, as the server sees them
    std::vector<uint8_t>* replace_request = nullptr;
    std::vector<uint8_t>* replace_reply = nullptr;
    unsigned first_fragment = UINT32_MAX;  // of a request in pieces, where that is longer: its bytes; the server is called with them
};
extern Server server;

extern Status next_failure;            // what the next send or send_receive answers, once
extern long calls_alive;               // clients' calls not yet freed
extern long bindings_alive;            // binding_copy less binding_free
extern std::vector<uint8_t> last_request, last_reply;
extern char binding;                   // &binding is a good binding handle

// RpcAsyncCompleteCall and RpcAsyncAbortCall for either side.
Status complete(RPC_ASYNC_STATE* state, void* reply);
Status abort(RPC_ASYNC_STATE* state, Status why);
// The association's last connection is gone: context handles are run down.
void end_association();

}  // namespace rpc::fake
