// Family async: the life of an asynchronous call as programs steer it. Sources: the documentation page of each function.
#include "abi/export.h"
#include "runtime/async_call.h"
#include "runtime/message.h"

using namespace rpc;
using abi::to_rpc;

// Makes the structure ready for a call: RPC_S_INVALID_ARG for a wrong Size, RPC_S_INVALID_ASYNC_HANDLE for bad memory.
RPC_EXPORT(RPC_STATUS, RpcAsyncInitializeHandle)(PRPC_ASYNC_STATE pAsync, unsigned int Size) {
    return to_rpc(runtime::async_initialize(pAsync, Size));
}

// Obsolete; the structure is checked and nothing else happens.
RPC_EXPORT(RPC_STATUS, RpcAsyncRegisterInfo)(PRPC_ASYNC_STATE pAsync) { return to_rpc(runtime::async_register(pAsync)); }

// Client, any thread: RPC_S_ASYNC_CALL_PENDING, or what the call came to.
RPC_EXPORT(RPC_STATUS, RpcAsyncGetCallStatus)(PRPC_ASYNC_STATE pAsync) { return to_rpc(runtime::async_status(pAsync)); }

// Client: the outcome, once. Server: the answer. Any thread; final unless RPC_S_ASYNC_CALL_PENDING.
RPC_EXPORT(RPC_STATUS, RpcAsyncCompleteCall)(PRPC_ASYNC_STATE pAsync, void* Reply) {
    return to_rpc(runtime::async_complete(pAsync, Reply));
}

// Server: answers with a fault of that code.
RPC_EXPORT(RPC_STATUS, RpcAsyncAbortCall)(PRPC_ASYNC_STATE pAsync, unsigned long ExceptionCode) {
    return to_rpc(runtime::async_abort_call(pAsync, ExceptionCode));
}

// Client: asks the server to end the call; abortive, the call also completes at once. The notification still comes.
RPC_EXPORT(RPC_STATUS, RpcAsyncCancelCall)(PRPC_ASYNC_STATE pAsync, BOOL fAbort) {
    return to_rpc(runtime::async_cancel(pAsync, fAbort != FALSE));
}

// Server, any thread: RPC_S_OK when the client cancelled the call, RPC_S_CALL_IN_PROGRESS when not. NULL: this thread's call.
RPC_EXPORT(RPC_STATUS, RpcServerTestCancel)(RPC_BINDING_HANDLE BindingHandle) {
    return to_rpc(runtime::server_test_cancel(BindingHandle));
}

// For stubs: ties the state to the message's call.
RPC_EXPORT(RPC_STATUS, I_RpcAsyncSetHandle)(PRPC_MESSAGE Message, PRPC_ASYNC_STATE pAsync) {
    return to_rpc(Message ? runtime::async_set_handle(*Message, pAsync, nullptr) : Status::invalid_arg);
}

// RpcAsyncAbortCall for stubs.
RPC_EXPORT(RPC_STATUS, I_RpcAsyncAbortCall)(PRPC_ASYNC_STATE pAsync, unsigned long ExceptionCode) {
    return to_rpc(runtime::async_abort(pAsync, ExceptionCode));
}
