// The interpreter's steps by themselves: one type at a time whatever it is, [partial_ignore], older set-up routines. The headers
// declare some of them (rpcndr.h); none has a page. NdrType*, NdrOutInit and NdrUnmarshallBasetypeInline are names and argument
// counts alone: their arguments stand in the order of the routines they are like, NdrPointer* and NdrClearOutParameters.
#include "abi/export.h"
#include "abi/raise.h"
#include "base/abi_types.h"
#include "ndr/ndr.h"
#include "stub/call_message.h"
#include "stub/partial_ignore.h"
#include "stub/stub.h"
#include "stub/type_memory.h"

using namespace rpc;

RPC_EXPORT(void, NdrTypeSize)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    abi::raise_if_failed(ndr::buffer_size(*pStubMsg, pMemory, pFormat));
}

RPC_EXPORT(unsigned char*, NdrTypeMarshall)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    abi::raise_if_failed(ndr::marshal(*pStubMsg, pMemory, pFormat));
    return nullptr;
}

RPC_EXPORT(unsigned char*, NdrTypeUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char** ppMemory, PFORMAT_STRING pFormat,
                                              unsigned char fMustAlloc) {
    abi::raise_if_failed(ndr::unmarshal(*pStubMsg, ppMemory, pFormat, fMustAlloc != 0));
    return nullptr;
}

RPC_EXPORT(void, NdrTypeFree)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    abi::raise_if_failed(ndr::free(*pStubMsg, pMemory, pFormat));
}

RPC_EXPORT(void, NdrUnmarshallBasetypeInline)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pArg, unsigned char Format) {
    abi::raise_if_failed(ndr::simple_type_unmarshal(*pStubMsg, pArg, Format));
}

// Zeroed memory for what an [out] [ref] pointer leads to.
RPC_EXPORT(void, NdrOutInit)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat, unsigned char** ppArg) {
    abi::raise_if_failed(stub::give_out_memory(*pStubMsg, *ppArg, pFormat));
}

// --- [partial_ignore] -----------------------------------------------------------------------------------------------

RPC_EXPORT(void, NdrPartialIgnoreClientBufferSize)(PMIDL_STUB_MESSAGE pStubMsg, void*) { stub::partial_ignore_size(*pStubMsg); }

RPC_EXPORT(void, NdrPartialIgnoreClientMarshall)(PMIDL_STUB_MESSAGE pStubMsg, void* pMemory) {
    abi::raise_if_failed(stub::partial_ignore_marshal(*pStubMsg, pMemory));
}

// *ppMemory: NULL or not, until NdrPartialIgnoreServerInitialize makes it memory.
RPC_EXPORT(void, NdrPartialIgnoreServerUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, void** ppMemory) {
    abi::raise_if_failed(stub::partial_ignore_unmarshal(*pStubMsg, *ppMemory));
}

RPC_EXPORT(void, NdrPartialIgnoreServerInitialize)(PMIDL_STUB_MESSAGE pStubMsg, void** ppMemory, PFORMAT_STRING pFormat) {
    abi::raise_if_failed(stub::partial_ignore_initialize(*pStubMsg, *ppMemory, pFormat));
}

// --- set-up ---------------------------------------------------------------------------------------------------------

// The request is whole whatever size of it the stub would start with.
RPC_EXPORT(void, NdrServerInitializePartial)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor,
                                             unsigned long) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::server_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor);
}

RPC_EXPORT(unsigned char*, NdrServerInitializeUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor,
                                                          PRPC_MESSAGE pRpcMsg) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::server_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor);
    return nullptr;
}

// Between the manager and the reply: what was read is done with, sizing starts from nothing.
RPC_EXPORT(void, NdrServerInitializeMarshall)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg) {
    pStubMsg->RpcMsg = pRpcMsg;
    pStubMsg->BufferLength = 0;
    pStubMsg->PointerBufferMark = nullptr;
}

#ifdef _WIN64
// NdrClientCall2 for a caller that has the arguments in memory already (rpcndr.h).
RPC_EXPORT(CLIENT_CALL_RETURN, NdrpClientCall2)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat,
                                                unsigned char* StartofStack) {
    uint64_t result = 0;
    abi::raise_if_failed(stub::client_call(*pStubDescriptor, pFormat, reinterpret_cast<stub::Slot*>(StartofStack), result));
    CLIENT_CALL_RETURN answer;
    answer.Simple = static_cast<LONG_PTR>(result);
    return answer;
}
#endif
