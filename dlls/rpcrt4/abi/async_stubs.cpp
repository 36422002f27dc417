// The procedure interpreter's asynchronous entries.

#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "base/abi_types.h"
#include "stub/stub.h"

using namespace rpc;

namespace {

CLIENT_CALL_RETURN issue_or_raise(PMIDL_STUB_DESC desc, PFORMAT_STRING format, stub::Slot* args) {
    abi::raise_if_failed(stub::async_client_call(*desc, format, args));
    return {};
}

}  // namespace

// Arguments as with NdrClientCall2.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrAsyncClientCall)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = issue_or_raise(pStubDescriptor, pFormat, abi::arguments_of(list));
    va_end(list);
    return result;
}

#ifndef _WIN64
// As NdrAsyncClientCall, the arguments themselves following.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrAsyncClientCall2)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = issue_or_raise(pStubDescriptor, pFormat, abi::following(list));
    va_end(list);
    return result;
}
#endif

#ifdef _WIN64
// The transfer syntax that is interpreted is NDR 2.0; a proxy or call without it raises RPC_S_UNSUPPORTED_TRANS_SYN.
// The result comes with the call's completion.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, Ndr64AsyncClientCall)(MIDL_STUBLESS_PROXY_INFO* pProxyInfo, unsigned long nProcNum,
                                                           void* pReturnValue, ...) {
    va_list list;
    va_start(list, pReturnValue);
    abi::raise_if_failed(stub::async_client_call_all(*pProxyInfo, nProcNum, abi::following(list)));
    va_end(list);
    return {};
}

RPC_EXPORT(void, Ndr64AsyncServerCallAll)(PRPC_MESSAGE pRpcMsg) {
    abi::raise_if_failed(stub::async_server_call_all(*pRpcMsg));
}

// The entry of an interface's NDR64 dispatch table.
RPC_EXPORT(void, Ndr64AsyncServerCall64)(PRPC_MESSAGE) { abi::raise(Status::unsupported_trans_syn); }
#endif

RPC_EXPORT(void, NdrAsyncServerCall)(PRPC_MESSAGE pRpcMsg) { abi::raise_if_failed(stub::async_server_call(*pRpcMsg)); }
