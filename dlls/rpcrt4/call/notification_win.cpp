#include "call/notification.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "base/alloc.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/mutex.h"

namespace rpc::call {
namespace {

// user32 imports much that programs without a window never load: it is looked up on first use.
using PostMessageFn = BOOL(WINAPI*)(HWND, UINT, WPARAM, LPARAM);

PostMessageFn post_message() {
    static constinit std::atomic<PostMessageFn> g_post{nullptr};
    PostMessageFn post = g_post.load();
    if (post) return post;
    HMODULE user = LoadLibraryW(L"user32.dll");
    if (!user) return nullptr;
    post = reinterpret_cast<PostMessageFn>(reinterpret_cast<void*>(GetProcAddress(user, "PostMessageW")));
    g_post = post;
    return post;
}

// An APC carries one argument; the routine wants three.
struct ApcDelivery {
    PFN_RPCNOTIFICATION_ROUTINE routine;
    void* subject;
    RPC_ASYNC_EVENT event;
};

void CALLBACK run_apc(ULONG_PTR argument) {
    ApcDelivery delivery = *reinterpret_cast<ApcDelivery*>(argument);
    mem_free(reinterpret_cast<void*>(argument));
    // In the program's own alertable wait, where an exception of its routine is its own: not guarded.
    delivery.routine(static_cast<RPC_ASYNC_STATE*>(delivery.subject), nullptr, delivery.event);
}

bool queue_apc(HANDLE thread, const ApcDelivery& delivery) {
    auto copy = make<ApcDelivery>(delivery);
    if (copy && QueueUserAPC(run_apc, thread, reinterpret_cast<ULONG_PTR>(copy))) return true;
    mem_free(copy);
    return false;
}

}  // namespace

Notification& Notification::operator=(Notification&& other) noexcept {
    if (this == &other) return *this;
    clear();
    type_ = other.type_;
    info_ = other.info_;
    owns_handle_ = std::exchange(other.owns_handle_, false);
    other.type_ = RpcNotificationTypeNone;
    return *this;
}

Status Notification::capture(const RPC_ASYNC_STATE& state) {
    RPC_ASYNC_NOTIFICATION_INFO info;
    static_assert(sizeof info == sizeof state.u);
    std::memcpy(&info, &state.u, sizeof info);
    return capture(state.NotificationType, info);
}

Status Notification::capture(RPC_NOTIFICATION_TYPES type, const RPC_ASYNC_NOTIFICATION_INFO& info) {
    clear();
    if (type < RpcNotificationTypeNone || type > RpcNotificationTypeCallback) return Status::invalid_arg;
    info_ = info;
    if (type == RpcNotificationTypeApc) {
        HANDLE source = info_.APC.hThread ? info_.APC.hThread : GetCurrentThread();
        if (!DuplicateHandle(GetCurrentProcess(), source, GetCurrentProcess(), &info_.APC.hThread, 0, FALSE,
                             DUPLICATE_SAME_ACCESS))
            return Status::invalid_arg;
        owns_handle_ = true;
    }
    type_ = type;
    return Status::ok;
}

Status Notification::capture_event(void* event) {
    clear();
    if (!DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &info_.hEvent, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return Status::invalid_arg;
    owns_handle_ = true;
    type_ = RpcNotificationTypeEvent;
    return Status::ok;
}

void Notification::clear() {
    if (owns_handle_) CloseHandle(type_ == RpcNotificationTypeApc ? info_.APC.hThread : info_.hEvent);
    owns_handle_ = false;
    type_ = RpcNotificationTypeNone;
}

void Notification::deliver(void* subject, RPC_ASYNC_EVENT event) const {
    bool told = true;
    switch (type_) {
    case RpcNotificationTypeNone:
        break;
    case RpcNotificationTypeEvent:
        told = SetEvent(info_.hEvent);
        break;
    case RpcNotificationTypeApc:
        told = queue_apc(info_.APC.hThread, {info_.APC.NotificationRoutine, subject, event});
        break;
    case RpcNotificationTypeIoc:
        told = PostQueuedCompletionStatus(info_.IOC.hIOPort, info_.IOC.dwNumberOfBytesTransferred, info_.IOC.dwCompletionKey,
                                          info_.IOC.lpOverlapped);
        break;
    case RpcNotificationTypeHwnd: {
        PostMessageFn post = post_message();
        told = post && post(info_.HWND.hWnd, info_.HWND.Msg, 0, reinterpret_cast<LPARAM>(subject));
        break;
    }
    case RpcNotificationTypeCallback: {
        uint32_t raised = call_guarded(
            [&] { info_.NotificationRoutine(static_cast<RPC_ASYNC_STATE*>(subject), nullptr, event); });
        if (raised != 0) RPC_LOG(warn, "notification callback raised 0x%08x", raised);
        break;
    }
    }
    if (!told) RPC_LOG(warn, "notification type %d of %p failed: error %lu", type_, subject, GetLastError());
}

}  // namespace rpc::call
