#include "stub/proxy/factory.h"

#include "stub/proxy/proxy.h"
#include "stub/proxy/stub_buffer.h"

namespace rpc::com {

namespace {

StdFactory& from(void* self) {
    return *static_cast<StdFactory*>(self);
}

Hresult RPC_ENTRY factory_query(void* self, const GUID* iid, void** object) {
    if (!object) return e_pointer;
    *object = nullptr;
    if (!iid) return e_invalidarg;
    if (!same(*iid, iid_unknown) && !same(*iid, iid_ps_factory_buffer)) return e_nointerface;
    increment(from(self).refs);
    *object = self;
    return s_ok;
}

uint32_t RPC_ENTRY factory_add_ref(void* self) {
    return static_cast<uint32_t>(increment(from(self).refs));
}

// The structure is the DLL's: nothing to free.
uint32_t RPC_ENTRY factory_release(void* self) {
    return static_cast<uint32_t>(decrement(from(self).refs));
}

Hresult RPC_ENTRY factory_create_proxy(void* self, Unknown* outer, const GUID* iid, ProxyBuffer** buffer,
                                       void** object) {
    if (!iid || !buffer || !object) return e_invalidarg;
    *buffer = nullptr;
    *object = nullptr;
    Interface entry;
    if (!find_interface(from(self).files, *iid, entry)) return e_nointerface;
    return create_proxy(entry, outer, *static_cast<FactoryBuffer*>(self), buffer, object);
}

Hresult RPC_ENTRY factory_create_stub(void* self, const GUID* iid, Unknown* server, StubBuffer** stub) {
    if (!iid || !stub) return e_invalidarg;
    *stub = nullptr;
    Interface entry;
    if (!find_interface(from(self).files, *iid, entry)) return e_nointerface;
    // Calls come on the synchronous interface alone; its stub makes those of call objects.
    if (entry.sync_iid) return e_nointerface;
    return create_stub(entry, server, *static_cast<FactoryBuffer*>(self), stub);
}

constexpr FactoryVtbl factory_vtbl = {
    {factory_query, factory_add_ref, factory_release}, factory_create_proxy, factory_create_stub};

}  // namespace

Hresult get_class_object(const GUID& clsid, const GUID& iid, void** object, const ProxyFile* const* files,
                         const GUID* own, StdFactory& factory) {
    if (!object) return e_invalidarg;
    *object = nullptr;
    Interface entry;
    if (!(own && same(*own, clsid)) && !find_interface(files, clsid, entry)) return class_e_not_available;
    std::atomic_ref<const FactoryVtbl*> vtbl(factory.vtbl);
    if (!vtbl.load()) {
        // Threads may race here, with the same values.
        std::atomic_ref<const ProxyFile* const*>(factory.files).store(files);
        vtbl.store(&factory_vtbl);
    }
    return factory_query(&factory, &iid, object);
}

Hresult can_unload(StdFactory& factory) {
    return std::atomic_ref<int32_t>(factory.refs).load() ? s_false : s_ok;
}

bool own_interface(FactoryBuffer& self, const GUID& iid, Interface& found) {
    return self.vtbl == &factory_vtbl && find_interface(reinterpret_cast<StdFactory&>(self).files, iid, found);
}

Hresult factory_for(FactoryBuffer& self, const GUID& iid, FactoryBuffer** found) {
    *found = nullptr;
    Interface entry;
    if (own_interface(self, iid, entry)) {
        self.vtbl->unknown.AddRef(&self);
        *found = &self;
        return s_ok;
    }
    return registered_factory(iid, found);
}

}  // namespace rpc::com
