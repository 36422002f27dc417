#pragma once
// The toolchain's names of COM's structures, and ours: the same bytes. To be included first.
#define CINTERFACE  // rpcproxy.h declares vtables, which C++ otherwise has none of
#include <rpcproxy.h>

#include "stub/proxy/automation.h"

namespace rpc::abi {

static_assert(sizeof(com::ProxyFile) == sizeof(ProxyFileInfo));
static_assert(offsetof(com::ProxyFile, version) == offsetof(ProxyFileInfo, TableVersion));
static_assert(offsetof(com::ProxyFile, async_iids) == offsetof(ProxyFileInfo, pAsyncIIDLookup));
static_assert(sizeof(com::StubTable) == sizeof(CInterfaceStubVtbl));
static_assert(offsetof(com::StubTable, vtbl) == offsetof(CInterfaceStubVtbl, Vtbl));
static_assert(sizeof(com::StdStub) == sizeof(CStdStubBuffer));
static_assert(offsetof(com::StdStub, server) == offsetof(CStdStubBuffer, pvServerObject));
static_assert(offsetof(com::StdStub, factory) == offsetof(CStdStubBuffer, pPSFactory));
static_assert(offsetof(com::StdStub, call_factory_vtbl) == offsetof(CStdStubBuffer, pCallFactoryVtbl));
static_assert(offsetof(com::StdStub, async_iid) == offsetof(CStdStubBuffer, pAsyncIID));
static_assert(sizeof(com::AsyncChannelVtbl) == sizeof(IAsyncRpcChannelBufferVtbl));
static_assert(offsetof(com::AsyncChannelVtbl, Send) == offsetof(IAsyncRpcChannelBufferVtbl, Send));
static_assert(sizeof(com::SynchronizeVtbl) == sizeof(ISynchronizeVtbl));
static_assert(offsetof(com::SynchronizeVtbl, Reset) == offsetof(ISynchronizeVtbl, Reset));
static_assert(sizeof(com::CallFactoryVtbl) == sizeof(ICallFactoryVtbl));
static_assert(sizeof(com::StdFactory) == sizeof(CStdPSFactoryBuffer));
static_assert(offsetof(com::StdFactory, files) == offsetof(CStdPSFactoryBuffer, pProxyFileList));
static_assert(sizeof(RPC_MESSAGE) == sizeof(RPCOLEMESSAGE));
static_assert(offsetof(RPC_MESSAGE, ProcNum) == offsetof(RPCOLEMESSAGE, iMethod));

static_assert(sizeof(com::TypeAttr) == sizeof(TYPEATTR));
static_assert(offsetof(com::TypeAttr, kind) == offsetof(TYPEATTR, typekind));
static_assert(offsetof(com::TypeAttr, alias) == offsetof(TYPEATTR, tdescAlias));
static_assert(sizeof(com::FuncDesc) == sizeof(FUNCDESC));
static_assert(offsetof(com::FuncDesc, vtable_offset) == offsetof(FUNCDESC, oVft));
static_assert(offsetof(com::FuncDesc, result) == offsetof(FUNCDESC, elemdescFunc));
static_assert(sizeof(com::VarDesc) == sizeof(VARDESC));
static_assert(offsetof(com::VarDesc, element) == offsetof(VARDESC, elemdescVar));
static_assert(sizeof(com::ArrayDesc) == sizeof(ARRAYDESC));
static_assert(offsetof(com::ElementDesc, flags) == offsetof(ELEMDESC, paramdesc.wParamFlags));
static_assert(sizeof(com::TypeInfoVtbl) == sizeof(ITypeInfoVtbl));
static_assert(offsetof(com::TypeInfoVtbl, GetRefTypeInfo) == offsetof(ITypeInfoVtbl, GetRefTypeInfo));

// Whether a request says that it is in NDR64.
inline bool is_ndr64(const RPC_MESSAGE& message) {
    constexpr RPC_SYNTAX_IDENTIFIER ndr64 = {
        {0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}}, {1, 0}};
    return message.TransferSyntax && std::memcmp(message.TransferSyntax, &ndr64, sizeof ndr64) == 0;
}

inline com::TypeInfo* ours(ITypeInfo* p) {
    return reinterpret_cast<com::TypeInfo*>(p);
}
inline com::StubBuffer* ours(IRpcStubBuffer* p) {
    return reinterpret_cast<com::StubBuffer*>(p);
}
inline com::Channel* ours(IRpcChannelBuffer* p) {
    return reinterpret_cast<com::Channel*>(p);
}
inline com::Unknown* ours(IUnknown* p) {
    return reinterpret_cast<com::Unknown*>(p);
}
inline com::FactoryBuffer* ours(IPSFactoryBuffer* p) {
    return reinterpret_cast<com::FactoryBuffer*>(p);
}
inline com::StdFactory* ours(CStdPSFactoryBuffer* p) {
    return reinterpret_cast<com::StdFactory*>(p);
}
inline const com::ProxyFile* const* ours(const ProxyFileInfo** p) {
    return reinterpret_cast<const com::ProxyFile* const*>(p);
}

}  // namespace rpc::abi
