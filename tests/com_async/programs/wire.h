#pragma once
// A channel in memory with IAsyncRpcChannelBuffer. What a proxy sends goes to a stub when the test says so, at once or later, and to a
// call object's stub where that has one and the test wants it. One call at a time.
#include <windows.h>

#include <objbase.h>
#include <string>

struct Wire : IAsyncRpcChannelBuffer {
    LONG refs = 1;
    LONG buffers = 0;               // taken and not freed
    IRpcStubBuffer* stub = nullptr;  // the synchronous interface's
    IRpcStubBuffer* call = nullptr;  // its call object's; made by serve_asynchronously()
    bool async_capable = true;
    bool hold = false;               // requests wait for deliver()
    ULONG truncate_request = 0, truncate_reply = 0;  // bytes that are left, 0 for all
    HRESULT fail_send = S_OK;

    // What the last call was.
    IID iid = {};
    ULONG method = 0;
    std::string request, reply;
    HRESULT invoked = S_OK;  // what Invoke answered
    DWORD raised = 0;        // or raised
    bool answered = false;

    HRESULT serve_asynchronously(REFIID async);
    void deliver();

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override;
    ULONG STDMETHODCALLTYPE AddRef() override;
    ULONG STDMETHODCALLTYPE Release() override;
    HRESULT STDMETHODCALLTYPE GetBuffer(RPCOLEMESSAGE* m, REFIID iid) override;
    HRESULT STDMETHODCALLTYPE SendReceive(RPCOLEMESSAGE* m, ULONG* status) override;
    HRESULT STDMETHODCALLTYPE FreeBuffer(RPCOLEMESSAGE* m) override;
    HRESULT STDMETHODCALLTYPE GetDestCtx(DWORD* context, void** data) override;
    HRESULT STDMETHODCALLTYPE IsConnected() override;
    HRESULT STDMETHODCALLTYPE GetProtocolVersion(DWORD* version) override;
    HRESULT STDMETHODCALLTYPE Send(RPCOLEMESSAGE* m, ISynchronize* done, ULONG* status) override;
    HRESULT STDMETHODCALLTYPE Receive(RPCOLEMESSAGE* m, ULONG* status) override;
    HRESULT STDMETHODCALLTYPE GetDestCtxEx(RPCOLEMESSAGE* m, DWORD* context, void** data) override;

private:
    ISynchronize* done_ = nullptr;
    void take_reply(RPCOLEMESSAGE& m);
    void finish();
};
