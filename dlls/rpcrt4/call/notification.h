#pragma once
// How the program wants to hear of an asynchronous call: captured from its state structure when the call is tied, so that
// what the program does to the structure afterwards cannot misdirect it. Source: RPC_ASYNC_NOTIFICATION_INFO's page.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::call {

class Notification {
public:
    Notification() = default;
    ~Notification() { clear(); }
    Notification(const Notification&) = delete;
    Notification& operator=(const Notification&) = delete;
    Notification(Notification&& other) noexcept { *this = static_cast<Notification&&>(other); }
    Notification& operator=(Notification&& other) noexcept;

    // Reads the state's type and union. An APC without a thread is for the calling one; its handle is duplicated, so that a thread that
    // ends makes the delivery fail harmlessly. invalid_arg for an unknown type.
    Status capture(const RPC_ASYNC_STATE& state);
    Status capture(RPC_NOTIFICATION_TYPES type, const RPC_ASYNC_NOTIFICATION_INFO& info);
    // An event through a handle of our own, for what may outlast the program's. invalid_arg.
    Status capture_event(void* event);
    void clear();

    // Tells the program. Unlocked, any thread; a callback runs guarded. `subject` is what routines get as pAsync. Failures
    // (a closed handle, an ended thread) are logged: there is nobody else to tell.
    void deliver(void* subject, RPC_ASYNC_EVENT event) const;

    RPC_NOTIFICATION_TYPES type() const { return type_; }

private:
    RPC_NOTIFICATION_TYPES type_ = RpcNotificationTypeNone;
    bool owns_handle_ = false;  // of the APC's thread or of the event
    RPC_ASYNC_NOTIFICATION_INFO info_{};
};

}  // namespace rpc::call
