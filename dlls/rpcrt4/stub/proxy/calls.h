#pragma once
// The procedure interpreter for COM's methods, both sides.
#include "stub/client_parameters.h"
#include "stub/proxy/com.h"
#include "stub/proxy/thunks.h"

namespace rpc::com {

// A call on a proxy (NdrClientCall2 with an object procedure): args[0] is its interface pointer. `result`: the
// method's, or the failure as an HRESULT; [out] pointers are null then. A status that is not ok is to be raised: the
// procedure asked for that (Oi_IGNORE_OBJECT_EXCEPTION_HANDLING).
Status object_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, stub::Slot* args, stub::FloatArgument floats,
                   uint64_t& result);

// A method whose vtable entry is a thunk: finds its procedure by the proxy at args[0]. What cannot be interpreted at
// all is a status to raise, since how many arguments to pop is not known either.
Status stubless_call(uint32_t method, stub::Slot* args, const uint64_t* floats, StublessResult& result);

// NdrStubCall2: unmarshals the request, calls the method on the stub's server object, marshals the reply. *phase
// (STUB_PHASE) says how far it came. Exceptions of the method pass through; everything is freed by then.
Status stub_call(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase);
// NdrStubCall (x86): the same with the descriptors of -Oi.
Status stub_call_oi(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase);

// NdrDcomAsyncClientCall: as object_call, for a Begin_ or Finish_ alone.
Status async_object_call(const MIDL_STUB_DESC& desc, PFORMAT_STRING format, stub::Slot* args, uint64_t& result);
// The same for procedure `number` of an interface that is described in several transfer syntaxes.
Status async_object_call_all(const MIDL_STUBLESS_PROXY_INFO& info, unsigned int number, stub::Slot* args, uint64_t& result);

}  // namespace rpc::com
