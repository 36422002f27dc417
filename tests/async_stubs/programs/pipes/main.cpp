// The stubs that tools/async-stubs makes of procedures with pipes, client and server in one process: elements are simple types and
// structures, in either direction and in both.
#include <stdio.h>
#include <stdlib.h>

#include <vector>

#include "pipes.h"
#include "support/checks.h"
#include "support/endpoints.h"
#include "support/threads.h"

namespace {

constexpr DWORD kPatience = 60000;
constexpr ULONG kPortion = 1000;
constexpr LONG kElements = 20000;

// Either side's state tells by an event of its own.
struct Told {
    HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    ~Told() { CloseHandle(event); }
    void listen(RPC_ASYNC_STATE* state) const {
        state->NotificationType = RpcNotificationTypeEvent;
        state->u.hEvent = event;
    }
    // The elements that are there next: none at the end.
    template <class Pipe, class Element>
    RPC_STATUS pull(Pipe* pipe, Element* to, ULONG* count) const {
        for (;;) {
            const RPC_STATUS status = pipe->pull(pipe->state, to, kPortion, count);
            if (status != RPC_S_ASYNC_CALL_PENDING) return status;
            if (WaitForSingleObject(event, kPatience) != WAIT_OBJECT_0) return ERROR_TIMEOUT;
        }
    }
};

// The server's managers leave each call to a thread.
struct Served : Told {
    RPC_ASYNC_STATE* state;
    explicit Served(RPC_ASYNC_STATE* s) : state(s) {
        listen(state);
        RpcAsyncRegisterInfo(state);
    }
    void answer(RPC_STATUS status, LONG result) const {
        if (status) RpcAsyncAbortCall(state, static_cast<ULONG>(status));
        else RpcAsyncCompleteCall(state, &result);
    }
};

struct Call : Told {
    RPC_ASYNC_STATE state{};
    LONG result = -1;
    Call() {
        RpcAsyncInitializeHandle(&state, sizeof state);
        listen(&state);
    }
    RPC_STATUS complete() {
        for (;;) {
            const RPC_STATUS status = RpcAsyncCompleteCall(&state, &result);
            if (status != RPC_S_ASYNC_CALL_PENDING) return status;
            if (WaitForSingleObject(event, kPatience) != WAIT_OBJECT_0) return ERROR_TIMEOUT;
        }
    }
};

void sum(handle_t h) {
    Call call;
    ASYNC_PIPE_LONG numbers{};
    hyper total = 0, expected = 0;
    begin_Sum(&call.state, h, &numbers, &total);
    std::vector<LONG> data(kPortion);
    for (LONG next = 0; next < kElements;) {
        for (LONG& number : data) expected += number = next++;
        CHECK(numbers.push(numbers.state, data.data(), kPortion) == RPC_S_OK);
    }
    CHECK(numbers.push(numbers.state, nullptr, 0) == RPC_S_OK);
    CHECK(call.complete() == RPC_S_OK && call.result == kElements && total == expected);
}

void count(handle_t h) {
    Call call;
    ASYNC_PIPE_Pair pairs{};
    begin_Count(&call.state, h, 7, kElements, &pairs);
    std::vector<Pair> data(kPortion);
    LONG next = 7;
    bool good = true;
    for (ULONG got = 1; got != 0;) {
        const RPC_STATUS status = call.pull(&pairs, data.data(), &got);
        CHECK(status == RPC_S_OK);
        if (status) return;
        for (ULONG i = 0; i < got; ++i, ++next) good = good && data[i].a == next && data[i].b == -next;
    }
    CHECK(good && next == 7 + kElements);
    CHECK(call.complete() == RPC_S_OK && call.result == kElements);
}

void negate(handle_t h) {
    Call call;
    ASYNC_PIPE_double numbers{}, negated{};
    const byte extra[] = {1, 2, 3, 4, 5};
    begin_Negate(&call.state, h, sizeof extra, extra, &numbers, &negated);
    double data[kPortion] = {1.5, 2.5, -3.5};
    CHECK(numbers.push(numbers.state, data, 3) == RPC_S_OK);
    CHECK(numbers.push(numbers.state, nullptr, 0) == RPC_S_OK);
    std::vector<double> all;
    for (ULONG got = 1; got != 0;) {
        const RPC_STATUS status = call.pull(&negated, data, &got);
        CHECK(status == RPC_S_OK);
        if (status) return;
        all.insert(all.end(), data, data + got);
    }
    CHECK((all == std::vector<double>{-1.5, -2.5, 3.5}));
    CHECK(call.complete() == RPC_S_OK && call.result == 15);
}

void run(const Endpoint& endpoint) {
    printf("%ls\n", endpoint.protocol.c_str());
    handle_t h = bind(endpoint);
    CHECK(h);
    if (!h) return;
    sum(h);
    count(h);
    negate(h);
    RpcBindingFree(&h);
}

}  // namespace

void serve_Sum(RPC_ASYNC_STATE* state, handle_t, ASYNC_PIPE_LONG* numbers, hyper* total) {
    run_detached([=] {
        Served call(state);
        std::vector<LONG> data(kPortion);
        LONG seen = 0;
        RPC_STATUS status = RPC_S_OK;
        *total = 0;
        for (ULONG got = 1; got != 0 && !status; seen += static_cast<LONG>(got)) {
            got = 0;
            status = call.pull(numbers, data.data(), &got);
            for (ULONG i = 0; i < got; ++i) *total += data[i];
        }
        call.answer(status, seen);
    });
}
void serve_Count(RPC_ASYNC_STATE* state, handle_t, LONG first, LONG count, ASYNC_PIPE_Pair* pairs) {
    run_detached([=] {
        Served call(state);
        RPC_STATUS status = RPC_S_OK;
        for (LONG i = 0; i < count && !status;) {
            std::vector<Pair> some;  // 7 at a time, which make no whole piece
            for (; some.size() < 7 && i < count; ++i) some.push_back({first + i, -first - i});
            status = pairs->push(pairs->state, some.data(), static_cast<ULONG>(some.size()));
        }
        if (!status) status = pairs->push(pairs->state, nullptr, 0);
        call.answer(status, count);
    });
}
void serve_Negate(RPC_ASYNC_STATE* state, handle_t, LONG n, const byte* extra, ASYNC_PIPE_double* numbers, ASYNC_PIPE_double* negated) {
    run_detached([=] {
        Served call(state);
        std::vector<double> all, data(kPortion);
        RPC_STATUS status = RPC_S_OK;
        for (ULONG got = 1; got != 0 && !status;) {
            got = 0;
            status = call.pull(numbers, data.data(), &got);
            for (ULONG i = 0; i < got; ++i) all.push_back(-data[i]);
        }
        if (!status) status = negated->push(negated->state, all.data(), static_cast<ULONG>(all.size()));
        if (!status) status = negated->push(negated->state, nullptr, 0);
        LONG sum = 0;
        for (LONG i = 0; i < n; ++i) sum += extra[i];
        call.answer(status, sum);
    });
}

void* __RPC_USER MIDL_user_allocate(size_t size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void* memory) { free(memory); }

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    CHECK(RpcServerRegisterIf(serve_pipes_v1_0_s_ifspec, nullptr, nullptr) == RPC_S_OK);
    const std::vector<Endpoint> endpoints = own_endpoints(L"async-stubs-pipes");
    for (const Endpoint& endpoint : endpoints) CHECK(offer(endpoint));
    CHECK(RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE) == RPC_S_OK);
    for (const Endpoint& endpoint : endpoints) run(endpoint);
    return checks::report("async_stubs_pipes");
}
