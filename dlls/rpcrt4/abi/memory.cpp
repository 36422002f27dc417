// Family memory: allocators. Sources: the documentation pages of the RpcSs* and RpcSm* functions; headers (rpcdcep.h)
// for I_RpcAllocate and I_RpcFree, which no page describes. RpcSs* raise what RpcSm* answer.
//
// Two names of the family decline: RpcUserFree, whose page says that it is not supported and its parameters are reserved,
// and NdrpSetRpcSsDefaults, of which nothing is published.
#include "abi/export.h"
#include "abi/raise.h"
#include "base/alloc.h"
#include "base/log.h"
#include "stub/rpcss_memory.h"

using namespace rpc;
using abi::raise_if_failed;
using abi::to_rpc;

// Memory of the process heap; null when there is none. Freed by I_RpcFree.
RPC_EXPORT(void*, I_RpcAllocate)(unsigned int Size) {
    return mem_alloc(Size);
}
RPC_EXPORT(void, I_RpcFree)(void* Object) {
    mem_free(Object);
}

// The buffer cache is the heap: the same pair by other names.
RPC_EXPORT(void*, I_RpcBCacheAllocate)(unsigned int Size) {
    return mem_alloc(Size);
}
RPC_EXPORT(void, I_RpcBCacheFree)(void* Object) {
    mem_free(Object);
}

// --- the environment ------------------------------------------------------------------------------------------------

RPC_EXPORT(void, RpcSsEnableAllocate)(void) {
    raise_if_failed(stub::rpcss::enable());
}
RPC_EXPORT(RPC_STATUS, RpcSmEnableAllocate)(void) {
    return to_rpc(stub::rpcss::enable());
}

RPC_EXPORT(void, RpcSsDisableAllocate)(void) {
    stub::rpcss::disable();
}
RPC_EXPORT(RPC_STATUS, RpcSmDisableAllocate)(void) {
    stub::rpcss::disable();
    return RPC_S_OK;
}

RPC_EXPORT(void*, RpcSsAllocate)(size_t Size) {
    void* memory = nullptr;
    raise_if_failed(stub::rpcss::allocate(Size, memory));
    return memory;
}

RPC_EXPORT(void*, RpcSmAllocate)(size_t Size, RPC_STATUS* pStatus) {
    void* memory = nullptr;
    Status status = stub::rpcss::allocate(Size, memory);
    if (pStatus) *pStatus = to_rpc(status);
    return memory;
}

// Its page knows no exception: what this environment did not allocate (a parameter that the stub left in the request,
// say) stays where it is.
RPC_EXPORT(void, RpcSsFree)(void* NodeToFree) {
    if (Status s = stub::rpcss::free(NodeToFree); failed(s))
        RPC_LOG(info, "RpcSsFree: %p is not of this environment", NodeToFree);
}
RPC_EXPORT(RPC_STATUS, RpcSmFree)(void* NodeToFree) {
    return to_rpc(stub::rpcss::free(NodeToFree));
}

RPC_EXPORT(RPC_SS_THREAD_HANDLE, RpcSsGetThreadHandle)(void) {
    void* handle = nullptr;
    raise_if_failed(stub::rpcss::thread_handle(handle));
    return handle;
}

RPC_EXPORT(RPC_SS_THREAD_HANDLE, RpcSmGetThreadHandle)(RPC_STATUS* pStatus) {
    void* handle = nullptr;
    Status status = stub::rpcss::thread_handle(handle);
    if (pStatus) *pStatus = to_rpc(status);
    return handle;
}

RPC_EXPORT(void, RpcSsSetThreadHandle)(RPC_SS_THREAD_HANDLE Id) {
    raise_if_failed(stub::rpcss::set_thread_handle(Id));
}
RPC_EXPORT(RPC_STATUS, RpcSmSetThreadHandle)(RPC_SS_THREAD_HANDLE Id) {
    return to_rpc(stub::rpcss::set_thread_handle(Id));
}

// --- what client stubs allocate by ----------------------------------------------------------------------------------

RPC_EXPORT(void, RpcSsSetClientAllocFree)(RPC_CLIENT_ALLOC* ClientAlloc, RPC_CLIENT_FREE* ClientFree) {
    raise_if_failed(stub::rpcss::swap_client_alloc_free(ClientAlloc, ClientFree, nullptr, nullptr));
}

RPC_EXPORT(RPC_STATUS, RpcSmSetClientAllocFree)(RPC_CLIENT_ALLOC* ClientAlloc, RPC_CLIENT_FREE* ClientFree) {
    return to_rpc(stub::rpcss::swap_client_alloc_free(ClientAlloc, ClientFree, nullptr, nullptr));
}

RPC_EXPORT(void, RpcSsSwapClientAllocFree)
(RPC_CLIENT_ALLOC* ClientAlloc, RPC_CLIENT_FREE* ClientFree, RPC_CLIENT_ALLOC** OldClientAlloc,
 RPC_CLIENT_FREE** OldClientFree) {
    if (!OldClientAlloc || !OldClientFree) abi::raise(Status::invalid_arg);
    raise_if_failed(stub::rpcss::swap_client_alloc_free(ClientAlloc, ClientFree, OldClientAlloc, OldClientFree));
}

RPC_EXPORT(RPC_STATUS, RpcSmSwapClientAllocFree)
(RPC_CLIENT_ALLOC* ClientAlloc, RPC_CLIENT_FREE* ClientFree, RPC_CLIENT_ALLOC** OldClientAlloc,
 RPC_CLIENT_FREE** OldClientFree) {
    if (!OldClientAlloc || !OldClientFree) return RPC_S_INVALID_ARG;
    return to_rpc(stub::rpcss::swap_client_alloc_free(ClientAlloc, ClientFree, OldClientAlloc, OldClientFree));
}

RPC_EXPORT(RPC_STATUS, RpcSmClientFree)(void* pNodeToFree) {
    stub::rpcss::client_free(pNodeToFree);
    return RPC_S_OK;
}
