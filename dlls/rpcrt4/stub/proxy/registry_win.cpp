#include "stub/proxy/registry.h"

#include <windows.h>

namespace rpc::com {

namespace {

// advapi32, on first use: it loads us.
struct Registry {
    decltype(&RegCreateKeyExA) create;
    decltype(&RegSetValueExA) set;
    decltype(&RegSetValueExW) set_wide;
    decltype(&RegDeleteKeyA) remove;
    decltype(&RegCloseKey) close;
    const wchar_t* path;  // of the DLL that is registered

    template <class F>
    void load(HMODULE library, F& function, const char* name) {
        function = reinterpret_cast<F>(reinterpret_cast<void*>(GetProcAddress(library, name)));
    }
    bool load() {
        HMODULE library = LoadLibraryW(L"advapi32.dll");
        if (!library) return false;
        load(library, create, "RegCreateKeyExA");
        load(library, set, "RegSetValueExA");
        load(library, set_wide, "RegSetValueExW");
        load(library, remove, "RegDeleteKeyA");
        load(library, close, "RegCloseKey");
        return create && set && set_wide && remove && close;
    }
};

Hresult from_win32(LONG error) {
    return to_hresult(static_cast<Status>(static_cast<uint32_t>(error)));
}

Hresult write(void* context, const RegistryValue& value) {
    auto& r = *static_cast<Registry*>(context);
    HKEY key = nullptr;
    LONG error = r.create(HKEY_CLASSES_ROOT, value.key, 0, nullptr, 0, KEY_WRITE, nullptr, &key, nullptr);
    if (error) return from_win32(error);
    if (value.module_path) {
        error = r.set_wide(key, nullptr, 0, REG_SZ, reinterpret_cast<const BYTE*>(r.path),
                           static_cast<DWORD>((lstrlenW(r.path) + 1) * sizeof(wchar_t)));
    } else {
        error = r.set(key, value.name, 0, REG_SZ, reinterpret_cast<const BYTE*>(value.text),
                      static_cast<DWORD>(std::strlen(value.text) + 1));
    }
    r.close(key);
    return from_win32(error);
}

Hresult erase(void* context, const RegistryValue& value) {
    LONG error = static_cast<Registry*>(context)->remove(HKEY_CLASSES_ROOT, value.key);
    // A key with what others put into it stays.
    return error == ERROR_FILE_NOT_FOUND || error == ERROR_ACCESS_DENIED ? s_ok : from_win32(error);
}

}  // namespace

Hresult register_proxies(void* module, const ProxyFile* const* files, const GUID* own) {
    const GUID* clsid = class_of(files, own);
    if (!clsid) return e_invalidarg;
    wchar_t path[MAX_PATH];
    DWORD length = GetModuleFileNameW(static_cast<HMODULE>(module), path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) return from_win32(length ? ERROR_INSUFFICIENT_BUFFER : GetLastError());
    Registry registry;
    if (!registry.load()) return e_fail;
    registry.path = path;
    return each_registry_value(files, *clsid, write, &registry);
}

Hresult unregister_proxies(const ProxyFile* const* files, const GUID* own) {
    const GUID* clsid = class_of(files, own);
    if (!clsid) return e_invalidarg;
    Registry registry;
    if (!registry.load()) return e_fail;
    registry.path = nullptr;
    return each_registry_key(files, *clsid, erase, &registry);
}

}  // namespace rpc::com
