// 7.5 Cancel.
#include "bind.h"
#include "support/threads.h"
#include <memory>
#include <vector>

using namespace srv;

// A held call that the client has cancelled without abort, and the server has seen it.
#define CANCELLED_HOLD(call, b, parked)                                                        \
    HOLD(call, b, parked);                                                                     \
    EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(parked))), 1791);                        \
    EXPECT_IS((call).cancel(false), 0);                                                        \
    EXPECT_IS((call).status(), 997);                                                           \
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0)

CASE(91, "API", "a cancel without abort: the client goes on, the server sees it") {
    BIND(b, Protocol::lrpc);
    Call call;
    CANCELLED_HOLD(call, b, parked);
    EXPECT_IS(call.status(), 997);
    EXPECT(!call.wait(200), "a notification");
    EXPECT_IS(release(parked, 1), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("seen");
}
CASE(92, "API", "a cancelled call may complete normally") {
    BIND(b, Protocol::lrpc);
    Call call;
    CANCELLED_HOLD(call, b, parked);
    EXPECT_IS(release(parked, 8), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 8 && call.result == 9, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("8, 9");
}
CASE(93, "API", "a cancelled call that the server aborts with 1818") {
    BIND(b, Protocol::lrpc);
    Call call;
    CANCELLED_HOLD(call, b, parked);
    EXPECT_IS(GUARDED(RpcAsyncAbortCall(parked.state, 1818)), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1818);
    unbind(b);
    return passed("1818");
}
CASE(94, "API; RPC:error-handling; code inf", "a cancel with abort: notified without the server, 1818") {
    for (Protocol protocol : {Protocol::lrpc, Protocol::tcp, Protocol::np}) {
        BIND(b, protocol);
        Call call;
        HOLD(call, b, parked);
        EXPECT_IS(call.cancel(true), 0);
        EXPECT(call.wait(), "no event");
        EXPECT_IS(call.complete(), 1818);
        EXPECT(!GUARDED(RpcAsyncCompleteCall(parked.state, &call.result)).raised, "the server's CompleteCall raised");
        unbind(b);
    }
    return passed("1818, on three protocols");
}
CASE(95, "API", "after a cancel with abort the server sees it") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(true), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1818);
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    unbind(b);
    return passed("0");
}
CASE(96, "inf; RPCE 3.3.1.5.10", "the late reply harms nobody, the binding is usable") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(true), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1818);
    const Outcome late = release(parked, 99);
    EXPECT(!late.raised, "the server's CompleteCall: %s", late.text().c_str());
    EXPECT(!call.wait(300) && call.out != 99, "the late reply reached the client");
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "the next call: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("the server's CompleteCall: %s", late.text().c_str());
}
CASE(97, "API pattern", "a cancel without abort, then one with it") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(false), 0);
    EXPECT_IS(call.cancel(true), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    unbind(b);
    return passed("0, 0, 1818");
}
CASE(98, "inf", "a cancel with abort twice: one notification") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(true), 0);
    const Outcome second = call.cancel(true);
    EXPECT(!second.raised, "the second: %s", second.text().c_str());
    EXPECT(call.wait(), "no event");
    EXPECT(!call.wait(500), "a second event");
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    unbind(b);
    return passed("the second: %s", second.text().c_str());
}
CASE(99, "API", "a cancel with abort from another thread") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    Outcome outcome;
    EXPECT(run_elsewhere([&] { outcome = call.cancel(true); }), "it hangs");
    EXPECT(outcome == 0, "%s", outcome.text().c_str());
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    unbind(b);
    return passed("1818");
}
CASE(100, "inf", "a cancel after completion changes nothing") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.cancel(true), 0);
    EXPECT(!call.wait(300), "another event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
static volatile long apc_count, apc_event;
static void RPC_ENTRY on_apc(RPC_ASYNC_STATE*, void*, RPC_ASYNC_EVENT event) {
    apc_event = event;
    InterlockedIncrement(&apc_count);
}
CASE(101, "RPC:error-handling", "a cancel with abort delivers the APC with RpcCallComplete") {
    BIND(b, Protocol::lrpc);
    Call call;
    apc_event = -1;
    call.state.NotificationType = RpcNotificationTypeApc;
    call.state.u.APC.NotificationRoutine = on_apc;
    call.state.u.APC.hThread = nullptr;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(true), 0);
    SleepEx(5000, TRUE);
    EXPECT(apc_count == 1 && apc_event == RpcCallComplete, "ran %ld times, event %ld", apc_count, apc_event);
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    unbind(b);
    return passed("once, 0");
}
CASE(102, "inf", "a cancel with abort posts the packet with the stored values") {
    BIND(b, Protocol::lrpc);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
    OVERLAPPED overlapped{}, *got = nullptr;
    Call call;
    call.state.NotificationType = RpcNotificationTypeIoc;
    call.state.u.IOC.hIOPort = port;
    call.state.u.IOC.dwNumberOfBytesTransferred = 11;
    call.state.u.IOC.dwCompletionKey = 0x4321;
    call.state.u.IOC.lpOverlapped = &overlapped;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(true), 0);
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    EXPECT(GetQueuedCompletionStatus(port, &bytes, &key, &got, 5000), "no packet");
    EXPECT(bytes == 11 && key == 0x4321 && got == &overlapped, "%lu, %lx", bytes, static_cast<unsigned long>(key));
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!release(parked, 1).raised, "the server's CompleteCall raised");
    CloseHandle(port);
    unbind(b);
    return passed("11, 4321, overlapped");
}
CASE(103, "inf; RPCE 2.2.2.14", "other calls on the binding survive a cancel with abort") {
    for (Protocol protocol : {Protocol::lrpc, Protocol::tcp, Protocol::np}) {
        BIND(b, protocol);
        std::vector<std::unique_ptr<Call>> calls;
        std::vector<Parked> parked(5);
        for (int i = 0; i < 5; ++i) {
            calls.push_back(std::make_unique<Call>());
            const long key = next_key();
            EXPECT_IS(calls[i]->hold(b, key), 0);
            EXPECT(wait_parked(key, &parked[i]), "call %d did not reach its manager", i);
        }
        EXPECT_IS(calls[2]->cancel(true), 0);
        EXPECT(calls[2]->wait(), "the cancelled call: no event");
        EXPECT_IS(calls[2]->complete(), 1818);
        for (int i : {4, 0, 3, 1}) {
            EXPECT_IS(calls[i]->status(), 997);
            EXPECT_IS(release(parked[i], 100 + i), 0);
            EXPECT(calls[i]->wait(), "call %d: no event", i);
            EXPECT_IS(calls[i]->complete(), 0);
            EXPECT(calls[i]->out == 100 + i && calls[i]->result == 101 + i, "call %d: %ld, %ld", i, calls[i]->out,
                   calls[i]->result);
        }
        EXPECT(!release(parked[2], 1).raised, "the server's CompleteCall raised");
        unbind(b);
    }
    return passed("four of five, on three protocols");
}
