// Host: callbacks only, which is what tests need.
#include "call/notification.h"

#include "base/log.h"

namespace rpc::call {

Notification& Notification::operator=(Notification&& other) noexcept {
    type_ = other.type_;
    info_ = other.info_;
    other.type_ = RpcNotificationTypeNone;
    return *this;
}

Status Notification::capture(const RPC_ASYNC_STATE& state) {
    return capture(state.NotificationType, state.u);
}

Status Notification::capture(RPC_NOTIFICATION_TYPES type, const RPC_ASYNC_NOTIFICATION_INFO& info) {
    if (type != RpcNotificationTypeNone && type != RpcNotificationTypeCallback) return Status::invalid_arg;
    type_ = type;
    info_ = info;
    return Status::ok;
}

Status Notification::capture_event(void*) { return Status::cannot_support; }

void Notification::clear() { type_ = RpcNotificationTypeNone; }

void Notification::deliver(void* subject, RPC_ASYNC_EVENT event) const {
    if (type_ == RpcNotificationTypeCallback)
        info_.NotificationRoutine(static_cast<RPC_ASYNC_STATE*>(subject), nullptr, event);
}

}  // namespace rpc::call
