// The interpreter's entries for COM's stubs.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/proxy/calls.h"

using namespace rpc;
using abi::ours;

// S_OK, or raises: what is wrong with the request or the reply; the method's own exceptions pass through.
RPC_EXPORT(long, NdrStubCall2)
(struct IRpcStubBuffer* pThis, struct IRpcChannelBuffer* pChannel, PRPC_MESSAGE pRpcMsg, unsigned long* pdwStubPhase) {
    abi::raise_if_failed(
        com::stub_call(*ours(pThis), ours(pChannel), *pRpcMsg, reinterpret_cast<uint32_t*>(pdwStubPhase)));
    return S_OK;
}
