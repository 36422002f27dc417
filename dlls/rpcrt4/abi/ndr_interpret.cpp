// The procedure interpreter's synchronous entries, and the set-up that inline stubs share with it.
#include <cstring>

#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "base/abi_types.h"
#include "stub/call_message.h"
#include "stub/comm_status.h"
#include "stub/stub.h"

namespace {

using namespace rpc;

CLIENT_CALL_RETURN to_return(uint64_t result) {
    CLIENT_CALL_RETURN r;
    r.Simple = static_cast<LONG_PTR>(result);
    return r;
}

CLIENT_CALL_RETURN call_or_raise(PMIDL_STUB_DESC desc, PFORMAT_STRING format, stub::Slot* args) {
    uint64_t result = 0;
    abi::raise_if_failed(stub::client_call(*desc, format, args, result));
    return to_return(result);
}

}  // namespace

RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrClientCall2)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = call_or_raise(pStubDescriptor, pFormat, abi::arguments_of(list));
    va_end(list);
    return result;
}

#ifndef _WIN64
// As NdrClientCall2, the arguments themselves following.
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrClientCall4)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    CLIENT_CALL_RETURN result = call_or_raise(pStubDescriptor, pFormat, abi::following(list));
    va_end(list);
    return result;
}
#endif

RPC_EXPORT(void, NdrServerCall2)(PRPC_MESSAGE pRpcMsg) { abi::raise_if_failed(stub::server_call(*pRpcMsg)); }

RPC_EXPORT(void, NdrClientInitializeNew)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor,
                                         unsigned int ProcNum) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::client_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor, ProcNum);
}

RPC_EXPORT(unsigned char*, NdrServerInitializeNew)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg,
                                                   PMIDL_STUB_DESC pStubDescriptor) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::server_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor);
    return nullptr;
}

RPC_EXPORT(RPC_STATUS, NdrMapCommAndFaultStatus)(PMIDL_STUB_MESSAGE, unsigned long* pCommStatus, unsigned long* pFaultStatus,
                                                 RPC_STATUS Status) {
    auto status = static_cast<rpc::Status>(Status);
    if (!failed(status)) return RPC_S_OK;
    unsigned long* target = stub::is_comm_status(status) ? pCommStatus : pFaultStatus;
    if (!target) return Status;
    *target = static_cast<unsigned long>(Status);
    return RPC_S_OK;
}
