#pragma once
// The binding handles that server routines get.
#include "abi/export.h"
#include "call/server_call.h"
#include "runtime/binding.h"
#include "runtime/thread_state.h"

namespace rpc::abi {

// The call behind a handle; NULL: the one that this thread serves. no_call_active; wrong_kind_of_binding for a client's
// binding; invalid_binding.
inline Status server_call(RPC_BINDING_HANDLE handle, Ref<call::ServerCall>& call) {
    call = handle ? runtime::from_handle<call::ServerCall>(handle, runtime::HandleKind::server_call)
                  : runtime::current_call();
    if (call) return Status::ok;
    if (!handle) return Status::no_call_active;
    return runtime::Binding::from_handle(handle) ? Status::wrong_kind_of_binding : Status::invalid_binding;
}

}  // namespace rpc::abi
