#pragma once
// What a server may hear of a client while it serves it: RpcServerSubscribeForNotification and its kin in status form. A null handle
// is the call dispatched on this thread (no_call_active where there is none); invalid_binding for what is no server call.
// Sources: the documentation pages of RpcServerSubscribeForNotification and RpcServerUnsubscribeForNotification; headers.
#include "base/abi_types.h"
#include "base/status.h"
#include "base/uuid.h"

namespace rpc::runtime {

// `notifications`: RPC_NOTIFICATIONS, both at once unless by event (invalid_arg); cannot_support for other bits and for none.
// `info` is copied. invalid_arg: type None or unknown, no info there, subscribed already.
Status subscribe(void* call_handle, uint32_t notifications, RPC_NOTIFICATION_TYPES type,
                 const RPC_ASYNC_NOTIFICATION_INFO* info);
// One notification at a time (cannot_support). `queued` receives how many were sent. invalid_arg: no `queued`, not subscribed.
Status unsubscribe(void* call_handle, uint32_t notification, ULong32* queued);

// Sets `event` when the connection that carries the call ends, be it after the call's own end; at once when it has. The event
// is duplicated. `id`, which may be null, receives what unsubscribe_disconnect takes. invalid_arg: no event.
Status subscribe_disconnect(void* call_handle, void* event, Uuid* id);
// By any call of the same connection. invalid_arg: there is no such subscription (any more).
Status unsubscribe_disconnect(void* call_handle, const Uuid& id);

// The async state of an asynchronous call's handle, a client's or a server's: I_RpcBindingHandleToAsyncHandle.
// invalid_async_handle: the call is synchronous.
Status async_state_of(void* call_handle, void** state);

}  // namespace rpc::runtime
