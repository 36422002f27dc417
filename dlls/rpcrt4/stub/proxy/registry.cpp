#include "stub/proxy/registry.h"

#include <cstdio>

namespace rpc::com {

namespace {

struct Place {
    const char* suffix;  // below the interface's or the class's key
    const char* name;
};
constexpr Place interface_places[] = {{"", nullptr}, {"\\ProxyStubClsid32", nullptr}, {"\\NumMethods", nullptr}};
constexpr Place class_places[] = {{"", nullptr}, {"\\InProcServer32", nullptr}, {"\\InProcServer32", "ThreadingModel"}};

void fill(RegistryValue& value, const char* root, const GUID& guid, const Place& place) {
    char id[39];
    format_guid(guid, id);
    value = RegistryValue();
    std::snprintf(value.key, sizeof value.key, "%s\\%s%s", root, id, place.suffix);
    value.name = place.name;
}

Hresult visit_interface(const Interface& entry, const GUID& clsid, Visit visit, void* context) {
    for (int i = 0; i < 3; ++i) {
        RegistryValue value;
        fill(value, "Interface", entry.iid(), interface_places[i]);
        if (i == 0) {
            std::snprintf(value.text, sizeof value.text, "%s", entry.name() ? entry.name() : "");
        } else if (i == 1) {
            char id[39];
            format_guid(clsid, id);
            std::snprintf(value.text, sizeof value.text, "%s", id);
        } else {
            std::snprintf(value.text, sizeof value.text, "%u", static_cast<unsigned>(entry.method_count()));
        }
        if (Hresult h = visit(context, value); bad(h)) return h;
    }
    return s_ok;
}

template <class F>
Hresult each_interface(const ProxyFile* const* files, F&& f) {
    for (; files && *files; ++files) {
        const ProxyFile& file = **files;
        for (uint16_t i = 0; i < file.size && file.proxies && file.proxies[i]; ++i) {
            Interface entry;
            if (!interface_at(file, i, entry)) continue;
            if (Hresult h = f(entry); bad(h)) return h;
        }
    }
    return s_ok;
}

}  // namespace

void format_guid(const GUID& g, char (&text)[39]) {
    std::snprintf(text, sizeof text, "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
                  static_cast<unsigned>(g.Data1), g.Data2, g.Data3, g.Data4[0], g.Data4[1], g.Data4[2], g.Data4[3],
                  g.Data4[4], g.Data4[5], g.Data4[6], g.Data4[7]);
}

const GUID* class_of(const ProxyFile* const* files, const GUID* own) {
    const GUID* found = own;
    if (!found)
        (void)each_interface(files, [&](const Interface& entry) {
            if (!found) found = &entry.iid();
            return s_ok;
        });
    return found;
}

Hresult each_registry_value(const ProxyFile* const* files, const GUID& clsid, Visit visit, void* context) {
    Hresult h =
        each_interface(files, [&](const Interface& entry) { return visit_interface(entry, clsid, visit, context); });
    for (int i = 0; i < 3 && !bad(h); ++i) {
        RegistryValue value;
        fill(value, "CLSID", clsid, class_places[i]);
        if (i == 0)
            std::snprintf(value.text, sizeof value.text, "PSFactoryBuffer");
        else if (i == 1)
            value.module_path = true;
        else
            std::snprintf(value.text, sizeof value.text, "Both");
        h = visit(context, value);
    }
    return h;
}

Hresult each_registry_key(const ProxyFile* const* files, const GUID& clsid, Visit visit, void* context) {
    RegistryValue value;
    Hresult h = each_interface(files, [&](const Interface& entry) {
        for (int i = 2; i >= 0; --i) {
            fill(value, "Interface", entry.iid(), interface_places[i]);
            if (Hresult failure = visit(context, value); bad(failure)) return failure;
        }
        return s_ok;
    });
    for (int i = 1; i >= 0 && !bad(h); --i) {
        fill(value, "CLSID", clsid, class_places[i]);
        h = visit(context, value);
    }
    return h;
}

}  // namespace rpc::com
