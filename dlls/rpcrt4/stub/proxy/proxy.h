#pragma once
// The standard proxy of one interface: IRpcProxyBuffer for the proxy manager, and the interface itself for the client.
#include "stub/proxy/tables.h"

namespace rpc::com {

struct AsyncCall;

struct Proxy {
    const ProxyBufferVtbl* vtbl;  // IRpcProxyBuffer, the inner unknown
    void** methods;               // the client's interface pointer points here
    void* base_object;            // the base interface's pointer, where inherited methods go; null without delegation
    ProxyBuffer* base;            // its proxy, ours
    int32_t refs;
    Unknown* outer;    // the aggregate's; itself where there is none. Not counted
    Channel* channel;  // null while not connected
    FactoryBuffer* factory;
    const GUID* own_iid;
    const GUID* wire_iid;  // what calls are made on: for a base proxy, the derived interface
    CallFactory call_factory;  // offered where there is an asynchronous twin
    const GUID* async_iid;     // that one, or null
    AsyncCall* async;          // of an asynchronous interface, whose proxy is a call object
    Unknown* synchronizer;     // its event, where no aggregate brings one
    const MIDL_STUBLESS_PROXY_INFO* stubless;
    uint32_t method_count;
    void* table[1];  // the vtable: the DLL's own one may lie in constant memory
};

// *buffer and *object each get a reference; `outer` may be null (then the proxy stands alone). Any thread.
Hresult create_proxy(const Interface& entry, Unknown* outer, FactoryBuffer& factory, ProxyBuffer** buffer,
                     void** object);

// ICallFactory of the proxy of an interface with [async_uuid]: a call object is the proxy of the asynchronous interface, with
// this one's channel.
extern const CallFactoryVtbl proxy_call_factory_vtbl;

// The proxy whose interface pointer that is.
inline Proxy& proxy_of(void* object) {
    return *reinterpret_cast<Proxy*>(static_cast<uint8_t*>(object) - offsetof(Proxy, methods));
}

// IUnknown of a client's interface pointer (IUnknown_*_Proxy): the aggregate's.
Hresult RPC_ENTRY object_query(void* object, const GUID* iid, void** found);
uint32_t RPC_ENTRY object_add_ref(void* object);
uint32_t RPC_ENTRY object_release(void* object);

}  // namespace rpc::com
