// COM's asynchronous calls: the interpreter's entries for proxies and stubs of interfaces with [async_uuid]. Only headers and the pages
// about call objects are public; stub/proxy/async_call.h and async_stub.h say what is inferred.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "stub/proxy/async_stub.h"
#include "stub/proxy/calls.h"

using namespace rpc;
using abi::ours;

namespace {

CLIENT_CALL_RETURN call_or_raise(PMIDL_STUB_DESC desc, PFORMAT_STRING format, stub::Slot* args) {
    uint64_t result = 0;
    abi::raise_if_failed(com::async_object_call(*desc, format, args, result));
    CLIENT_CALL_RETURN returned = {};
    returned.Simple = static_cast<LONG_PTR>(result);
    return returned;
}

}  // namespace

// A Begin_ or Finish_ of the call object that is the first argument; arguments as with NdrClientCall2. Answers the method's HRESULT or why the
// half failed: RPC_S_CALLPENDING, RPC_E_CALL_COMPLETE, E_NOINTERFACE of a channel that has no IAsyncRpcChannelBuffer. Raises
// RPC_X_BAD_STUB_DATA for anything that is no half of a call object.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrDcomAsyncClientCall)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat,
                                                             ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = call_or_raise(pStubDescriptor, pFormat, abi::arguments_of(list));
    va_end(list);
    return result;
}

#ifndef _WIN64
// As NdrDcomAsyncClientCall, the arguments themselves following.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrDcomAsyncClientCall2)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat,
                                                              ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = call_or_raise(pStubDescriptor, pFormat, abi::following(list));
    va_end(list);
    return result;
}
#else
// As NdrDcomAsyncClientCall for an interface in several transfer syntaxes, of which NDR 2.0 is interpreted. pReturnValue may be null, else it
// gets the HRESULT.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, Ndr64DcomAsyncClientCall)(MIDL_STUBLESS_PROXY_INFO* pProxyInfo,
                                                               unsigned long nProcNum, void* pReturnValue, ...) {
    va_list list;
    va_start(list, pReturnValue);
    uint64_t result = 0;
    abi::raise_if_failed(
        com::async_object_call_all(*pProxyInfo, nProcNum, abi::following(list), result));
    va_end(list);
    if (pReturnValue) *static_cast<HRESULT*>(pReturnValue) = static_cast<HRESULT>(result);
    CLIENT_CALL_RETURN returned = {};
    returned.Simple = static_cast<LONG_PTR>(result);
    return returned;
}

// NDR64 is not offered by anything of ours: RPC_S_UNSUPPORTED_TRANS_SYN is raised for a request in it.
RPC_EXPORT(long, Ndr64DcomAsyncStubCall)
(struct IRpcStubBuffer* pThis, struct IRpcChannelBuffer* pChannel, PRPC_MESSAGE pRpcMsg, unsigned long* pdwStubPhase) {
    if (abi::is_ndr64(*pRpcMsg)) abi::raise(Status::unsupported_trans_syn);
    abi::raise_if_failed(
        com::async_stub_call(*ours(pThis), ours(pChannel), *pRpcMsg, reinterpret_cast<uint32_t*>(pdwStubPhase)));
    return S_OK;
}
#endif

// Calls Begin_ for a synchronous request; the reply is sent when the server's call object has signalled. S_OK, or raises why there will be
// none; what Begin_ raises passes through.
RPC_EXPORT(long, NdrDcomAsyncStubCall)
(struct IRpcStubBuffer* pThis, struct IRpcChannelBuffer* pChannel, PRPC_MESSAGE pRpcMsg, unsigned long* pdwStubPhase) {
    abi::raise_if_failed(
        com::async_stub_call(*ours(pThis), ours(pChannel), *pRpcMsg, reinterpret_cast<uint32_t*>(pdwStubPhase)));
    return S_OK;
}
