#include <windows.h>

#include <objbase.h>

#include "stub/proxy/factory.h"

namespace rpc::com {

namespace {

void* ole32(const char* name) {
    HMODULE module = LoadLibraryW(L"ole32.dll");  // stays: whoever has proxies has it anyway
    return module ? reinterpret_cast<void*>(GetProcAddress(module, name)) : nullptr;
}

}  // namespace

Hresult make_synchronizer(Unknown* outer, Unknown** inner) {
    // CLSID_ManualResetEvent
    static constexpr CLSID manual_reset_event = {0x0000032c, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
    *inner = nullptr;
    auto create = reinterpret_cast<decltype(&CoCreateInstance)>(ole32("CoCreateInstance"));
    if (!create) return e_fail;
    return create(manual_reset_event, reinterpret_cast<IUnknown*>(outer), CLSCTX_INPROC_SERVER, iid_unknown,
                  reinterpret_cast<void**>(inner));
}

Hresult registered_factory(const GUID& iid, FactoryBuffer** found) {
    *found = nullptr;
    auto get_clsid = reinterpret_cast<decltype(&CoGetPSClsid)>(ole32("CoGetPSClsid"));
    auto get_class = reinterpret_cast<decltype(&CoGetClassObject)>(ole32("CoGetClassObject"));
    if (!get_clsid || !get_class) return e_fail;
    CLSID clsid;
    if (Hresult h = get_clsid(iid, &clsid); bad(h)) return h;
    return get_class(clsid, CLSCTX_INPROC_SERVER, nullptr, iid_ps_factory_buffer, reinterpret_cast<void**>(found));
}

}  // namespace rpc::com
