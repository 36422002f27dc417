// 7.10 Pipes.
#include "bind.h"
#include "srv.h"
#include <vector>

using namespace srv;

namespace {

constexpr unsigned kPatience = 20000;

// Numbers from 1 on, of which the test knows the sum.
std::vector<long> numbers(long count) {
    std::vector<long> all;
    for (long i = 1; i <= count; ++i) all.push_back(i);
    return all;
}
long sum_of(long count) { return count * (count + 1) / 2; }

Outcome push(AsyncPipe& pipe, std::vector<long> data) {
    return guarded([&] { return pipe.push(pipe.state, data.data(), static_cast<unsigned long>(data.size())); });
}
Outcome pull(AsyncPipe& pipe, std::vector<long>& data, unsigned long size) {
    data.assign(size, -1);
    unsigned long got = 0;
    const Outcome outcome = guarded([&] { return pipe.pull(pipe.state, data.data(), size, &got); });
    data.resize(got < size ? got : size);
    return outcome;
}
// Pulls to the end, waiting as long as there is nothing; the first outcome that is neither, or 0.
Outcome drain(Call& call, AsyncPipe& pipe, long& count, long& sum) {
    for (;;) {
        std::vector<long> data;
        const Outcome outcome = pull(pipe, data, 777);
        if (outcome == 997) {
            if (!call.wait(kPatience)) return Outcome{0, ERROR_TIMEOUT};
            continue;
        }
        if (!(outcome == 0) || data.empty()) return outcome;
        count += static_cast<long>(data.size());
        for (long v : data) sum += v;
    }
}
// Waits until the call is complete, through whatever else is told.
Outcome await_end(Call& call) {
    for (;;) {
        const Outcome status = call.status();
        if (!(status == 997)) return status;
        if (!call.wait(kPatience)) return Outcome{0, ERROR_TIMEOUT};
    }
}
void on_send(Call& call) { call.state.Flags = RPC_C_NOTIFY_ON_SEND_COMPLETE; }

// Counts what is told, by kind.
struct Told {
    volatile long sent = 0, received = 0, complete = 0;
    HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    ~Told() { CloseHandle(event); }
    static void RPC_ENTRY on_event(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT event) {
        Told& told = *static_cast<Told*>(state->UserInfo);
        if (event == RpcSendComplete) InterlockedIncrement(&told.sent);
        if (event == RpcReceiveComplete) InterlockedIncrement(&told.received);
        if (event == RpcCallComplete) InterlockedIncrement(&told.complete);
        SetEvent(told.event);
    }
    void listen(Call& call) {
        call.state.NotificationType = RpcNotificationTypeCallback;
        call.state.u.NotificationRoutine = on_event;
        call.state.UserInfo = this;
    }
    bool wait_for(volatile long& what, long least) const {
        while (what < least)
            if (WaitForSingleObject(event, kPatience) != WAIT_OBJECT_0) return false;
        return true;
    }
};

}  // namespace

CASE(174, "RPC:client-side-asynchronous-pipe-handling", "[out] pipe: pull before data: 997, then RpcReceiveComplete", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    Told told;
    told.listen(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeOut, kPipeGate, 10, nullptr, &pipe), 0);
    EXPECT(pipe.pull && pipe.state, "the pipe was not filled in");
    std::vector<long> data;
    EXPECT_IS(pull(pipe, data, 100), 997);
    EXPECT(told.received == 0, "told before there was anything");
    SetEvent(pipe_gate);
    EXPECT(told.wait_for(told.received, 1), "no RpcReceiveComplete");
    EXPECT_IS(pull(pipe, data, 100), 0);
    EXPECT(!data.empty() && data[0] == 1, "%zu elements", data.size());
    EXPECT(told.complete == 0, "complete before the end was pulled");
    unbind(b);
    return passed("997, RpcReceiveComplete, 0");
}
CASE(175, "RPC:asynchronous-pipe-state", "[out] pipe: the end is 0 with no elements, then RpcCallComplete", kAlone) {
    BIND(b, Protocol::tcp);
    Call call;
    Told told;
    told.listen(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeOut, kPipeWhole, 10, nullptr, &pipe), 0);
    std::vector<long> data, all;
    for (;;) {
        const Outcome outcome = pull(pipe, data, 4);
        if (outcome == 997) {
            EXPECT(told.wait_for(told.received, told.received + 1), "no RpcReceiveComplete");
            continue;
        }
        EXPECT(outcome == 0, "pull: %s", outcome.text().c_str());
        if (data.empty()) break;
        EXPECT(told.complete == 0, "complete before the end was pulled");
        all.insert(all.end(), data.begin(), data.end());
    }
    EXPECT(all == numbers(10), "%zu elements", all.size());
    EXPECT(told.wait_for(told.complete, 1), "no RpcCallComplete");
    EXPECT(call.state.Event == RpcCallComplete, "Event is %d", call.state.Event);
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 0 && call.result == 0 && told.complete == 1, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("%zu elements, the end, complete", all.size());
}
CASE(176, "RPC:client-side-asynchronous-pipe-handling", "[in] pipe, told of sends: RpcSendComplete", kAlone) {
    BIND(b, Protocol::tcp);
    Call call;
    Told told;
    told.listen(call);
    on_send(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeWhole, 0, &pipe, nullptr), 0);
    EXPECT(told.wait_for(told.sent, 1), "nothing told of the call itself");
    EXPECT_IS(push(pipe, numbers(1000)), 0);
    EXPECT(told.wait_for(told.sent, 2), "nothing told of the push");
    EXPECT_IS(push(pipe, {}), 0);
    EXPECT(told.wait_for(told.complete, 1), "no RpcCallComplete");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == sum_of(1000) && call.result == 1000, "%ld, %ld", call.out, call.result);
    unbind(b);
    return passed("told %ld times of sends", told.sent);
}
CASE(177, "RPC:client-side-asynchronous-pipe-handling", "three pushes without waiting: 1 to 3 RpcSendComplete", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    Told told;
    told.listen(call);
    on_send(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeGate, 0, &pipe, nullptr), 0);
    EXPECT(told.wait_for(told.sent, 1), "nothing told of the call itself");
    const long before = told.sent;
    for (int i = 0; i < 3; ++i) EXPECT_IS(push(pipe, numbers(100)), 0);
    EXPECT(told.wait_for(told.sent, before + 1), "no RpcSendComplete");
    SetEvent(pipe_gate);
    EXPECT_IS(push(pipe, {}), 0);
    EXPECT(told.wait_for(told.complete, 1), "no RpcCallComplete");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.out == 3 * sum_of(100) && call.result == 300, "%ld, %ld", call.out, call.result);
    EXPECT(told.sent - before <= 3, "told %ld times", told.sent - before);
    unbind(b);
    return passed("told %ld times", told.sent - before);
}
CASE(178, "API:RPC_ASYNC_STATE; inf", "[in] pipe, not told of sends: no RpcSendComplete", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    Told told;
    told.listen(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeWhole, 0, &pipe, nullptr), 0);
    for (int i = 0; i < 5; ++i) EXPECT_IS(push(pipe, numbers(1000)), 0);
    EXPECT_IS(push(pipe, {}), 0);
    EXPECT(told.wait_for(told.complete, 1), "no RpcCallComplete");
    EXPECT_IS(call.complete(), 0);
    EXPECT(call.result == 5000 && told.sent == 0 && told.received == 0, "%ld, told %ld", call.result, told.sent);
    unbind(b);
    return passed("nothing told of sends");
}
CASE(179, "RPC:client-side-asynchronous-pipe-handling", "a buffer overwritten right after push: the server has what was pushed",
     kAlone) {
    BIND(b, Protocol::tcp);
    Call call;
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeGate, 0, &pipe, nullptr), 0);
    std::vector<long> data = numbers(5000);
    for (int i = 0; i < 20; ++i) {
        EXPECT_IS(GUARDED(pipe.push(pipe.state, data.data(), 5000)), 0);
        const std::vector<long> fresh = numbers(5000);
        for (long& v : data) v = -1;
        SetEvent(pipe_gate);
        data = fresh;
    }
    EXPECT_IS(push(pipe, {}), 0);
    EXPECT_IS(await_end(call), 0);
    EXPECT_IS(call.complete(), 0);
    const long expected = static_cast<long>(20u * static_cast<unsigned>(sum_of(5000)));
    EXPECT(call.result == 100000 && call.out == expected, "%ld of %ld elements", call.out, call.result);
    unbind(b);
    return passed("%ld elements", call.result);
}
CASE(180, "RPC:error-handling", "client completes before its [in] pipe has ended: a pipe error", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeWhole, 0, &pipe, nullptr), 0);
    EXPECT_IS(push(pipe, numbers(10)), 0);
    const Outcome outcome = call.complete();
    const bool pipe_error = outcome == RPC_X_PIPE_CLOSED || outcome == RPC_X_PIPE_DISCIPLINE_ERROR ||
                            outcome == RPC_X_PIPE_EMPTY || outcome == RPC_X_WRONG_PIPE_ORDER;
    EXPECT(pipe_error, "%s", outcome.text().c_str());
    EXPECT(!(push(pipe, numbers(10)) == 0), "a push after the end of the call succeeds");
    EXPECT(!(call.complete() == 0), "the call is completed a second time");
    unbind(b);
    return passed("%s", outcome.text().c_str());
}
CASE(181, "RPC:error-handling", "server completes before it has drained the pipe: a pipe error", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeTooEarly, 0, &pipe, nullptr), 0);
    const Outcome client = await_end(call);
    EXPECT(settled(pipe_status) >= RPC_X_INVALID_PIPE_OBJECT || pipe_status == RPC_X_PIPE_CLOSED, "%ld", pipe_status);
    EXPECT(!(client == 0), "the client's call succeeds");
    EXPECT(!(call.complete() == 0), "the client's call succeeds");
    unbind(b);
    return passed("server %ld, client %s", pipe_status, client.text().c_str());
}
CASE(182, "RPC:error-handling; inf", "push on an [out] pipe; pull after the end", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeOut, kPipeWhole, 3, nullptr, &pipe), 0);
    const Outcome wrong = push(pipe, numbers(1));
    EXPECT(wrong.is_error(), "push: %s", wrong.text().c_str());
    long count = 0, sum = 0;
    EXPECT_IS(drain(call, pipe, count, sum), 0);
    EXPECT(count == 3, "%ld", count);
    std::vector<long> data;
    const Outcome late = pull(pipe, data, 10);
    EXPECT(late.is_error(), "pull: %s", late.text().c_str());
    EXPECT_IS(await_end(call), 0);
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return recorded("push %s, pull %s", wrong.text().c_str(), late.text().c_str());
}
CASE(183, "RPC:asynchronous-pipe-state", "abortive cancel while a pipe is open: notification, then 1818", kAlone) {
    BIND(b, Protocol::tcp);
    Call call;
    Told told;
    told.listen(call);
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeGate, 0, &pipe, nullptr), 0);
    EXPECT_IS(push(pipe, numbers(1000)), 0);
    EXPECT_IS(call.cancel(true), 0);
    EXPECT(told.wait_for(told.complete, 1), "no RpcCallComplete");
    EXPECT_IS(call.complete(), 1818);
    EXPECT(!(push(pipe, numbers(10)) == 0), "a push after the end of the call succeeds");
    SetEvent(pipe_gate);
    EXPECT(settled(pipe_status) != 0, "the server pulls to the end");
    EXPECT(told.complete == 1, "told %ld times", told.complete);
    unbind(b);
    return passed("1818, server %ld", pipe_status);
}
CASE(184, "RPC:error-handling", "server aborts while a pipe is open: the client's push, or completion, has its code", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    AsyncPipe pipe{};
    EXPECT_IS(async_pipes(call, b, kPipeIn, kPipeAbort, 0, &pipe, nullptr), 0);
    EXPECT_IS(push(pipe, numbers(1000)), 0);
    EXPECT(settled(pipe_status) == 0, "RpcAsyncAbortCall: %ld", pipe_status);
    EXPECT_IS(await_end(call), 1234);
    EXPECT_IS(push(pipe, numbers(10)), 1234);
    const Outcome again = call.complete();
    EXPECT(again.is_error(), "%s", again.text().c_str());
    Call other;
    pipe = {};
    EXPECT_IS(async_pipes(other, b, kPipeOut, kPipeAbort, 5000, nullptr, &pipe), 0);
    long count = 0, sum = 0;
    EXPECT_IS(drain(other, pipe, count, sum), 1234);
    EXPECT(count < 5000, "%ld elements", count);
    unbind(b);
    return passed("1234");
}

// A synchronous program's pipes: what is pushed is counted, what is pulled are numbers.
struct Source {
    long left, next = 1, sum = 0, count = 0;
    long room[3000];
    SyncPipe pipe{pull, push, alloc, reinterpret_cast<char*>(this)};
    explicit Source(long n) : left(n) {}
    static Source& of(char* state) { return *reinterpret_cast<Source*>(state); }
    static void __RPC_USER pull(char* state, long* buffer, unsigned long size, unsigned long* count) {
        Source& s = of(state);
        unsigned long n = 0;
        for (; n < size && s.left != 0; ++n, --s.left) buffer[n] = s.next++;
        *count = n;
    }
    static void __RPC_USER push(char* state, long* buffer, unsigned long count) {
        Source& s = of(state);
        s.count += static_cast<long>(count);
        for (unsigned long i = 0; i < count; ++i) s.sum += buffer[i];
    }
    static void __RPC_USER alloc(char* state, unsigned long bytes, long** buffer, unsigned long* given) {
        *buffer = of(state).room;
        *given = bytes < sizeof of(state).room ? bytes : sizeof of(state).room;
    }
};
CASE(185, "RPC:asynchronous-rpc; inf", "pipes between synchronous and asynchronous ends, either way: the data are whole", kAlone) {
    constexpr long many = 40000;
    for (Protocol protocol : {Protocol::lrpc, Protocol::tcp, Protocol::np}) {
        BIND(b, protocol);
        for (Interface which : {kAsync, kSync}) {
            static Source in(0), out(0);
            new (&in) Source(many);
            new (&out) Source(0);
            long sum = -1;
            EXPECT_IS(sync_pipes(b, which, kPipeBoth, kPipeWhole, many, &in.pipe, &out.pipe, &sum), many);
            EXPECT(sum == sum_of(many) && out.count == many && out.sum == sum_of(many), "%ld, %ld, %ld", sum, out.count, out.sum);
        }
        Call call;
        AsyncPipe in{}, out{};
        EXPECT_IS(async_pipes(call, b, kPipeBoth, kPipeWhole, many, &in, &out), 0);
        const std::vector<long> data = numbers(many);
        for (size_t at = 0; at < data.size(); at += 1000)
            EXPECT_IS(push(in, {data.begin() + static_cast<long>(at), data.begin() + static_cast<long>(at) + 1000}), 0);
        EXPECT_IS(push(in, {}), 0);
        long count = 0, sum = 0;
        EXPECT_IS(drain(call, out, count, sum), 0);
        EXPECT(count == many && sum == sum_of(many), "%ld, %ld", count, sum);
        EXPECT_IS(await_end(call), 0);
        EXPECT_IS(call.complete(), 0);
        EXPECT(call.out == sum_of(many) && call.result == many, "%ld, %ld", call.out, call.result);
        unbind(b);
    }
    return passed("%ld elements each way", many);
}
