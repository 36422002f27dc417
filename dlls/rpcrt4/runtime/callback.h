#pragma once
// [callback] procedures (documentation page "callback attribute"). Server: a message whose Handle is the call that it runs, and that
// is not the dispatched one, makes a call to that call's client. Client: the procedures of RPC_CLIENT_INTERFACE's dispatch table run
// on the thread that waits in the outer call.
#include "base/abi_types.h"
#include "call/client_call.h"
#include "call/server_call.h"

namespace rpc::runtime::callback {

// Whether a server call's message, which is being asked for a buffer, is one for a callback: the dispatched one and its copies
// say in ReservedForRuntime whose they are (see mark_dispatched).
void mark_dispatched(call::ServerCall& call);
bool is_outgoing(const call::ServerCall& call, const RPC_MESSAGE& message);
// The call that a message without a handle means: the one of this thread, where its interface is the message's.
Ref<call::ServerCall> implied_call(const RPC_MESSAGE& message);

// get_buffer, send_receive and free_buffer (message.h) of such a message. wrong_kind_of_binding: the interface is not the call's.
Status get_buffer(Ref<call::ServerCall> call, RPC_MESSAGE& message);
// False: the message has no buffer for a callback.
bool send_receive(RPC_MESSAGE& message, Status& status);
bool free_buffer(RPC_MESSAGE& message);

// The same for the message that a dispatch routine of the client's sees. False: it is none.
bool reply_buffer(RPC_MESSAGE& message, Status& status);
bool free_reply_buffer(RPC_MESSAGE& message);

// Lets the server of `call`, which is to be synchronous, call procedures of `iface` if it has some.
void offer(call::ClientCall& call, const RPC_CLIENT_INTERFACE& iface);

}  // namespace rpc::runtime::callback
