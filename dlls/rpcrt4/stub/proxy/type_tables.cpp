#include "stub/proxy/type_tables.h"

#include "base/alloc.h"
#include "stub/proxy/proxy.h"
#include "stub/proxy/stub_buffer.h"

namespace rpc::com {

namespace {

// The tables that a compiler would have written for one interface. It is the "factory" of its proxy or stub, whose last
// reference frees it.
struct TypeTables {
    const FactoryVtbl* vtbl;
    int32_t refs = 1;
    TypeDescription description;
    MIDL_STUB_DESC desc{};
    MIDL_STUBLESS_PROXY_INFO proxy_info{};
    MIDL_SERVER_INFO server_info{};
    StubTable stub{};
    void** proxy = nullptr;  // the identifier's address and a null for each method: a ProxyTable

    ~TypeTables() { mem_free(proxy); }
    FactoryBuffer& face() { return *reinterpret_cast<FactoryBuffer*>(this); }
};

Hresult RPC_ENTRY tables_query(void*, const GUID*, void** object) {
    if (object) *object = nullptr;
    return e_nointerface;
}
uint32_t RPC_ENTRY tables_add_ref(void* self) {
    return static_cast<uint32_t>(increment(static_cast<TypeTables*>(self)->refs));
}
uint32_t RPC_ENTRY tables_release(void* self) {
    int32_t left = decrement(static_cast<TypeTables*>(self)->refs);
    if (left == 0) destroy(static_cast<TypeTables*>(self));
    return static_cast<uint32_t>(left);
}
constexpr FactoryVtbl tables_vtbl = {{tables_query, tables_add_ref, tables_release}, nullptr, nullptr};

TypeTables* make_tables(TypeDescription&& description, const TypeRuntime& runtime) {
    auto* t = make<TypeTables>();
    if (!t) return nullptr;
    t->vtbl = &tables_vtbl;
    t->description = std::move(description);
    TypeDescription& d = t->description;
    t->desc.pfnAllocate = runtime.allocate;
    t->desc.pfnFree = runtime.free;
    t->desc.pFormatTypes = d.formats.types().data();
    t->desc.fCheckBounds = 1;
    t->desc.Version = 0x50002;
    t->desc.mFlags = 1;
    t->desc.aUserMarshalQuadruple = runtime.routines;
    t->proxy_info.pStubDesc = t->server_info.pStubDesc = &t->desc;
    t->proxy_info.ProcFormatString = t->server_info.ProcString = d.formats.procedures().data();
    t->proxy_info.FormatStringOffset = t->server_info.FmtStringOffset = d.offsets.data();
    t->stub.header = {&d.iid, &t->server_info, d.method_count, nullptr};
    t->proxy = static_cast<void**>(mem_alloc_zeroed((1 + d.method_count) * sizeof(void*)));
    if (t->proxy) {
        t->proxy[0] = &d.iid;
        return t;
    }
    destroy(t);
    return nullptr;
}

Interface entry_of(const TypeTables& t) {
    Interface entry;
    entry.proxy = reinterpret_cast<const ProxyTable*>(t.proxy);
    entry.stubless = &t.proxy_info;
    entry.stub = &t.stub;
    entry.base = t.description.has_base ? &t.description.base : nullptr;
    return entry;
}

template <class Create>
Hresult create(TypeDescription&& description, const TypeRuntime& runtime, Create&& create) {
    if (description.method_count < 3 || description.method_count > method_limit ||
        description.offsets.size() != description.method_count)
        return e_invalidarg;
    TypeTables* t = make_tables(std::move(description), runtime);
    if (!t) return e_out_of_memory;
    Hresult h = create(entry_of(*t), t->face());
    tables_release(t);
    return h;
}

}  // namespace

Hresult create_described_proxy(TypeDescription&& description, const TypeRuntime& runtime, Unknown* outer,
                               ProxyBuffer** buffer, void** object) {
    return create(std::move(description), runtime, [&](const Interface& entry, FactoryBuffer& factory) {
        return create_proxy(entry, outer, factory, buffer, object);
    });
}

Hresult create_described_stub(TypeDescription&& description, const TypeRuntime& runtime, Unknown* server,
                              StubBuffer** stub) {
    return create(std::move(description), runtime, [&](const Interface& entry, FactoryBuffer& factory) {
        return create_stub(entry, server, factory, stub);
    });
}

}  // namespace rpc::com
