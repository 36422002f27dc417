#pragma once
// What a proxy DLL writes into the registry, as a list of keys: pages of NdrDllRegisterProxy and "Proxy DLL
// registration".
#include "stub/proxy/tables.h"

namespace rpc::com {

// One value of a key below HKEY_CLASSES_ROOT. Text is ASCII: identifiers, interface names, numbers.
struct RegistryValue {
    char key[128];
    const char* name;  // null: the key's default value
    char text[256];
    bool module_path;  // the DLL's own path instead of the text
};

// "{00000000-...}" and a terminator.
void format_guid(const GUID& guid, char (&text)[39]);

// The class that the list registers: `own`, else its first interface. Null when there is neither.
const GUID* class_of(const ProxyFile* const* files, const GUID* own);

// Calls `visit` for every value of the interfaces and then of the class, parents first; stops at the first failure.
using Visit = Hresult (*)(void* context, const RegistryValue& value);
Hresult each_registry_value(const ProxyFile* const* files, const GUID& clsid, Visit visit, void* context);
// The same keys, each once, children first.
Hresult each_registry_key(const ProxyFile* const* files, const GUID& clsid, Visit visit, void* context);

// NdrDllRegisterProxy and NdrDllUnregisterProxy. `module`: the DLL. What is not there to be removed is no error.
Hresult register_proxies(void* module, const ProxyFile* const* files, const GUID* own);
Hresult unregister_proxies(const ProxyFile* const* files, const GUID* own);

}  // namespace rpc::com
