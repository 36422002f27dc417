// 7.3 RpcAsyncCompleteCall details.
#include "raw_peer.h"
#include "bind.h"
#include "support/threads.h"
#include <stdlib.h>

using namespace srv;

CASE(59, "API", "CompleteCall: 997 while pending, 0 afterwards") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(call.complete(), 997);
    EXPECT_IS(release(parked, 3), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 3 && call.result == 4, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("997, 0");
}
CASE(60, "inf", "997 leaves the reply and [out] untouched") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.out = call.result = 0x5a5a5a5a;
    HOLD(call, b, parked);
    EXPECT_IS(call.complete(), 997);
    EXPECT(call.out == 0x5a5a5a5a && call.result == 0x5a5a5a5a, "%lx, %lx", call.out, call.result);
    EXPECT_IS(release(parked, 3), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("untouched");
}
CASE(61, "inf", "CompleteCall on another thread than the caller's") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    Outcome outcome;
    EXPECT(run_elsewhere([&] { outcome = call.complete(); }), "it hangs");
    EXPECT(outcome == 0, "%s", outcome.text().c_str());
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("0");
}
static Outcome call_void(Call& call, handle_t b) {
    return guarded([&] { stub::async_call(client(kAsync), async_proc(kVoid), &call.state, b, 1L); });
}
CASE(62, "inf", "a function without a value: the client completes with a NULL reply") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call_void(call, b), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(GUARDED(RpcAsyncCompleteCall(&call.state, nullptr)), 0);
    unbind(b);
    return passed("0");
}
CASE(63, "API", "a function without a value: the server completes with a NULL reply") {
    BIND(b, Protocol::lrpc);
    Call call;
    const long before = void_count;
    last_action_status = -1;
    EXPECT_IS(call_void(call, b), 0);
    EXPECT(call.wait(), "no event");
    long reply = 0;
    EXPECT_IS(GUARDED(RpcAsyncCompleteCall(&call.state, &reply)), 0);
    EXPECT(settled(last_action_status) == 0 && void_count == before + 1, "the server's CompleteCall: %ld", last_action_status);
    unbind(b);
    return passed("0 on both sides");
}
CASE(64, "RPC:sending-the-asynchronous-reply", "no CompleteCall by the server: the client stays pending") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT(!call.wait(2000), "a notification without a reply");
    EXPECT_IS(call.status(), 997);
    EXPECT_IS(release(parked, 3), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("pending for 2 s");
}
static Result act_completes(Action action) {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, action, 20), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 20 && call.result == 21, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("20, 21");
}
CASE(65, "RPC:sending-the-asynchronous-reply", "the server completes on the dispatch thread") {
    return act_completes(kCompleteHere);
}
CASE(66, "RPC:sending-the-asynchronous-reply", "the server completes on a worker after the manager returned") {
    return act_completes(kCompleteOnWorker);
}
CASE(67, "undefined in API; inf", "CompleteCall after CompleteCall is an error") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    const Outcome outcome = call.complete();
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(68, "undefined in API; inf", "CancelCall after CompleteCall is an error") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    const Outcome outcome = call.cancel(true);
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(69, "API; allocation moment inf", "an [out] string comes from the client's allocator, at CompleteCall") {
    BIND(b, Protocol::lrpc);
    Call call;
    const long before = client_memory.allocated;
    EXPECT_IS(guarded([&] {
                  stub::async_call(client(kAsync), async_proc(kText), &call.state, b, L"hello", &call.text);
              }), 0);
    EXPECT(call.wait(), "no event");
    EXPECT(client_memory.allocated == before && !call.text, "allocated before CompleteCall");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.text && !wcscmp(call.text, L"hello!"), "the text is %ls", call.text ? call.text : L"NULL");
    EXPECT(client_memory.allocated == before + 1 && call.result == 5, "%ld allocations", client_memory.allocated - before);
    free(call.text);
    unbind(b);
    return passed("hello!");
}
CASE(70, "inf", "a malformed reply: CompleteCall returns 1783") {
    raw::Server peer;
    EXPECT(peer.listen(), "no socket");
    handle_t b = bind_to(L"ncacn_ip_tcp", peer.endpoint().c_str());
    EXPECT(b, "no binding: %s", why().c_str());
    Call call;
    raw::Request request;
    bool served = false;
    HANDLE thread = run_on_thread([&] {
        raw::Connection c = peer.accept();
        served = c.accept_bind(0) && c.read_request(&request) && c.respond(request.call_id, "\1\2\3", 3);
        if (served) c.wait_closed(5000);
    });
    const Outcome outcome = call.add(b, 2, 3);
    EXPECT(!outcome.raised, "the stub: %s", outcome.text().c_str());
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 1783);
    unbind(b);
    TerminateThread(thread, 0);
    return passed("1783");
}
CASE(71, "API", "GetCallStatus 0 and CompleteCall agree") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.status(), 0);
    EXPECT_IS(call.status(), 0);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0, 0");
}
CASE(72, "API", "a failed call: a status that is not 997, then the code itself") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, kAbortHere, 0xabcd), 0);
    EXPECT(call.wait(), "no event");
    const Outcome status = call.status();
    EXPECT(status.is_error() && status.value != 997, "status %s", status.text().c_str());
    EXPECT_IS(call.complete(), 0xabcd);
    unbind(b);
    return passed("status %s", status.text().c_str());
}
CASE(73, "API; inf", "a failed call leaves [out] untouched") {
    BIND(b, Protocol::lrpc);
    Call call;
    call.out = 0x5a5a5a5a;
    EXPECT_IS(call.act(b, kAbortHere, 0xabcd), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0xabcd);
    EXPECT(call.out == 0x5a5a5a5a, "%lx", call.out);
    unbind(b);
    return passed("untouched");
}
CASE(74, "RPC:error-handling", "after a failed call the state takes a new one") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, kAbortHere, 0xabcd), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0xabcd);
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no second event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("13, 42");
}
