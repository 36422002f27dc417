// The entries of stubs that describe their interface in NDR 2.0 and NDR64 both (x64). NDR 2.0 is interpreted; where only
// NDR64 is offered they raise RPC_S_UNSUPPORTED_TRANS_SYN ("not supported by either the client or the server").
#ifdef _WIN64
#include "abi/export.h"
#include "abi/raise.h"
#include "abi/variadic.h"
#include "base/abi_types.h"
#include "stub/stub.h"

using namespace rpc;

RPC_EXPORT_CDECL(CLIENT_CALL_RETURN, NdrClientCall3)(MIDL_STUBLESS_PROXY_INFO* pProxyInfo, unsigned long nProcNum,
                                                     void* pReturnValue, ...) {
    va_list list;
    va_start(list, pReturnValue);
    uint64_t result = 0;
    abi::raise_if_failed(
        stub::client_call_all(*pProxyInfo, nProcNum, abi::following(list), pReturnValue, result));
    va_end(list);
    CLIENT_CALL_RETURN answer;
    answer.Simple = static_cast<LONG_PTR>(result);
    return answer;
}

RPC_EXPORT(void, NdrServerCallAll)(PRPC_MESSAGE pRpcMsg) { abi::raise_if_failed(stub::server_call_all(*pRpcMsg)); }

// The entry of an interface's NDR64 dispatch table.
RPC_EXPORT(void, NdrServerCallNdr64)(PRPC_MESSAGE) { abi::raise(Status::unsupported_trans_syn); }
#endif
