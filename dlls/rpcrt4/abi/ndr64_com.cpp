// COM stubs that MIDL made for both transfer syntaxes.
#include "abi/proxy_types.h"

#include "abi/export.h"
#include "abi/raise.h"
#include "stub/proxy/calls.h"

using namespace rpc;
using abi::ours;

#ifdef _WIN64

// A request without a transfer syntax, or in NDR, is described by the top-level strings, whatever pSyntaxInfo holds.
// NDR64 is not offered by anything of ours: RPC_S_UNSUPPORTED_TRANS_SYN is raised.
RPC_EXPORT(long, NdrStubCall3)
(struct IRpcStubBuffer* pThis, struct IRpcChannelBuffer* pChannel, PRPC_MESSAGE pRpcMsg, unsigned long* pdwStubPhase) {
    if (abi::is_ndr64(*pRpcMsg)) abi::raise(Status::unsupported_trans_syn);
    abi::raise_if_failed(
        com::stub_call(*ours(pThis), ours(pChannel), *pRpcMsg, reinterpret_cast<uint32_t*>(pdwStubPhase)));
    return S_OK;
}

#endif
