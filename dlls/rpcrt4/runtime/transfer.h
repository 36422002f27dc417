#pragma once
// Stub data in pieces, for the stub of a procedure with pipes (call/transfer.h). `message` is the call's, of either side.
#include "base/abi_types.h"
#include "call/transfer.h"

namespace rpc::runtime {

// Which procedures of an interface are dispatched with the first fragment of their request: asked as it is registered, and
// only of those it has. Set once, at start, by whoever reads their descriptions.
using StreamsTest = bool (*)(const RPC_SERVER_INTERFACE& spec, uint32_t opnum);
void set_streams_test(StreamsTest test);

// Client: of a message that get_buffer saw with RPC_BUFFER_PARTIAL, else cannot_support. Server: any call's.
Status transfer_of(RPC_MESSAGE& message, Ref<call::Transfer>& transfer);
// Client, before send: see ClientCall::set_pipes, and pipes_read.
void set_pipes(RPC_MESSAGE& message, bool request_goes_on, bool reply_is_read);
void pipes_read(RPC_MESSAGE& message);
// Client, synchronous, instead of send_receive: sends what the message has, as set_pipes says. The rest goes and comes by its transfer, whose
// waits this thread's cancel and the binding's time limit end. A failure is the call's, as pieces_failed tells it.
Status start_pieces(RPC_MESSAGE& message);
// Client, synchronous: the transfer has failed with `why`. Ends the call, frees it as a failed send_receive does, and answers what it has come to.
Status pieces_failed(RPC_MESSAGE& message, Status why);
// The representation of what comes.
uint32_t transfer_representation(RPC_MESSAGE& message);
// Server: pipe events are told as `state` says now. Client: as it said when the call was made. invalid_arg.
Status notify_transfer(RPC_MESSAGE& message, const RPC_ASYNC_STATE* state);
// A push or pull has failed with `why`: that ends the call on this side, and frees it. Answers what it has come to.
Status transfer_failed(RPC_MESSAGE& message, RPC_ASYNC_STATE* state, Status why);
// Server, while nothing points into message.Buffer yet: waits for more of the request, which Buffer then has as well. when that is all,
// RPC_BUFFER_PARTIAL leaves RpcFlags and RPC_BUFFER_COMPLETE comes.
Status receive_more(RPC_MESSAGE& message);

}  // namespace rpc::runtime
