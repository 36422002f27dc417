#include "stub/proxy/messages.h"

#include "stub/call_message.h"
#include "stub/proxy/proxy.h"

namespace rpc::com {

namespace {

Channel* channel_of(const MIDL_STUB_MESSAGE& stub) {
    return reinterpret_cast<Channel*>(stub.pRpcChannelBuffer);
}

// stub.BufferLength bytes from the channel: message.Buffer.
Status take_buffer(Channel& channel, const GUID& iid, MIDL_STUB_MESSAGE& stub) {
    RPC_MESSAGE& message = *stub.RpcMsg;
    message.BufferLength = stub.BufferLength;
    message.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    Hresult h = channel.vtbl->GetBuffer(&channel, &message, &iid);
    return bad(h) ? to_status(h) : Status::ok;
}

}  // namespace

void attach_channel(MIDL_STUB_MESSAGE& stub, Channel* channel) {
    stub.pRpcChannelBuffer = reinterpret_cast<struct IRpcChannelBuffer*>(channel);
    if (!channel) return;
    uint32_t context = 0;
    void* data = nullptr;
    if (bad(channel->vtbl->GetDestCtx(channel, &context, &data))) return;
    stub.dwDestContext = context;
    stub.pvDestContext = data;
}

Status proxy_initialize(void* object, RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc,
                        unsigned int number) {
    RPC_TRY(stub::check_version(desc));
    stub::client_initialize(message, stub, desc, number);
    return proxy_attach(object, stub);
}

Status proxy_attach(void* object, MIDL_STUB_MESSAGE& stub) {
    stub.dwStubPhase = PROXY_CALCSIZE;
    // Whoever calls holds the proxy; that it is being disconnected meanwhile is its manager's to prevent.
    Channel* channel = std::atomic_ref<Channel*>(proxy_of(object).channel).load();
    if (!channel) return to_status(co_e_obj_not_connected);
    attach_channel(stub, channel);
    return Status::ok;
}

Status proxy_get_buffer(void* object, MIDL_STUB_MESSAGE& stub) {
    stub.dwStubPhase = PROXY_GETBUFFER;
    Channel* channel = channel_of(stub);
    if (!channel) return to_status(co_e_obj_not_connected);
    RPC_TRY(take_buffer(*channel, *proxy_of(object).wire_iid, stub));
    // A proxy may leave between its set-up and here without any clean-up, so only now is there something to hold.
    channel->vtbl->unknown.AddRef(channel);
    stub::attach_buffer(stub, *stub.RpcMsg, stub.BufferLength);
    stub.dwStubPhase = PROXY_MARSHAL;
    return Status::ok;
}

Status proxy_send_receive(MIDL_STUB_MESSAGE& stub) {
    Channel* channel = channel_of(stub);
    if (!channel || !stub.fBufferValid) return to_status(co_e_obj_not_connected);
    RPC_MESSAGE& message = *stub.RpcMsg;
    auto* start = static_cast<unsigned char*>(message.Buffer);
    if (stub.Buffer < start || stub.Buffer > start + message.BufferLength) return Status::bad_stub_data;
    message.BufferLength = static_cast<unsigned int>(stub.Buffer - start);
    // An exception that leaves the channel itself is no error of the call: proxies let it pass in this phase.
    stub.dwStubPhase = PROXY_SENDRECEIVE;
    uint32_t status = 0;
    Hresult h = channel->vtbl->SendReceive(channel, &message, &status);
    stub.dwStubPhase = PROXY_UNMARSHAL;
    if (bad(h)) return to_status(h);
    stub::attach_buffer(stub, message, message.BufferLength);
    return Status::ok;
}

void proxy_free_buffer(MIDL_STUB_MESSAGE& stub) {
    Channel* channel = channel_of(stub);
    if (!channel || !stub.fBufferValid) return;
    stub.fBufferValid = 0;
    (void)channel->vtbl->FreeBuffer(channel, stub.RpcMsg);  // after a failed exchange some have freed it already
    channel->vtbl->unknown.Release(channel);
}

Status stub_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc, Channel* channel) {
    RPC_TRY(stub::check_version(desc));
    stub::server_initialize(message, stub, desc);
    attach_channel(stub, channel);
    return Status::ok;
}

Status stub_get_buffer(const GUID& iid, Channel& channel, MIDL_STUB_MESSAGE& stub) {
    RPC_TRY(take_buffer(channel, iid, stub));
    stub.Buffer = static_cast<unsigned char*>(stub.RpcMsg->Buffer);
    stub.fBufferValid = 1;
    return Status::ok;
}

Status protocol_version(const MIDL_STUB_MESSAGE& stub, RPC_VERSION& version) {
    Channel* channel = channel_of(stub);
    if (!channel) return Status::no_call_active;
    void* newer = nullptr;
    if (Hresult h = reinterpret_cast<Unknown*>(channel)->query(iid_rpc_channel_buffer2, &newer); bad(h))
        return to_status(h);
    auto* c = static_cast<Channel*>(newer);
    uint32_t value = 0;
    Hresult h = c->vtbl->GetProtocolVersion(c, &value);
    c->vtbl->unknown.Release(c);
    if (bad(h)) return to_status(h);
    version.MajorVersion = static_cast<unsigned short>(value & 0xffff);
    version.MinorVersion = static_cast<unsigned short>(value >> 16);
    return Status::ok;
}

}  // namespace rpc::com
