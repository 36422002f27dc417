#pragma once
// A server object of ISlow, with call objects when it is told to have some.
#include "slow.h"

#include "com_proxy/programs/counted_memory.h"

enum class When { in_begin, later, never };

struct Server : ISlow, ICallFactory {
    LONG refs = 1;
    bool has_call_objects = true;
    When signal = When::in_begin;
    HRESULT begin_answer = S_OK, finish_answer = S_OK;
    DWORD begin_raises = 0, finish_raises = 0;
    LONG begun = 0, finished = 0, synchronous = 0;
    LONG call_objects = 0;               // alive
    ISynchronize* to_signal = nullptr;   // When::later: the call's

    HRESULT complete();  // signals what waits, on the calling thread

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override;
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
    HRESULT STDMETHODCALLTYPE Add(LONG a, LONG b, LONG* sum) override;
    HRESULT STDMETHODCALLTYPE Mix(LONG* value, LONG count, short* values, const wchar_t* text, wchar_t** copy) override;
    HRESULT STDMETHODCALLTYPE CreateCall(REFIID iid, IUnknown* outer, REFIID wanted, IUnknown** object) override;
};

