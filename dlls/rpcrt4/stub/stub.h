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

// NdrClientCall3: procedure `number` in NDR 2.0; unsupported_trans_syn when the proxy describes other syntaxes only.
// `returned`, where it is not null, receives the return value too, as memory holds it.
Status client_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, Slot* args, void* returned, uint64_t& result);

// NdrAsyncClientCall: args[0] is the PRPC_ASYNC_STATE. ok: the call is out and will notify; a failure: nothing is out.
Status async_client_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, Slot* args);
// Ndr64AsyncClientCall: the same for a proxy as client_call_all takes it.
Status async_client_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, Slot* args);

// NdrServerCall2 / NdrAsyncServerCall: dispatches message.ProcNum. A failure (unmarshalling, or the code that left the
// manager routine) is what the export raises; the parameters are freed by then.
Status server_call(RPC_MESSAGE& message);
Status server_call_oi(RPC_MESSAGE& message);  // NdrServerCall (x86)
Status async_server_call(RPC_MESSAGE& message);
// NdrServerCallAll, Ndr64AsyncServerCallAll: the description of the message's transfer syntax (null: NDR 2.0);
// unsupported_trans_syn for every other than NDR 2.0.
Status server_call_all(RPC_MESSAGE& message);
Status async_server_call_all(RPC_MESSAGE& message);

// From now on requests for asynchronous procedures with pipes are dispatched as they begin. Once, at start.
void stream_pipes();

}  // namespace rpc::stub
