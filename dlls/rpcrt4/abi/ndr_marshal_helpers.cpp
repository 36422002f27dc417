// Around the per-type routines: base types, data representation, correlation, full pointers, user_marshal's helpers.
#include <cstring>

#include "abi/export.h"
#include "abi/raise.h"
#include "base/guard.h"
#include "ndr/ndr.h"

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
