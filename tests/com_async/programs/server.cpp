#include "server.h"

#include <stdlib.h>
#include <string.h>

namespace {

// What a Begin_ leaves for its Finish_; always aggregated here, as a stub does it.
struct CallObject final : AsyncISlow {
    struct Inner : IUnknown {
        CallObject* of;
        HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
            *object = nullptr;
            if (iid == IID_IUnknown) *object = this;
            else if (iid == IID_AsyncISlow) *object = static_cast<AsyncISlow*>(of);
            else return E_NOINTERFACE;
            static_cast<IUnknown*>(*object)->AddRef();
            return S_OK;
        }
        ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&of->refs); }
        ULONG STDMETHODCALLTYPE Release() override {
            LONG left = InterlockedDecrement(&of->refs);
            if (!left) delete of;
            return left;
        }
    } inner;
    Server& server;
    IUnknown* outer;
    LONG refs = 1, value = 0;
    wchar_t text[64] = {};

    CallObject(Server& s, IUnknown* o) : server(s), outer(o) {
        inner.of = this;
        InterlockedIncrement(&server.call_objects);
    }
    ~CallObject() { InterlockedDecrement(&server.call_objects); }

    HRESULT begin() {
        InterlockedIncrement(&server.begun);
        if (server.begin_raises) RaiseException(server.begin_raises, 0, 0, nullptr);
        if (FAILED(server.begin_answer)) return server.begin_answer;
        ISynchronize* done = nullptr;
        HRESULT h = outer->QueryInterface(IID_ISynchronize, (void**)&done);
        if (FAILED(h)) return h;
        if (server.signal == When::in_begin) done->Signal();
        if (server.signal == When::later) server.to_signal = done;
        else done->Release();
        return S_OK;
    }
    HRESULT finish() {
        InterlockedIncrement(&server.finished);
        if (server.finish_raises) RaiseException(server.finish_raises, 0, 0, nullptr);
        return server.finish_answer;
    }

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override { return outer->QueryInterface(iid, object); }
    ULONG STDMETHODCALLTYPE AddRef() override { return outer->AddRef(); }
    ULONG STDMETHODCALLTYPE Release() override { return outer->Release(); }
    HRESULT STDMETHODCALLTYPE Begin_Add(LONG a, LONG b) override {
        value = a + b;
        return begin();
    }
    HRESULT STDMETHODCALLTYPE Finish_Add(LONG* sum) override {
        *sum = value;
        return finish();
    }
    HRESULT STDMETHODCALLTYPE Begin_Mix(LONG* v, LONG count, short* values, const wchar_t* t) override {
        value = *v;
        for (LONG i = 0; i < count; ++i) value += values[i];
        wcsncpy(text, t, 63);
        return begin();
    }
    HRESULT STDMETHODCALLTYPE Finish_Mix(LONG* v, wchar_t** copy) override {
        *v = value;
        size_t size = (wcslen(text) + 1) * sizeof *text;
        *copy = (wchar_t*)test_allocate(size);
        memcpy(*copy, text, size);
        return finish();
    }
};

}  // namespace

HRESULT Server::complete() {
    ISynchronize* done = to_signal;
    to_signal = nullptr;
    HRESULT h = done->Signal();
    done->Release();
    return h;
}

HRESULT Server::QueryInterface(REFIID iid, void** object) {
    *object = nullptr;
    if (iid == IID_IUnknown || iid == IID_ISlow) *object = static_cast<ISlow*>(this);
    else if (iid == IID_ICallFactory && has_call_objects) *object = static_cast<ICallFactory*>(this);
    else return E_NOINTERFACE;
    AddRef();
    return S_OK;
}

HRESULT Server::Add(LONG a, LONG b, LONG* sum) {
    ++synchronous;
    *sum = a + b;
    return finish_answer;
}

HRESULT Server::Mix(LONG* value, LONG count, short* values, const wchar_t* text, wchar_t** copy) {
    ++synchronous;
    for (LONG i = 0; i < count; ++i) *value += values[i];
    size_t size = (wcslen(text) + 1) * sizeof *text;
    *copy = (wchar_t*)test_allocate(size);
    memcpy(*copy, text, size);
    return finish_answer;
}

HRESULT Server::CreateCall(REFIID iid, IUnknown* outer, REFIID wanted, IUnknown** object) {
    *object = nullptr;
    if (iid != IID_AsyncISlow) return E_NOINTERFACE;
    if (!outer || wanted != IID_IUnknown) return E_INVALIDARG;
    *object = &(new CallObject(*this, outer))->inner;
    return S_OK;
}
