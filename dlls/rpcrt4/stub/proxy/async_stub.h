#pragma once
// The server's half of COM's asynchronous calls: the stub of a call object. It takes a synchronous request, calls Begin_ on the call object
// of the server, and when that one signals, Finish_, and sends the reply.
//
// Documented ("Making and Processing Asynchronous Calls", ICallFactory::CreateCall): the wire's form is that of the synchronous call, a
// server offers ICallFactory, its call objects can be aggregated, it signals the call object's ISynchronize when the work is done.
// Inferred, since only headers speak of it: that the channel asks the standard stub of the synchronous interface for ICallFactory (whose
// place CStdStubBuffer has), that the stub's call object aggregates the server's and so is the ISynchronize that it signals, and that the
// reply goes out by IAsyncRpcChannelBuffer::Send without an ISynchronize.
#include "stub/proxy/stub_buffer.h"

namespace rpc::com {

// ICallFactory of a standard stub, at StdStub::call_factory_vtbl. CreateCall: E_NOINTERFACE for a server without ICallFactory or without a
// call object for the interface; such calls go on synchronously.
extern const CallFactoryVtbl stub_call_factory_vtbl;

// NdrDcomAsyncStubCall, which is also such a stub's Invoke: reads the request, calls Begin_. The reply is sent when the server has
// signalled: before this returns, or later from the thread that signals. `message` is copied; its buffer is the channel's. A failure means
// that there will be no reply: a channel without IAsyncRpcChannelBuffer, a request that cannot be read, a call that is out already
// (RPC_S_CALLPENDING), a Begin_ that failed. Exceptions of Begin_ pass through. An exception of Finish_ becomes RPC_E_SERVERFAULT in the
// reply.
Status async_stub_call(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase);

}  // namespace rpc::com
