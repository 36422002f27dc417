// 7.6 Server notification, cancel of synchronous calls, timeouts.
#include "bind.h"
#include "child.h"
#include "support/threads.h"

using namespace srv;

static RPC_ASYNC_NOTIFICATION_INFO by_event(HANDLE event) {
    RPC_ASYNC_NOTIFICATION_INFO info{};
    info.hEvent = event;
    return info;
}
static RPC_ASYNC_NOTIFICATION_INFO by_callback() {
    RPC_ASYNC_NOTIFICATION_INFO info{};
    info.NotificationRoutine = on_notification;
    return info;
}
static Outcome subscribe(handle_t call, unsigned what, RPC_NOTIFICATION_TYPES type, RPC_ASYNC_NOTIFICATION_INFO info) {
    return guarded([&] {
        return RpcServerSubscribeForNotification(call, static_cast<RPC_NOTIFICATIONS>(what), type, &info);
    });
}
static Outcome unsubscribe(handle_t call, unsigned what, unsigned long* queued) {
    return guarded(
        [&] { return RpcServerUnsubscribeForNotification(call, static_cast<RPC_NOTIFICATIONS>(what), queued); });
}
constexpr unsigned kDisconnect = RpcNotificationClientDisconnect, kCancel = RpcNotificationCallCancel;

static bool wait_notified(int event, unsigned milliseconds = 5000) {
    for (unsigned waited = 0; !notified[event].count && waited < milliseconds; waited += 20) Sleep(20);
    return notified[event].count;
}
// Ends a held call that a case has finished with.
static Result finish(Call& call, const Parked& parked, handle_t b, const char* what) {
    EXPECT_IS(release(parked, 1), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("%s", what);
}

CASE(104, "inf", "subscribing twice to the same notification") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    EXPECT_IS(subscribe(call_handle(parked), kCancel, RpcNotificationTypeEvent, by_event(event)), 0);
    const Outcome second = subscribe(call_handle(parked), kCancel, RpcNotificationTypeEvent, by_event(event));
    EXPECT(!second.raised, "%s", second.text().c_str());
    unsigned long queued = 0;
    EXPECT(!unsubscribe(call_handle(parked), kCancel, &queued).raised, "unsubscribing raised");
    const Result result = finish(call, parked, b, "");
    return result.verdict == Verdict::pass ? recorded("the second: %s", second.text().c_str()) : result;
}
CASE(105, "API", "subscribing with NULL on the dispatch thread, by event") {
    BIND(b, Protocol::lrpc);
    subscribed_event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    Call call;
    const long key = next_key();
    last_action_status = -1;
    EXPECT_IS(call.act(b, kSubscribeNull, key), 0);
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT(last_action_status == 0, "Subscribe: %ld", last_action_status);
    EXPECT_IS(call.cancel(false), 0);
    EXPECT(WaitForSingleObject(subscribed_event, 5000) == WAIT_OBJECT_0, "no notification");
    return finish(call, parked, b, "event set");
}
CASE(106, "API", "the client is killed: one callback, event 3, with the async handle", kAlone) {
    EXPECT(start(), "no server: %s", why().c_str());
    const long key = next_key();
    wchar_t arguments[100];
    swprintf(arguments, 100, L"client %lu %u %d 1 %ld", GetCurrentProcessId(), tcp_port(),
             static_cast<int>(Protocol::lrpc), key);
    Child client(arguments);
    EXPECT(!client.ready().find("ready"), "the client: %s", client.ready().c_str());
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT_IS(subscribe(call_handle(parked), kDisconnect, RpcNotificationTypeCallback, by_callback()), 0);
    client.kill();
    EXPECT(wait_notified(3), "no callback");
    Sleep(300);
    EXPECT(notified[3].count == 1 && notified[3].async == parked.state, "%ld times, with %p (%p)", notified[3].count,
           notified[3].async, static_cast<void*>(parked.state));
    unsigned long queued = 0;
    EXPECT_IS(unsubscribe(call_handle(parked), kDisconnect, &queued), 0);
    EXPECT(queued == 1, "%lu queued", queued);
    const Outcome late = release(parked, 1);
    EXPECT(!late.raised, "CompleteCall: %s", late.text().c_str());
    return passed("once; CompleteCall %s", late.text().c_str());
}
CASE(107, "API", "one subscription to both: event 4 once, then event 3 once", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(subscribe(call_handle(parked), kDisconnect | kCancel, RpcNotificationTypeCallback, by_callback()), 0);
    EXPECT_IS(call.cancel(false), 0);
    EXPECT(wait_notified(4), "no callback for the cancel");
    EXPECT(notified[4].count == 1 && notified[4].async == parked.state && !notified[3].count, "%ld, %ld",
           notified[4].count, notified[3].count);
    unsigned long queued = 9;
    EXPECT_IS(unsubscribe(call_handle(parked), kDisconnect, &queued), 0);
    EXPECT(queued == 0, "disconnect: %lu queued", queued);
    EXPECT_IS(unsubscribe(call_handle(parked), kCancel, &queued), 0);
    EXPECT(queued == 1, "cancel: %lu queued", queued);
    return finish(call, parked, b, "event 4 once");
}
static Result refused_subscription(unsigned what, RPC_NOTIFICATION_TYPES type, long expected) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    EXPECT_IS(subscribe(call_handle(parked), what, type, by_event(event)), expected);
    return finish(call, parked, b, "refused");
}
CASE(108, "API", "subscribing with type None: 87") {
    return refused_subscription(kCancel, RpcNotificationTypeNone, 87);
}
struct Victim {  // a thread in a synchronous Hold
    HANDLE thread = nullptr;
    Outcome outcome;
    ULONGLONG took = 0;
    long key = next_key();
    bool start(handle_t b, long timeout, bool set_timeout) {
        thread = run_on_thread([this, b, timeout, set_timeout] {
            if (set_timeout) GUARDED(RpcMgmtSetCancelTimeout(timeout));
            long value = 0;
            outcome = sync_hold(b, key, &value);
            took = GetTickCount64();
        });
        Parked parked;
        return wait_parked(key, &parked);
    }
    bool ended(unsigned milliseconds) { return WaitForSingleObject(thread, milliseconds) == WAIT_OBJECT_0; }
    ~Victim() { release_sync(key); }
};
CASE(109, "API:RpcCancelThread says 1726", "RpcCancelThread after RpcMgmtSetCancelTimeout(1)", kAlone) {
    BIND(b, Protocol::tcp);
    Victim victim;
    EXPECT(victim.start(b, 1, true), "the manager was not called");
    const ULONGLONG before = GetTickCount64();
    EXPECT_IS(GUARDED(RpcCancelThread(victim.thread)), 0);
    EXPECT(victim.ended(6000), "the call goes on");
    EXPECT(victim.outcome.raised == 1726 || victim.outcome.raised == 1818, "%s", victim.outcome.text().c_str());
    return recorded("%s after %llu s", victim.outcome.text().c_str(), (victim.took - before + 500) / 1000);
}
CASE(110, "API", "RpcCancelThreadEx(thread, 1): 1818 after at least 1 s", kAlone) {
    BIND(b, Protocol::tcp);
    Victim victim;
    EXPECT(victim.start(b, 0, false), "the manager was not called");
    const ULONGLONG before = GetTickCount64();
    EXPECT_IS(GUARDED(RpcCancelThreadEx(victim.thread, 1)), 0);
    EXPECT(victim.ended(6000), "the call goes on");
    EXPECT(victim.outcome.raised == 1818, "%s", victim.outcome.text().c_str());
    EXPECT(victim.took - before >= 900, "after %llu ms", victim.took - before);
    return passed("after %llu ms", victim.took - before);
}
CASE(111, "API", "subscribing to notification 0 or 4: 1764") {
    const Result none = refused_subscription(0, RpcNotificationTypeEvent, 1764);
    return none.verdict == Verdict::pass ? refused_subscription(4, RpcNotificationTypeEvent, 1764) : none;
}
CASE(112, "API requires handle; code inf", "subscribing with NULL on a thread without a call is an error") {
    HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    const Outcome outcome = subscribe(nullptr, kCancel, RpcNotificationTypeEvent, by_event(event));
    EXPECT(outcome.is_error() && outcome.value != 1764, "%s", outcome.text().c_str());
    return passed("%s", outcome.text().c_str());
}
CASE(113, "API", "a synchronous call's notification carries its binding handle", kAlone) {
    BIND(b, Protocol::tcp);
    const long key = next_key();
    Outcome outcome;
    last_action_status = -1;
    HANDLE thread = run_on_thread([&] {
        long value = 0;
        outcome = sync_act(b, kSubscribeSync, key, &value);
    });
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    EXPECT(last_action_status == 0, "Subscribe: %ld", last_action_status);
    EXPECT_IS(GUARDED(RpcCancelThread(thread)), 0);
    EXPECT(wait_notified(4), "no callback");
    EXPECT(notified[4].async == parked.binding, "%p (%p)", notified[4].async, parked.binding);
    release_sync(key);
    EXPECT(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0, "the call goes on");
    return passed("the binding handle");
}
CASE(114, "API copy", "the information may go away after Subscribe") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    auto* info = new RPC_ASYNC_NOTIFICATION_INFO(by_callback());
    EXPECT_IS(GUARDED(RpcServerSubscribeForNotification(call_handle(parked), RpcNotificationCallCancel,
                                                        RpcNotificationTypeCallback, info)), 0);
    FillMemory(info, sizeof *info, 0xcc);
    delete info;
    notified[4].count = 0;
    EXPECT_IS(call.cancel(false), 0);
    EXPECT(wait_notified(4), "no callback");
    unsigned long queued = 0;
    EXPECT_IS(unsubscribe(call_handle(parked), kCancel, &queued), 0);
    return finish(call, parked, b, "copied");
}
static Result queued_after(bool cancel) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    notified[4].count = 0;
    EXPECT_IS(subscribe(call_handle(parked), kCancel, RpcNotificationTypeCallback, by_callback()), 0);
    if (cancel) {
        EXPECT_IS(call.cancel(false), 0);
        EXPECT(wait_notified(4), "no callback");
    }
    unsigned long queued = 9;
    EXPECT_IS(unsubscribe(call_handle(parked), kCancel, &queued), 0);
    EXPECT(queued == (cancel ? 1u : 0u), "%lu queued", queued);
    return finish(call, parked, b, cancel ? "1" : "0");
}
CASE(115, "API", "unsubscribing without a cancel: none queued") { return queued_after(false); }
CASE(116, "API", "unsubscribing after a cancel: one queued") { return queued_after(true); }
static Result refused_unsubscription(unsigned what, bool count, long expected) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(subscribe(call_handle(parked), kCancel, RpcNotificationTypeCallback, by_callback()), 0);
    unsigned long queued = 0;
    const Outcome outcome = unsubscribe(call_handle(parked), what, count ? &queued : nullptr);
    EXPECT(expected ? outcome == expected : outcome.is_error(), "%s", outcome.text().c_str());
    EXPECT_IS(unsubscribe(call_handle(parked), kCancel, &queued), 0);
    return finish(call, parked, b, outcome.text().c_str());
}
CASE(117, "API", "unsubscribing from both at once: 1764") {
    return refused_unsubscription(kCancel | kDisconnect, true, 1764);
}
CASE(118, "API required; inf", "unsubscribing with a NULL count is an error") {
    return refused_unsubscription(kCancel, false, 0);
}
CASE(119, "API:RpcBindingSetOption", "a call timeout of 500 ms does not concern asynchronous calls") {
    BIND(b, Protocol::tcp);
    EXPECT_IS(GUARDED(RpcBindingSetOption(b, RPC_C_OPT_CALL_TIMEOUT, 500)), 0);
    Call call;
    HOLD(call, b, parked);
    EXPECT(!call.wait(2000), "it ended");
    EXPECT_IS(call.status(), 997);
    return finish(call, parked, b, "pending after 2 s");
}
CASE(120, "API; RPC:preventing-client-side-hangs", "a call timeout of 500 ms ends a synchronous call with 1818", kAlone) {
    BIND(b, Protocol::tcp);
    EXPECT_IS(GUARDED(RpcBindingSetOption(b, RPC_C_OPT_CALL_TIMEOUT, 500)), 0);
    Victim victim;
    const ULONGLONG before = GetTickCount64();
    EXPECT(victim.start(b, 0, false), "the manager was not called");
    EXPECT(victim.ended(4000), "the call goes on");
    EXPECT(victim.outcome.raised == 1818, "%s", victim.outcome.text().c_str());
    EXPECT(victim.took - before >= 450 && victim.took - before < 3000, "after %llu ms", victim.took - before);
    return passed("after %llu ms", victim.took - before);
}
CASE(121, "API", "TestCancel(NULL) on a thread without a call: 1725") {
    EXPECT_IS(GUARDED(RpcServerTestCancel(nullptr)), 1725);
    return passed("1725");
}
static Outcome call_status(handle_t call, unsigned long* status) {
    RPC_CALL_ATTRIBUTES_V2_W attributes{};
    attributes.Version = 2;
    attributes.CallStatus = 0xcccccccc;
    const Outcome outcome = guarded([&] { return RpcServerInqCallAttributesW(call, &attributes); });
    *status = attributes.CallStatus;
    return outcome;
}
CASE(122, "conflict 1.8; inf", "CallStatus of a live and of a cancelled call") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    unsigned long live = 0, cancelled = 0;
    EXPECT_IS(call_status(call_handle(parked), &live), 0);
    EXPECT_IS(call.cancel(false), 0);
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    EXPECT_IS(call_status(call_handle(parked), &cancelled), 0);
    const Result result = finish(call, parked, b, "");
    return result.verdict == Verdict::pass ? recorded("live %lu, cancelled %lu", live, cancelled) : result;
}
CASE(123, "API", "TestCancel of garbage: 1702") {
    static char garbage[256];
    EXPECT_IS(GUARDED(RpcServerTestCancel(garbage)), 1702);
    EXPECT_IS(GUARDED(RpcServerTestCancel(reinterpret_cast<handle_t>(16))), 1702);
    return passed("1702");
}
CASE(124, "API", "TestCancel of a call that is not cancelled: 1791") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(parked))), 1791);
    return finish(call, parked, b, "1791");
}
CASE(125, "inf", "TestCancel of a client's binding handle: 1702 or 1701") {
    handle_t b = bind_to(L"ncalrpc", L"nobody");
    EXPECT(b, "no binding: %s", why().c_str());
    const Outcome outcome = GUARDED(RpcServerTestCancel(b));
    EXPECT(outcome == 1702 || outcome == 1701, "%s", outcome.text().c_str());
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(126, "API", "a cancel changes nothing on the server: TestCancel 0 again and again") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.cancel(false), 0);
    EXPECT_IS(wait_test_cancel(call_handle(parked), 0), 0);
    for (int i = 0; i < 10; ++i) EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(parked))), 0);
    return finish(call, parked, b, "0");
}
CASE(127, "API:RpcServerInqCallAttributes", "call attributes of the call handle, on a worker thread") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    Outcome outcome;
    unsigned long status = 0;
    EXPECT(run_elsewhere([&] { outcome = call_status(call_handle(parked), &status); }), "it hangs");
    EXPECT(outcome == 0, "%s", outcome.text().c_str());
    return finish(call, parked, b, "0");
}
CASE(128, "API", "RpcCancelThread without THREAD_SET_CONTEXT: 5") {
    HANDLE weak = OpenThread(SYNCHRONIZE, FALSE, GetCurrentThreadId());
    EXPECT(weak, "no handle: error %lu", GetLastError());
    EXPECT_IS(GUARDED(RpcCancelThread(weak)), 5);
    CloseHandle(weak);
    return passed("5");
}
CASE(129, "inf", "RpcCancelThread on a thread without a call: 0, and it goes on") {
    HANDLE stop = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    volatile long woken = 0;
    HANDLE thread = run_on_thread([&] { woken = WaitForSingleObject(stop, 5000) == WAIT_OBJECT_0; });
    EXPECT_IS(GUARDED(RpcCancelThread(thread)), 0);
    SetEvent(stop);
    EXPECT(WaitForSingleObject(thread, 5000) == WAIT_OBJECT_0 && woken, "the thread was harmed");
    return passed("0");
}
CASE(130, "API", "a cancel timeout of 0: a cancelled synchronous call returns at once", kAlone) {
    BIND(b, Protocol::tcp);
    Victim victim;
    EXPECT(victim.start(b, 0, true), "the manager was not called");
    const ULONGLONG before = GetTickCount64();
    EXPECT_IS(GUARDED(RpcCancelThread(victim.thread)), 0);
    EXPECT(victim.ended(3000), "the call goes on");
    EXPECT(victim.outcome.raised == 1818 || victim.outcome.raised == 1726, "%s", victim.outcome.text().c_str());
    EXPECT(victim.took - before < 1500, "after %llu ms", victim.took - before);
    return passed("%s after %llu ms", victim.outcome.text().c_str(), victim.took - before);
}
CASE(131, "API", "the cancel timeout is of one thread: another waits for ever", kAlone) {
    BIND(b, Protocol::tcp);
    EXPECT_IS(GUARDED(RpcMgmtSetCancelTimeout(0)), 0);
    Victim victim;
    EXPECT(victim.start(b, 0, false), "the manager was not called");
    EXPECT_IS(GUARDED(RpcCancelThread(victim.thread)), 0);
    EXPECT(!victim.ended(1500), "the call ended: %s", victim.outcome.text().c_str());
    release_sync(victim.key);
    EXPECT(victim.ended(5000), "the call goes on");
    EXPECT(victim.outcome == victim.key + 1, "%s", victim.outcome.text().c_str());
    return passed("it waited");
}
CASE(132, "API", "RpcMgmtSetComTimeout: 0 to 10 are accepted, 11 is 1709") {
    handle_t b = bind_to(L"ncacn_ip_tcp", L"9");
    EXPECT(b, "no binding: %s", why().c_str());
    for (unsigned t = 0; t <= 10; ++t) EXPECT_IS(GUARDED(RpcMgmtSetComTimeout(b, t)), 0);
    EXPECT_IS(GUARDED(RpcMgmtSetComTimeout(b, 11)), 1709);
    unbind(b);
    return passed("1709");
}
CASE(133, "API", "RpcMgmtSetComTimeout on the server's handle: 1701") {
    BIND(b, Protocol::lrpc);
    long value = 0;
    EXPECT_IS(sync_act(b, kComTimeout, 1, &value), 1701);
    unbind(b);
    return passed("1701");
}
