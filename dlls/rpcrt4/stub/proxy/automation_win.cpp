#include <windows.h>

#include <objbase.h>

#include "stub/proxy/type_reader.h"

namespace rpc::com {

namespace {

struct Automation {
    Hresult outcome;
    TypeRuntime runtime;
    USER_MARSHAL_ROUTINE_QUADRUPLE routines[user_types];
};

Automation automation;
INIT_ONCE loaded = INIT_ONCE_STATIC_INIT;

template <class T>
bool find(HMODULE module, const char* name, T& function) {
    function = reinterpret_cast<T>(reinterpret_cast<void*>(GetProcAddress(module, name)));
    return function != nullptr;
}

bool find_all(HMODULE ole32, HMODULE oleaut32, Automation& a) {
    USER_MARSHAL_ROUTINE_QUADRUPLE &bstr = a.routines[size_t(UserType::bstr)],
                                   &variant = a.routines[size_t(UserType::variant)],
                                   &safe_array = a.routines[size_t(UserType::safe_array)];
    a.runtime.routines = a.routines;
    return find(ole32, "CoTaskMemAlloc", a.runtime.allocate) && find(ole32, "CoTaskMemFree", a.runtime.free) &&
           find(oleaut32, "BSTR_UserSize", bstr.pfnBufferSize) &&
           find(oleaut32, "BSTR_UserMarshal", bstr.pfnMarshall) &&
           find(oleaut32, "BSTR_UserUnmarshal", bstr.pfnUnmarshall) &&
           find(oleaut32, "BSTR_UserFree", bstr.pfnFree) &&
           find(oleaut32, "VARIANT_UserSize", variant.pfnBufferSize) &&
           find(oleaut32, "VARIANT_UserMarshal", variant.pfnMarshall) &&
           find(oleaut32, "VARIANT_UserUnmarshal", variant.pfnUnmarshall) &&
           find(oleaut32, "VARIANT_UserFree", variant.pfnFree) &&
           find(oleaut32, "LPSAFEARRAY_UserSize", safe_array.pfnBufferSize) &&
           find(oleaut32, "LPSAFEARRAY_UserMarshal", safe_array.pfnMarshall) &&
           find(oleaut32, "LPSAFEARRAY_UserUnmarshal", safe_array.pfnUnmarshall) &&
           find(oleaut32, "LPSAFEARRAY_UserFree", safe_array.pfnFree);
}

// Both stay loaded: proxies and stubs outlive the call that made them, and whoever has a type library has both.
BOOL CALLBACK load(INIT_ONCE*, void*, void**) {
    HMODULE ole32 = LoadLibraryW(L"ole32.dll"), oleaut32 = LoadLibraryW(L"oleaut32.dll");
    automation.outcome = ole32 && oleaut32 && find_all(ole32, oleaut32, automation) ? s_ok : e_fail;
    return TRUE;
}

}  // namespace

Hresult type_runtime(TypeRuntime& runtime) {
    InitOnceExecuteOnce(&loaded, load, nullptr, nullptr);
    runtime = automation.runtime;
    return automation.outcome;
}

}  // namespace rpc::com
