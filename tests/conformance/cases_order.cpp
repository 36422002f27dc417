// 7.7 Ordering and options.
#include "raw_peer.h"
#include "bind.h"
#include "support/threads.h"
#include <memory>
#include <vector>

using namespace srv;

CASE(134, "RPC:causal-ordering-of-asynchronous-calls", "100 calls of one thread start in the order they were issued", kSlow) {
    BIND(b, Protocol::lrpc);
    constexpr int n = 100;
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<long> keys;
    for (int i = 0; i < n; ++i) {
        calls.push_back(std::make_unique<Call>());
        keys.push_back(next_key());
        EXPECT_IS(calls[i]->hold(b, keys[i]), 0);
    }
    std::vector<Parked> parked(n);
    for (int i = 0; i < n; ++i) EXPECT(wait_parked(keys[i], &parked[i]), "call %d did not reach its manager", i);
    int out_of_order = 0;
    for (int i = 1; i < n; ++i) out_of_order += parked[i].sequence < parked[i - 1].sequence;
    for (int i = 0; i < n; ++i) {
        EXPECT_IS(release(parked[i], i), 0);
        EXPECT(calls[i]->wait(), "call %d: no event", i);
        EXPECT_IS(calls[i]->complete(), 0);
    }
    EXPECT(!out_of_order, "%d started before their predecessor", out_of_order);
    unbind(b);
    return passed("in order");
}
CASE(135, "RPC:causal-ordering-of-asynchronous-calls", "a second call completes while the first is parked") {
    BIND(b, Protocol::lrpc);
    Call first, second;
    HOLD(first, b, parked);
    EXPECT_IS(second.add(b, 6, 7), 0);
    EXPECT(second.wait(), "the second: no event");
    EXPECT_IS(second.complete(), 0);
    EXPECT_IS(first.status(), 997);
    EXPECT_IS(release(parked, 1), 0);
    EXPECT(first.wait(), "the first: no event");
    EXPECT_IS(first.complete(), 0);
    unbind(b);
    return passed("the second first");
}
CASE(136, "RPC:causal-ordering-of-asynchronous-calls", "two threads on one binding have calls in progress together") {
    BIND(b, Protocol::lrpc);
    const long keys[2] = {next_key(), next_key()};
    Outcome outcomes[2];
    HANDLE threads[2];
    for (int i = 0; i < 2; ++i)
        threads[i] = run_on_thread([&, i] {
            long value = 0;
            outcomes[i] = sync_hold(b, keys[i], &value);
        });
    Parked parked;
    EXPECT(wait_parked(keys[0], &parked) && wait_parked(keys[1], &parked), "only one is in progress");
    release_sync(keys[0]);
    release_sync(keys[1]);
    EXPECT(WaitForMultipleObjects(2, threads, TRUE, 5000) == WAIT_OBJECT_0, "they go on");
    for (int i = 0; i < 2; ++i) EXPECT(outcomes[i] == keys[i] + 1, "call %d: %s", i, outcomes[i].text().c_str());
    unbind(b);
    return passed("together");
}
CASE(137, "RPC:binding-option-constants", "NONCAUSAL on tcp: set, and inquired as TRUE") {
    handle_t b = bind_to(L"ncacn_ip_tcp", L"9");
    EXPECT(b, "no binding: %s", why().c_str());
    EXPECT_IS(GUARDED(RpcBindingSetOption(b, RPC_C_OPT_BINDING_NONCAUSAL, TRUE)), 0);
    ULONG_PTR value = 99;
    EXPECT_IS(GUARDED(RpcBindingInqOption(b, RPC_C_OPT_BINDING_NONCAUSAL, &value)), 0);
    EXPECT(value == TRUE, "%lu", static_cast<unsigned long>(value));
    unbind(b);
    return passed("TRUE");
}
CASE(138, "API:RpcBindingSetOption", "NONCAUSAL on ncalrpc: 1764 or 0") {
    handle_t b = bind_to(L"ncalrpc", L"nobody");
    EXPECT(b, "no binding: %s", why().c_str());
    const Outcome outcome = GUARDED(RpcBindingSetOption(b, RPC_C_OPT_BINDING_NONCAUSAL, TRUE));
    EXPECT(outcome == 1764 || outcome == 0, "%s", outcome.text().c_str());
    unbind(b);
    return recorded("%s", outcome.text().c_str());
}
CASE(139, "RPC:binding-option-constants", "NONCAUSAL: 100 calls all complete", kSlow) {
    BIND(b, Protocol::tcp);
    EXPECT_IS(GUARDED(RpcBindingSetOption(b, RPC_C_OPT_BINDING_NONCAUSAL, TRUE)), 0);
    std::vector<std::unique_ptr<Call>> calls;
    for (int i = 0; i < 100; ++i) {
        calls.push_back(std::make_unique<Call>());
        EXPECT_IS(calls[i]->add(b, i, 2), 0);
    }
    for (int i = 0; i < 100; ++i) {
        EXPECT(calls[i]->wait(), "call %d: no event", i);
        EXPECT_IS(calls[i]->complete(), 0);
        EXPECT(calls[i]->result == i * 2, "call %d: %ld", i, calls[i]->result);
    }
    unbind(b);
    return passed("100");
}

// A raw server for one connection: answers its requests by Add's results, after `delay` ms.
struct RawAdd {
    raw::Connection connection;
    HANDLE thread = nullptr;
    volatile long requests = 0;
    void serve(unsigned agree, unsigned delay) {
        thread = run_on_thread([this, agree, delay] {
            if (!connection.accept_bind(agree)) return;
            raw::Request request;
            while (connection.read_request(&request, 8000)) {
                InterlockedIncrement(&requests);
                if (delay) Sleep(delay);
                const raw::Bytes answer = raw::longs({13, 42});
                if (!connection.respond(request.call_id, answer.data(), 8)) return;
            }
        });
    }
};
CASE(140, "RPC:managing-network-connection-sets-associations-", "one synchronous and one asynchronous call: two connections") {
    raw::Server peer;
    EXPECT(peer.listen(), "no socket");
    handle_t b = bind_to(L"ncacn_ip_tcp", peer.endpoint().c_str());
    EXPECT(b, "no binding: %s", why().c_str());
    static RawAdd first, second;
    HANDLE accepting = run_on_thread([&] {
        if ((first.connection = peer.accept(5000))) first.serve(raw::kAgreeMultiplex | raw::kAgreeFeatures, 1000);
        if ((second.connection = peer.accept(3000))) second.serve(raw::kAgreeMultiplex | raw::kAgreeFeatures, 0);
    });
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c), 42);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    WaitForSingleObject(accepting, 5000);
    EXPECT(second.connection && first.requests == 1 && second.requests == 1, "requests: %ld, %ld", first.requests,
           second.requests);
    return passed("two");
}
CASE(141, "RPC:managing-network-connection-sets-associations-; inf", "two asynchronous calls share a connection, by call_id") {
    raw::Server peer;
    EXPECT(peer.listen(), "no socket");
    handle_t b = bind_to(L"ncacn_ip_tcp", peer.endpoint().c_str());
    EXPECT(b, "no binding: %s", why().c_str());
    static raw::Request requests[2];
    static bool both;
    HANDLE serving = run_on_thread([&] {
        raw::Connection c = peer.accept();
        both = c.accept_bind(raw::kAgreeMultiplex | raw::kAgreeFeatures) && c.read_request(&requests[0]) &&
               c.read_request(&requests[1], 3000);
        const raw::Bytes answer = raw::longs({13, 42});
        for (const raw::Request& r : requests)
            if (both) both = c.respond(r.call_id, answer.data(), 8);
        c.wait_closed(3000);
    });
    Call first, second;
    EXPECT_IS(first.add(b, 6, 7), 0);
    EXPECT_IS(second.add(b, 6, 7), 0);
    EXPECT(first.wait() && second.wait(), "no event");
    EXPECT_IS(first.complete(), 0);
    EXPECT_IS(second.complete(), 0);
    EXPECT(both && requests[0].call_id != requests[1].call_id, "call ids %u, %u", requests[0].call_id,
           requests[1].call_id);
    unbind(b);
    WaitForSingleObject(serving, 4000);
    return passed("call ids %u, %u", requests[0].call_id, requests[1].call_id);
}
