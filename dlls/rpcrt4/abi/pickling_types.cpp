// Serialisation of types, as stubs call it. Headers (midles.h) declare these; stub/pickle.h says what they do.
// midles.h needs rpc.h before it.
// clang-format off
#include <rpc.h>
#include <midles.h>
// clang-format on

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/pickle.h"

using namespace rpc;
using abi::raise_if_failed;
namespace pickle = stub::pickle;

namespace {

using Info = const MIDL_TYPE_PICKLING_INFO*;
using Desc = const MIDL_STUB_DESC*;

pickle::Type type_of(Info info, Desc desc, PFORMAT_STRING format) {
    return {desc, format, info ? static_cast<uint32_t>(info->Flags) : 0};
}

size_t align_size(handle_t handle, const pickle::Type& type, const void* object) {
    size_t size = 0;
    raise_if_failed(pickle::type_align_size(handle, type, const_cast<void*>(object), size));
    return size;
}

void encode(handle_t handle, const pickle::Type& type, const void* object) {
    raise_if_failed(pickle::type_encode(handle, type, const_cast<void*>(object)));
}

}  // namespace

RPC_EXPORT(size_t, NdrMesTypeAlignSize)
(handle_t Handle, Desc pStubDesc, PFORMAT_STRING pFormatString, const void* pObject) {
    return align_size(Handle, type_of(nullptr, pStubDesc, pFormatString), pObject);
}
RPC_EXPORT(void, NdrMesTypeEncode)(handle_t Handle, Desc pStubDesc, PFORMAT_STRING pFormatString, const void* pObject) {
    encode(Handle, type_of(nullptr, pStubDesc, pFormatString), pObject);
}
RPC_EXPORT(void, NdrMesTypeDecode)(handle_t Handle, Desc pStubDesc, PFORMAT_STRING pFormatString, void* pObject) {
    raise_if_failed(pickle::type_decode(Handle, type_of(nullptr, pStubDesc, pFormatString), pObject));
}

RPC_EXPORT(size_t, NdrMesTypeAlignSize2)
(handle_t Handle, Info pPicklingInfo, Desc pStubDesc, PFORMAT_STRING pFormatString, const void* pObject) {
    return align_size(Handle, type_of(pPicklingInfo, pStubDesc, pFormatString), pObject);
}
RPC_EXPORT(void, NdrMesTypeEncode2)
(handle_t Handle, Info pPicklingInfo, Desc pStubDesc, PFORMAT_STRING pFormatString, const void* pObject) {
    encode(Handle, type_of(pPicklingInfo, pStubDesc, pFormatString), pObject);
}
RPC_EXPORT(void, NdrMesTypeDecode2)
(handle_t Handle, Info pPicklingInfo, Desc pStubDesc, PFORMAT_STRING pFormatString, void* pObject) {
    raise_if_failed(pickle::type_decode(Handle, type_of(pPicklingInfo, pStubDesc, pFormatString), pObject));
}
// The handle takes no part.
RPC_EXPORT(void, NdrMesTypeFree2)
(handle_t, Info pPicklingInfo, Desc pStubDesc, PFORMAT_STRING pFormatString, void* pObject) {
    raise_if_failed(pickle::type_free(type_of(pPicklingInfo, pStubDesc, pFormatString), pObject));
}

RPC_EXPORT(size_t, NdrMesSimpleTypeAlignSize)(handle_t Handle) {
    size_t size = 0;
    raise_if_failed(pickle::simple_align_size(Handle, size));
    return size;
}
RPC_EXPORT(void, NdrMesSimpleTypeEncode)(handle_t Handle, Desc pStubDesc, const void* pObject, short Size) {
    raise_if_failed(pickle::simple_encode(Handle, pStubDesc, pObject, Size));
}
RPC_EXPORT(void, NdrMesSimpleTypeDecode)(handle_t Handle, void* pObject, short Size) {
    raise_if_failed(pickle::simple_decode(Handle, pObject, Size));
}

#ifdef _WIN64
// Stubs with several transfer syntaxes: ArrTypeOffset has one list of offsets for each.

namespace {

using Proxy = const MIDL_STUBLESS_PROXY_INFO*;
using Offsets = const unsigned long**;

pickle::Type type_of(Info info, Proxy proxy, Offsets offsets, unsigned long index) {
    size_t entry = 0;
    const MIDL_SYNTAX_INFO* syntax = pickle::ndr20_entry(*proxy, entry);
    if (!syntax) abi::raise(Status::unsupported_trans_syn);
    return type_of(info, proxy->pStubDesc, syntax->TypeString + offsets[entry][index]);
}

void require_ndr20(Proxy proxy) {
    size_t entry = 0;
    if (!pickle::ndr20_entry(*proxy, entry)) abi::raise(Status::unsupported_trans_syn);
}

}  // namespace

RPC_EXPORT(size_t, NdrMesTypeAlignSize3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 const void* pObject) {
    return align_size(Handle, type_of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex), pObject);
}
RPC_EXPORT(void, NdrMesTypeEncode3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 const void* pObject) {
    encode(Handle, type_of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex), pObject);
}
RPC_EXPORT(void, NdrMesTypeDecode3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 void* pObject) {
    raise_if_failed(
        pickle::type_decode(Handle, type_of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex), pObject));
}
RPC_EXPORT(void, NdrMesTypeFree3)
(handle_t, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex, void* pObject) {
    raise_if_failed(pickle::type_free(type_of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex), pObject));
}

RPC_EXPORT(size_t, NdrMesSimpleTypeAlignSizeAll)(handle_t Handle, Proxy pProxyInfo) {
    require_ndr20(pProxyInfo);
    size_t size = 0;
    raise_if_failed(pickle::simple_align_size(Handle, size));
    return size;
}
RPC_EXPORT(void, NdrMesSimpleTypeEncodeAll)(handle_t Handle, Proxy pProxyInfo, const void* pObject, short Size) {
    require_ndr20(pProxyInfo);
    raise_if_failed(pickle::simple_encode(Handle, pProxyInfo->pStubDesc, pObject, Size));
}
RPC_EXPORT(void, NdrMesSimpleTypeDecodeAll)(handle_t Handle, Proxy pProxyInfo, void* pObject, short Size) {
    require_ndr20(pProxyInfo);
    raise_if_failed(pickle::simple_decode(Handle, pObject, Size));
}
#endif
