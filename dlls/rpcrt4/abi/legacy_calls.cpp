// Entries of older stubs: the first set-up routines, and on x86 the interpreter with the descriptors of -Oi.

#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "base/abi_types.h"
#include "stub/call_message.h"
#include "stub/stub.h"

using namespace rpc;

RPC_EXPORT(void, NdrClientInitialize)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg, PMIDL_STUB_DESC pStubDescriptor,
                                      unsigned int ProcNum) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::client_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor, ProcNum);
}

RPC_EXPORT(unsigned char*, NdrServerInitialize)(PRPC_MESSAGE pRpcMsg, PMIDL_STUB_MESSAGE pStubMsg,
                                                PMIDL_STUB_DESC pStubDescriptor) {
    abi::raise_if_failed(stub::check_version(*pStubDescriptor));
    stub::server_initialize(*pRpcMsg, *pStubMsg, *pStubDescriptor);
    return nullptr;
}

#ifndef _WIN64
RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrClientCall)(PMIDL_STUB_DESC pStubDescriptor, PFORMAT_STRING pFormat, ...) {
    va_list list;
    va_start(list, pFormat);
    uint64_t result = 0;
    abi::raise_if_failed(stub::client_call_oi(*pStubDescriptor, pFormat, abi::arguments_of(list), result));
    va_end(list);
    CLIENT_CALL_RETURN answer;
    answer.Simple = static_cast<LONG_PTR>(result);
    return answer;
}

RPC_EXPORT(void, NdrServerCall)(PRPC_MESSAGE pRpcMsg) { abi::raise_if_failed(stub::server_call_oi(*pRpcMsg)); }
#endif
