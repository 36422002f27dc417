// Family async: what a server hears of its clients. Sources: the documentation pages of
// RpcServerSubscribeForNotification and RpcServerUnsubscribeForNotification; of the I_ functions the SDK's headers
// alone are published.
#include "abi/export.h"
#include "runtime/convert.h"
#include "runtime/server_notify.h"

using namespace rpc;
using abi::to_rpc;

// For one call: NULL is the one on this thread. Each notification comes at most once. Unsubscribe before the call is
// completed. Any thread.
RPC_EXPORT(RPC_STATUS, RpcServerSubscribeForNotification)
(RPC_BINDING_HANDLE Binding, DWORD Notification, RPC_NOTIFICATION_TYPES NotificationType,
 RPC_ASYNC_NOTIFICATION_INFO* NotificationInfo) {
    return to_rpc(runtime::subscribe(Binding, Notification, NotificationType, NotificationInfo));
}

// NotificationsQueued: how many were sent; some of them may still be on their way.
RPC_EXPORT(RPC_STATUS, RpcServerUnsubscribeForNotification)
(RPC_BINDING_HANDLE Binding, RPC_NOTIFICATIONS Notification, unsigned long* NotificationsQueued) {
    return to_rpc(runtime::unsubscribe(Binding, static_cast<uint32_t>(Notification), NotificationsQueued));
}

// The event is set when the client's connection ends, also after the call. The caller keeps the event and may close it.
RPC_EXPORT(RPC_STATUS, I_RpcServerSubscribeForDisconnectNotification)(RPC_BINDING_HANDLE Binding, void* hEvent) {
    return to_rpc(runtime::subscribe_disconnect(Binding, hEvent, nullptr));
}

// The same, with an id for I_RpcServerUnsubscribeForDisconnectNotification.
RPC_EXPORT(RPC_STATUS, I_RpcServerSubscribeForDisconnectNotification2)
(RPC_BINDING_HANDLE Binding, void* hEvent, UUID* SubscriptionId) {
    if (!SubscriptionId) return RPC_S_INVALID_ARG;
    return to_rpc(runtime::subscribe_disconnect(Binding, hEvent, reinterpret_cast<Uuid*>(SubscriptionId)));
}

// Binding: any call of the same client connection. RPC_S_INVALID_ARG when the event was set already, or never asked
// for.
RPC_EXPORT(RPC_STATUS, I_RpcServerUnsubscribeForDisconnectNotification)
(RPC_BINDING_HANDLE Binding, UUID SubscriptionId) {
    return to_rpc(runtime::unsubscribe_disconnect(Binding, runtime::to_uuid(SubscriptionId)));
}

// The async state of a call handle. RPC_S_INVALID_ASYNC_HANDLE when its call is synchronous.
RPC_EXPORT(RPC_STATUS, I_RpcBindingHandleToAsyncHandle)(RPC_BINDING_HANDLE Binding, void** AsyncHandle) {
    return to_rpc(runtime::async_state_of(Binding, AsyncHandle));
}
