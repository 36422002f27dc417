#pragma once
// RpcAsync* and RpcServerTestCancel in status form. A state structure is the program's memory: it is read guarded, and only its
// RuntimeInfo is believed, after the handle table confirmed it and the call confirmed that the state is its own.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::runtime {

// invalid_arg: `size` is not the structure's; invalid_async_handle: the memory cannot be written.
Status async_initialize(RPC_ASYNC_STATE* state, unsigned size);
// call_pending, or the call's result. invalid_binding: no call was issued with this state; invalid_async_handle: no memory there.
Status async_status(RPC_ASYNC_STATE* state);
// Client: call_pending, or the outcome, which frees the call. Server: marshals, answers, frees the call.
Status async_complete(RPC_ASYNC_STATE* state, void* reply);
// Client only: see ClientCall::cancel. invalid_async_call for a server's state.
Status async_cancel(RPC_ASYNC_STATE* state, bool abort);
// Server only: faults the call with `exception_code` (0: invalid_arg) and frees it. invalid_async_call for a client's state.
Status async_abort_call(RPC_ASYNC_STATE* state, uint32_t exception_code);
// Client, for its stub: the call is over for the program, with what it had come to, or with `why` where it goes on still; it is cancelled
// then, and freed without being completed. Answers which.
Status async_drop(RPC_ASYNC_STATE* state, Status why);
// A server's state: where its pipe events are told from now on. Else only the state is checked.
Status async_register(RPC_ASYNC_STATE* state);

// ok: the client cancelled the call; call_in_progress: it did not. Null: the call dispatched on this thread.
Status server_test_cancel(void* call_handle);

}  // namespace rpc::runtime
