#pragma once
// The interfaces of library.cpp's type library as C++ sees them.
#include <windows.h>

#include <oaidl.h>
#include <objbase.h>
#include <oleauto.h>

enum Colour : int { red, green = 70000 };
struct Point {
    short x;
    double y;
};
struct Inner {
    BYTE first;
    LONG second;
};
struct Record {
    short number;
    BSTR text;
    VARIANT value;
    Inner inner;
    double real;
    IUnknown* object;
    SAFEARRAY* array;
    LONG fixed[3];
    Colour colour;
    BYTE last;
};
struct Node {
    LONG value;
    Node* next;
};
#pragma pack(push, 1)
struct Packed {
    BYTE a;
    LONG b;
    short c;
};
#pragma pack(pop)

// A derived interface whose base is in the library too.
struct IBase : IUnknown {
    virtual HRESULT STDMETHODCALLTYPE Add(LONG a, LONG b, LONG* sum) = 0;
};
struct IThing : IBase {
    virtual HRESULT STDMETHODCALLTYPE Name(BSTR* name) = 0;
};

// By name, type, VARTYPE or description: HRESULT Name([in] T a, [in, out] T* b, [out, retval] T* c).
#define TRIPLE_TYPES(X)                                                                                                \
    X(I1, CHAR)                                                                                                        \
    X(U1, BYTE)                                                                                                        \
    X(I2, SHORT)                                                                                                       \
    X(U2, USHORT)                                                                                                      \
    X(I4, LONG)                                                                                                        \
    X(U4, ULONG)                                                                                                       \
    X(Int, INT)                                                                                                        \
    X(UInt, UINT)                                                                                                      \
    X(I8, LONGLONG)                                                                                                    \
    X(U8, ULONGLONG)                                                                                                   \
    X(R4, float)                                                                                                       \
    X(R8, double)                                                                                                      \
    X(Currency, CY)                                                                                                    \
    X(Date, DATE)                                                                                                      \
    X(Bool, VARIANT_BOOL)                                                                                              \
    X(Error, SCODE)                                                                                                    \
    X(Result, HRESULT)                                                                                                 \
    X(Decimal, DECIMAL)                                                                                                \
    X(Text, BSTR)                                                                                                      \
    X(Variant, VARIANT)                                                                                                \
    X(Unknown, IUnknown*)                                                                                              \
    X(Dispatch, IDispatch*)                                                                                            \
    X(Thing, IThing*)                                                                                                  \
    X(Class, IThing*)                                                                                                  \
    X(Numbers, SAFEARRAY*)                                                                                             \
    X(Texts, SAFEARRAY*)                                                                                               \
    X(Colours, Colour)                                                                                                 \
    X(Alias, LONG)

struct ITypes : IUnknown {
#define X(name, type) virtual HRESULT STDMETHODCALLTYPE name(type a, type* b, type* c) = 0;
    TRIPLE_TYPES(X)
#undef X
    virtual HRESULT STDMETHODCALLTYPE Records(Record* a, Record* b, Record* c) = 0;
    virtual HRESULT STDMETHODCALLTYPE Value(Point a, Inner b, Point* c) = 0;
    virtual HRESULT STDMETHODCALLTYPE Mixed(double a, float b, CY c, short d, double e, LONGLONG f, float g,
                                            BSTR* text) = 0;
    virtual HRESULT STDMETHODCALLTYPE Fixed(LONG* a, BSTR* b, LONG* c) = 0;  // [in] [4], [in, out] [2], [out] [4]
    virtual HRESULT STDMETHODCALLTYPE Strings(LPSTR a, LPWSTR b, LONG* length) = 0;
    virtual HRESULT STDMETHODCALLTYPE Pointers(LONG* a, LONG** b, VARIANT* c, LONG* sum) = 0;  // [in] but the last
    virtual HRESULT STDMETHODCALLTYPE List(Node* first, LONG* sum) = 0;
    virtual HRESULT STDMETHODCALLTYPE Tight(Packed* a, Packed* b) = 0;
    virtual void STDMETHODCALLTYPE Nothing(LONG a) = 0;
    virtual HRESULT STDMETHODCALLTYPE Bare(LONG a, LONG* b) = 0;  // neither [in] nor [out]
};

// Dual: its vtable and its dispatch identifiers.
struct IDual : IDispatch {
    virtual HRESULT STDMETHODCALLTYPE get_Name(LCID lcid, BSTR* name) = 0;
    virtual HRESULT STDMETHODCALLTYPE Sum(LONG a, VARIANT more, LONG* sum) = 0;  // more: [optional]
    virtual HRESULT STDMETHODCALLTYPE Half(double a, short by, double* half) = 0;
    virtual HRESULT STDMETHODCALLTYPE Self(IDual** self) = 0;
};

extern GUID library_id, iid_base, iid_thing, iid_types, iid_dual, iid_events, clsid_thing;

// The programs of either architecture have identifiers of their own; from here on those of the other one.
void use_other_identifiers();

constexpr int type_methods = 38;

constexpr SYSKIND native_kind = sizeof(void*) == 8 ? SYS_WIN64 : SYS_WIN32;

// Writes the library to `path`. With `singles` every method of ITypes also stands alone, in an interface of its own.
HRESULT make_library(const wchar_t* path, bool singles = false);
GUID single_iid(int method);
