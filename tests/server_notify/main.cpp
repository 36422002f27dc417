// What a server hears of its clients, by every notification type, and the I_ functions of the same kind, which only the
// SDK's headers describe.
#include <windows.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "runner.h"
#include "srv.h"

using namespace srv;

static int g_failures;
static void check(bool ok, const char* what, long long number = 0) {
    printf("%s: %s (%lld)\n", ok ? "ok" : "FAILED", what, number);
    g_failures += !ok;
}

// A held call of this process's own.
struct Held {
    handle_t binding = bind(Protocol::lrpc);
    Call call;
    Parked parked;
    Held() {
        const long key = next_key();
        check(binding && call.hold(binding, key) == 0 && wait_parked(key, &parked, 30000), "a held call", key);
    }
    ~Held() {
        unsigned long queued = 99;
        const Outcome outcome =
            GUARDED(RpcServerUnsubscribeForNotification(call_handle(parked), RpcNotificationCallCancel, &queued));
        check(outcome == 0 && queued == 1, "one was queued", queued);
        release(parked, 1);
        check(call.wait(30000) && call.complete() == 0, "the call completes");
        unbind(binding);
    }
    void subscribe(RPC_NOTIFICATION_TYPES type, RPC_ASYNC_NOTIFICATION_INFO info) {
        const Outcome outcome =
            GUARDED(RpcServerSubscribeForNotification(call_handle(parked), RpcNotificationCallCancel, type, &info));
        check(outcome == 0, "subscribed", outcome.value);
    }
    void cancel() { check(call.cancel(false) == 0, "cancelled"); }
};

static void* apc_subject;
static int apc_event = -1;
static void RPC_ENTRY on_apc(RPC_ASYNC_STATE* async, void*, RPC_ASYNC_EVENT event) {
    apc_subject = async;
    apc_event = event;
}

static void test_types() {
    RPC_ASYNC_NOTIFICATION_INFO info{};
    {
        Held held;
        HANDLE event = info.hEvent = CreateEventW(nullptr, TRUE, FALSE, nullptr);
        held.subscribe(RpcNotificationTypeEvent, info);
        check(WaitForSingleObject(event, 0) == WAIT_TIMEOUT, "no event before");
        held.cancel();
        check(WaitForSingleObject(event, 30000) == WAIT_OBJECT_0, "event");
    }
    {
        Held held;
        info = {};
        info.APC.NotificationRoutine = on_apc;
        held.subscribe(RpcNotificationTypeApc, info);  // this thread
        held.cancel();
        for (int i = 0; i < 300 && apc_event < 0; ++i) SleepEx(100, TRUE);
        check(apc_event == RpcClientCancel && apc_subject == held.parked.state, "APC", apc_event);
    }
    {
        Held held;
        OVERLAPPED overlapped{}, *got = nullptr;
        info = {};
        HANDLE port = info.IOC.hIOPort = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
        info.IOC.dwNumberOfBytesTransferred = 3;
        info.IOC.dwCompletionKey = 77;
        info.IOC.lpOverlapped = &overlapped;
        held.subscribe(RpcNotificationTypeIoc, info);
        held.cancel();
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        check(
            GetQueuedCompletionStatus(port, &bytes, &key, &got, 30000) && bytes == 3 && key == 77 && got == &overlapped,
            "packet");
        CloseHandle(port);
    }
    {
        Held held;
        HWND window = CreateWindowW(L"Static", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
        info = {};
        info.HWND.hWnd = window;
        info.HWND.Msg = WM_APP + 3;
        held.subscribe(RpcNotificationTypeHwnd, info);
        held.cancel();
        MSG message{};
        for (int i = 0; i < 300 && message.message != WM_APP + 3; ++i)
            if (!PeekMessageW(&message, window, WM_APP + 3, WM_APP + 3, PM_REMOVE)) Sleep(100);
        check(message.lParam == reinterpret_cast<LPARAM>(held.parked.state), "message");
        DestroyWindow(window);
    }
    {
        Held held;
        notified[4].count = 0;
        info = {};
        info.NotificationRoutine = on_notification;
        held.subscribe(RpcNotificationTypeCallback, info);
        held.cancel();
        for (int i = 0; i < 300 && !notified[4].count; ++i) Sleep(100);
        check(notified[4].count == 1 && notified[4].async == held.parked.state, "callback", notified[4].count);
    }
}

using Subscribe1 = RPC_STATUS(RPC_ENTRY*)(RPC_BINDING_HANDLE, void*);
using Subscribe2 = RPC_STATUS(RPC_ENTRY*)(RPC_BINDING_HANDLE, void*, UUID*);
using Unsubscribe = RPC_STATUS(RPC_ENTRY*)(RPC_BINDING_HANDLE, UUID);
using ToAsync = RPC_STATUS(RPC_ENTRY*)(RPC_BINDING_HANDLE, void**);
template <class F>
static F find(const char* name) {
    auto found = reinterpret_cast<F>(reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"rpcrt4.dll"), name)));
    check(found != nullptr, name);
    return found;
}

static void test_disconnect() {
    const auto subscribe1 = find<Subscribe1>("I_RpcServerSubscribeForDisconnectNotification");
    const auto subscribe2 = find<Subscribe2>("I_RpcServerSubscribeForDisconnectNotification2");
    const auto unsubscribe = find<Unsubscribe>("I_RpcServerUnsubscribeForDisconnectNotification");
    const auto to_async = find<ToAsync>("I_RpcBindingHandleToAsyncHandle");
    const long key = 5000;
    wchar_t arguments[100];
    swprintf(arguments, 100, L"client %lu %u %d 1 %ld", GetCurrentProcessId(), tcp_port(),
             static_cast<int>(Protocol::lrpc), key);
    Child client(arguments);
    Parked parked;
    check(wait_parked(key, &parked, 30000), "another process's call");
    handle_t call = call_handle(parked);
    void* async = nullptr;
    check(to_async(call, &async) == 0 && async == parked.state, "the async handle of the call handle");

    HANDLE first = CreateEventW(nullptr, TRUE, FALSE, nullptr), second = CreateEventW(nullptr, TRUE, FALSE, nullptr),
           third = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    UUID id{}, other{};
    check(subscribe1(call, first) == 0, "subscribed");
    check(subscribe2(call, second, &id) == 0 && subscribe2(call, third, &other) == 0 && memcmp(&id, &other, sizeof id),
          "subscribed twice more, by ids");
    check(unsubscribe(call, id) == 0, "one taken back");
    check(unsubscribe(call, id) == RPC_S_INVALID_ARG, "once");
    check(subscribe2(call, second, nullptr) == RPC_S_INVALID_ARG, "no id");
    check(subscribe1(call, nullptr) == RPC_S_INVALID_ARG, "no event");
    check(subscribe1(nullptr, first) == RPC_S_NO_CALL_ACTIVE, "no call");
    check(subscribe1(&id, first) == RPC_S_INVALID_BINDING, "no handle");
    client.kill();
    check(WaitForSingleObject(first, 30000) == WAIT_OBJECT_0 && WaitForSingleObject(third, 30000) == WAIT_OBJECT_0,
          "both are told");
    check(WaitForSingleObject(second, 0) == WAIT_TIMEOUT, "the one taken back is not");
    ResetEvent(first);
    check(subscribe1(call, first) == 0 && WaitForSingleObject(first, 0) == WAIT_OBJECT_0,
          "who comes late is told at once");
    check(!release(parked, 1).raised, "the call is completed");
}

int main(int argc, char** argv) {
    if (argc > 2 && !strcmp(argv[1], "--role")) return play_role(argv[2], argc - 3, argv + 3);
    check(start(), why().c_str());
    test_types();
    test_disconnect();
    printf("%d failures\n", g_failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), g_failures != 0);
}
