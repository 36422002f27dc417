#pragma once
// Proxies and stubs of interfaces that only a type library describes (CreateProxyFromTypeInfo, CreateStubFromTypeInfo).
#include "stub/proxy/tables.h"
#include "stub/proxy/type_format.h"

namespace rpc::com {

// What an interface is made from, once its description is written. Everything is taken over.
struct TypeDescription {
    GUID iid{};
    GUID base{};  // methods without a procedure are its
    bool has_base = false;
    uint32_t method_count = 0;
    Vector<uint16_t> offsets;  // by method, 0xffff: not described
    FormatWriter formats;
};

// The allocator and the user types' routines, by UserType; they must outlive everything.
struct TypeRuntime {
    void*(__RPC_API* allocate)(size_t);
    void(__RPC_API* free)(void*);
    const USER_MARSHAL_ROUTINE_QUADRUPLE* routines;
};

// As create_proxy and create_stub; what they are made from lives as long as they do.
Hresult create_described_proxy(TypeDescription&& description, const TypeRuntime& runtime, Unknown* outer,
                               ProxyBuffer** buffer, void** object);
Hresult create_described_stub(TypeDescription&& description, const TypeRuntime& runtime, Unknown* server,
                              StubBuffer** stub);

}  // namespace rpc::com
