#include "server.h"

#include <stdio.h>
#include <wchar.h>
#include <string.h>

volatile LONG objects;

// --- values
// -----------------------------------------------------------------------------------------------------------

BSTR copy(BSTR v) {
    return v ? SysAllocStringByteLen(reinterpret_cast<const char*>(v), SysStringByteLen(v)) : nullptr;
}
bool equal(BSTR a, BSTR b) {
    return SysStringByteLen(a) == SysStringByteLen(b) && !memcmp(a ? a : L"", b ? b : L"", SysStringByteLen(a));
}
void dispose(BSTR& v) {
    SysFreeString(v);
}

VARIANT copy(const VARIANT& v) {
    VARIANT c;
    VariantInit(&c);
    VariantCopy(&c, const_cast<VARIANT*>(&v));
    return c;
}
bool equal(const VARIANT& a, const VARIANT& b) {
    if (a.vt != b.vt) return false;
    if (a.vt == VT_EMPTY || a.vt == VT_NULL) return true;
    if (a.vt == (VT_BYREF | VT_I4)) return *a.plVal == *b.plVal;
    if (a.vt == VT_BSTR) return equal(a.bstrVal, b.bstrVal);
    if (a.vt & VT_ARRAY) return equal(a.parray, b.parray);
    if (a.vt == VT_I2 || a.vt == VT_BOOL) return a.iVal == b.iVal;
    if (a.vt == VT_I4) return a.lVal == b.lVal;
    if (a.vt == VT_DECIMAL) return a.decVal.Lo64 == b.decVal.Lo64 && a.decVal.scale == b.decVal.scale;
    return a.llVal == b.llVal;
}
void dispose(VARIANT& v) {
    if (!(v.vt & VT_BYREF)) VariantClear(&v);
}

SAFEARRAY* copy(SAFEARRAY* v) {
    SAFEARRAY* c = nullptr;
    SafeArrayCopy(v, &c);
    return c;
}
bool equal(SAFEARRAY* a, SAFEARRAY* b) {
    if (!a || !b) return a == b;
    if (a->cDims != b->cDims || a->cbElements != b->cbElements ||
        memcmp(a->rgsabound, b->rgsabound, a->cDims * sizeof *a->rgsabound))
        return false;
    ULONG count = a->rgsabound[0].cElements;
    if (!(a->fFeatures & FADF_BSTR)) return !memcmp(a->pvData, b->pvData, count * a->cbElements);
    for (ULONG i = 0; i < count; ++i)
        if (!equal(static_cast<BSTR*>(a->pvData)[i], static_cast<BSTR*>(b->pvData)[i])) return false;
    return true;
}
void dispose(SAFEARRAY*& v) {
    if (v) SafeArrayDestroy(v);
}

Record copy(const Record& v) {
    Record c = v;
    c.text = copy(v.text);
    c.value = copy(v.value);
    c.object = copy(v.object);
    c.array = copy(v.array);
    return c;
}
bool equal(const Record& a, const Record& b) {
    return a.number == b.number && equal(a.text, b.text) && equal(a.value, b.value) && a.inner.first == b.inner.first &&
           a.inner.second == b.inner.second && a.real == b.real && a.object == b.object && equal(a.array, b.array) &&
           !memcmp(a.fixed, b.fixed, sizeof a.fixed) && a.colour == b.colour && a.last == b.last;
}
void dispose(Record& v) {
    dispose(v.text);
    dispose(v.value);
    dispose(v.object);
    dispose(v.array);
}

// --- the object
// -------------------------------------------------------------------------------------------------------

namespace {

struct Counted {
    LONG refs = 1;
    Counted() { InterlockedIncrement(&objects); }
    virtual ~Counted() { InterlockedDecrement(&objects); }
    virtual HRESULT find(REFIID iid, void** object) = 0;
    ULONG add() { return InterlockedIncrement(&refs); }
    ULONG drop() {
        LONG left = InterlockedDecrement(&refs);
        if (!left) delete this;
        return left;
    }
};

#define UNKNOWN_METHODS                                                                                                \
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override { return owner->find(iid, object); }  \
    ULONG STDMETHODCALLTYPE AddRef() override { return owner->add(); }                                                 \
    ULONG STDMETHODCALLTYPE Release() override { return owner->drop(); }

// *c: what *b was; *b: what a is.
template <class T>
HRESULT turn(const T& a, T* b, T* c) {
    *c = *b;
    *b = copy(a);
    return S_OK;
}

struct Types : ITypes {
    Counted* owner = nullptr;
    UNKNOWN_METHODS
#define X(name, type)                                                                                                  \
    HRESULT STDMETHODCALLTYPE name(type a, type* b, type* c) override { return turn<type>(a, b, c); }
    TRIPLE_TYPES(X)
#undef X
    HRESULT STDMETHODCALLTYPE Records(Record* a, Record* b, Record* c) override { return turn<Record>(*a, b, c); }
    HRESULT STDMETHODCALLTYPE Value(Point a, Inner b, Point* c) override {
        c->x = static_cast<short>(a.x + b.first);
        c->y = a.y + b.second;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Mixed(double a, float b, CY c, short d, double e, LONGLONG f, float g,
                                    BSTR* text) override {
        wchar_t all[200];
        swprintf(all, 200, L"%.2f %.2f %lld %d %.2f %lld %.2f", a, b, c.int64, d, e, f, g);
        *text = SysAllocString(all);
        return S_FALSE;
    }
    HRESULT STDMETHODCALLTYPE Fixed(LONG* a, BSTR* b, LONG* c) override {
        for (int i = 0; i < 4; ++i) c[i] = a[3 - i];
        BSTR first = b[0];
        b[0] = b[1];
        b[1] = first;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Strings(LPSTR a, LPWSTR b, LONG* length) override {
        *length = static_cast<LONG>(strlen(a) * 100 + wcslen(b));
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Pointers(LONG* a, LONG** b, VARIANT* c, LONG* sum) override {
        *sum = *a + (*b ? **b : 1000) + (c->vt == VT_I4 ? c->lVal : 0);
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE List(Node* first, LONG* sum) override {
        for (*sum = 0; first; first = first->next) *sum += first->value;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Tight(Packed* a, Packed* b) override {
        *b = {static_cast<BYTE>(a->a + 1), a->b + 1, static_cast<short>(a->c + 1)};
        return S_OK;
    }
    void STDMETHODCALLTYPE Nothing(LONG a) override { last = a; }
    HRESULT STDMETHODCALLTYPE Bare(LONG a, LONG* b) override { return a == *b && last == 77 ? S_OK : S_FALSE; }
    LONG last = 0;
};

struct Thing : IThing {
    Counted* owner = nullptr;
    UNKNOWN_METHODS
    HRESULT STDMETHODCALLTYPE Add(LONG a, LONG b, LONG* sum) override {
        *sum = a + b;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Name(BSTR* name) override {
        *name = SysAllocString(L"a thing");
        return S_OK;
    }
};

struct Dual : IDual {
    Counted* owner = nullptr;
    UNKNOWN_METHODS
    static ITypeInfo* info() {
        ITypeLib* library = nullptr;
        ITypeInfo* info = nullptr;
        if (SUCCEEDED(LoadRegTypeLib(library_id, 1, 0, 0, &library))) {
            library->GetTypeInfoOfGuid(iid_dual, &info);
            library->Release();
        }
        return info;
    }
    HRESULT STDMETHODCALLTYPE GetTypeInfoCount(UINT* count) override {
        *count = 1;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE GetTypeInfo(UINT, LCID, ITypeInfo** found) override {
        *found = info();
        return *found ? S_OK : E_FAIL;
    }
    HRESULT STDMETHODCALLTYPE GetIDsOfNames(REFIID, LPOLESTR* names, UINT count, LCID, DISPID* ids) override {
        ITypeInfo* i = info();
        HRESULT h = i ? DispGetIDsOfNames(i, names, count, ids) : E_FAIL;
        if (i) i->Release();
        return h;
    }
    HRESULT STDMETHODCALLTYPE Invoke(DISPID id, REFIID, LCID, WORD flags, DISPPARAMS* parameters, VARIANT* result,
                                     EXCEPINFO* exception, UINT* argument) override {
        ITypeInfo* i = info();
        HRESULT h = i ? DispInvoke(this, i, id, flags, parameters, result, exception, argument) : E_FAIL;
        if (i) i->Release();
        return h;
    }
    HRESULT STDMETHODCALLTYPE get_Name(LCID lcid, BSTR* name) override {
        *name = SysAllocString(lcid == 0x407 ? L"Doppel" : L"dual");
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Sum(LONG a, VARIANT more, LONG* sum) override {
        *sum = a + (more.vt == VT_I4 ? more.lVal : more.vt == VT_ERROR ? 5000 : -1);
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Half(double a, short by, double* half) override {
        *half = a / by;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Self(IDual** self) override {
        AddRef();
        *self = this;
        return S_OK;
    }
};

struct Server : Counted {
    Types types;
    Thing thing;
    Dual dual;
    Server() { types.owner = thing.owner = dual.owner = this; }
    HRESULT find(REFIID iid, void** object) override {
        *object = nullptr;
        if (IsEqualIID(iid, IID_IUnknown) || IsEqualIID(iid, iid_types))
            *object = &types;
        else if (IsEqualIID(iid, iid_thing) || IsEqualIID(iid, iid_base))
            *object = &thing;
        else if (IsEqualIID(iid, IID_IDispatch) || IsEqualIID(iid, iid_dual) || IsEqualIID(iid, iid_events))
            *object = &dual;
        if (!*object) return E_NOINTERFACE;
        add();
        return S_OK;
    }
};

}  // namespace

IUnknown* new_server() {
    return &(new Server)->types;
}
