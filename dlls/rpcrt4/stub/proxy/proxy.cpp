#include "stub/proxy/proxy.h"

#include "base/alloc.h"
#include "stub/proxy/async_call.h"
#include "stub/proxy/factory.h"
#include "stub/proxy/thunks.h"

namespace rpc::com {

namespace {

Proxy& from(void* buffer) {
    return *static_cast<Proxy*>(buffer);
}

std::atomic_ref<Channel*> channel_of(Proxy& p) {
    return std::atomic_ref<Channel*>(p.channel);
}

Hresult RPC_ENTRY buffer_query(void* self, const GUID* iid, void** object) {
    Proxy& p = from(self);
    if (!object) return e_pointer;
    *object = nullptr;
    if (!iid) return e_invalidarg;
    if (same(*iid, iid_unknown) || same(*iid, iid_rpc_proxy_buffer)) {
        increment(p.refs);
        *object = self;
        return s_ok;
    }
    if (p.async_iid && same(*iid, iid_call_factory)) {
        increment(p.refs);
        *object = &p.call_factory;
        return s_ok;
    }
    if (p.synchronizer && same(*iid, iid_synchronize)) return p.synchronizer->query(*iid, object);
    if (!same(*iid, *p.own_iid)) return e_nointerface;
    p.outer->add_ref();
    *object = &p.methods;
    return s_ok;
}

uint32_t RPC_ENTRY buffer_add_ref(void* self) {
    return static_cast<uint32_t>(increment(from(self).refs));
}

void RPC_ENTRY buffer_disconnect(void* self) {
    Proxy& p = from(self);
    if (p.base) p.base->vtbl->Disconnect(p.base);
    if (Channel* was = channel_of(p).exchange(nullptr)) was->vtbl->unknown.Release(was);
}

void destroy_proxy(Proxy& p) {
    buffer_disconnect(&p);
    drop(p.base);
    if (p.async) async_call_free(p.async);
    drop(p.synchronizer);
    FactoryBuffer* factory = p.factory;
    mem_free(&p);
    factory->vtbl->unknown.Release(factory);
}

uint32_t RPC_ENTRY buffer_release(void* self) {
    int32_t left = decrement(from(self).refs);
    if (left == 0) destroy_proxy(from(self));
    return static_cast<uint32_t>(left);
}

Hresult RPC_ENTRY buffer_connect(void* self, Channel* channel) {
    Proxy& p = from(self);
    if (!channel) return e_invalidarg;
    if (p.base)
        if (Hresult h = p.base->vtbl->Connect(p.base, channel); bad(h)) return h;
    channel->vtbl->unknown.AddRef(channel);
    if (Channel* was = channel_of(p).exchange(channel)) was->vtbl->unknown.Release(was);
    return s_ok;
}

constexpr ProxyBufferVtbl buffer_vtbl = {
    {buffer_query, buffer_add_ref, buffer_release}, buffer_connect, buffer_disconnect};

// Fills the vtable. `inherits`: whether a method is the base interface's.
Hresult fill_table(const Interface& entry, Proxy& p, bool& inherits) {
    const auto stubless_mark = reinterpret_cast<void*>(~uintptr_t{0});
    void* unknown[3] = {reinterpret_cast<void*>(object_query), reinterpret_cast<void*>(object_add_ref),
                        reinterpret_cast<void*>(object_release)};
    for (uint32_t i = 0; i < p.method_count; ++i) {
        void* given = entry.proxy->methods[i];
        bool interpreted = i >= 3 && entry.stubless &&
                           procedure_format(entry.stubless->ProcFormatString, entry.stubless->FormatStringOffset, i);
        if (given && given != stubless_mark) {
            p.table[i] = given;
        } else if (i < 3) {
            p.table[i] = unknown[i];
        } else if (interpreted) {
            p.table[i] = stubless_thunk(i);
        } else if (entry.base) {
            p.table[i] = forwarding_thunk(i);
            inherits = true;
        } else if (given) {
            return e_unexpected;  // interpreted, without anything to interpret
        }
    }
    return s_ok;
}

// Makes the proxy of an asynchronous interface a call object.
Hresult make_call_object(const Interface& entry, Proxy& p) {
    p.wire_iid = entry.sync_iid;
    p.async = async_call_new();
    if (!p.async) return e_out_of_memory;
    auto* own = reinterpret_cast<Unknown*>(&p);
    return p.outer == own ? make_synchronizer(own, &p.synchronizer) : s_ok;
}

Hresult create_base(const Interface& entry, Proxy& p) {
    FactoryBuffer* factory = nullptr;
    if (Hresult h = factory_for(*p.factory, *entry.base, &factory); bad(h)) return h;
    Hresult h = factory->vtbl->CreateProxy(factory, p.outer, entry.base, &p.base, &p.base_object);
    drop(factory);
    if (bad(h)) return h;
    // It is part of the aggregate: a reference to the outer object would keep that alive for ever.
    p.outer->release();
    // Its calls are made on the derived interface, which is what the channel stands for.
    for (ProxyBuffer* b = p.base; b && b->vtbl == &buffer_vtbl; b = from(b).base) from(b).wire_iid = p.wire_iid;
    return s_ok;
}

// --- ICallFactory

Proxy& of_call_factory(void* self) {
    return *reinterpret_cast<Proxy*>(static_cast<uint8_t*>(self) - offsetof(Proxy, call_factory));
}
Hresult RPC_ENTRY call_factory_query(void* self, const GUID* iid, void** object) {
    return buffer_query(&of_call_factory(self), iid, object);
}
uint32_t RPC_ENTRY call_factory_add_ref(void* self) {
    return buffer_add_ref(&of_call_factory(self));
}
uint32_t RPC_ENTRY call_factory_release(void* self) {
    return buffer_release(&of_call_factory(self));
}

Hresult RPC_ENTRY call_factory_create(void* self, const GUID* iid, Unknown* outer, const GUID* wanted, void** found) {
    Proxy& p = of_call_factory(self);
    if (!found) return e_invalidarg;
    *found = nullptr;
    if (!iid || !wanted || (outer && !same(*wanted, iid_unknown))) return e_invalidarg;
    Interface entry;
    if (!same(*iid, *p.async_iid) || !own_interface(*p.factory, *iid, entry)) return e_nointerface;
    ProxyBuffer* made = nullptr;
    void* object = nullptr;
    if (Hresult h = create_proxy(entry, outer, *p.factory, &made, &object); bad(h)) return h;
    Channel* channel = channel_of(p).load();
    Hresult h = channel ? made->vtbl->Connect(made, channel) : s_ok;
    if (!bad(h)) h = made->unknown()->query(*wanted, found);
    static_cast<Unknown*>(object)->release();
    drop(made);
    return h;
}

}  // namespace

constexpr CallFactoryVtbl proxy_call_factory_vtbl = {{call_factory_query, call_factory_add_ref, call_factory_release},
                                                     call_factory_create};

Hresult create_proxy(const Interface& entry, Unknown* outer, FactoryBuffer& factory, ProxyBuffer** buffer,
                     void** object) {
    if (entry.stubless)
        if (Hresult h = check_stub_version(entry.stubless->pStubDesc); bad(h)) return h;
    uint32_t count = entry.method_count();
    auto* p = static_cast<Proxy*>(mem_alloc_zeroed(offsetof(Proxy, table) + count * sizeof(void*)));
    if (!p) return e_out_of_memory;
    p->vtbl = &buffer_vtbl;
    p->methods = p->table;
    p->refs = 1;
    p->outer = outer ? outer : reinterpret_cast<Unknown*>(p);
    p->factory = &factory;
    p->own_iid = p->wire_iid = &entry.iid();
    p->stubless = entry.stubless;
    p->method_count = count;
    p->call_factory.vtbl = &proxy_call_factory_vtbl;
    p->async_iid = entry.async_iid;
    factory.vtbl->unknown.AddRef(&factory);
    bool inherits = false;
    Hresult h = entry.sync_iid ? make_call_object(entry, *p) : s_ok;
    if (!bad(h)) h = fill_table(entry, *p, inherits);
    if (!bad(h) && inherits) h = create_base(entry, *p);
    if (bad(h)) {
        destroy_proxy(*p);
        return h;
    }
    p->outer->add_ref();
    *buffer = reinterpret_cast<ProxyBuffer*>(p);
    *object = &p->methods;
    return s_ok;
}

Hresult RPC_ENTRY object_query(void* object, const GUID* iid, void** found) {
    Unknown* outer = proxy_of(object).outer;
    return outer->vtbl->QueryInterface(outer, iid, found);
}

uint32_t RPC_ENTRY object_add_ref(void* object) {
    return proxy_of(object).outer->add_ref();
}

uint32_t RPC_ENTRY object_release(void* object) {
    return proxy_of(object).outer->release();
}

}  // namespace rpc::com
