// Proxies and stubs of interfaces that a type library describes. rpcproxy.h alone declares them; what Wine's oleaut32
// does with them was seen from outside.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "stub/proxy/type_reader.h"

using namespace rpc;
using abi::ours;

RPC_EXPORT(HRESULT, CreateProxyFromTypeInfo)
(ITypeInfo* pTypeInfo, IUnknown* pUnkOuter, REFIID riid, IRpcProxyBuffer** ppProxy, void** ppv) {
    if (!pTypeInfo || !ppProxy || !ppv) return E_INVALIDARG;
    return com::create_proxy_from_type_info(*ours(pTypeInfo), ours(pUnkOuter), riid,
                                            reinterpret_cast<com::ProxyBuffer**>(ppProxy), ppv);
}

RPC_EXPORT(HRESULT, CreateStubFromTypeInfo)
(ITypeInfo* pTypeInfo, REFIID riid, IUnknown* pUnkServer, IRpcStubBuffer** ppStub) {
    if (!pTypeInfo || !ppStub) return E_INVALIDARG;
    return com::create_stub_from_type_info(*ours(pTypeInfo), riid, ours(pUnkServer),
                                           reinterpret_cast<com::StubBuffer**>(ppStub));
}
