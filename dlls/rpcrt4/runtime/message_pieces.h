#pragma once
// Stub data in pieces, for a program that makes them itself: I_RpcSend and I_RpcReceive with RPC_BUFFER_PARTIAL and the two that
// see to such a message's buffer. rpcdcep.h declares the functions and the flags, and no document says more: what they do here is inferred
// from their names, from winerror.h's RPC_S_SEND_INCOMPLETE and from what pipes need (C706 chapter 14). `message` is one thread's at a time.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::runtime {

// Client, whose get_buffer saw RPC_BUFFER_PARTIAL: with RPC_BUFFER_PARTIAL the request goes on behind this piece, without
// it this is the last one, which may be empty. send_incomplete: a rest of less than a whole piece was kept, which Buffer and BufferLength now
// are, in front of whatever follows; else, of a piece, no buffer is left (realloc_pipe_buffer gets one). RpcSendComplete follows where the
// state wants it. Server: likewise, of the reply, whose last piece is what the message has at the end. A synchronous call's thread may wait, on
// either side; what its call has ended with, it hears here.
// Every other message: as send. cannot_support: RPC_BUFFER_PARTIAL, and get_buffer was not told.
Status send_piece(RPC_MESSAGE& message);

// Client, of the same messages: Buffer and BufferLength become what has come of the reply, at least `size` bytes with RPC_BUFFER_PARTIAL, else
// all of it. What the last receive gave counts as consumed, unless RPC_BUFFER_EXTRA keeps it in front. call_pending: there is less; RpcReceiveComplete
// follows when more comes, unless RPC_BUFFER_NONOTIFY; a synchronous call's thread waits. With the end of the reply RPC_BUFFER_COMPLETE replaces RPC_BUFFER_PARTIAL, and
// there may be less than `size`. Server: with RPC_BUFFER_PARTIAL
// waits for as much of the request, which Buffer has from its start; without, all of it is there. Every other message: as receive.
Status receive_piece(RPC_MESSAGE& message, uint32_t size);
// send_receive of such a message: all of the request, and all of the reply.
Status send_receive_pieces(RPC_MESSAGE& message);

// Frees Buffer, be it to be sent or received, which becomes null; the call goes on. Nothing for a null one. invalid_arg: it is not the call's.
Status free_pipe_buffer(RPC_MESSAGE& message);
// Buffer, which may move, has `size` bytes from now on and so BufferLength: the first ones as they were, others not initialised. A null one is
// made: the next piece's. out_of_memory: nothing has changed. invalid_arg: it is not the call's.
Status realloc_pipe_buffer(RPC_MESSAGE& message, uint32_t size);

}  // namespace rpc::runtime
