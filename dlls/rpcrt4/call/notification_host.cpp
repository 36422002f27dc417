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
    const RPC_NOTIFICATION_TYPES type = state.NotificationType;
    if (type != RpcNotificationTypeNone && type != RpcNotificationTypeCallback) return Status::invalid_arg;
    type_ = type;
    info_ = state.u;
    return Status::ok;
}

void Notification::clear() { type_ = RpcNotificationTypeNone; }

void Notification::deliver(void* subject, RPC_ASYNC_EVENT event) const {
    if (type_ == RpcNotificationTypeCallback)
        info_.NotificationRoutine(static_cast<RPC_ASYNC_STATE*>(subject), nullptr, event);
}

}  // namespace rpc::call
