#pragma once
// The message-level half of COM's stubs: what NdrProxy* and NdrStub* do, in status form. A COM call's buffers are its
// channel's.
#include "stub/proxy/com.h"

namespace rpc::com {

// NdrProxyInitialize: the stub message of a call on `object`, a proxy's interface pointer. Without a
// channel: CO_E_OBJNOTCONNECTED.
Status proxy_initialize(void* object, RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc,
                        unsigned int number);
// Its second half, for a stub message that is set up.
Status proxy_attach(void* object, MIDL_STUB_MESSAGE& stub);
// NdrProxyGetBuffer: stub.BufferLength bytes from the channel, at stub.Buffer. Holds the channel until proxy_free_buffer.
Status proxy_get_buffer(void* object, MIDL_STUB_MESSAGE& stub);
// NdrProxySendReceive: sends what lies up to stub.Buffer; the reply is at stub.Buffer then. The status is the
// channel's.
Status proxy_send_receive(MIDL_STUB_MESSAGE& stub);
// NdrProxyFreeBuffer: any number of times.
void proxy_free_buffer(MIDL_STUB_MESSAGE& stub);

// NdrStubInitialize: the stub message of a request that `channel` delivered.
Status stub_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc, Channel* channel);
// NdrStubGetBuffer: stub.BufferLength bytes for the reply, at stub.Buffer. `iid`: the stub's. BufferStart and BufferEnd still say
// where the request is, which holds parameters that the stub's clean-up must not free.
Status stub_get_buffer(const GUID& iid, Channel& channel, MIDL_STUB_MESSAGE& stub);

// Sets the destination context from the channel: what interface pointers and user-marshalled types depend on.
void attach_channel(MIDL_STUB_MESSAGE& stub, Channel* channel);

// NdrGetDcomProtocolVersion
Status protocol_version(const MIDL_STUB_MESSAGE& stub, RPC_VERSION& version);

}  // namespace rpc::com
