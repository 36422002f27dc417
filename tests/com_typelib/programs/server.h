#pragma once
// The object behind the interfaces, and what its values are copied, compared and freed with.
#include "types.h"

extern volatile LONG objects;

// One reference to a new object that answers for every interface of the library.
IUnknown* new_server();

// --- values ---------------------------------------------------------------------------------------------------------

template <class T>
T copy(const T& v) {
    return v;
}
template <class T>
bool equal(const T& a, const T& b) {
    return !memcmp(&a, &b, sizeof a);
}
template <class T>
void dispose(T&) {}

BSTR copy(BSTR v);
bool equal(BSTR a, BSTR b);
void dispose(BSTR& v);
VARIANT copy(const VARIANT& v);
bool equal(const VARIANT& a, const VARIANT& b);
void dispose(VARIANT& v);
SAFEARRAY* copy(SAFEARRAY* v);
bool equal(SAFEARRAY* a, SAFEARRAY* b);
void dispose(SAFEARRAY*& v);
Record copy(const Record& v);
bool equal(const Record& a, const Record& b);
void dispose(Record& v);
template <class T>
    requires requires(T* p) { p->AddRef(); }
T* copy(T* v) {
    if (v) v->AddRef();
    return v;
}
template <class T>
    requires requires(T* p) { p->AddRef(); }
void dispose(T*& v) {
    if (v) v->Release();
}
