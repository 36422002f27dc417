#pragma once
// The procedure interpreter: what NdrClientCall2, NdrServerCall2 and their asynchronous twins do, in status form.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub {

// One argument slot of the native calling convention: 8 bytes on x64, 4 on x86.
using Slot = uintptr_t;

// NdrClientCall2: `args` is the array of the stub's own arguments as the caller laid them out. `result` receives the
// return value in the low bytes (floating results: the bits). A failure is what the export raises; everything taken is
// freed by then.
Status client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result);

// NdrClientCall (x86): the same with the descriptors of -Oi.
Status client_call_oi(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args, uint64_t& result);

// NdrAsyncClientCall: args[0] is the PRPC_ASYNC_STATE. ok: the call is out and will notify; a failure: nothing is out.
Status async_client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args);

// NdrServerCall2 / NdrAsyncServerCall: dispatches message.ProcNum. A failure (unmarshalling, or the code that left the
// manager routine) is what the export raises; the parameters are freed by then.
Status server_call(RPC_MESSAGE& message);
Status server_call_oi(RPC_MESSAGE& message);  // NdrServerCall (x86)
Status async_server_call(RPC_MESSAGE& message);

}  // namespace rpc::stub
