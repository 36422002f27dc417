// 7.2 Plain completion, every notification type.
#include "bind.h"
#include "support/threads.h"
#include <memory>
#include <vector>

using namespace srv;

static Result add_over(Protocol protocol, bool manual_reset) {
    BIND(b, protocol);
    Call call(manual_reset);
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event in 5 s");
    if (manual_reset) EXPECT(call.wait(0) && call.wait(0), "the event did not stay signalled");
    EXPECT_IS(call.status(), 0);
    EXPECT_IS(call.complete(), 0);
    if (manual_reset) EXPECT(call.wait(0), "the event did not stay signalled after completion");
    EXPECT(call.out == 13 && call.result == 42, "c %ld, return value %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
CASE(28, "RPC:making-the-asynchronous-call; API", "Add over ncalrpc: event, status 0, results") {
    return add_over(Protocol::lrpc, false);
}
CASE(29, "RPC:asynchronous-rpc", "Add over ncacn_ip_tcp") { return add_over(Protocol::tcp, false); }
CASE(30, "inf", "a manual-reset event stays signalled") { return add_over(Protocol::lrpc, true); }
CASE(31, "API:RPC_ASYNC_STATE", "state.Event is RpcCallComplete") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.Event = static_cast<RPC_ASYNC_EVENT>(77);
    EXPECT_IS(call.add(b, 2, 3), 0);
    EXPECT(call.wait(), "no event in 5 s");
    EXPECT(call.state.Event == RpcCallComplete, "Event is %d", call.state.Event);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0");
}
CASE(32, "API", "polling the status: 997 while held, then 0") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.NotificationType = RpcNotificationTypeNone;
    HOLD(call, b, parked);
    EXPECT_IS(call.status(), 997);
    EXPECT_IS(release(parked, 10), 0);
    Outcome outcome;
    for (int i = 0; i < 100 && (outcome = call.status()) == 997; ++i) Sleep(50);
    EXPECT(outcome == 0, "the status became %s", outcome.text().c_str());
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 10 && call.result == 11, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("997, then 0");
}
CASE(33, "API", "polling CompleteCall alone: 997, then 0") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.NotificationType = RpcNotificationTypeNone;
    HOLD(call, b, parked);
    EXPECT_IS(call.complete(), 997);
    EXPECT_IS(call.complete(), 997);
    EXPECT_IS(release(parked, 10), 0);
    Outcome outcome;
    for (int i = 0; i < 100 && (outcome = call.complete()) == 997; ++i) Sleep(50);
    EXPECT(outcome == 0, "it became %s", outcome.text().c_str());
    EXPECT(call.out == 10 && call.result == 11, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("997, then 0");
}

// What a notification routine saw. One at a time: cases run one after the other in their process.
static struct Seen {
    volatile long count;
    void *async, *context, *user;
    int event;
    unsigned thread;
    Outcome inside;
    enum { nothing, complete, status } what;
    long reply;
} seen;

static void RPC_ENTRY routine(RPC_ASYNC_STATE* state, void* context, RPC_ASYNC_EVENT event) {
    seen.async = state;
    seen.context = context;
    seen.event = event;
    seen.thread = GetCurrentThreadId();
    seen.user = state ? state->UserInfo : nullptr;
    if (seen.what == Seen::complete) seen.inside = GUARDED(RpcAsyncCompleteCall(state, &seen.reply));
    if (seen.what == Seen::status) seen.inside = GUARDED(RpcAsyncGetCallStatus(state));
    InterlockedIncrement(&seen.count);
}

static void use_apc(Call& call, HANDLE thread) {
    seen = {};
    call.state.NotificationType = RpcNotificationTypeApc;
    call.state.u.APC.NotificationRoutine = routine;
    call.state.u.APC.hThread = thread;
}
static void use_callback(Call& call) {
    seen = {};
    call.state.NotificationType = RpcNotificationTypeCallback;
    call.state.u.NotificationRoutine = routine;
}
static bool wait_seen(long count, unsigned milliseconds = 5000) {
    for (unsigned waited = 0; seen.count < count && waited < milliseconds; waited += 20) Sleep(20);
    return seen.count >= count;
}

CASE(34, "RPC:making-the-asynchronous-call; API:RPCNOTIFICATION_ROUTINE", "APC on the calling thread") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_apc(call, nullptr);
    EXPECT_IS(call.add(b, 2, 3), 0);
    const DWORD waited = SleepEx(5000, TRUE);
    EXPECT(waited == WAIT_IO_COMPLETION && seen.count == 1, "SleepEx %lu, routine ran %ld times", waited, seen.count);
    EXPECT(seen.async == &call.state && !seen.context && seen.event == 0, "arguments %p (%p), %p, %d", seen.async,
           &call.state, seen.context, seen.event);
    EXPECT(seen.thread == GetCurrentThreadId(), "on another thread");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("on this thread");
}
CASE(35, "RPC:making-the-asynchronous-call", "the APC waits for an alertable wait") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_apc(call, nullptr);
    EXPECT_IS(call.add(b, 2, 3), 0);
    Sleep(1000);
    EXPECT(seen.count == 0, "the routine ran in a wait that is not alertable");
    SleepEx(2000, TRUE);
    EXPECT(seen.count == 1, "the routine ran %ld times", seen.count);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("not before");
}
CASE(36, "RPC:making-the-asynchronous-call", "APC on another thread") {
    BIND(b, Protocol::lrpc);
    seen = {};
    HANDLE running = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    HANDLE thread = run_on_thread([running] {
        SetEvent(running);
        for (int i = 0; i < 100 && !seen.count; ++i) SleepEx(100, TRUE);
    });
    const unsigned id = GetThreadId(thread);
    EXPECT(WaitForSingleObject(running, 5000) == WAIT_OBJECT_0, "the thread does not start");
    Call call;
    use_apc(call, thread);
    EXPECT_IS(call.add(b, 2, 3), 0);
    EXPECT(wait_seen(1), "the routine did not run");
    EXPECT(seen.thread == id, "on thread %x instead of %x", seen.thread, id);
    EXPECT_IS(call.complete(), 0);
    WaitForSingleObject(thread, 2000);
    CloseHandle(thread);
    unbind(b);
    return passed("on the thread named");
}
CASE(37, "inf", "CompleteCall inside the APC") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_apc(call, nullptr);
    seen.what = Seen::complete;
    EXPECT_IS(call.add(b, 6, 7), 0);
    SleepEx(5000, TRUE);
    EXPECT(seen.count == 1, "the routine ran %ld times", seen.count);
    EXPECT(seen.inside == 0, "CompleteCall: %s", seen.inside.text().c_str());
    EXPECT(call.out == 13 && seen.reply == 42, "%ld, %ld", call.out, seen.reply);
    unbind(b);
    return passed("0, results valid");
}

static void use_port(Call& call, HANDLE port, OVERLAPPED* overlapped) {
    call.state.NotificationType = RpcNotificationTypeIoc;
    call.state.u.IOC.hIOPort = port;
    call.state.u.IOC.dwNumberOfBytesTransferred = 7;
    call.state.u.IOC.dwCompletionKey = 0x1234;
    call.state.u.IOC.lpOverlapped = overlapped;
}
struct Packet {
    BOOL got;
    DWORD bytes = 0, error = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* overlapped = nullptr;
    Packet(HANDLE port, unsigned milliseconds) {
        got = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, milliseconds);
        if (!got) error = GetLastError();
    }
};
CASE(38, "API:RPC_ASYNC_NOTIFICATION_INFO", "completion packet with the three values as stored") {
    BIND(b, Protocol::lrpc);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
    OVERLAPPED overlapped{};
    Call call;
    use_port(call, port, &overlapped);
    EXPECT_IS(call.add(b, 2, 3), 0);
    Packet packet(port, 5000);
    EXPECT(packet.got, "no packet: error %lu", packet.error);
    EXPECT(packet.bytes == 7 && packet.key == 0x1234 && packet.overlapped == &overlapped, "%lu, %lx, %p", packet.bytes,
           static_cast<unsigned long>(packet.key), packet.overlapped);
    EXPECT_IS(call.complete(), 0);
    CloseHandle(port);
    unbind(b);
    return passed("7, 1234, overlapped");
}
CASE(39, "RPC:waiting-for-the-asynchronous-reply", "no packet while held, one later") {
    BIND(b, Protocol::lrpc);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
    OVERLAPPED overlapped{};
    Call call;
    use_port(call, port, &overlapped);
    HOLD(call, b, parked);
    Sleep(200);
    Packet early(port, 0);
    EXPECT(!early.got && early.error == WAIT_TIMEOUT, "a packet while the call was held");
    EXPECT_IS(release(parked, 1), 0);
    Packet packet(port, 5000);
    EXPECT(packet.got, "no packet: error %lu", packet.error);
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 1 && call.result == 2, "%ld, %ld", call.out, call.result);
    CloseHandle(port);
    unbind(b);
    return passed("WAIT_TIMEOUT, then a packet");
}
CASE(40, "API:RPC_ASYNC_NOTIFICATION_INFO", "message with wParam 0 and lParam the state") {
    BIND(b, Protocol::lrpc);
    HWND window = CreateWindowExW(0, L"STATIC", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, nullptr, nullptr, nullptr);
    EXPECT(window, "no window: error %lu", GetLastError());
    Call call;
    call.state.NotificationType = RpcNotificationTypeHwnd;
    call.state.u.HWND.hWnd = window;
    call.state.u.HWND.Msg = WM_APP + 1;
    EXPECT_IS(call.add(b, 2, 3), 0);
    MSG message{};
    bool got = false;
    for (int i = 0; i < 250 && !(got = PeekMessageW(&message, window, WM_APP + 1, WM_APP + 1, PM_REMOVE)); ++i) Sleep(20);
    EXPECT(got, "no message");
    EXPECT(message.wParam == 0 && message.lParam == reinterpret_cast<LPARAM>(&call.state), "wParam %lx, lParam %p (%p)",
           static_cast<unsigned long>(message.wParam), reinterpret_cast<void*>(message.lParam), &call.state);
    EXPECT_IS(call.complete(), 0);
    DestroyWindow(window);
    unbind(b);
    return passed("0, state");
}
CASE(41, "API:RPC_ASYNC_NOTIFICATION_INFO; thread inf", "callback, once, with (state, NULL, 0)") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_callback(call);
    EXPECT_IS(call.add(b, 2, 3), 0);
    const long before_return = seen.count;
    EXPECT(wait_seen(1), "no callback");
    EXPECT(seen.async == &call.state && !seen.context && seen.event == 0, "arguments %p (%p), %p, %d", seen.async,
           &call.state, seen.context, seen.event);
    EXPECT(before_return || seen.thread != GetCurrentThreadId(), "on the calling thread, after the stub's return");
    Sleep(300);
    EXPECT(seen.count == 1, "%ld times", seen.count);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("once");
}
CASE(42, "inf", "CompleteCall inside the callback") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_callback(call);
    seen.what = Seen::complete;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(wait_seen(1), "no callback");
    EXPECT(seen.inside == 0, "CompleteCall: %s", seen.inside.text().c_str());
    EXPECT(call.out == 13 && seen.reply == 42, "%ld, %ld", call.out, seen.reply);
    unbind(b);
    return passed("0, results valid");
}
CASE(43, "inf", "GetCallStatus inside the callback is not 997") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_callback(call);
    seen.what = Seen::status;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(wait_seen(1), "no callback");
    EXPECT(seen.inside == 0, "%s", seen.inside.text().c_str());
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0");
}
CASE(44, "API", "UserInfo is as the program left it") {
    BIND(b, Protocol::lrpc);
    Call call;
    use_callback(call);
    int mine = 0;
    call.state.UserInfo = &mine;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(wait_seen(1), "no callback");
    EXPECT(seen.user == &mine, "%p instead of %p", seen.user, static_cast<void*>(&mine));
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("unchanged");
}
CASE(45, "inf", "one notification per call, of every type") {
    BIND(b, Protocol::lrpc);
    {
        Call call;
        EXPECT_IS(call.add(b, 1, 1), 0);
        EXPECT(call.wait(), "event: none");
        EXPECT(!call.wait(500), "event: a second one");
        EXPECT_IS(call.complete(), 0);
        EXPECT(!call.wait(100), "event: one after CompleteCall");
    }
    {
        Call call;
        use_apc(call, nullptr);
        EXPECT_IS(call.add(b, 1, 1), 0);
        SleepEx(5000, TRUE);
        EXPECT(SleepEx(500, TRUE) == 0 && seen.count == 1, "APC: %ld", seen.count);
        EXPECT_IS(call.complete(), 0);
    }
    {
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
        OVERLAPPED overlapped{};
        Call call;
        use_port(call, port, &overlapped);
        EXPECT_IS(call.add(b, 1, 1), 0);
        EXPECT(Packet(port, 5000).got, "port: none");
        EXPECT(!Packet(port, 500).got, "port: a second one");
        EXPECT_IS(call.complete(), 0);
        CloseHandle(port);
    }
    {
        Call call;
        use_callback(call);
        EXPECT_IS(call.add(b, 1, 1), 0);
        EXPECT(wait_seen(1), "callback: none");
        Sleep(500);
        EXPECT(seen.count == 1, "callback: %ld", seen.count);
        EXPECT_IS(call.complete(), 0);
    }
    unbind(b);
    return passed("event, APC, port, callback");
}
CASE(46, "inf", "notification type 99: an exception, or no notification", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.NotificationType = static_cast<RPC_NOTIFICATION_TYPES>(99);
    const Outcome outcome = call.add(b, 2, 3);
    if (outcome.raised) return recorded("%s", outcome.text().c_str());
    EXPECT(!call.wait(1000), "the event was set");
    Outcome status;
    for (int i = 0; i < 50 && (status = call.complete()) == 997; ++i) Sleep(50);
    return recorded("accepted; CompleteCall %s", status.text().c_str());
}
CASE(47, "inf", "a NULL event: no crash, polling shows the completion") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.u.hEvent = nullptr;
    EXPECT_IS(call.add(b, 2, 3), 0);
    Outcome outcome;
    for (int i = 0; i < 100 && (outcome = call.status()) == 997; ++i) Sleep(50);
    EXPECT(outcome == 0, "the status became %s", outcome.text().c_str());
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0");
}
CASE(48, "RPC:asynchronous-rpc", "two calls on one binding complete independently") {
    BIND(b, Protocol::lrpc);
    Call first, second;
    EXPECT_IS(first.add(b, 2, 3), 0);
    EXPECT_IS(second.add(b, 4, 5), 0);
    EXPECT(second.wait() && first.wait(), "no event");
    EXPECT_IS(second.complete(), 0);
    EXPECT_IS(first.complete(), 0);
    EXPECT(first.out == 5 && first.result == 6 && second.out == 9 && second.result == 20, "%ld %ld, %ld %ld", first.out,
           first.result, second.out, second.result);
    unbind(b);
    return passed("5, 9");
}
CASE(49, "RPCE 3.3.2.5.2", "50 held calls finished in reverse, each gets its own reply", kSlow) {
    BIND(b, Protocol::lrpc);
    constexpr int n = 50;
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<long> keys;
    for (int i = 0; i < n; ++i) {
        calls.push_back(std::make_unique<Call>());
        keys.push_back(next_key());
        EXPECT_IS(calls[i]->hold(b, keys[i]), 0);
    }
    for (int i = n - 1; i >= 0; --i) {
        Parked parked;
        EXPECT(wait_parked(keys[i], &parked), "call %d did not reach its manager", i);
        EXPECT_IS(release(parked, 1000 + i), 0);
    }
    for (int i = 0; i < n; ++i) {
        EXPECT(calls[i]->wait(), "call %d: no event", i);
        EXPECT_IS(calls[i]->complete(), 0);
        EXPECT(calls[i]->out == 1000 + i && calls[i]->result == 1001 + i, "call %d: %ld, %ld", i, calls[i]->out,
               calls[i]->result);
    }
    unbind(b);
    return passed("50");
}
CASE(50, "RPC:making-the-asynchronous-call; RPC:causal", "a synchronous call while an asynchronous one is held") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c), 42);
    EXPECT(c == 13, "c is %ld", c);
    EXPECT_IS(call.status(), 997);
    EXPECT_IS(release(parked, 1), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("42 meanwhile");
}
CASE(51, "RPC:asynchronous-rpc", "synchronous stub, asynchronous procedure") {
    BIND(b, Protocol::lrpc);
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c, kAsync), 42);
    EXPECT(c == 13, "c is %ld", c);
    EXPECT_IS(sync_act(b, kCompleteOnWorker, 9, &c, kAsync), 10);
    EXPECT(c == 9, "out is %ld", c);
    unbind(b);
    return passed("42, 13");
}
CASE(52, "RPC:asynchronous-rpc", "asynchronous stub, synchronous procedure") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7, kSync), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
static Result twice(bool initialise_again) {
    BIND(b, Protocol::lrpc);
    Call call;
    for (long i = 1; i <= 2; ++i) {
        EXPECT_IS(call.add(b, i, 10), 0);
        EXPECT(call.wait(), "call %ld: no event", i);
        EXPECT_IS(call.complete(), 0);
        EXPECT(call.out == i + 10 && call.result == i * 10, "call %ld: %ld, %ld", i, call.out, call.result);
        if (initialise_again) call.initialise();
    }
    unbind(b);
    return passed("two calls");
}
CASE(53, "API:RpcAsyncInitializeHandle XP note", "a state is used again without initialising it") { return twice(false); }
CASE(54, "API", "a state is used again after initialising it") { return twice(true); }
CASE(55, "RPC:making-the-asynchronous-call; code 1914 inf", "a state of zeros: an RPC exception, no notification") {
    BIND(b, Protocol::lrpc);
    Call call;
    ZeroMemory(&call.state, sizeof call.state);
    call.state.NotificationType = RpcNotificationTypeEvent;
    call.state.u.hEvent = call.event;
    const Outcome outcome = call.add(b, 2, 3);
    EXPECT(outcome.raised == 1914, "%s", outcome.text().c_str());
    EXPECT(!call.wait(500), "a notification");
    unbind(b);
    return passed("raised 1914");
}
CASE(56, "inf", "a second call on a pending state is refused, the first one completes") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    const Outcome outcome = guarded([&] {
        long other = 0;
        stub::async_call(client(kAsync), async_proc(kAdd), &call.state, b, 1L, 2L, &other);
    });
    EXPECT(outcome.raised >= 1000 && outcome.raised < 2000, "%s", outcome.text().c_str());
    EXPECT_IS(release(parked, 5), 0);
    EXPECT(call.wait(), "the first call: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 5 && call.result == 6, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(57, "inf", "a NULL state raises 1914 or an access violation") {
    BIND(b, Protocol::lrpc);
    long c = 0;
    const Outcome outcome = guarded([&] {
        stub::async_call(client(kAsync), async_proc(kAdd), static_cast<RPC_ASYNC_STATE*>(nullptr), b, 1L, 2L, &c);
    });
    EXPECT(outcome.raised == 1914 || outcome.raised == 0xc0000005, "%s", outcome.text().c_str());
    unbind(b);
    return recorded("%s", outcome.text().c_str());
}
CASE(58, "inf", "completion before the stub returns: no deadlock") {
    BIND(b, Protocol::lrpc);
    for (int i = 0; i < 50; ++i) {
        Call call;
        EXPECT_IS(call.add(b, i, 2), 0);
        EXPECT(call.wait(), "call %d: no event", i);
        EXPECT_IS(call.complete(), 0);
        EXPECT(call.result == i * 2, "call %d: %ld", i, call.result);
    }
    unbind(b);
    return passed("50 times");
}
