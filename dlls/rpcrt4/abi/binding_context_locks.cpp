// How the manager of a call uses a context handle. Sources: the documentation page of each function.
#include "abi/export.h"
#include "abi/server_call_handle.h"
#include "stub/context_lock.h"

using namespace rpc;

namespace {

RPC_STATUS change(RPC_BINDING_HANDLE binding, void* user, stub::ContextMode mode) {
    Ref<call::ServerCall> call;
    const Status status = abi::server_call(binding, call);
    return abi::to_rpc(failed(status) ? status : stub::ContextUses::change(call.get(), user, mode));
}

}  // namespace

RPC_EXPORT(RPC_STATUS, RpcSsContextLockExclusive)(RPC_BINDING_HANDLE ServerBindingHandle, PVOID UserContext) {
    return change(ServerBindingHandle, UserContext, stub::ContextMode::exclusive);
}

RPC_EXPORT(RPC_STATUS, RpcSsContextLockShared)(RPC_BINDING_HANDLE ServerBindingHandle, PVOID UserContext) {
    return change(ServerBindingHandle, UserContext, stub::ContextMode::shared);
}

RPC_EXPORT(void, RpcSsDontSerializeContext)(void) { stub::dont_serialize_contexts(); }
