// 7.4 Errors, exceptions, abort.
#include "raw_peer.h"
#include "bind.h"
#include "support/threads.h"

using namespace srv;

// A call to a server that is not there or not willing: `code` either raised by the stub or as the completion.
static Result refused(handle_t b, Outcome issued, Call& call, unsigned code) {
    if (issued.raised) {
        EXPECT(issued.raised == code, "%s, expected %u", issued.text().c_str(), code);
        EXPECT(!call.wait(1000), "a notification after the exception");
        unbind(b);
        return passed("raised %u", code);
    }
    EXPECT(call.wait(15000), "no event");
    const Outcome outcome = call.complete();
    EXPECT(outcome == code, "%s, expected %u", outcome.text().c_str(), code);
    unbind(b);
    return passed("completed with %u", code);
}
// A port that this process holds and does not listen on: nobody else can take it meanwhile.
static handle_t bind_nowhere() {
    static raw::Server held;
    static const bool ok = held.hold();
    return ok ? bind_to(L"ncacn_ip_tcp", held.endpoint().c_str()) : nullptr;
}
CASE(75, "RPC:making-the-asynchronous-call; which one inf", "no server: 1722, raised or completed", kSlow) {
    handle_t b = bind_nowhere();
    EXPECT(b, "no binding: %s", why().c_str());
    Call call;
    const Outcome issued = call.add(b, 2, 3);
    return refused(b, issued, call, 1722);
}
CASE(76, "RPC:error-handling", "after an exception in the stub the state is free at once", kSlow) {
    handle_t nowhere = bind_nowhere();
    EXPECT(nowhere, "no binding: %s", why().c_str());
    BIND(b, Protocol::lrpc);
    Call call;
    if (!call.add(nowhere, 2, 3).raised) {
        EXPECT(call.wait(15000), "no event");
        return recorded("no exception: completed with %s", call.complete().text().c_str());
    }
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 13 && call.result == 42, "%ld, %ld", call.out, call.result);
    unbind(nowhere);
    unbind(b);
    return passed("13, 42");
}
CASE(77, "RPCE 3.1.1.5.5", "an interface that the server does not have: 1717") {
    BIND(b, Protocol::lrpc);
    Call call;
    const Outcome issued = call.add(b, 2, 3, kUnknown);
    return refused(b, issued, call, 1717);
}
CASE(78, "RPCE 3.1.1.5.5", "an opnum that the server does not have: 1745", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    const Outcome issued =
        guarded([&] { stub::async_call(client(kAsync), async_proc(kBeyond), &call.state, b, 1L); });
    return refused(b, issued, call, 1745);
}
static Result raised_by_manager(Action action, unsigned code) {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, action, static_cast<long>(code)), 0);
    EXPECT(call.wait(), "no event");
    const Outcome outcome = call.complete();
    EXPECT(!outcome.raised && static_cast<unsigned>(outcome.value) == code, "%s, expected %x", outcome.text().c_str(), code);
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "the next call: no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("%x", code);
}
CASE(79, "RPC:error-handling", "a manager raises e0001234: the client gets it") {
    return raised_by_manager(kRaise, 0xe0001234);
}
CASE(80, "inf", "a manager raises RPC_S_OUT_OF_MEMORY: the client gets it") { return raised_by_manager(kRaise, 14); }

static Result aborted(Action action, long code) {
    BIND(b, Protocol::lrpc);
    Call call;
    last_action_status = -1;
    EXPECT_IS(call.act(b, action, code), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), code);
    settled(last_action_status);
    EXPECT(last_action_status == 0, "AbortCall returned %ld", last_action_status);
    unbind(b);
    return passed("%lx", code);
}
CASE(81, "API", "AbortCall in the manager") { return aborted(kAbortHere, 0xabcd); }
CASE(82, "RPC:error-handling", "AbortCall on a worker") { return aborted(kAbortOnWorker, 0xabcd); }
CASE(83, "API", "AbortCall with code 5") { return aborted(kAbortHere, 5); }
CASE(84, "API nonzero; RPCE 3.3.3.5.1; inf", "AbortCall with code 0 never becomes a fault of 0") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    const Outcome outcome = GUARDED(RpcAsyncAbortCall(parked.state, 0));
    EXPECT(!outcome.raised, "%s", outcome.text().c_str());
    if (outcome == 0) {
        EXPECT(call.wait(), "no event");
        const Outcome completed = call.complete();
        EXPECT(completed.is_error(), "the client: %s", completed.text().c_str());
        unbind(b);
        return passed("mapped to %s", completed.text().c_str());
    }
    EXPECT(!call.wait(300), "refused, but the client was told");
    EXPECT_IS(GUARDED(RpcAsyncAbortCall(parked.state, 77)), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 77);
    unbind(b);
    return passed("refused with %s", outcome.text().c_str());
}
CASE(85, "API", "after AbortCall the client completes once only") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.act(b, kAbortHere, 0xabcd), 0);
    EXPECT(call.wait(), "no event");
    EXPECT(!call.wait(500), "a second event");
    EXPECT_IS(call.complete(), 0xabcd);
    EXPECT(!call.wait(300), "an event after CompleteCall");
    unbind(b);
    return passed("once");
}
CASE(86, "API undefined; inf", "AbortCall twice: no crash", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    second_action_status = -1;
    EXPECT_IS(call.act(b, kAbortTwice, 0xabcd), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0xabcd);
    settled(second_action_status);
    EXPECT(last_action_status == 0, "the first returned %ld", last_action_status);
    EXPECT(second_action_status != -1, "the second did not return");
    Call next;
    EXPECT_IS(next.add(b, 6, 7), 0);
    EXPECT(next.wait(), "the next call: no event");
    EXPECT_IS(next.complete(), 0);
    unbind(b);
    return passed("the second returned %ld", second_action_status);
}
CASE(87, "inf", "AbortCall on a client's pending state is an error, the call goes on") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    const Outcome outcome = GUARDED(RpcAsyncAbortCall(&call.state, 5));
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    EXPECT_IS(call.status(), 997);
    EXPECT_IS(release(parked, 3), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 3 && call.result == 4, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(88, "API; inf", "the server completes with a NULL [ref] pointer: an RPC error on both sides") {
    BIND(b, Protocol::lrpc);
    Call call;
    last_action_status = -1;
    EXPECT_IS(guarded([&] { stub::async_call(client(kAsync), async_proc(kRefText), &call.state, b, &call.text); }), 0);
    EXPECT(call.wait(), "no event");
    const Outcome outcome = call.complete();
    EXPECT(outcome.is_error() && outcome.value != 997, "the client: %s", outcome.text().c_str());
    settled(last_action_status);
    EXPECT(last_action_status != 0 && last_action_status != -1, "the server's CompleteCall: %ld", last_action_status);
    EXPECT(server_memory.allocated == server_memory.freed, "%ld allocated, %ld freed", server_memory.allocated,
           server_memory.freed);
    unbind(b);
    return passed("client %s, server %ld", outcome.text().c_str(), last_action_status);
}
static Result balanced(const wchar_t* text, long expected_status) {
    BIND(b, Protocol::lrpc);
    for (int i = 0; i < 3; ++i) {
        Call call;
        EXPECT_IS(guarded([&] {
                      stub::async_call(client(kAsync), async_proc(kText), &call.state, b, text, &call.text);
                  }), 0);
        EXPECT(call.wait(), "no event");
        EXPECT_IS(call.complete(), expected_status);
    }
    for (int i = 0; i < 500 && server_memory.allocated != server_memory.freed; ++i) Sleep(10);
    EXPECT(server_memory.allocated == server_memory.freed, "%ld allocated, %ld freed", server_memory.allocated,
           server_memory.freed);
    EXPECT(expected_status != 0 || server_memory.allocated >= 3, "only %ld allocated", server_memory.allocated);
    unbind(b);
    return passed("%ld allocated and freed", server_memory.allocated);
}
CASE(89, "API", "AbortCall frees [in] data") { return balanced(L"abort", 1234); }
CASE(90, "API; inf", "CompleteCall frees [in] and [out] data") { return balanced(L"some text", 0); }
