// 7.12 Lifetime.
#include "raw_peer.h"
#include "bind.h"
#include "child.h"
#include "support/threads.h"
#include <psapi.h>
#include <string.h>
#include <memory>
#include <vector>

using namespace srv;

CASE(200, "API unpredictable; inf", "the binding is freed while a call is pending: the call can still be completed") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(GUARDED(RpcBindingFree(&b)), 0);
    EXPECT(!b, "the variable is not NULL");
    EXPECT_IS(call.status(), 997);
    EXPECT_IS(release(parked, 5), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 5 && call.result == 6, "%ld, %ld", call.out, call.result);
    return passed("5, 6");
}
static Result server_killed(Protocol protocol) {
    Child server(L"server");
    handle_t b = server.bind(protocol);
    EXPECT(b, "no server: %s", server.ready().c_str());
    Call call;
    EXPECT_IS(call.hold(b, Child::watched_key), 0);
    EXPECT(server.says("parked"), "the held call does not reach the server");
    EXPECT_IS(call.status(), 997);
    server.kill();
    EXPECT(call.wait(10000), "no event");
    EXPECT(!call.wait(300), "a second event");
    const Outcome status = call.status();
    EXPECT_IS(call.complete(), 1726);
    unbind(b);
    return passed("status %s, then 1726", status.text().c_str());
}
CASE(201, "RPC:rpc-return-values; RPC:dealing-with-loss-of-connectivity",
     "the server is killed, over tcp: notified once, 1726", kSlow) {
    return server_killed(Protocol::tcp);
}
CASE(202, "RPC:preventing-client-side-hangs; code inf", "the server is killed, over ncalrpc: notified once, 1726",
     kSlow) {
    return server_killed(Protocol::lrpc);
}
CASE(203, "RPC:dealing-with-loss-of-connectivity",
     "the connection is gone before the second call: it succeeds, or fails; never hangs") {
    raw::Server peer;
    EXPECT(peer.listen(), "no socket");
    handle_t b = bind_to(L"ncacn_ip_tcp", peer.endpoint().c_str());
    EXPECT(b, "no binding: %s", why().c_str());
    HANDLE gone = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    HANDLE serving = run_on_thread([&] {
        for (int i = 0; i < 2; ++i) {
            raw::Connection c = peer.accept(8000);
            raw::Request request;
            const raw::Bytes answer = raw::longs({13, 42});
            if (!c || !c.accept_bind(raw::kAgreeMultiplex | raw::kAgreeFeatures) || !c.read_request(&request) ||
                !c.respond(request.call_id, answer.data(), 8))
                return;
            if (i == 1) c.wait_closed(3000);
            c.close();
            SetEvent(gone);
        }
    });
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "the first: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(WaitForSingleObject(gone, 5000) == WAIT_OBJECT_0, "the first connection stays");
    Outcome outcome = call.add(b, 6, 7);
    if (outcome == 0) {
        EXPECT(call.wait(8000), "the second: no event");
        outcome = call.complete();
    }
    EXPECT(outcome.status() == 0 || outcome.status() == 1726 || outcome.status() == 1727, "%s", outcome.text().c_str());
    unbind(b);
    WaitForSingleObject(serving, 9000);
    return passed("%s", outcome.text().c_str());
}
CASE(204, "RPC:waiting-for-the-asynchronous-reply; inf", "the calling thread ends: the call still completes") {
    BIND(b, Protocol::lrpc);
    Call call;
    const long key = next_key();
    Outcome issued;
    EXPECT(run_elsewhere([&] { issued = call.hold(b, key); }), "it hangs");
    EXPECT(issued == 0, "%s", issued.text().c_str());
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT_IS(release(parked, 5), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 5 && call.result == 6, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("5, 6");
}
static void RPC_ENTRY never_called(RPC_ASYNC_STATE*, void*, RPC_ASYNC_EVENT) {}
CASE(205, "inf", "an APC to a thread that has ended: no crash, and the status tells") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.state.NotificationType = RpcNotificationTypeApc;
    call.state.u.APC.NotificationRoutine = never_called;
    call.state.u.APC.hThread = nullptr;
    const long key = next_key();
    Outcome issued;
    EXPECT(run_elsewhere([&] { issued = call.hold(b, key); }), "it hangs");
    EXPECT(issued == 0, "%s", issued.text().c_str());
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT_IS(release(parked, 5), 0);
    for (int i = 0; i < 250 && call.status() == 997; ++i) Sleep(20);
    EXPECT_IS(call.status(), 0);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0");
}
CASE(206, "inf", "a process ends with 20 calls pending: promptly, and the server hears of each", kAlone | kSlow) {
    EXPECT(start(), "no server: %s", why().c_str());
    const long key = 1000;
    wchar_t arguments[100];
    swprintf(arguments, 100, L"client %lu %u %d 20 %ld", GetCurrentProcessId(), tcp_port(),
             static_cast<int>(Protocol::lrpc), key);
    Child client(arguments);
    EXPECT(!client.ready().find("ready"), "the client: %s", client.ready().c_str());
    Parked parked[20];
    RPC_ASYNC_NOTIFICATION_INFO info{};
    info.NotificationRoutine = on_notification;
    for (int i = 0; i < 20; ++i) {
        EXPECT(wait_parked(key + i, &parked[i]), "call %d did not reach its manager", i);
        EXPECT_IS(GUARDED(RpcServerSubscribeForNotification(call_handle(parked[i]), RpcNotificationClientDisconnect,
                                                            RpcNotificationTypeCallback, &info)),
                  0);
    }
    const ULONGLONG before = GetTickCount64();
    client.let_end();
    unsigned long code = 0;
    EXPECT(client.ended(10000, &code), "it does not end");
    const ULONGLONG took = GetTickCount64() - before;
    for (int i = 0; i < 500 && notified[3].count < 20; ++i) Sleep(20);
    EXPECT(notified[3].count == 20, "%ld disconnects", notified[3].count);
    for (const Parked& p : parked) {
        unsigned long queued = 0;
        EXPECT_IS(
            GUARDED(RpcServerUnsubscribeForNotification(call_handle(p), RpcNotificationClientDisconnect, &queued)), 0);
        EXPECT(queued == 1, "%lu queued", queued);
        EXPECT(!release(p, 1).raised, "CompleteCall raised");
    }
    return passed("ended with %lu after %llu ms, 20 disconnects", code, took);
}
CASE(207, "API:RpcServerUnregisterIf; async inf", "RpcServerUnregisterIf waits for the pending call", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    Outcome outcome;
    HANDLE thread =
        run_on_thread([&] { outcome = GUARDED(RpcServerUnregisterIf(server_interface(kAsync), nullptr, TRUE)); });
    EXPECT(WaitForSingleObject(thread, 1000) == WAIT_TIMEOUT, "it does not wait: %s", outcome.text().c_str());
    EXPECT_IS(release(parked, 5), 0);
    EXPECT(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "it goes on waiting");
    EXPECT(outcome == 0, "%s", outcome.text().c_str());
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 5, "%ld", call.out);
    unbind(b);
    return passed("waited");
}
CASE(208, "API frees; inf", "the client is killed, then the server completes: no crash, nothing is left", kAlone) {
    EXPECT(start(), "no server: %s", why().c_str());
    const long key = next_key();
    wchar_t arguments[100];
    swprintf(arguments, 100, L"client %lu %u %d 1 %ld", GetCurrentProcessId(), tcp_port(),
             static_cast<int>(Protocol::tcp), key);
    Child client(arguments);
    EXPECT(!client.ready().find("ready"), "the client: %s", client.ready().c_str());
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    client.kill();
    Sleep(200);
    const Outcome late = release(parked, 1);
    EXPECT(!late.raised, "CompleteCall: %s", late.text().c_str());
    EXPECT(server_memory.allocated == server_memory.freed, "%ld allocated, %ld freed", server_memory.allocated,
           server_memory.freed);
    BIND(b, Protocol::tcp);  // the server serves on
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c, kAsync), 42);
    unbind(b);
    return passed("CompleteCall %s", late.text().c_str());
}
static size_t committed() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.WorkingSetSize : 0;
}
CASE(209, "inf", "10,000 calls one after the other on one state: no handle and no memory is left behind", kLongRun) {
    BIND(b, Protocol::lrpc);
    Call call;
    DWORD handles_before = 0, handles_after = 0;
    size_t memory_before = 0;
    for (int i = 0; i < 10000; ++i) {
        if (i == 1000) {
            GetProcessHandleCount(GetCurrentProcess(), &handles_before);
            memory_before = committed();
        }
        EXPECT_IS(call.add(b, i, 3), 0);
        EXPECT(call.wait(), "call %d: no event", i);
        EXPECT_IS(call.complete(), 0);
        EXPECT(call.result == i * 3, "call %d: %ld", i, call.result);
    }
    GetProcessHandleCount(GetCurrentProcess(), &handles_after);
    const size_t memory_after = committed();
    EXPECT(handles_after <= handles_before + 8, "%lu handles, then %lu", handles_before, handles_after);
    EXPECT(memory_after <= memory_before + (8u << 20), "%lu bytes, then %lu", static_cast<unsigned long>(memory_before),
           static_cast<unsigned long>(memory_after));
    unbind(b);
    return passed("%ld handles, %ld bytes more", static_cast<long>(handles_after - handles_before),
                  static_cast<long>(memory_after - memory_before));
}

// A call of A-210, told by callback.
struct Counted : Call {
    volatile long told = 0;
    HANDLE done = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    Counted() {
        state.NotificationType = RpcNotificationTypeCallback;
        state.u.NotificationRoutine = on_told;
        state.UserInfo = this;
    }
    ~Counted() { CloseHandle(done); }
    static void RPC_ENTRY on_told(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
        auto* self = static_cast<Counted*>(state->UserInfo);
        InterlockedIncrement(&self->told);
        SetEvent(self->done);
    }
};
CASE(210, "inf", "64 threads, 200 calls each, cancelled at random: one notification and one result each",
     kAlone | kLongRun) {
    BIND(b, Protocol::lrpc);
    constexpr int threads = 64, calls = 200;
    static volatile long completed, cancelled, wrong;
    HANDLE handles[threads];
    for (int t = 0; t < threads; ++t)
        handles[t] = run_on_thread([=] {
            unsigned random = 12345u + static_cast<unsigned>(t);
            Counted call;
            for (int i = 0; i < calls; ++i) {
                random = random * 1664525 + 1013904223;
                call.told = 0;
                if (!(call.add(b, i, t) == 0)) {
                    InterlockedIncrement(&wrong);
                    return;
                }
                if (random >> 30 == 0) call.cancel(true);
                if (random >> 30 == 1) call.cancel(false);
                const bool told = WaitForSingleObject(call.done, 60000) == WAIT_OBJECT_0;
                const Outcome outcome = call.complete();
                const bool right = outcome == 0 && call.result == i * t;
                if (!told || call.told != 1 || !(right || outcome == 1818)) InterlockedIncrement(&wrong);
                InterlockedIncrement(right ? &completed : &cancelled);
            }
        });
    EXPECT(WaitForMultipleObjects(threads, handles, TRUE, 140000) != WAIT_TIMEOUT, "%ld completed, %ld cancelled",
           completed, cancelled);
    EXPECT(!wrong && completed + cancelled == threads * calls, "%ld wrong, %ld completed, %ld cancelled", wrong,
           completed, cancelled);
    unbind(b);
    return passed("every call once");
}
static Outcome bind_async(handle_t b, Call& call) {
    return guarded([&] { return RpcBindingBind(&call.state, b, &client_interface(kAsync)); });
}
CASE(211, "API:RpcBindingBind", "an asynchronous bind over ncalrpc, then calls") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(bind_async(b, call), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.status(), 0);
    EXPECT_IS(GUARDED(RpcAsyncCompleteCall(&call.state, nullptr)), 0);
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "the call: no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.result == 42, "%ld", call.result);
    EXPECT_IS(GUARDED(RpcBindingUnbind(b)), 0);
    unbind(b);
    return passed("0, then 42");
}
CASE(212, "API ncalrpc only; code inf", "an asynchronous bind over tcp: 1764") {
    BIND(b, Protocol::tcp);
    Call call;
    EXPECT_IS(bind_async(b, call), 1764);
    unbind(b);
    return passed("1764");
}
CASE(213, "inf", "an asynchronous call whose procedure is not marked as one", kAlone) {
    BIND(b, Protocol::lrpc);
    static unsigned char copy[128];
    memcpy(copy, async_proc(kAdd), 64);
    copy[18] &= 0x7f;  // HasAsyncHandle
    Call call;
    const Outcome outcome = guarded([&] { stub::async_call(client(kAsync), copy, &call.state, b, 6L, 7L, &call.out); });
    if (outcome.raised) return recorded("%s", outcome.text().c_str());
    const bool told = call.wait(2000);
    return recorded("%s, %s, CompleteCall %s", outcome.text().c_str(), told ? "notified" : "not notified",
                    call.complete().text().c_str());
}
CASE(214, "inf", "the status asked by four threads during completion: 997, then 0") {
    BIND(b, Protocol::lrpc);
    for (int round = 0; round < 20; ++round) {
        Call call;
        HOLD(call, b, parked);
        volatile long asking = 0, other = 0, backwards = 0;
        HANDLE threads[4];
        for (HANDLE& thread : threads)
            thread = run_on_thread([&] {
                InterlockedIncrement(&asking);
                bool seen = false;
                for (ULONGLONG until = GetTickCount64() + 5000; GetTickCount64() < until;) {
                    const Outcome status = call.status();
                    if (!(status == 997) && !(status == 0)) InterlockedIncrement(&other);
                    if (seen && !(status == 0)) InterlockedIncrement(&backwards);
                    if (seen) break;
                    seen = status == 0;
                }
            });
        while (asking < 4) Sleep(1);
        EXPECT_IS(release(parked, 5), 0);
        EXPECT(WaitForMultipleObjects(4, threads, TRUE, 6000) != WAIT_TIMEOUT, "they go on");
        for (HANDLE thread : threads) CloseHandle(thread);
        EXPECT(!other && !backwards, "%ld others, %ld backwards", other, backwards);
        EXPECT(call.wait(), "no event");
        EXPECT_IS(call.complete(), 0);
    }
    unbind(b);
    return passed("997, then 0");
}
