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

// A type, and the description that it may need.
struct ProxyType {
    MIDL_STUB_DESC desc;
    pickle::Type type;
    ProxyType(Info info, Proxy proxy, Offsets offsets, unsigned long index) {
        uint32_t flags = info ? static_cast<uint32_t>(info->Flags) : 0;
        raise_if_failed(pickle::type_of(*proxy, offsets, index, flags, desc, type));
    }
};

const MIDL_STUB_DESC* ndr20_desc(Proxy proxy) {
    size_t entry = 0;
    raise_if_failed(pickle::find_ndr20_types(*proxy, entry));
    return proxy->pStubDesc;
}

}  // namespace

RPC_EXPORT(size_t, NdrMesTypeAlignSize3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 const void* pObject) {
    ProxyType of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex);
    return align_size(Handle, of.type, pObject);
}
RPC_EXPORT(void, NdrMesTypeEncode3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 const void* pObject) {
    ProxyType of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex);
    encode(Handle, of.type, pObject);
}
RPC_EXPORT(void, NdrMesTypeDecode3)
(handle_t Handle, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex,
 void* pObject) {
    ProxyType of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex);
    raise_if_failed(pickle::type_decode(Handle, of.type, pObject));
}
RPC_EXPORT(void, NdrMesTypeFree3)
(handle_t, Info pPicklingInfo, Proxy pProxyInfo, Offsets ArrTypeOffset, unsigned long nTypeIndex, void* pObject) {
    ProxyType of(pPicklingInfo, pProxyInfo, ArrTypeOffset, nTypeIndex);
    raise_if_failed(pickle::type_free(of.type, pObject));
}

RPC_EXPORT(size_t, NdrMesSimpleTypeAlignSizeAll)(handle_t Handle, Proxy pProxyInfo) {
    (void)ndr20_desc(pProxyInfo);
    size_t size = 0;
    raise_if_failed(pickle::simple_align_size(Handle, size));
    return size;
}
RPC_EXPORT(void, NdrMesSimpleTypeEncodeAll)(handle_t Handle, Proxy pProxyInfo, const void* pObject, short Size) {
    raise_if_failed(pickle::simple_encode(Handle, ndr20_desc(pProxyInfo), pObject, Size));
}
RPC_EXPORT(void, NdrMesSimpleTypeDecodeAll)(handle_t Handle, Proxy pProxyInfo, void* pObject, short Size) {
    (void)ndr20_desc(pProxyInfo);
    raise_if_failed(pickle::simple_decode(Handle, pObject, Size));
}
#endif
