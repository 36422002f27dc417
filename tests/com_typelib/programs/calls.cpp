#include "calls.h"

#include <string.h>

#include "basics/check.h"
#include "server.h"

namespace {

// One round of HRESULT Method(T a, T* b, T* c); takes the values over.
template <class T>
void triple(ITypes* types, HRESULT (STDMETHODCALLTYPE ITypes::*method)(T, T*, T*), const char* name, T a, T b) {
    T was = copy(b), c;
    memset(&c, 0xcc, sizeof c);
    HRESULT h = (types->*method)(a, &b, &c);
    bool ok = h == S_OK && equal(b, a) && equal(c, was);
    if (!ok) printf("%s: %08lx\n", name, static_cast<unsigned long>(h));
    CHECK(ok);
    dispose(a);
    dispose(was);
    if (FAILED(h)) return;
    dispose(b);
    dispose(c);
}
#define TRIPLE(name, a, b) triple(types, &ITypes::name, #name, a, b)

VARIANT variant(VARTYPE vt, LONGLONG value = 0) {
    VARIANT v = {};
    v.vt = vt;
    if (vt == VT_DECIMAL) {
        v.decVal.Lo64 = value;
        v.vt = vt;
    } else {
        v.llVal = value;
    }
    return v;
}
VARIANT text_variant(const wchar_t* text) {
    VARIANT v = variant(VT_BSTR);
    v.bstrVal = SysAllocString(text);
    return v;
}
SAFEARRAY* numbers(ULONG count) {
    SAFEARRAY* s = SafeArrayCreateVector(VT_I4, 0, count);
    for (ULONG i = 0; i < count; ++i) static_cast<LONG*>(s->pvData)[i] = LONG(i * 7);
    return s;
}
SAFEARRAY* texts(ULONG count) {
    SAFEARRAY* s = SafeArrayCreateVector(VT_BSTR, 0, count);
    for (ULONG i = 1; i < count; ++i) static_cast<BSTR*>(s->pvData)[i] = SysAllocString(L"of many");
    return s;
}
VARIANT array_variant(SAFEARRAY* array, VARTYPE of) {
    VARIANT v = variant(VARTYPE(VT_ARRAY | of));
    v.parray = array;
    return v;
}

void simple(ITypes* types) {
    TRIPLE(I1, CHAR(-3), CHAR(4));
    TRIPLE(U1, BYTE(200), BYTE(4));
    TRIPLE(I2, SHORT(-3000), SHORT(4));
    TRIPLE(U2, USHORT(60000), USHORT(4));
    TRIPLE(I4, -3L, 0x7fffffffL);
    TRIPLE(U4, 0xfffffff0ul, 4ul);
    TRIPLE(Int, -3, 4);
    TRIPLE(UInt, 0xfffffff0u, 4u);
    TRIPLE(I8, -3ll, 0x123456789abcdefll);
    TRIPLE(U8, ~3ull, 4ull);
    TRIPLE(R4, 1.5f, -2.25f);
    TRIPLE(R8, 1.5, -2.25);
    CY a, b;
    a.int64 = -100000000000ll;
    b.int64 = 5;
    TRIPLE(Currency, a, b);
    TRIPLE(Date, 40000.5, 1.0);
    TRIPLE(Bool, VARIANT_TRUE, VARIANT_FALSE);
    TRIPLE(Error, static_cast<SCODE>(E_ACCESSDENIED), static_cast<SCODE>(0));
    TRIPLE(Result, E_FAIL, S_FALSE);
    DECIMAL d = {}, e = {};
    d.scale = 3;
    d.sign = DECIMAL_NEG;
    d.Hi32 = 77;
    d.Lo64 = 0x123456789abcdefull;
    TRIPLE(Decimal, d, e);
    TRIPLE(Colours, green, red);
    TRIPLE(Alias, 8L, 9L);
}

void automation(ITypes* types) {
    TRIPLE(Text, SysAllocString(L"over the wire"), SysAllocString(L""));
    TRIPLE(Text, static_cast<BSTR>(nullptr), SysAllocString(L"back"));
    TRIPLE(Variant, variant(VT_EMPTY), variant(VT_NULL));
    TRIPLE(Variant, variant(VT_I4, 1000000), variant(VT_I2, 5));
    TRIPLE(Variant, text_variant(L"a text"), variant(VT_BOOL, 0xffff));
    TRIPLE(Variant, variant(VT_CY, 123456), variant(VT_DECIMAL, 98765));
    TRIPLE(Variant, variant(VT_R8, 0x3ff0000000000000), variant(VT_DATE, 0x40e3880000000000));
    TRIPLE(Variant, array_variant(numbers(20), VT_I4), array_variant(texts(3), VT_BSTR));
    LONG referred = 12345;
    VARIANT by_reference = variant(VT_BYREF | VT_I4);
    by_reference.plVal = &referred;
    VARIANT b = variant(VT_EMPTY), c = variant(VT_EMPTY);
    CHECK_EQ(types->Variant(by_reference, &b, &c), S_OK);
    CHECK(b.vt == VT_EMPTY || b.vt == (VT_BYREF | VT_I4));
    // oleaut32 unmarshals into the array that is there, whose size must do.
    TRIPLE(Numbers, numbers(1000), numbers(1000));
    TRIPLE(Numbers, static_cast<SAFEARRAY*>(nullptr), numbers(2));
    TRIPLE(Texts, texts(5), static_cast<SAFEARRAY*>(nullptr));
}

template <class T>
T* ask(IUnknown* object, REFIID iid) {
    void* found = nullptr;
    CHECK_EQ(object->QueryInterface(iid, &found), S_OK);
    return static_cast<T*>(found);
}

void objects_passed(ITypes* types) {
    IUnknown* mine = new_server();
    TRIPLE(Unknown, ask<IUnknown>(mine, IID_IUnknown), static_cast<IUnknown*>(nullptr));
    TRIPLE(Dispatch, ask<IDispatch>(mine, IID_IDispatch), ask<IDispatch>(mine, IID_IDispatch));
    TRIPLE(Thing, ask<IThing>(mine, iid_thing), static_cast<IThing*>(nullptr));
    TRIPLE(Class, static_cast<IThing*>(nullptr), ask<IThing>(mine, iid_thing));
    mine->Release();
}

void records(ITypes* types) {
    IUnknown* mine = new_server();
    Record a = {}, b = {};
    a.number = -5;
    a.text = SysAllocString(L"in a record");
    a.value = text_variant(L"in a variant");
    a.inner = {7, 70000};
    a.real = 2.5;
    a.object = ask<IUnknown>(mine, IID_IUnknown);
    a.array = numbers(3);
    for (int i = 0; i < 3; ++i) a.fixed[i] = i * 11;
    a.colour = green;
    a.last = 255;
    b.real = 9;
    b.array = numbers(3);
    Record was = copy(b), c;
    memset(&c, 0xcc, sizeof c);
    HRESULT h = types->Records(&a, &b, &c);
    CHECK_EQ(h, S_OK);
    if (h == S_OK) {
        CHECK(equal(a, b));
        CHECK(equal(was, c));
        dispose(c);
    }
    dispose(a);
    dispose(b);
    dispose(was);
    mine->Release();
    Point to = {};
    CHECK_EQ(types->Value({1, 2.5}, {3, 4}, &to), S_OK);
    CHECK(to.x == 4 && to.y == 6.5);
    Node third = {3, nullptr}, second = {20, &third}, first = {100, &second};
    LONG sum = 0;
    CHECK_EQ(types->List(&first, &sum), S_OK);
    CHECK_EQ(sum, 123);
    Packed packed = {1, 0x01020304, 5}, more = {};
    CHECK_EQ(types->Tight(&packed, &more), S_OK);
    CHECK(more.a == 2 && more.b == 0x01020305 && more.c == 6);
}

void others(ITypes* types) {
    CY c;
    c.int64 = 3;
    BSTR text = nullptr;
    CHECK_EQ(types->Mixed(1.25, 2.5f, c, -4, 5.75, 600000000000ll, 7.5f, &text), S_FALSE);
    CHECK(text && !wcscmp(text, L"1.25 2.50 3 -4 5.75 600000000000 7.50"));
    SysFreeString(text);
    LONG in[4] = {1, 2, 3, 4}, out[4] = {};
    BSTR two[2] = {SysAllocString(L"first"), SysAllocString(L"second")};
    CHECK_EQ(types->Fixed(in, two, out), S_OK);
    CHECK(out[0] == 4 && out[3] == 1 && !wcscmp(two[0], L"second") && !wcscmp(two[1], L"first"));
    SysFreeString(two[0]);
    SysFreeString(two[1]);
    LONG length = 0;
    CHECK_EQ(types->Strings(const_cast<char*>("three"), const_cast<wchar_t*>(L"words"), &length), S_OK);
    CHECK_EQ(length, 505);
    LONG one = 1, twenty = 20, *at = &twenty, *null = nullptr, sum = 0;
    VARIANT v = variant(VT_I4, 300);
    CHECK_EQ(types->Pointers(&one, &at, &v, &sum), S_OK);
    CHECK_EQ(sum, 321);
    CHECK_EQ(types->Pointers(&one, &null, &v, &sum), S_OK);
    CHECK_EQ(sum, 1301);
    CHECK_EQ(types->Pointers(nullptr, &at, &v, &sum), HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER));
    types->Nothing(77);
    CHECK_EQ(types->Bare(5, &(one = 5)), S_OK);
}

// By vtable, and by name through IDispatch.
void dual(IDual* d) {
    BSTR name = nullptr;
    CHECK_EQ(d->get_Name(0x407, &name), S_OK);
    CHECK(name && !wcscmp(name, L"Doppel"));
    SysFreeString(name);
    LONG sum = 0;
    CHECK_EQ(d->Sum(4, variant(VT_I4, 38), &sum), S_OK);
    CHECK_EQ(sum, 42);
    double half = 0;
    CHECK_EQ(d->Half(5, 2, &half), S_OK);
    CHECK(half == 2.5);
    IDual* self = nullptr;
    CHECK_EQ(d->Self(&self), S_OK);
    if (self) self->Release();

    UINT count = 0;
    CHECK_EQ(d->GetTypeInfoCount(&count), S_OK);
    CHECK_EQ(count, 1);
    LPOLESTR names[] = {const_cast<wchar_t*>(L"Sum")};
    DISPID id = 0;
    CHECK_EQ(d->GetIDsOfNames(IID_NULL, names, 1, 0x409, &id), S_OK);
    VARIANT arguments[2] = {variant(VT_I4, 30), variant(VT_I4, 3)}, result = variant(VT_EMPTY);  // the last first
    DISPPARAMS parameters = {arguments, nullptr, 2, 0};
    CHECK_EQ(d->Invoke(id, IID_NULL, 0x409, DISPATCH_METHOD, &parameters, &result, nullptr, nullptr), S_OK);
    CHECK(result.vt == VT_I4 && result.lVal == 33);
    parameters.rgvarg = arguments + 1;  // without the optional one
    parameters.cArgs = 1;
    CHECK_EQ(d->Invoke(id, IID_NULL, 0x409, DISPATCH_METHOD, &parameters, &result, nullptr, nullptr), S_OK);
    CHECK(result.vt == VT_I4 && result.lVal == 5003);
    parameters.cArgs = 0;
    CHECK_EQ(d->Invoke(1, IID_NULL, 0x407, DISPATCH_PROPERTYGET, &parameters, &result, nullptr, nullptr), S_OK);
    CHECK(result.vt == VT_BSTR && SysStringLen(result.bstrVal) >= 4);
    VariantClear(&result);
}

}  // namespace

void calls(ITypes* types) {
    simple(types);
    automation(types);
    objects_passed(types);
    records(types);
    others(types);
    if (auto* thing = ask<IThing>(types, iid_thing)) {
        LONG sum = 0;
        BSTR name = nullptr;
        CHECK_EQ(thing->Add(40, 2, &sum), S_OK);  // the base interface's
        CHECK_EQ(sum, 42);
        CHECK_EQ(thing->Name(&name), S_OK);
        CHECK(name && !wcscmp(name, L"a thing"));
        SysFreeString(name);
        thing->Release();
    }
    if (auto* d = ask<IDual>(types, iid_dual)) {
        dual(d);
        d->Release();
    }
    if (auto* events = ask<IDispatch>(types, iid_events)) {
        UINT count = 0;
        CHECK_EQ(events->GetTypeInfoCount(&count), S_OK);
        CHECK_EQ(count, 1);
        events->Release();
    }
}
