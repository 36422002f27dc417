// The procedure interpreter's asynchronous entries.
#include <cstdarg>

#include "abi/export.h"
#include "abi/raise.h"
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
#ifdef _WIN64
    auto* args = reinterpret_cast<stub::Slot*>(list);
#else
    auto* args = va_arg(list, stub::Slot*);
#endif
    CLIENT_CALL_RETURN result = issue_or_raise(pStubDescriptor, pFormat, args);
    va_end(list);
    return result;
}

#ifndef _WIN64
// As NdrAsyncClientCall, the arguments themselves following.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrAsyncClientCall2)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = issue_or_raise(pStubDescriptor, pFormat, reinterpret_cast<stub::Slot*>(list));
    va_end(list);
    return result;
}
#endif

RPC_EXPORT(void, NdrAsyncServerCall)(PRPC_MESSAGE pRpcMsg) { abi::raise_if_failed(stub::async_server_call(*pRpcMsg)); }
