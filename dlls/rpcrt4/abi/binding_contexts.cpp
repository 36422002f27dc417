// Client context handles as programs see them.
#include "abi/export.h"
#include "abi/raise.h"
#include "base/guard.h"
#include "stub/context_handle.h"

using namespace rpc;

namespace {

Status destroy_context(void** variable) {
    void* context = nullptr;
    if (!copy_guarded(static_cast<void*>(&context), variable, sizeof context)) return Status::invalid_handle;
    Status status = stub::client_context_destroy(context);
    if (!failed(status)) *variable = nullptr;
    return status;
}

}  // namespace

RPC_EXPORT(void, RpcSsDestroyClientContext)(void** ContextHandle) {
    abi::raise_if_failed(destroy_context(ContextHandle));
}

RPC_EXPORT(RPC_STATUS, RpcSmDestroyClientContext)(void** ContextHandle) {
    return abi::to_rpc(destroy_context(ContextHandle));
}

// The binding that goes with the context: the context's own, as NDRCContextBinding's. Declared in rpcdce.h.
RPC_EXPORT(RPC_STATUS, RpcSsGetContextBinding)(void* ContextHandle, RPC_BINDING_HANDLE* Binding) {
    void* binding = nullptr;
    const Status status = stub::client_context_binding(ContextHandle, binding);
    if (failed(status)) return abi::to_rpc(status);
    return copy_guarded(static_cast<void*>(Binding), &binding, sizeof binding) ? RPC_S_OK : RPC_S_INVALID_ARG;
}
