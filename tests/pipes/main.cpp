// Streams megabytes through asynchronous pipes in both directions, as the documentation says: who pushes waits for RpcSendComplete, who
// pulls for RpcReceiveComplete. Every element arrives, in its order, and neither side's memory grows with what has passed.
// pipes MEGABYTES [PORT]: PORT is that of an RPC proxy, by way of which it is done then.
#include <windows.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "srv.h"

using namespace srv;

namespace {

constexpr unsigned kPatience = 120000;
constexpr size_t kRoom = 16u << 20;  // bytes that both sides together may take while data stream
int g_failures;

void check(bool ok, const char* what, const char* protocol, long number) {
    printf("%s: %s, %s: %ld\n", ok ? "ok" : "FAILED", protocol, what, number);
    g_failures += !ok;
}

size_t memory() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return counters.WorkingSetSize;
}

// The most that was taken above the start.
struct Watch {
    size_t start = memory(), most = 0;
    unsigned count = 0;
    void look() {
        if (++count % 64) return;
        const size_t now = memory();
        if (now > start && now - start > most) most = now - start;
    }
};

bool wait_end(Call& call) {
    while (call.status() == 997)
        if (!call.wait(kPatience)) return false;
    return true;
}

void stream_in(const char* name, handle_t b, long elements) {
    Call call;
    call.state.Flags = RPC_C_NOTIFY_ON_SEND_COMPLETE;
    AsyncPipe pipe{};
    Watch watch;
    std::vector<long> data(16384, 1);
    Outcome outcome = async_pipes(call, b, kPipeIn, kPipeWhole, 0, &pipe, nullptr);
    bool told = call.wait(kPatience);
    for (long left = elements; left > 0 && told && outcome == 0;) {
        const auto n = static_cast<unsigned long>(left < 16384 ? left : 16384);
        outcome = GUARDED(pipe.push(pipe.state, data.data(), n));
        left -= static_cast<long>(n);
        told = outcome == 0 && call.wait(kPatience);
        watch.look();
    }
    check(told && outcome == 0, "every push was told", name, static_cast<long>(outcome.value));
    outcome = GUARDED(pipe.push(pipe.state, nullptr, 0));
    check(outcome == 0 && wait_end(call) && call.complete() == 0, "the call ends", name, static_cast<long>(outcome.value));
    check(call.result == elements && call.out == elements, "elements that the server had", name, call.result);
    check(watch.most < kRoom, "bytes more than at the start", name, static_cast<long>(watch.most));
}

void stream_out(const char* name, handle_t b, long elements) {
    Call call;
    AsyncPipe pipe{};
    Watch watch;
    std::vector<long> data(16384);
    Outcome outcome = async_pipes(call, b, kPipeOut, kPipeWhole, elements, nullptr, &pipe);
    long count = 0;
    bool in_order = true;
    while (outcome == 0) {
        unsigned long got = 0;
        outcome = GUARDED(pipe.pull(pipe.state, data.data(), 16384, &got));
        if (outcome == 997) {
            outcome = call.wait(kPatience) ? Outcome{} : Outcome{0, ERROR_TIMEOUT};
            continue;
        }
        if (!(outcome == 0) || got == 0) break;
        for (unsigned long i = 0; i < got; ++i) in_order = in_order && data[i] == ++count;
        watch.look();
    }
    check(outcome == 0 && wait_end(call) && call.complete() == 0, "the call ends", name, static_cast<long>(outcome.value));
    check(count == elements && in_order, "elements that the client had", name, count);
    check(watch.most < kRoom, "bytes more than at the start", name, static_cast<long>(watch.most));
}

// A server that does not pull makes its client wait: it is not told that what it pushed has left. How long it waits here before it lets the
// server go on decides nothing.
void slow_server(const char* name, handle_t b) {
    constexpr long pushes = 1024;
    ResetEvent(pipe_gate);
    Call call;
    call.state.Flags = RPC_C_NOTIFY_ON_SEND_COMPLETE;
    AsyncPipe pipe{};
    std::vector<long> data(16384, 1);
    bool good = async_pipes(call, b, kPipeIn, kPipeGate, 0, &pipe, nullptr) == 0 && call.wait(kPatience);
    long n = 0;
    for (bool told = true; good && told && n < pushes; ++n) {
        good = GUARDED(pipe.push(pipe.state, data.data(), 16384)) == 0;
        told = call.wait(1000);
    }
    check(good && n < pushes, "pushes until the client has to wait", name, n);
    SetEvent(pipe_gate);
    good = GUARDED(pipe.push(pipe.state, nullptr, 0)) == 0 && wait_end(call) && call.complete() == 0;
    check(good && call.result == n * 16384, "elements that the server had then", name, call.result);
}

// The call is complete when its program has pulled the end, on the thread that pulls: its routine may complete it there and then.
struct Completing {
    Call call;
    HANDLE heard = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    volatile long result = -1;
    ~Completing() { CloseHandle(heard); }
    static void RPC_ENTRY on_event(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT event) {
        auto* self = static_cast<Completing*>(state->UserInfo);
        if (event == RpcCallComplete) self->result = static_cast<long>(self->call.complete().status());
        SetEvent(self->heard);
    }
};
void complete_in_callback(const char* name, handle_t b) {
    Completing c;
    c.call.state.NotificationType = RpcNotificationTypeCallback;
    c.call.state.u.NotificationRoutine = Completing::on_event;
    c.call.state.UserInfo = &c;
    AsyncPipe pipe{};
    Outcome outcome = async_pipes(c.call, b, kPipeOut, kPipeWhole, 100, nullptr, &pipe);
    long data[64];
    // The server has done all before the first pull, so that the end of the reply is here when the end of the pipe is pulled.
    (void)settled(pipe_status);
    for (unsigned long got = 1; outcome == 0 && got != 0;) {
        outcome = GUARDED(pipe.pull(pipe.state, data, 64, &got));
        if (!(outcome == 997)) continue;
        got = 1;
        outcome = WaitForSingleObject(c.heard, kPatience) == WAIT_OBJECT_0 ? Outcome{} : Outcome{0, ERROR_TIMEOUT};
    }
    for (unsigned i = 0; c.result == -1 && i < kPatience / 10; ++i) WaitForSingleObject(c.heard, 10);
    check(outcome == 0 && c.result == 0, "completed where it is told", name, c.result);
}

// Many small calls with pipes leave nothing behind.
void many(const char* name, handle_t b) {
    DWORD before = 0, after = 0;
    for (int i = 0; i < 300; ++i) {
        if (i == 100) GetProcessHandleCount(GetCurrentProcess(), &before);
        Call call;
        AsyncPipe in{}, out{};
        long n = 3;
        bool good = async_pipes(call, b, kPipeBoth, kPipeWhole, n, &in, &out) == 0;
        good = good && GUARDED(in.push(in.state, &n, 1)) == 0 && GUARDED(in.push(in.state, nullptr, 0)) == 0;
        for (unsigned long got = 1; good && got != 0;) {
            long data[8];
            const Outcome outcome = GUARDED(out.pull(out.state, data, 8, &got));
            if (outcome == 997) got = call.wait(kPatience) ? 1 : 0;
            else good = outcome == 0;
        }
        good = good && wait_end(call) && call.complete() == 0 && call.result == 1;
        if (!good) return check(false, "a small call", name, i);
    }
    GetProcessHandleCount(GetCurrentProcess(), &after);
    check(after <= before + 20, "handles more after two hundred calls", name, static_cast<long>(after) - static_cast<long>(before));
}

}  // namespace

// To the server's port of ncacn_ip_tcp by way of an RPC proxy on this machine.
handle_t bind_by_way_of(const std::string& proxy) {
    handle_t direct = bind(Protocol::tcp), binding = nullptr;
    RPC_CSTR text = nullptr;
    if (!direct || RpcBindingToStringBindingA(direct, &text)) return nullptr;
    const std::string way = reinterpret_cast<char*>(text);
    const size_t open = way.find('['), close = way.find(']');
    std::string by = "ncacn_http:127.0.0.1" + way.substr(open, close - open) + ",RpcProxy=127.0.0.1:" + proxy + "]";
    RpcStringFreeA(&text);
    unbind(direct);
    return RpcBindingFromStringBindingA(reinterpret_cast<RPC_CSTR>(by.data()), &binding) ? nullptr : binding;
}

int over_http(const std::string& proxy, long megabytes) {
    handle_t b = bind_by_way_of(proxy);
    if (!b) return printf("FAILED: no binding\n"), 1;
    many("ncacn_http", b);
    stream_in("ncacn_http", b, megabytes * 262144 - 5);
    stream_out("ncacn_http", b, megabytes * 262144 - 5);
    unbind(b);
    printf("%s\n", g_failures ? "FAILED" : "all good");
    return g_failures != 0;
}

int main(int argc, char** argv) {
    if (argc > 2) return over_http(argv[2], atoi(argv[1]));
    const long megabytes = argc > 1 ? atoi(argv[1]) : 8;
    const long elements = megabytes * 262144 - 5;
    const struct {
        const char* name;
        Protocol protocol;
    } protocols[] = {{"ncalrpc", Protocol::lrpc}, {"ncacn_ip_tcp", Protocol::tcp}, {"ncacn_np", Protocol::np}};
    for (auto& p : protocols) {
        handle_t b = bind(p.protocol);
        if (!b) {
            check(false, why().c_str(), p.name, 0);
            continue;
        }
        many(p.name, b);
        complete_in_callback(p.name, b);
        slow_server(p.name, b);
        stream_in(p.name, b, elements);
        stream_out(p.name, b, elements / 8);
        unbind(b);
    }
    printf("%s\n", g_failures ? "FAILED" : "all good");
    return g_failures != 0;
}
