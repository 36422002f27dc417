#include "stub/proxy/stub_buffer.h"

#include "base/alloc.h"
#include "stub/proxy/async_stub.h"
#include "stub/proxy/factory.h"

namespace rpc::com {

namespace {

// A stub whose vtable the proxy DLL left incomplete: the rest is filled in here, since the DLL's own may be constant
// memory.
struct Delegating {
    StdStub std;
    StubTable table;
    const GUID* base_iid;
    StubBuffer* base;
    Unknown server_face;  // the server object as the base stub sees it
};

// Null for a stub that has the proxy DLL's own vtable.
Delegating* delegating(StubBuffer& stub) {
    auto* d = reinterpret_cast<Delegating*>(&stub);
    return stub.vtbl == &d->table.vtbl ? d : nullptr;
}

// --- the server as its base interface: an object need not answer for that one in QueryInterface, but its methods are
// there ----

Delegating& of_face(void* face) {
    return *reinterpret_cast<Delegating*>(static_cast<uint8_t*>(face) - offsetof(Delegating, server_face));
}

Hresult RPC_ENTRY face_query(void* face, const GUID*, void** object) {
    if (!object) return e_pointer;
    Unknown* server = of_face(face).std.server;
    if (server) server->add_ref();
    *object = server;
    return server ? s_ok : co_e_obj_not_connected;
}
uint32_t RPC_ENTRY face_add_ref(void* face) {
    Unknown* server = of_face(face).std.server;
    return server ? server->add_ref() : 1;
}
uint32_t RPC_ENTRY face_release(void* face) {
    Unknown* server = of_face(face).std.server;
    return server ? server->release() : 1;
}
constexpr UnknownVtbl face_vtbl = {face_query, face_add_ref, face_release};

Hresult connect_base(Delegating& d) {
    if (!d.base_iid) return s_ok;
    if (d.base) return d.base->vtbl->Connect(d.base, &d.server_face);
    FactoryBuffer* factory = nullptr;
    if (Hresult h = factory_for(*d.std.factory, *d.base_iid, &factory); bad(h)) return h;
    Hresult h = factory->vtbl->CreateStub(factory, d.base_iid, &d.server_face, &d.base);
    drop(factory);
    return h;
}

// --- creation
// -----------------------------------------------------------------------------------------------------------

uint32_t RPC_ENTRY own_release(void* self) {
    return release_stub(*static_cast<StubBuffer*>(self), std_stub(self).factory);
}

constexpr StubBufferVtbl complete_vtbl = {{stub_query, stub_add_ref, own_release},
                                          stub_connect,
                                          stub_disconnect,
                                          stub_invoke,
                                          stub_is_iid_supported,
                                          stub_count_refs,
                                          stub_debug_query,
                                          stub_debug_release};
constexpr size_t vtbl_entries = sizeof(StubBufferVtbl) / sizeof(void*);

bool is_complete(const StubBufferVtbl& vtbl) {
    void* entries[vtbl_entries];
    std::memcpy(entries, &vtbl, sizeof entries);
    for (void* e : entries)
        if (!e) return false;
    return true;
}

StubBufferVtbl completed(const StubBufferVtbl& given) {
    void *entries[vtbl_entries], *ours[vtbl_entries];
    std::memcpy(entries, &given, sizeof entries);
    std::memcpy(ours, &complete_vtbl, sizeof ours);
    for (size_t i = 0; i < vtbl_entries; ++i)
        if (!entries[i]) entries[i] = ours[i];
    StubBufferVtbl vtbl;
    std::memcpy(&vtbl, entries, sizeof vtbl);
    return vtbl;
}

}  // namespace

Hresult create_stub(const Interface& entry, Unknown* server, FactoryBuffer& factory, StubBuffer** stub) {
    if (const MIDL_SERVER_INFO* info = entry.stub->header.server_info)
        if (Hresult h = check_stub_version(info->pStubDesc); bad(h)) return h;
    bool plain = is_complete(entry.stub->vtbl) && !entry.base;
    auto* s = static_cast<StdStub*>(mem_alloc_zeroed(plain ? sizeof(StdStub) : sizeof(Delegating)));
    if (!s) return e_out_of_memory;
    s->refs = 1;
    s->factory = &factory;
    s->async_iid = entry.async_iid;
    if (entry.async_iid) s->call_factory_vtbl = &stub_call_factory_vtbl;
    factory.vtbl->unknown.AddRef(&factory);
    if (plain) {
        s->vtbl = &entry.stub->vtbl;
    } else {
        auto* d = reinterpret_cast<Delegating*>(s);
        d->table.header = entry.stub->header;
        d->table.vtbl = completed(entry.stub->vtbl);
        d->base_iid = entry.base;
        d->server_face.vtbl = &face_vtbl;
        s->vtbl = &d->table.vtbl;
    }
    auto* made = reinterpret_cast<StubBuffer*>(s);
    Hresult h = server ? made->vtbl->Connect(made, server) : s_ok;
    if (bad(h))
        made->vtbl->unknown.Release(made);
    else
        *stub = made;
    return h;
}

uint32_t release_stub(StubBuffer& stub, FactoryBuffer* factory) {
    int32_t left = decrement(std_stub(&stub).refs);
    if (left != 0) return static_cast<uint32_t>(left);
    stub_disconnect(&stub);
    if (Delegating* d = delegating(stub)) drop(d->base);
    mem_free(&stub);
    if (factory) factory->vtbl->unknown.Release(factory);
    return 0;
}

StubBuffer* base_stub(StubBuffer& stub) {
    Delegating* d = delegating(stub);
    return d ? d->base : nullptr;
}

// --- IRpcStubBuffer
// -------------------------------------------------------------------------------------------------------

Hresult RPC_ENTRY stub_query(void* self, const GUID* iid, void** object) {
    if (!object) return e_pointer;
    *object = nullptr;
    if (!iid) return e_invalidarg;
    bool factory = same(*iid, iid_call_factory) && std_stub(self).call_factory_vtbl;
    if (!factory && !same(*iid, iid_unknown) && !same(*iid, iid_rpc_stub_buffer)) return e_nointerface;
    increment(std_stub(self).refs);
    *object = factory ? static_cast<void*>(&std_stub(self).call_factory_vtbl) : self;
    return s_ok;
}

uint32_t RPC_ENTRY stub_add_ref(void* self) {
    return static_cast<uint32_t>(increment(std_stub(self).refs));
}

Hresult RPC_ENTRY stub_connect(void* self, Unknown* server) {
    auto& stub = *static_cast<StubBuffer*>(self);
    if (!server) return e_invalidarg;
    void* object = nullptr;
    if (Hresult h = server->query(*header_of(stub).iid, &object); bad(h)) return h;
    std::atomic_ref<Unknown*> place(std_stub(self).server);
    if (Unknown* was = place.exchange(static_cast<Unknown*>(object))) was->release();
    Delegating* d = delegating(stub);
    Hresult h = d ? connect_base(*d) : s_ok;
    if (bad(h)) stub_disconnect(self);
    return h;
}

void RPC_ENTRY stub_disconnect(void* self) {
    if (StubBuffer* base = base_stub(*static_cast<StubBuffer*>(self))) base->vtbl->Disconnect(base);
    std::atomic_ref<Unknown*> place(std_stub(self).server);
    if (Unknown* was = place.exchange(nullptr)) was->release();
}

void* RPC_ENTRY stub_is_iid_supported(void* self, const GUID* iid) {
    if (!iid || !same(*iid, *header_of(*static_cast<StubBuffer*>(self)).iid)) return nullptr;
    increment(std_stub(self).refs);  // an interface pointer that is returned is counted
    return self;
}

uint32_t RPC_ENTRY stub_count_refs(void* self) {
    return std::atomic_ref<Unknown*>(std_stub(self).server).load() ? 1 : 0;
}

Hresult RPC_ENTRY stub_debug_query(void* self, void** object) {
    if (!object) return e_pointer;
    *object = std::atomic_ref<Unknown*>(std_stub(self).server).load();
    return *object ? s_ok : e_unexpected;
}

void RPC_ENTRY stub_debug_release(void*, void*) {}

}  // namespace rpc::com
