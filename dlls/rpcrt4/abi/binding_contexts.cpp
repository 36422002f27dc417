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

RPC_EXPORT(void, RpcSsDestroyClientContext)(void** ContextHandle) { abi::raise_if_failed(destroy_context(ContextHandle)); }

RPC_EXPORT(RPC_STATUS, RpcSmDestroyClientContext)(void** ContextHandle) { return abi::to_rpc(destroy_context(ContextHandle)); }
