// x86 only: what the stubs of MIDL 1 call (stub/ndr1.h), and hard structures (documentation page "Structures",
// FC_HARD_STRUCT).
//
// What still declines in this family, since nothing published says what it does: data_from_ndr, data_into_ndr,
// data_size_ndr, tree_into_ndr, tree_peek_ndr, tree_size_ndr (format strings of their own), NdrServerMarshall,
// NdrServerUnmarshall, GlobalMutexRequestExternal, GlobalMutexClearExternal; and in the family data the tables
// NdrTypeFlags, SimpleTypeAlignment, SimpleTypeBufferSize, SimpleTypeMemorySize and pfn*Routines, whose element types
// and indices no header gives.
#ifndef _WIN64
#include <cstring>
#include <cwchar>

#include "abi/export.h"
#include "abi/raise.h"
#include "base/abi_types.h"
#include "ndr/ndr.h"
#include "stub/ndr1.h"

using namespace rpc;
using abi::raise_if_failed;
namespace ndr1 = stub::ndr1;

RPC_EXPORT(void*, NDRcopy)(void* Target, const void* Source, unsigned int Length) {
    return std::memcpy(Target, Source, Length);
}
RPC_EXPORT(size_t, MIDL_wchar_strlen)(const wchar_t* String) {
    return std::wcslen(String);
}
RPC_EXPORT(void, MIDL_wchar_strcpy)(wchar_t* Target, const wchar_t* Source) {
    std::wcscpy(Target, Source);
}

// --- base types
// ---------------------------------------------------------------------------------------------------------

RPC_EXPORT(void, char_from_ndr)(PRPC_MESSAGE Source, unsigned char* Target) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::character));
}
RPC_EXPORT(void, short_from_ndr)(PRPC_MESSAGE Source, unsigned short* Target) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::short_integer));
}
RPC_EXPORT(void, long_from_ndr)(PRPC_MESSAGE Source, unsigned long* Target) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::long_integer));
}
RPC_EXPORT(void, float_from_ndr)(PRPC_MESSAGE Source, void* Target) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::single_float));
}
RPC_EXPORT(void, double_from_ndr)(PRPC_MESSAGE Source, void* Target) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::double_float));
}
RPC_EXPORT(void, enum_from_ndr)(PRPC_MESSAGE Source, unsigned int* Target) {
    raise_if_failed(ndr1::read_enum(*Source, Target));
}

// Source: the address of the place in the buffer, which moves.
RPC_EXPORT(void, short_from_ndr_temp)(unsigned char** Source, unsigned short* Target, unsigned long Format) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::short_integer, Format));
}
RPC_EXPORT(void, long_from_ndr_temp)(unsigned char** Source, unsigned long* Target, unsigned long Format) {
    raise_if_failed(ndr1::read(*Source, Target, ndr1::long_integer, Format));
}

// --- arrays: from LowerIndex up to but not including UpperIndex
// -----------------------------------------------------------

RPC_EXPORT(void, char_array_from_ndr)
(PRPC_MESSAGE Source, unsigned long LowerIndex, unsigned long UpperIndex, unsigned char* Target) {
    raise_if_failed(ndr1::read_array(*Source, LowerIndex, UpperIndex, Target, ndr1::character));
}
RPC_EXPORT(void, short_array_from_ndr)
(PRPC_MESSAGE Source, unsigned long LowerIndex, unsigned long UpperIndex, unsigned short* Target) {
    raise_if_failed(ndr1::read_array(*Source, LowerIndex, UpperIndex, Target, ndr1::short_integer));
}
RPC_EXPORT(void, long_array_from_ndr)
(PRPC_MESSAGE Source, unsigned long LowerIndex, unsigned long UpperIndex, unsigned long* Target) {
    raise_if_failed(ndr1::read_array(*Source, LowerIndex, UpperIndex, Target, ndr1::long_integer));
}
RPC_EXPORT(void, float_array_from_ndr)
(PRPC_MESSAGE Source, unsigned long LowerIndex, unsigned long UpperIndex, void* Target) {
    raise_if_failed(ndr1::read_array(*Source, LowerIndex, UpperIndex, Target, ndr1::single_float));
}
RPC_EXPORT(void, double_array_from_ndr)
(PRPC_MESSAGE Source, unsigned long LowerIndex, unsigned long UpperIndex, void* Target) {
    raise_if_failed(ndr1::read_array(*Source, LowerIndex, UpperIndex, Target, ndr1::double_float));
}

// --- hard structures
// ------------------------------------------------------------------------------------------------------

RPC_EXPORT(void, NdrHardStructBufferSize)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    raise_if_failed(ndr::buffer_size(*pStubMsg, pMemory, pFormat));
}
RPC_EXPORT(unsigned char*, NdrHardStructMarshall)
(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    raise_if_failed(ndr::marshal(*pStubMsg, pMemory, pFormat));
    return nullptr;
}
RPC_EXPORT(unsigned char*, NdrHardStructUnmarshall)
(PMIDL_STUB_MESSAGE pStubMsg, unsigned char** ppMemory, PFORMAT_STRING pFormat, unsigned char fMustAlloc) {
    raise_if_failed(ndr::unmarshal(*pStubMsg, ppMemory, pFormat, fMustAlloc != 0));
    return nullptr;
}
RPC_EXPORT(unsigned long, NdrHardStructMemorySize)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat) {
    uint32_t size = 0;
    raise_if_failed(ndr::memory_size(*pStubMsg, pFormat, size));
    return size;
}
RPC_EXPORT(void, NdrHardStructFree)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pMemory, PFORMAT_STRING pFormat) {
    raise_if_failed(ndr::free(*pStubMsg, pMemory, pFormat));
}
#endif
