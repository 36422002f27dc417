#pragma once
// The methods of idl/calc.idl and idl/more.idl, as an object of the tests has them; its IUnknown is the object's own.
#include "calc.h"
#include "more.h"

#include <string.h>
#include <wchar.h>

// `take`: what its results' memory comes from.
template <auto take>
struct Calculator : IMore {
    HRESULT STDMETHODCALLTYPE Add(LONG a, LONG b, LONG* sum) override {
        *sum = a + b;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Wide(hyper a, short b, unsigned char c, hyper* d) override {
        *d = *d * 10 + a + b + c;
        return S_FALSE;
    }
    HRESULT STDMETHODCALLTYPE Echo(const wchar_t* text, wchar_t** copy) override {
        size_t size = (wcslen(text) + 1) * sizeof *text;
        *copy = (wchar_t*)take(size);
        memcpy(*copy, text, size);
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Total(LONG count, LONG* values, hyper* total) override {
        *total = 0;
        for (LONG i = 0; i < count; ++i) *total += values[i];
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Move(Point from, Point* by, Point* to) override {
        to->x = (short)(from.x + (by ? by->x : 100));
        to->y = from.y + (by ? by->y : 100);
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Answer(HRESULT what) override { return what; }
    HRESULT STDMETHODCALLTYPE Raise(ULONG code) override {
        RaiseException(code, 0, 0, nullptr);
        return S_OK;
    }
    double STDMETHODCALLTYPE Half(double x, float y) override { return x / 2 + y; }
    HRESULT STDMETHODCALLTYPE Twice(LONG a, LONG* b) override {
        *b = 2 * a;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Pass(ICalc* given, ICalc** back, ICalc** own) override {
        if (given) given->AddRef();
        *back = given;
        AddRef();
        *own = this;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Find(const Iid* iid, IUnknown** object) override {
        return QueryInterface(*reinterpret_cast<const IID*>(iid), reinterpret_cast<void**>(object));
    }
};
