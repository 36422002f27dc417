// What rpcdcep.h declares of error information, without a page: what each does is inferred from its name and parameters.
#include "abi/export.h"
#include "abi/text.h"
#include "base/error_record.h"
#include "base/guard.h"
#include "base/log.h"

using namespace rpc;

// What the calling thread's last error began with, for example a Winsock error behind RPC_S_SERVER_UNAVAILABLE: the status of
// its root record. RPC_S_OK where nothing is noted. It clears nothing.
RPC_EXPORT(RPC_STATUS, I_RpcGetExtendedError)(void) {
    const ErrorChain* const chain = thread_errors(false);
    return chain && !chain->empty() ? static_cast<RPC_STATUS>((*chain)[0]->status) : RPC_S_OK;
}

// For RPC proxies whose callout failed: a record of it for the thread, with the DLL that was called, the stage and the server, and the
// status in the state.
RPC_EXPORT(void, I_RpcRecordCalloutFailure)(RPC_STATUS RpcStatus, RDR_CALLOUT_STATE* CallOutState, unsigned short* DllName) {
    Str dll, server;
    RDR_CALLOUT_STATE state{};
    if (!copy_guarded(&state, CallOutState, sizeof state)) state = {};
    (void)failed(abi::read_text(DllName, dll));  // what cannot be read is left out of the record
    (void)failed(abi::read_text(state.ServerName, server));
    (void)copy_guarded(&CallOutState->LastError, &RpcStatus, sizeof RpcStatus);
    RPC_LOG(warn, "callout of an RPC proxy: status %ld, stage %d", RpcStatus, static_cast<int>(state.LastCalledStage));
    note_error(ErrorComponent::runtime, static_cast<uint32_t>(RpcStatus), detected::none,
               {dll.view(), static_cast<uint32_t>(state.LastCalledStage), server.view()});
}
