// NdrStubCall: the COM stubs of MIDL's first interpreter.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/proxy/calls.h"

using namespace rpc;
using abi::ours;

#ifndef _WIN64

RPC_EXPORT(long, NdrStubCall)
(struct IRpcStubBuffer* pThis, struct IRpcChannelBuffer* pChannel, PRPC_MESSAGE pRpcMsg, unsigned long* pdwStubPhase) {
    abi::raise_if_failed(
        com::stub_call_oi(*ours(pThis), ours(pChannel), *pRpcMsg, reinterpret_cast<uint32_t*>(pdwStubPhase)));
    return S_OK;
}

#endif
