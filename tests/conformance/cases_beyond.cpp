// What the specification has no number for.
#include "bind.h"
#include "child.h"
#include "support/threads.h"
#include <memory>
#include <vector>

using namespace srv;

static bool acts_for_another() {
    HANDLE token;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) return false;
    CloseHandle(token);
    return true;
}

CASE(215, "API:RpcImpersonateClient; API:RpcRevertToSelfEx", "a worker thread acts for the client by the call handle, and stops to") {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    Outcome began, ended;
    bool before = true, during = false, after = true;
    EXPECT(run_elsewhere([&] {
        before = acts_for_another();
        began = GUARDED(RpcImpersonateClient(call_handle(parked)));
        during = acts_for_another();
        ended = GUARDED(RpcRevertToSelfEx(call_handle(parked)));
        after = acts_for_another();
    }), "it hangs");
    EXPECT(began == 0 && ended == 0, "%s, then %s", began.text().c_str(), ended.text().c_str());
    EXPECT(!before && during && !after, "a token: before %d, during %d, after %d", before, during, after);
    EXPECT_IS(release(parked, 1), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("0, 0");
}

CASE(216, "API; inf", "the client is killed, then a worker thread aborts: no crash, nothing is left", kAlone) {
    EXPECT(start(), "no server: %s", why().c_str());
    const long key = next_key();
    wchar_t arguments[100];
    swprintf(arguments, 100, L"client %lu %u %d 1 %ld", GetCurrentProcessId(), tcp_port(), static_cast<int>(Protocol::tcp), key);
    Child client(arguments);
    EXPECT(!client.ready().find("ready"), "the client: %s", client.ready().c_str());
    Parked parked;
    EXPECT(wait_parked(key, &parked), "the manager was not called");
    client.kill();
    Sleep(200);
    Outcome late;
    EXPECT(run_elsewhere([&] { late = GUARDED(RpcAsyncAbortCall(parked.state, 5)); }), "it hangs");
    EXPECT(late == 0, "AbortCall: %s", late.text().c_str());
    EXPECT(server_memory.allocated == server_memory.freed, "%ld allocated, %ld freed", server_memory.allocated, server_memory.freed);
    BIND(b, Protocol::tcp);  // the server serves on
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c, kAsync), 42);
    unbind(b);
    return passed("0");
}

// A burst of calls that a manager parks, and where each of them is then.
struct Burst {
    explicit Burst(int count) : parked(static_cast<size_t>(count)) {
        for (int i = 0; i < count; ++i) {
            calls.push_back(std::make_unique<Call>());
            keys.push_back(next_key());
        }
    }
    Result issue(handle_t b) {
        for (size_t i = 0; i < calls.size(); ++i) EXPECT_IS(calls[i]->hold(b, keys[i]), 0);
        return passed("issued");
    }
    Result arrive() {
        for (size_t i = 0; i < calls.size(); ++i)
            EXPECT(wait_parked(keys[i], &parked[i]), "call %u did not reach its manager", static_cast<unsigned>(i));
        return passed("arrived");
    }
    Result end() {
        for (size_t i = calls.size(); i-- != 0;) {
            EXPECT_IS(release(parked[i], static_cast<long>(i)), 0);
            EXPECT(calls[i]->wait(), "call %u: no event", static_cast<unsigned>(i));
            EXPECT_IS(calls[i]->complete(), 0);
            EXPECT(calls[i]->out == static_cast<long>(i), "call %u: %ld", static_cast<unsigned>(i), calls[i]->out);
        }
        return passed("ended");
    }
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<long> keys;
    std::vector<Parked> parked;
};
#define GO(step)                                             \
    do {                                                     \
        const Result result_ = (step);                       \
        if (result_.verdict != Verdict::pass) return result_; \
    } while (0)

CASE(217, "RPC:causal-ordering-of-asynchronous-calls", "500 calls at once, over ncalrpc and tcp: started in order, each with its own reply", kSlow) {
    for (const Protocol protocol : {Protocol::lrpc, Protocol::tcp}) {
        BIND(b, protocol);
        Burst burst(500);
        GO(burst.issue(b));
        GO(burst.arrive());
        int out_of_order = 0;
        for (size_t i = 1; i < burst.parked.size(); ++i) out_of_order += burst.parked[i].sequence < burst.parked[i - 1].sequence;
        EXPECT(!out_of_order, "%d started before their predecessor", out_of_order);
        GO(burst.end());
        unbind(b);
    }
    return passed("in order");
}

CASE(218, "API:RpcAsyncCancelCall", "a cancel right behind a burst of calls reaches the server's last", kSlow) {
    for (const Protocol protocol : {Protocol::lrpc, Protocol::tcp}) {
        BIND(b, protocol);
        Burst burst(100);
        GO(burst.issue(b));
        EXPECT_IS(burst.calls.back()->cancel(false), 0);
        GO(burst.arrive());
        EXPECT_IS(wait_test_cancel(call_handle(burst.parked.back()), 0), 0);
        EXPECT_IS(GUARDED(RpcServerTestCancel(call_handle(burst.parked.front()))), 1791);
        GO(burst.end());
        unbind(b);
    }
    return passed("0; 1791 for the others");
}

static void spin(double microseconds) {
    LARGE_INTEGER frequency, from, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&from);
    do QueryPerformanceCounter(&now);
    while (static_cast<double>(now.QuadPart - from.QuadPart) * 1e6 < microseconds * static_cast<double>(frequency.QuadPart));
}

CASE(219, "API:RpcAsyncCancelCall", "a cancel of either kind at every moment of a call: it ends once, with its results or 1818", kSlow) {
    int completed = 0, cancelled = 0;
    for (const Protocol protocol : {Protocol::lrpc, Protocol::tcp}) {
        BIND(b, protocol);
        for (int i = 0; i < 400; ++i) {
            Call call;
            EXPECT_IS(call.add(b, i, 3), 0);
            spin(i / 2 * 4.0);
            EXPECT_IS(call.cancel(i % 2), 0);
            EXPECT(call.wait(), "call %d: no event", i);
            const Outcome end = call.complete();
            EXPECT(end == 0 || (end == 1818 && i % 2), "call %d: %s", i, end.text().c_str());
            EXPECT(!(end == 0) || (call.out == i + 3 && call.result == i * 3), "call %d: %ld, %ld", i, call.out, call.result);
            EXPECT(!call.wait(0), "call %d: a second event", i);
            ++(end == 0 ? completed : cancelled);
        }
        long c = 0;
        EXPECT_IS(sync_add(b, 6, 7, &c, kAsync), 42);
        unbind(b);
    }
    return passed("%d completed, %d cancelled", completed, cancelled);
}

CASE(220, "RPC:dealing-with-loss-of-connectivity", "the server dies at one moment or another: every call that was issued ends once", kSlow) {
    int ended[2] = {};
    for (const double moment : {0.0, 300.0, 1000.0, 3000.0, 10000.0}) {
        Child server(L"server");
        handle_t b = server.bind(Protocol::lrpc);
        EXPECT(b, "no server: %s", server.ready().c_str());
        Call first;
        EXPECT_IS(first.add(b, 6, 7), 0);
        EXPECT(first.wait(), "the first: no event");
        EXPECT_IS(first.complete(), 0);
        HANDLE killer = run_on_thread([&] {
            spin(moment);
            server.kill();
        });
        std::vector<std::unique_ptr<Call>> issued;
        for (int i = 0; i < 60; ++i) {
            auto call = std::make_unique<Call>();
            const Outcome outcome = i % 2 ? call->add(b, i, 1) : call->hold(b, next_key());
            if (outcome == 0) issued.push_back(std::move(call));
            else EXPECT(outcome.raised == 1722 || outcome.raised == 1726 || outcome.raised == 1727, "call %d: %s", i, outcome.text().c_str());
        }
        WaitForSingleObject(killer, INFINITE);
        CloseHandle(killer);
        for (auto& call : issued) {
            EXPECT(call->wait(10000), "no event");
            const Outcome end = call->complete();
            EXPECT(end == 0 || end == 1726 || end == 1727, "%s", end.text().c_str());
            ++ended[!(end == 0)];
        }
        for (auto& call : issued) EXPECT(!call->wait(0), "a second event");
        unbind(b);
    }
    return passed("%d with their results, %d with the server's death", ended[0], ended[1]);
}
