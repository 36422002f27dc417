// Proxy DLLs' class objects, standard stubs and the IUnknown of proxies. Pages of rpcproxy.h; [MS-DCOM] has no part in
// it.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "stub/proxy/factory.h"
#include "stub/proxy/proxy.h"
#include "stub/proxy/registry.h"
#include "stub/proxy/stub_buffer.h"

using namespace rpc;
using abi::ours;

// --- the proxy DLL
// ----------------------------------------------------------------------------------------------------

RPC_EXPORT(HRESULT, NdrDllGetClassObject)
(REFCLSID rclsid, REFIID riid, void** ppv, const ProxyFileInfo** pProxyFileList, const CLSID* pclsid,
 CStdPSFactoryBuffer* pPSFactoryBuffer) {
    if (!pPSFactoryBuffer) return E_INVALIDARG;
    return com::get_class_object(rclsid, riid, ppv, ours(pProxyFileList), pclsid, *ours(pPSFactoryBuffer));
}

RPC_EXPORT(HRESULT, NdrDllCanUnloadNow)(CStdPSFactoryBuffer* pPSFactoryBuffer) {
    return pPSFactoryBuffer ? com::can_unload(*ours(pPSFactoryBuffer)) : E_INVALIDARG;
}

// Below HKEY_CLASSES_ROOT: Interface\\{iid} for each interface, CLSID\\{pclsid} for the DLL; without pclsid the first
// interface's identifier is the class.
RPC_EXPORT(HRESULT, NdrDllRegisterProxy)(HMODULE hDll, const ProxyFileInfo** pProxyFileList, const CLSID* pclsid) {
    return hDll && pProxyFileList ? com::register_proxies(hDll, ours(pProxyFileList), pclsid) : E_HANDLE;
}

RPC_EXPORT(HRESULT, NdrDllUnregisterProxy)(HMODULE hDll, const ProxyFileInfo** pProxyFileList, const CLSID* pclsid) {
    return hDll && pProxyFileList ? com::unregister_proxies(ours(pProxyFileList), pclsid) : E_HANDLE;
}

// --- IUnknown of a proxy's interface pointers
// ---------------------------------------------------------------------------

RPC_EXPORT(HRESULT, IUnknown_QueryInterface_Proxy)(IUnknown* This, REFIID riid, void** ppvObject) {
    return com::object_query(This, &riid, ppvObject);
}

RPC_EXPORT(ULONG, IUnknown_AddRef_Proxy)(IUnknown* This) {
    return com::object_add_ref(This);
}

RPC_EXPORT(ULONG, IUnknown_Release_Proxy)(IUnknown* This) {
    return com::object_release(This);
}

// --- CStdStubBuffer
// ---------------------------------------------------------------------------------------------------

RPC_EXPORT(HRESULT, CStdStubBuffer_QueryInterface)(IRpcStubBuffer* This, REFIID riid, void** ppvObject) {
    return com::stub_query(This, &riid, ppvObject);
}

RPC_EXPORT(ULONG, CStdStubBuffer_AddRef)(IRpcStubBuffer* This) {
    return com::stub_add_ref(This);
}

RPC_EXPORT(ULONG, NdrCStdStubBuffer_Release)(IRpcStubBuffer* This, IPSFactoryBuffer* pPSF) {
    return com::release_stub(*ours(This), ours(pPSF));
}

RPC_EXPORT(ULONG, NdrCStdStubBuffer2_Release)(IRpcStubBuffer* This, IPSFactoryBuffer* pPSF) {
    return com::release_stub(*ours(This), ours(pPSF));
}

RPC_EXPORT(HRESULT, CStdStubBuffer_Connect)(IRpcStubBuffer* This, IUnknown* pUnkServer) {
    return com::stub_connect(This, ours(pUnkServer));
}

RPC_EXPORT(void, CStdStubBuffer_Disconnect)(IRpcStubBuffer* This) {
    com::stub_disconnect(This);
}

RPC_EXPORT(HRESULT, CStdStubBuffer_Invoke)
(IRpcStubBuffer* This, RPCOLEMESSAGE* pRpcMsg, IRpcChannelBuffer* pRpcChannelBuffer) {
    return com::stub_invoke(This, reinterpret_cast<RPC_MESSAGE*>(pRpcMsg), ours(pRpcChannelBuffer));
}

RPC_EXPORT(IRpcStubBuffer*, CStdStubBuffer_IsIIDSupported)(IRpcStubBuffer* This, REFIID riid) {
    return static_cast<IRpcStubBuffer*>(com::stub_is_iid_supported(This, &riid));
}

RPC_EXPORT(ULONG, CStdStubBuffer_CountRefs)(IRpcStubBuffer* This) {
    return com::stub_count_refs(This);
}

RPC_EXPORT(HRESULT, CStdStubBuffer_DebugServerQueryInterface)(IRpcStubBuffer* This, void** ppv) {
    return com::stub_debug_query(This, ppv);
}

RPC_EXPORT(void, CStdStubBuffer_DebugServerRelease)(IRpcStubBuffer* This, void* pv) {
    com::stub_debug_release(This, pv);
}
