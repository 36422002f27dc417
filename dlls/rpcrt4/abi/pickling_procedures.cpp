// Serialisation of procedures. As with remote ones, x64 stubs pass their arguments themselves and x86 stubs the address
// of their first argument; NdrMesProcEncodeDecode4 is the x86 entry that they follow.
// midles.h needs rpc.h before it.
// clang-format off
#include <rpc.h>
#include <midles.h>
// clang-format on

#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "stub/pickle.h"
#include "stub/syntax.h"

using namespace rpc;
namespace pickle = stub::pickle;

namespace {

CLIENT_CALL_RETURN encode_or_decode(handle_t handle, const MIDL_STUB_DESC* desc, PFORMAT_STRING format,
                                    stub::Slot* args, stub::Style style, void* returned = nullptr) {
    uint64_t result = 0;
    abi::raise_if_failed(pickle::procedure(handle, *desc, format, args, style, returned, result));
    CLIENT_CALL_RETURN answer;
    answer.Simple = static_cast<LONG_PTR>(result);
    return answer;
}

}  // namespace

// The descriptors of -Oi.
RPC_EXPORT_CDECL(void, NdrMesProcEncodeDecode)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    encode_or_decode(Handle, pStubDesc, pFormatString, abi::arguments_of(list), stub::Style::oi);
    va_end(list);
}

RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode2)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    CLIENT_CALL_RETURN answer =
        encode_or_decode(Handle, pStubDesc, pFormatString, abi::arguments_of(list), stub::Style::oif);
    va_end(list);
    return answer;
}

#ifdef _WIN64
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode3)
(handle_t Handle, const MIDL_STUBLESS_PROXY_INFO* pProxyInfo, unsigned long nProcNum, void* pReturnValue, ...) {
    stub::Ndr20Interface ndr20;
    PFORMAT_STRING format = nullptr;
    abi::raise_if_failed(stub::find_ndr20(*pProxyInfo, ndr20));
    abi::raise_if_failed(ndr20.procedure(nProcNum, format));
    MIDL_STUB_DESC own = ndr20.own_desc();
    va_list list;
    va_start(list, pReturnValue);
    CLIENT_CALL_RETURN answer = encode_or_decode(Handle, ndr20.matches_desc() ? ndr20.desc : &own, format,
                                                 abi::arguments_of(list), stub::Style::oif, pReturnValue);
    va_end(list);
    return answer;
}
#else
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrMesProcEncodeDecode4)
(handle_t Handle, const MIDL_STUB_DESC* pStubDesc, PFORMAT_STRING pFormatString, ...) {
    va_list list;
    va_start(list, pFormatString);
    CLIENT_CALL_RETURN answer =
        encode_or_decode(Handle, pStubDesc, pFormatString, abi::following(list), stub::Style::oif);
    va_end(list);
    return answer;
}
#endif
