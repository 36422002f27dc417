#pragma once
// The stub's side of the runtime: I_Rpc* functions in status form. Every one checks the message's handle; a message whose
// runtime part was never set up or was released is RPC_S_INVALID_BINDING. Sources: headers rpcdcep.h; the documentation
// pages of I_RpcGetBuffer and its kin document names only, the behaviour is spec'd in README.md, "The life of a call".
#include "base/abi_types.h"
#include "base/ref.h"
#include "base/status.h"
#include "base/uuid.h"
#include "call/async_stub.h"
#include "link/server_association.h"

namespace rpc::runtime {

// Client: message.Handle is a binding handle, RpcInterfaceInformation an RPC_CLIENT_INTERFACE, BufferLength the size wanted,
// RpcFlags may hold RPC_BUFFER_ASYNC, RPC_BUFFER_PARTIAL (transfer.h, message_pieces.h) and the RPC_NCA_FLAGS. Finds or opens and binds a connection (so an unreachable server or an
// unknown interface shows here), sets Buffer (8-byte aligned, BufferLength bytes, not initialised), ReservedForRuntime
// and DataRepresentation.
// Server: a buffer for the reply; the request's buffer stays valid until the call ends. For a message of another call to the same
// client, made by the stub of a [callback] procedure, see callback.h; Handle may be null for that.
Status get_buffer(RPC_MESSAGE& message);
// The same; a client's call is for `object`, whatever the binding's is.
Status get_buffer_for(RPC_MESSAGE& message, const Uuid& object);

// Chooses among the transfer syntaxes of a client message: the interface's own, the one that is built. TransferSyntax receives it.
Status negotiate_transfer_syntax(RPC_MESSAGE& message);

// Client: ends the call if it is still out, frees Buffer and what get_buffer took; the message may be used again. Server: frees
// the reply buffer of a call that has not been sent.
Status free_buffer(RPC_MESSAGE& message);

// Client: sends BufferLength bytes of Buffer and waits for the reply: Buffer and BufferLength become the reply's stub data,
// DataRepresentation its data representation. A fault is its mapped status; everything is freed then.
Status send_receive(RPC_MESSAGE& message);

// Client (RPC_BUFFER_ASYNC, async_set_handle first): hands the request over and returns; completion notifies. A failure is
// reported here only, and never by a notification too. Server: sends BufferLength bytes of Buffer as the reply and ends the call.
Status send(RPC_MESSAGE& message);

// Client: call_pending until the whole reply is here; then as send_receive's second half.
Status receive(RPC_MESSAGE& message);

// Ties the state to the message's call: RuntimeInfo becomes the call handle. Client: after get_buffer, before send;
// invalid_async_handle for a state whose Size or Signature is wrong, invalid_async_call for one with a pending call; the
// notification is captured here. Server, on the dispatch thread: from here on the call outlives the dispatch routine and ends
// by completion, abort or a manager's exception. Takes over `stub` (may be null: then nothing is told) on success only.
Status async_set_handle(RPC_MESSAGE& message, RPC_ASYNC_STATE* state, call::AsyncStub* stub);

// Server, before a manager routine that may block (a synchronous one): the connection's next call may start.
void manager_may_block(RPC_MESSAGE& message);
// Whether the client of a server's call will read no answer any more.
bool client_gone(void* call_handle);

// Client only: gives a call that async_set_handle tied but that was not sent back to `idle`; the stub is not told.
void async_detach(RPC_MESSAGE& message);

// RpcAsyncAbortCall without the stub's part.
Status async_abort(RPC_ASYNC_STATE* state, uint32_t exception_code);

using link::AssociationData;
// The association's stub data (link/server_association.h), made by `create` on first use.
// `call_handle`: a server call's handle, or null for the call of this thread. out_of_memory when `create` answers null;
// invalid_binding / no_call_active for a handle that is no server call.
Status association_data(void* call_handle, AssociationData* (*create)(), Ref<AssociationData>& data);

// The handle of the call that is dispatched on this thread; null: none.
void* current_call_handle();

// Client context handles hold a binding of their own: a copy of a binding handle, given back with binding_free.
Status binding_copy(void* binding_handle, void** copy);
Status binding_free(void** binding_handle);

}  // namespace rpc::runtime
