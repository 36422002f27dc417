#include "wire.h"

#include <rpctry.h>
#include <stdlib.h>

HRESULT Wire::QueryInterface(REFIID wanted, void** object) {
    *object = nullptr;
    bool async = wanted == IID_IAsyncRpcChannelBuffer;
    if (wanted != IID_IUnknown && wanted != IID_IRpcChannelBuffer && wanted != IID_IRpcChannelBuffer2 &&
        !(async && async_capable))
        return E_NOINTERFACE;
    AddRef();
    *object = this;
    return S_OK;
}
ULONG Wire::AddRef() { return InterlockedIncrement(&refs); }
ULONG Wire::Release() { return InterlockedDecrement(&refs); }

HRESULT Wire::GetBuffer(RPCOLEMESSAGE* m, REFIID on) {
    iid = on;
    m->Buffer = calloc(1, m->cbBuffer + 1);
    InterlockedIncrement(&buffers);
    return m->Buffer ? S_OK : E_OUTOFMEMORY;
}
HRESULT Wire::FreeBuffer(RPCOLEMESSAGE* m) {
    if (!m->Buffer) return S_OK;
    free(m->Buffer);
    m->Buffer = nullptr;
    InterlockedDecrement(&buffers);
    return S_OK;
}
HRESULT Wire::GetDestCtx(DWORD* context, void** data) {
    *context = MSHCTX_LOCAL;
    if (data) *data = nullptr;
    return S_OK;
}
HRESULT Wire::GetDestCtxEx(RPCOLEMESSAGE*, DWORD* context, void** data) { return GetDestCtx(context, data); }
HRESULT Wire::IsConnected() { return S_OK; }
HRESULT Wire::GetProtocolVersion(DWORD* version) {
    *version = 5;
    return S_OK;
}

HRESULT Wire::serve_asynchronously(REFIID async) {
    ICallFactory* factory = nullptr;
    HRESULT h = stub->QueryInterface(IID_ICallFactory, (void**)&factory);
    if (FAILED(h)) return h;
    h = factory->CreateCall(async, nullptr, IID_IRpcStubBuffer, (IUnknown**)&call);
    factory->Release();
    return h;
}

void Wire::take_reply(RPCOLEMESSAGE& m) {
    reply.assign((const char*)m.Buffer, truncate_reply && truncate_reply < m.cbBuffer ? truncate_reply : m.cbBuffer);
    FreeBuffer(&m);
    answered = true;
}

static void invoke(Wire& w, IRpcStubBuffer* to, RPCOLEMESSAGE& m) {
    RpcTryExcept {
        w.invoked = to->Invoke(&m, &w);
    }
    RpcExcept(EXCEPTION_EXECUTE_HANDLER) {
        w.raised = RpcExceptionCode();
        w.invoked = RPC_E_SERVERFAULT;
    }
    RpcEndExcept
}

void Wire::deliver() {
    RPCOLEMESSAGE m = {};
    std::string copy = request;
    if (truncate_request && truncate_request < copy.size()) copy.resize(truncate_request);
    m.Buffer = copy.data();
    m.cbBuffer = (ULONG)copy.size();
    m.iMethod = method;
    m.dataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    invoked = S_OK;
    raised = 0;
    invoke(*this, call ? call : stub, m);
    if (!call && SUCCEEDED(invoked)) take_reply(m);
    if (answered || FAILED(invoked)) finish();
}

void Wire::finish() {
    ISynchronize* done = done_;
    done_ = nullptr;
    if (!done) return;
    done->Signal();
    done->Release();
}

HRESULT Wire::Send(RPCOLEMESSAGE* m, ISynchronize* done, ULONG*) {
    if (!done) {  // a server's reply
        take_reply(*m);
        finish();
        return S_OK;
    }
    if (fail_send) return fail_send;
    method = m->iMethod & 0x7fff;
    request.assign((const char*)m->Buffer, m->cbBuffer);
    reply.clear();
    answered = false;
    FreeBuffer(m);
    invoked = S_OK;
    done_ = done;
    done->AddRef();
    if (!hold) deliver();
    return S_OK;
}

HRESULT Wire::Receive(RPCOLEMESSAGE* m, ULONG*) {
    if (FAILED(invoked)) return invoked;
    if (!answered) return RPC_S_CALLPENDING;
    answered = false;
    m->cbBuffer = (ULONG)reply.size();
    GetBuffer(m, iid);
    memcpy(m->Buffer, reply.data(), reply.size());
    m->dataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    return S_OK;
}

// An event that the calling thread's own reply, or another thread's, sets.
struct Waiter : ISynchronize {
    HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    ~Waiter() { CloseHandle(event); }
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID, void**) override { return E_NOINTERFACE; }
    ULONG STDMETHODCALLTYPE AddRef() override { return 1; }
    ULONG STDMETHODCALLTYPE Release() override { return 1; }
    HRESULT STDMETHODCALLTYPE Wait(DWORD, DWORD ms) override {
        return WaitForSingleObject(event, ms) ? RPC_S_CALLPENDING : S_OK;
    }
    HRESULT STDMETHODCALLTYPE Signal() override {
        SetEvent(event);
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Reset() override { return S_OK; }
};

HRESULT Wire::SendReceive(RPCOLEMESSAGE* m, ULONG* status) {
    Waiter waiter;
    HRESULT h = Send(m, &waiter, status);
    if (SUCCEEDED(h)) h = waiter.Wait(0, 30000);
    return SUCCEEDED(h) ? Receive(m, status) : h;
}
