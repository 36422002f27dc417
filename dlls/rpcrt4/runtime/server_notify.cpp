#include "runtime/server_notify.h"

#include "base/guard.h"
#include "base/os.h"
#include "call/client_call.h"
#include "runtime/handle_table.h"
#include "runtime/thread_state.h"
#include "wire/uuid.h"

namespace rpc::runtime {
namespace {

constexpr uint32_t both = call::ServerCall::client_disconnect | call::ServerCall::call_cancel;

Status find(void* handle, Ref<call::ServerCall>& call) {
    call = handle ? from_handle<call::ServerCall>(handle, HandleKind::server_call) : current_call();
    if (call) return Status::ok;
    return handle ? Status::invalid_binding : Status::no_call_active;
}

struct EventWatch final : link::DisconnectWatch {
    call::Notification how;
    void on_disconnect() override { how.deliver(nullptr, RpcCallComplete); }
};

}  // namespace

Status subscribe(void* handle, uint32_t notifications, RPC_NOTIFICATION_TYPES type,
                 const RPC_ASYNC_NOTIFICATION_INFO* info) {
    if (notifications == 0 || (notifications & ~both)) return Status::cannot_support;
    if (type == RpcNotificationTypeNone) return Status::invalid_arg;
    // An event cannot tell which of the two it was: the documentation wants two subscriptions.
    if (type == RpcNotificationTypeEvent && notifications == both) return Status::invalid_arg;
    RPC_ASYNC_NOTIFICATION_INFO copy;
    if (!copy_guarded(&copy, info, sizeof copy)) return Status::invalid_arg;
    Ref<call::ServerCall> call;
    RPC_TRY(find(handle, call));
    auto subscription = make_ref<call::Subscription>();
    if (!subscription) return Status::out_of_memory;
    RPC_TRY(subscription->how.capture(type, copy));
    return call->subscribe(notifications, std::move(subscription));
}

Status unsubscribe(void* handle, uint32_t notification, ULong32* queued) {
    if (notification != call::ServerCall::client_disconnect && notification != call::ServerCall::call_cancel)
        return Status::cannot_support;
    ULong32 count = 0;
    if (!copy_guarded(queued, &count, sizeof count)) return Status::invalid_arg;
    Ref<call::ServerCall> call;
    RPC_TRY(find(handle, call));
    uint32_t told;
    RPC_TRY(call->unsubscribe(notification, told));
    count = told;
    return copy_guarded(queued, &count, sizeof count) ? Status::ok : Status::invalid_arg;
}

Status subscribe_disconnect(void* handle, void* event, Uuid* id) {
    Ref<call::ServerCall> call;
    RPC_TRY(find(handle, call));
    auto watch = make_ref<EventWatch>();
    if (!watch) return Status::out_of_memory;
    uint8_t random[16];
    if (!os::random_bytes(random, sizeof random)) return Status::out_of_resources;
    watch->id = wire::random_uuid(random);
    if (id && !copy_guarded(id, &watch->id, sizeof *id)) return Status::invalid_arg;
    RPC_TRY(watch->how.capture_event(event));
    if (!call->connection->add_watch(watch)) watch->on_disconnect();
    return Status::ok;
}

Status unsubscribe_disconnect(void* handle, const Uuid& id) {
    Ref<call::ServerCall> call;
    RPC_TRY(find(handle, call));
    return call->connection->remove_watch(id) ? Status::ok : Status::invalid_arg;
}

Status async_state_of(void* handle, void** state) {
    void* found;
    if (auto server = from_handle<call::ServerCall>(handle, HandleKind::server_call)) {
        found = server->async_state();
    } else {
        auto client = from_handle<call::ClientCall>(handle, HandleKind::client_call);
        if (!client) return Status::invalid_binding;
        found = client->async_state();
    }
    if (!found) return Status::invalid_async_handle;
    return copy_guarded(state, &found, sizeof found) ? Status::ok : Status::invalid_arg;
}

}  // namespace rpc::runtime
