// Around the per-type routines: base types, data representation, correlation, full pointers, user_marshal's helpers.
#include <cstring>

#include "abi/export.h"
#include "abi/raise.h"
#include "base/guard.h"
#include "ndr/ndr.h"
#include "stub/type_memory.h"

using namespace rpc;

RPC_EXPORT(void, NdrSimpleTypeMarshall)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, unsigned char FormatChar) {
    abi::raise_if_failed(ndr::simple_type_marshal(*pStubMsg, pMemory, FormatChar));
}

RPC_EXPORT(void, NdrSimpleTypeUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, unsigned char FormatChar) {
    abi::raise_if_failed(ndr::simple_type_unmarshal(*pStubMsg, pMemory, FormatChar));
}

RPC_EXPORT(unsigned long, NdrGetSimpleTypeBufferAlignment)(unsigned char FormatChar) {
    return ndr::simple_type_wire_size(FormatChar) - 1u;
}

RPC_EXPORT(unsigned long, NdrGetSimpleTypeBufferSize)(unsigned char FormatChar) {
    return ndr::simple_type_wire_size(FormatChar);
}

RPC_EXPORT(unsigned long, NdrGetSimpleTypeMemorySize)(unsigned char FormatChar) {
    return ndr::simple_type_memory_size(FormatChar);
}

RPC_EXPORT(void, NdrConvert2)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat, long NumberParams) {
    abi::raise_if_failed(ndr::convert2(*pStubMsg, pFormat, static_cast<int>(NumberParams)));
}

// --- correlation: -Os stubs built with /robust --------------------------------------------------------------------------

RPC_EXPORT(void, NdrCorrelationInitialize)(PMIDL_STUB_MESSAGE pStubMsg, void*, unsigned long, unsigned long) {
    pStubMsg->fHasNewCorrDesc = 1;
    abi::raise_if_failed(ndr::correlation_init(*pStubMsg));
}

RPC_EXPORT(void, NdrCorrelationPass)(PMIDL_STUB_MESSAGE pStubMsg) {
    abi::raise_if_failed(ndr::correlation_pass(*pStubMsg));
}

RPC_EXPORT(void, NdrCorrelationFree)(PMIDL_STUB_MESSAGE pStubMsg) { ndr::correlation_free(*pStubMsg); }

// --- full pointers ------------------------------------------------------------------------------------------------------

RPC_EXPORT(PFULL_PTR_XLAT_TABLES, NdrFullPointerXlatInit)(unsigned long, XLAT_SIDE XlatSide) {
    PFULL_PTR_XLAT_TABLES tables = ndr::full_pointer_tables(XlatSide);
    if (!tables) abi::raise(Status::out_of_memory);
    return tables;
}

RPC_EXPORT(void, NdrFullPointerXlatFree)(PFULL_PTR_XLAT_TABLES pXlatTables) { ndr::full_pointer_tables_free(pXlatTables); }

// TRUE: all of QueryType was asked before for this pointer, and what it leads to is done. *pRefId: its identifier, 0 for NULL.
RPC_EXPORT(int, NdrFullPointerQueryPointer)(PFULL_PTR_XLAT_TABLES pXlatTables, void* pPointer, unsigned char QueryType,
                                            unsigned long* pRefId) {
    uint32_t id = 0;
    bool known = false;
    abi::raise_if_failed(ndr::full_pointer_query(*pXlatTables, pPointer, QueryType, id, known));
    *pRefId = id;
    return known;
}

// The same by identifier; *ppPointer is NULL for one that has no pointer yet.
RPC_EXPORT(int, NdrFullPointerQueryRefId)(PFULL_PTR_XLAT_TABLES pXlatTables, unsigned long RefId, unsigned char QueryType,
                                          void** ppPointer) {
    bool known = false;
    abi::raise_if_failed(ndr::full_pointer_query_id(*pXlatTables, RefId, QueryType, *ppPointer, known));
    return known;
}

RPC_EXPORT(void, NdrFullPointerInsertRefId)(PFULL_PTR_XLAT_TABLES pXlatTables, unsigned long RefId, void* pPointer) {
    abi::raise_if_failed(ndr::full_pointer_insert(*pXlatTables, RefId, pPointer));
}

// TRUE: the pointer is the caller's to free, now and not again.
RPC_EXPORT(int, NdrFullPointerFree)(PFULL_PTR_XLAT_TABLES pXlatTables, void* Pointer) {
    bool first = false;
    abi::raise_if_failed(ndr::full_pointer_free_once(*pXlatTables, Pointer, first));
    return first;
}

// --- memory -------------------------------------------------------------------------------------------------------------

RPC_EXPORT(void, NdrClearOutParameters)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat, void* ArgAddr) {
    abi::raise_if_failed(stub::free_out_memory(*pStubMsg, static_cast<uint8_t*>(ArgAddr), pFormat));
}

// Where the memory at pMemory ends. No page or header has it; the name and its three arguments are all there is.
RPC_EXPORT(unsigned char*, NdrpMemoryIncrement)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    unsigned char* end = nullptr;
    abi::raise_if_failed(ndr::memory_end(*pStubMsg, pMemory, pFormat, end));
    return end;
}

// --- user_marshal -------------------------------------------------------------------------------------------------------

RPC_EXPORT(unsigned char*, NdrUserMarshalSimpleTypeConvert)(unsigned long* pFlags, unsigned char* pBuffer,
                                                            unsigned char FormatChar) {
    unsigned char* after = nullptr;
    abi::raise_if_failed(ndr::convert_user_type(static_cast<uint32_t>(*pFlags) >> 16, pBuffer, FormatChar, after));
    return after;
}

// Only within a user_marshal routine: pFlags starts the block that describes what is being done.
RPC_EXPORT(RPC_STATUS, NdrGetUserMarshalInfo)(unsigned long* pFlags, unsigned long InformationLevel,
                                              NDR_USER_MARSHAL_INFO* pMarshalInfo) {
    USER_MARSHAL_CB block;
    if (!pMarshalInfo || InformationLevel != 1 || !copy_guarded(&block, pFlags, sizeof block) ||
        block.Signature != ndr::user_marshal_signature || !block.pStubMsg)
        return abi::to_rpc(Status::invalid_arg);
    bool buffer = block.CBType == USER_MARSHAL_CB_MARSHALL || block.CBType == USER_MARSHAL_CB_UNMARSHALL;
    const MIDL_STUB_MESSAGE& m = *block.pStubMsg;
    *pMarshalInfo = {};
    pMarshalInfo->InformationLevel = 1;
    pMarshalInfo->Level1.Buffer = buffer ? m.Buffer : nullptr;
    pMarshalInfo->Level1.BufferSize = buffer && m.BufferEnd > m.Buffer ? static_cast<unsigned long>(m.BufferEnd - m.Buffer) : 0;
    pMarshalInfo->Level1.pfnAllocate = m.pfnAllocate;
    pMarshalInfo->Level1.pfnFree = m.pfnFree;
    pMarshalInfo->Level1.pRpcChannelBuffer = m.pRpcChannelBuffer;
    return RPC_S_OK;
}
