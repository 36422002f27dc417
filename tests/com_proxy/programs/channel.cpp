#include "channel.h"

#include <rpctry.h>
#include <stdlib.h>
#include <string.h>

static HRESULT STDMETHODCALLTYPE query(Channel* c, const IID* iid, void** object) {
    *object = nullptr;
    if (memcmp(iid, &IID_IUnknown, sizeof *iid) && memcmp(iid, &IID_IRpcChannelBuffer, sizeof *iid))
        return E_NOINTERFACE;
    ++c->refs;
    *object = c;
    return S_OK;
}
static ULONG STDMETHODCALLTYPE add_ref(Channel* c) {
    return InterlockedIncrement(&c->refs);
}
static ULONG STDMETHODCALLTYPE release(Channel* c) {
    return InterlockedDecrement(&c->refs);
}

static HRESULT STDMETHODCALLTYPE get_buffer(Channel* c, RPCOLEMESSAGE* m, const IID* iid) {
    c->iid = *iid;
    if (c->fail_get_buffer) return c->fail_get_buffer;
    m->Buffer = calloc(1, m->cbBuffer ? m->cbBuffer : 1);
    ++c->buffers;
    return m->Buffer ? S_OK : E_OUTOFMEMORY;
}

static HRESULT STDMETHODCALLTYPE free_buffer(Channel* c, RPCOLEMESSAGE* m) {
    if (!m->Buffer) return S_OK;
    free(m->Buffer);
    m->Buffer = nullptr;
    --c->buffers;
    return S_OK;
}

static void invoke(Channel* c, RPCOLEMESSAGE* m) {
    RpcTryExcept {
        c->invoke_result = c->stub->Invoke(m, c->face());
    }
    RpcExcept(EXCEPTION_EXECUTE_HANDLER) {
        c->invoke_raised = RpcExceptionCode();
    }
    RpcEndExcept
}

static HRESULT STDMETHODCALLTYPE send_receive(Channel* c, RPCOLEMESSAGE* m, ULONG* status) {
    m->iMethod &= 0x7fff;  // without RPC_FLAGS_VALID_BIT
    c->method = m->iMethod;
    c->invoke_result = S_OK;
    c->invoke_raised = 0;
    if (status) *status = 0;
    if (c->fail_send) return c->fail_send;
    RPCOLEMESSAGE request = *m;
    if (c->truncate_request && c->truncate_request < request.cbBuffer) request.cbBuffer = c->truncate_request;
    request.iMethod += c->method_shift;
    invoke(c, &request);
    // The channel's rule: whatever a method raises is a server fault.
    HRESULT h = c->invoke_raised ? RPC_E_SERVERFAULT : c->invoke_result;
    if (request.Buffer != m->Buffer) {
        free(m->Buffer);
        --c->buffers;
        m->Buffer = request.Buffer;
    }
    if (FAILED(h)) return h;
    m->cbBuffer = request.cbBuffer;
    if (c->truncate_reply && c->truncate_reply < m->cbBuffer) m->cbBuffer = c->truncate_reply;
    m->dataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE dest_ctx(Channel*, DWORD* context, void** data) {
    *context = MSHCTX_LOCAL;
    if (data) *data = nullptr;
    return S_OK;
}
static HRESULT STDMETHODCALLTYPE connected(Channel*) {
    return S_OK;
}

static const void* const vtbl[] = {(void*)query,        (void*)add_ref,     (void*)release,  (void*)get_buffer,
                                   (void*)send_receive, (void*)free_buffer, (void*)dest_ctx, (void*)connected};

void channel_init(Channel& channel) {
    memset(&channel, 0, sizeof channel);
    channel.vtbl = vtbl;
    channel.refs = 1;
}
