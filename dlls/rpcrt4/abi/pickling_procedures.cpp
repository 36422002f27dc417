// Serialisation of procedures. As with remote ones, x64 stubs pass their arguments themselves and x86 stubs the address
// of their first argument; NdrMesProcEncodeDecode4 is the x86 entry that they follow.
// midles.h needs rpc.h before it.
// clang-format off
#include <rpc.h>
#include <midles.h>
// clang-format on

#include <cstdarg>

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/pickle.h"

using namespace rpc;
namespace pickle = stub::pickle;

namespace {

CLIENT_CALL_RETURN encode_or_decode(handle_t handle, const MIDL_STUB_DESC* desc, PFORMAT_STRING format,
                                    stub::Slot* args, stub::Style style) {
    uint64_t result = 0;
    abi::raise_if_failed(pickle::procedure(handle, *desc, format, args, style, result));
    CLIENT_CALL_RETURN answer;
    answer.Simple = static_cast<LONG_PTR>(result);
    return answer;
}

stub::Slot* arguments_of(va_list& list) {
#ifdef _WIN64
    return reinterpret_cast<stub::Slot*>(list);
#else
    return va_arg(list, stub::Slot*);
#endif
}

}  // namespace

// The descriptors of -Oi.
RPC_EXPORT_CDECL(void, NdrMesProcEncodeDecode)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    encode_or_decode(Handle, pStubDesc, pFormatString, arguments_of(list), stub::Style::oi);
    va_end(list);
}

RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode2)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    CLIENT_CALL_RETURN answer =
        encode_or_decode(Handle, pStubDesc, pFormatString, arguments_of(list), stub::Style::oif);
    va_end(list);
    return answer;
}

#ifdef _WIN64
// pReturnValue is for results that are no simple ones, which are not supported.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode3)
(handle_t Handle, const MIDL_STUBLESS_PROXY_INFO* pProxyInfo, unsigned long nProcNum, void* pReturnValue, ...) {
    size_t entry = 0;
    const MIDL_SYNTAX_INFO* syntax = pickle::ndr20_entry(*pProxyInfo, entry);
    if (!syntax) abi::raise(Status::unsupported_trans_syn);
    va_list list;
    va_start(list, pReturnValue);
    PFORMAT_STRING format = syntax->ProcString + syntax->FmtStringOffset[nProcNum];
    CLIENT_CALL_RETURN answer =
        encode_or_decode(Handle, pProxyInfo->pStubDesc, format, arguments_of(list), stub::Style::oif);
    va_end(list);
    return answer;
}
#else
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode4)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    CLIENT_CALL_RETURN answer =
        encode_or_decode(Handle, pStubDesc, pFormatString, reinterpret_cast<stub::Slot*>(list), stub::Style::oif);
    va_end(list);
    return answer;
}
#endif
