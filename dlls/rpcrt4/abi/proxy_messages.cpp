// What inline proxies and stubs call around their marshalling, and the thunks of interpreted ones.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/call_message.h"
#include "stub/proxy/calls.h"
#include "stub/proxy/messages.h"
#include "stub/proxy/stub_buffer.h"

using namespace rpc;
using abi::ours;

// --- proxies
// ----------------------------------------------------------------------------------------------------------

// Raises CO_E_OBJNOTCONNECTED for a proxy without a channel. NdrProxyFreeBuffer gives back what this takes.
RPC_EXPORT(void, NdrProxyInitialize)
(void* This, PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor, unsigned int ProcNum) {
    abi::raise_if_failed(com::proxy_initialize(This, *pRpcMsg, *pStubMsg, *pStubDescriptor, ProcNum));
}

RPC_EXPORT(void, NdrProxyGetBuffer)(void* This, PMIDL_STUB_MESSAGE pStubMsg) {
    abi::raise_if_failed(com::proxy_get_buffer(This, *pStubMsg));
}

RPC_EXPORT(void, NdrProxySendReceive)(void*, MIDL_STUB_MESSAGE* pStubMsg) {
    abi::raise_if_failed(com::proxy_send_receive(*pStubMsg));
}

RPC_EXPORT(void, NdrProxyFreeBuffer)(void*, MIDL_STUB_MESSAGE* pStubMsg) {
    com::proxy_free_buffer(*pStubMsg);
}

RPC_EXPORT(HRESULT, NdrProxyErrorHandler)(DWORD dwExceptionCode) {
    return com::to_hresult(static_cast<Status>(static_cast<uint32_t>(dwExceptionCode)));
}

RPC_EXPORT(RPC_STATUS, NdrGetDcomProtocolVersion)(PMIDL_STUB_MESSAGE pStubMsg, RPC_VERSION* pVersion) {
    return pStubMsg && pVersion ? abi::to_rpc(com::protocol_version(*pStubMsg, *pVersion)) : RPC_S_INVALID_ARG;
}

// The thunks' way in: every stubless method of every proxy.
extern "C" void rpc::com::rpc_stubless_call(uint32_t method, stub::Slot* arguments, const uint64_t* floats,
                                            StublessResult* result) {
    abi::raise_if_failed(stubless_call(method, arguments, floats, *result));
}

// --- stubs
// ------------------------------------------------------------------------------------------------------------

RPC_EXPORT(void, NdrStubInitialize)
(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor,
 IRpcChannelBuffer* pRpcChannelBuffer) {
    abi::raise_if_failed(com::stub_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor, ours(pRpcChannelBuffer)));
}

// A stub message that only marshals into pRpcMsg's buffer.
RPC_EXPORT(void, NdrStubInitializeMarshall)
(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, IRpcChannelBuffer* pRpcChannelBuffer) {
    *pStubMsg = MIDL_STUB_MESSAGE();
    pStubMsg->RpcMsg = pRpcMsg;
    stub::attach_buffer(*pStubMsg, *pRpcMsg, pRpcMsg->BufferLength);
    com::attach_channel(*pStubMsg, ours(pRpcChannelBuffer));
}

RPC_EXPORT(void, NdrStubGetBuffer)
(IRpcStubBuffer* This, IRpcChannelBuffer* pRpcChannelBuffer, PMIDL_STUB_MESSAGE pStubMsg) {
    abi::raise_if_failed(com::stub_get_buffer(*com::header_of(*ours(This)).iid, *ours(pRpcChannelBuffer), *pStubMsg));
}

// The dispatch entry of inherited methods: the base interface's stub does it.
RPC_EXPORT(void, NdrStubForwardingFunction)
(IRpcStubBuffer* This, IRpcChannelBuffer* pChannel, PRPC_MESSAGE pmsg, DWORD* pdwStubPhase) {
    com::StubBuffer* base = com::base_stub(*ours(This));
    if (!base) abi::raise(com::to_status(com::co_e_obj_not_connected));
    *pdwStubPhase = STUB_CALL_SERVER;  // what its server raises is not of this stub's unmarshalling
    com::Hresult h = base->vtbl->Invoke(base, pmsg, ours(pChannel));
    if (!com::bad(h)) return;
    *pdwStubPhase = STUB_UNMARSHAL;
    abi::raise(com::to_status(h));
}

// The stub's interface as the runtime's own servers describe theirs. Only the header declares it: what is filled in is
// inferred.
RPC_EXPORT(RPC_STATUS, NdrCreateServerInterfaceFromStub)(IRpcStubBuffer* pStub, RPC_SERVER_INTERFACE* pServerIf) {
    if (!pStub || !pServerIf) return RPC_S_INVALID_ARG;
    const com::StubHeader& header = com::header_of(*ours(pStub));
    *pServerIf = RPC_SERVER_INTERFACE();
    pServerIf->Length = sizeof *pServerIf;
    pServerIf->InterfaceId.SyntaxGUID = *header.iid;
    pServerIf->TransferSyntax = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60}},
                                 {2, 0}};
    pServerIf->InterpreterInfo = header.server_info;
    return RPC_S_OK;
}
