// Family i_rpc: what stubs and COM call. The headers declare these and document no behaviour: runtime/message.h has it.
#include "abi/export.h"
#include "base/guard.h"
#include "base/uuid.h"
#include "runtime/message.h"
#include "runtime/message_pieces.h"
#include "runtime/thread_state.h"

using namespace rpc;
using abi::to_rpc;

namespace {

template <class F>
RPC_STATUS with_message(PRPC_MESSAGE message, F f) {
    return to_rpc(message ? f(*message) : Status::invalid_arg);
}

}  // namespace

RPC_EXPORT(RPC_STATUS, I_RpcGetBuffer)(PRPC_MESSAGE Message) { return with_message(Message, runtime::get_buffer); }
// A call for that object, whatever the binding's is.
RPC_EXPORT(RPC_STATUS, I_RpcGetBufferWithObject)(RPC_MESSAGE* Message, UUID* ObjectUuid) {
    Uuid object;
    if (!ObjectUuid || !copy_guarded(&object, ObjectUuid, sizeof object)) return RPC_S_INVALID_ARG;
    return with_message(Message, [&](RPC_MESSAGE& m) { return runtime::get_buffer_for(m, object); });
}
// Inferred: the transfer syntaxes of an interface structure that calls may have, here its own; TransferSyntaxSize is how many there is
// room for, TransferSyntaxCount how many there are.
RPC_EXPORT(RPC_STATUS, I_RpcIfInqTransferSyntaxes)
(RPC_IF_HANDLE RpcIfHandle, RPC_TRANSFER_SYNTAX* TransferSyntaxes, unsigned int TransferSyntaxSize, unsigned int* TransferSyntaxCount) {
    RPC_SYNTAX_IDENTIFIER own;
    const unsigned int count = 1;
    static_assert(sizeof own == sizeof *TransferSyntaxes);
    auto spec = static_cast<const RPC_SERVER_INTERFACE*>(RpcIfHandle);
    if (!spec || !copy_guarded(&own, &spec->TransferSyntax, sizeof own) || !TransferSyntaxCount ||
        !copy_guarded(TransferSyntaxCount, &count, sizeof count))
        return RPC_S_INVALID_ARG;
    if (TransferSyntaxSize < count) return to_rpc(Status::buffer_too_small);
    return TransferSyntaxes && copy_guarded(TransferSyntaxes, &own, sizeof own) ? RPC_S_OK : RPC_S_INVALID_ARG;
}
RPC_EXPORT(RPC_STATUS, I_RpcSendReceive)(PRPC_MESSAGE Message) { return with_message(Message, runtime::send_receive); }
RPC_EXPORT(RPC_STATUS, I_RpcSend)(PRPC_MESSAGE Message) { return with_message(Message, runtime::send_piece); }
RPC_EXPORT(RPC_STATUS, I_RpcFreeBuffer)(PRPC_MESSAGE Message) { return with_message(Message, runtime::free_buffer); }

// `Size`: what a receive with RPC_BUFFER_PARTIAL wants at least.
RPC_EXPORT(RPC_STATUS, I_RpcReceive)(PRPC_MESSAGE Message, unsigned int Size) {
    return with_message(Message, [&](RPC_MESSAGE& m) { return runtime::receive_piece(m, Size); });
}

// The buffers of what travels in pieces; the call goes on.
RPC_EXPORT(RPC_STATUS, I_RpcFreePipeBuffer)(RPC_MESSAGE* Message) { return with_message(Message, runtime::free_pipe_buffer); }
RPC_EXPORT(RPC_STATUS, I_RpcReallocPipeBuffer)(PRPC_MESSAGE Message, unsigned int NewSize) {
    return with_message(Message, [&](RPC_MESSAGE& m) { return runtime::realloc_pipe_buffer(m, NewSize); });
}

// One transfer syntax is built: the interface's own is the answer.
RPC_EXPORT(RPC_STATUS, I_RpcNegotiateTransferSyntax)(PRPC_MESSAGE Message) {
    return with_message(Message, runtime::negotiate_transfer_syntax);
}

// The binding handle of the call dispatched on this thread, or NULL.
RPC_EXPORT(RPC_BINDING_HANDLE, I_RpcGetCurrentCallHandle)(void) { return runtime::current_call().get(); }

RPC_EXPORT(void, I_RpcPauseExecution)(unsigned long Milliseconds) { Sleep(Milliseconds); }
