#include "stub/proxy/async_call.h"

#include "base/alloc.h"
#include "ndr/ndr.h"
#include "stub/proxy/messages.h"

namespace rpc::com {

namespace {

using namespace rpc::stub;

bool change(AsyncCall& call, uint32_t from, uint32_t to) {
    return std::atomic_ref<uint32_t>(call.state).compare_exchange_strong(from, to);
}
void set(AsyncCall& call, uint32_t to) {
    std::atomic_ref<uint32_t>(call.state).store(to);
}

// Frees what the call holds; whoever calls has it busy.
void clear(AsyncCall& call) {
    AsyncChannel* channel = std::exchange(call.channel, nullptr);
    if (channel && call.message.Buffer) (void)channel->vtbl->channel.FreeBuffer(channel, &call.message);
    call.message = RPC_MESSAGE();
    drop(channel);
}

// The channel and the event of a new call; `half` and the call own them.
Status find_partners(AsyncHalf& half, Proxy& proxy, MIDL_STUB_MESSAGE& stub) {
    AsyncCall& call = *half.entered;
    RPC_TRY(proxy_attach(&proxy.methods, stub));
    auto* plain = reinterpret_cast<Unknown*>(stub.pRpcChannelBuffer);
    void* found = nullptr;
    if (Hresult h = plain->query(iid_async_rpc_channel_buffer, &found); bad(h)) return to_status(h);
    call.channel = static_cast<AsyncChannel*>(found);
    stub.pRpcChannelBuffer = reinterpret_cast<struct IRpcChannelBuffer*>(found);
    void* event = nullptr;
    if (Hresult h = proxy.outer->query(iid_synchronize, &event); bad(h)) return to_status(h);
    half.done = static_cast<Synchronize*>(event);
    Hresult h = half.done->vtbl->Reset(half.done);
    return bad(h) ? to_status(h) : Status::ok;
}

}  // namespace

AsyncCall* async_call_new() {
    return make<AsyncCall>();
}

void async_call_free(AsyncCall* call) {
    clear(*call);
    destroy(call);
}

Status AsyncHalf::begin(void* object, ClientFrame& frame) {
    Proxy& proxy = proxy_of(object);
    AsyncCall& call = *proxy.async;
    MIDL_STUB_MESSAGE& stub = *frame.stub;
    if (!change(call, AsyncCall::idle, AsyncCall::busy)) return to_status(rpc_s_call_pending);
    entered = &call;
    RPC_TRY(find_partners(*this, proxy, stub));
    if (frame.procedure->oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub, XLAT_CLIENT));
    RPC_TRY(size_in_parameters(frame));
    RPC_TRY(proxy_get_buffer(object, stub));
    RPC_TRY(marshal_in_parameters(frame));
    // The buffer is the call's from here on. The stub's reference to the channel lasts until Send is back.
    stub.fBufferValid = 0;
    call.message = *stub.RpcMsg;
    call.message.BufferLength = static_cast<unsigned int>(stub.Buffer - stub.BufferStart);
    call.method = stub.RpcMsg->ProcNum & ~uint32_t{0x8000};
    // Whoever waits for the event may finish the call before Send is back.
    sending = call.channel;
    set(call, AsyncCall::pending);
    uint32_t status = 0;
    Hresult h = sending->vtbl->Send(sending, &call.message, done, &status);
    if (bad(h)) return to_status(h);
    entered = nullptr;
    return Status::ok;
}

Status AsyncHalf::finish(void* object, ClientFrame& frame, uint64_t& result) {
    AsyncCall& call = *proxy_of(object).async;
    MIDL_STUB_MESSAGE& stub = *frame.stub;
    if (!change(call, AsyncCall::pending, AsyncCall::busy)) {
        bool none = std::atomic_ref<uint32_t>(call.state).load() == AsyncCall::idle;
        return to_status(none ? rpc_e_call_complete : rpc_s_call_pending);
    }
    if (call.method != (stub.RpcMsg->ProcNum & ~uint32_t{0x8000})) {
        set(call, AsyncCall::pending);
        return to_status(rpc_e_invalid_method);
    }
    entered = &call;
    uint32_t status = 0;
    Hresult h = call.channel->vtbl->Receive(call.channel, &call.message, &status);
    if (h == rpc_s_call_pending) {
        entered = nullptr;
        set(call, AsyncCall::pending);
    }
    if (bad(h)) return to_status(h);
    stub.RpcMsg = &call.message;
    attach_channel(stub, call.channel->plain());
    attach_buffer(stub, call.message, call.message.BufferLength);
    stub.fBufferValid = 0;  // the call's to free
    if (frame.procedure->oi_flags & oi_full_pointers) RPC_TRY(ndr::full_pointers_init(stub, XLAT_CLIENT));
    if (ndr::needs_conversion(call.message.DataRepresentation))
        RPC_TRY(convert_parameters(stub, *frame.procedure, Parameter::out));
    return unmarshal_out_parameters(frame, result);
}

void AsyncHalf::release() {
    drop(done);
    AsyncCall* call = std::exchange(entered, nullptr);
    AsyncChannel* sent = std::exchange(sending, nullptr);
    // After a Send that failed the call is nobody's, unless somebody finishes it already.
    if (call && (!sent || change(*call, AsyncCall::pending, AsyncCall::busy))) {
        clear(*call);
        set(*call, AsyncCall::idle);
    }
    drop(sent);
}

}  // namespace rpc::com
