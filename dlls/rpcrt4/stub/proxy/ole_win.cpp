#include <windows.h>

#include <objbase.h>

#include "stub/proxy/factory.h"

namespace rpc::com {

Hresult registered_factory(const GUID& iid, FactoryBuffer** found) {
    *found = nullptr;
    HMODULE ole32 = LoadLibraryW(L"ole32.dll");  // stays: whoever has proxies has it anyway
    if (!ole32) return e_fail;
    auto function = [ole32](const char* name) { return reinterpret_cast<void*>(GetProcAddress(ole32, name)); };
    auto get_clsid = reinterpret_cast<decltype(&CoGetPSClsid)>(function("CoGetPSClsid"));
    auto get_class = reinterpret_cast<decltype(&CoGetClassObject)>(function("CoGetClassObject"));
    if (!get_clsid || !get_class) return e_fail;
    CLSID clsid;
    if (Hresult h = get_clsid(iid, &clsid); bad(h)) return h;
    return get_class(clsid, CLSCTX_INPROC_SERVER, nullptr, iid_ps_factory_buffer, reinterpret_cast<void**>(found));
}

}  // namespace rpc::com
