#pragma once
// RpcBindingBind with a state: a binding that is bound on a thread of the pool, and told like an asynchronous call.
#include "base/abi_types.h"
#include "runtime/binding.h"

namespace rpc::runtime {

// ok: it is on its way, and `state` is completed and cancelled like a call's; a binding whose bind was cancelled stays unbound.
// cannot_support where the protocol sequence has none, invalid_async_handle, invalid_async_call: the state has a pending call,
// invalid_arg: its notification is none.
Status bind_async(RPC_ASYNC_STATE* state, Ref<Binding> binding, const RPC_CLIENT_INTERFACE& iface);

}  // namespace rpc::runtime
