// Endpoints and locks that the headers declare beside the documented functions. Source: rpcdcep.h.
#include "abi/export.h"
#include "base/alloc.h"
#include "base/guard.h"
#include "stub/context_lock.h"

// One network address of several cannot be chosen here; NULL is all of them, as for the documented forms.
RPC_EXPORT(RPC_STATUS, I_RpcServerUseProtseq2A)
(RPC_CSTR NetworkAddress, RPC_CSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor, void* Policy) {
    if (NetworkAddress) return RPC_S_CANNOT_SUPPORT;
    return RpcServerUseProtseqExA(Protseq, MaxCalls, SecurityDescriptor, static_cast<PRPC_POLICY>(Policy));
}
RPC_EXPORT(RPC_STATUS, I_RpcServerUseProtseq2W)
(RPC_WSTR NetworkAddress, RPC_WSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor, void* Policy) {
    if (NetworkAddress) return RPC_S_CANNOT_SUPPORT;
    return RpcServerUseProtseqExW(Protseq, MaxCalls, SecurityDescriptor, static_cast<PRPC_POLICY>(Policy));
}
RPC_EXPORT(RPC_STATUS, I_RpcServerUseProtseqEp2A)
(RPC_CSTR NetworkAddress, RPC_CSTR Protseq, unsigned int MaxCalls, RPC_CSTR Endpoint, void* SecurityDescriptor, void* Policy) {
    if (NetworkAddress) return RPC_S_CANNOT_SUPPORT;
    return RpcServerUseProtseqEpExA(Protseq, MaxCalls, Endpoint, SecurityDescriptor, static_cast<PRPC_POLICY>(Policy));
}
RPC_EXPORT(RPC_STATUS, I_RpcServerUseProtseqEp2W)
(RPC_WSTR NetworkAddress, RPC_WSTR Protseq, unsigned int MaxCalls, RPC_WSTR Endpoint, void* SecurityDescriptor, void* Policy) {
    if (NetworkAddress) return RPC_S_CANNOT_SUPPORT;
    return RpcServerUseProtseqEpExW(Protseq, MaxCalls, Endpoint, SecurityDescriptor, static_cast<PRPC_POLICY>(Policy));
}

RPC_EXPORT(void, I_RpcSsDontSerializeContext)(void) { rpc::stub::dont_serialize_contexts(); }

// ---- a lock that the first request makes; recursive ----

namespace {

// A request has nothing to answer a failure with: without memory it waits for some.
CRITICAL_SECTION* made_lock(I_RPC_MUTEX* variable) {
    if (void* known = InterlockedCompareExchangePointer(variable, nullptr, nullptr)) return static_cast<CRITICAL_SECTION*>(known);
    auto made = static_cast<CRITICAL_SECTION*>(rpc::mem_alloc(sizeof(CRITICAL_SECTION)));
    while (!made) {
        Sleep(10);
        made = static_cast<CRITICAL_SECTION*>(rpc::mem_alloc(sizeof(CRITICAL_SECTION)));
    }
    InitializeCriticalSection(made);
    void* first = InterlockedCompareExchangePointer(variable, made, nullptr);
    if (!first) return made;
    DeleteCriticalSection(made);
    rpc::mem_free(made);
    return static_cast<CRITICAL_SECTION*>(first);
}

}  // namespace

RPC_EXPORT(void, I_RpcRequestMutex)(I_RPC_MUTEX* Mutex) { EnterCriticalSection(made_lock(Mutex)); }
RPC_EXPORT(void, I_RpcClearMutex)(I_RPC_MUTEX Mutex) { LeaveCriticalSection(static_cast<CRITICAL_SECTION*>(Mutex)); }
RPC_EXPORT(void, I_RpcDeleteMutex)(I_RPC_MUTEX Mutex) {
    if (!Mutex) return;
    DeleteCriticalSection(static_cast<CRITICAL_SECTION*>(Mutex));
    rpc::mem_free(Mutex);
}
