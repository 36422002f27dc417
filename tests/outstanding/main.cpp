// Ten thousand calls outstanding on one binding: what one costs in memory and time, that every tenth can be cancelled
// and every other one hears of the server's death, each of them once.
#include <windows.h>
#include <psapi.h>
#include <stdio.h>
#include <string.h>

#include <vector>

#include "child.h"
#include "runner.h"
#include "srv.h"

using namespace srv;

static const long count = 10000;
static int g_failures;
static void check(bool ok, const char* what, long number) {
    printf("%s: %s: %ld\n", ok ? "ok" : "FAILED", what, number);
    g_failures += !ok;
}

// A call, and how often it was told of its end.
struct Held {
    RPC_ASYNC_STATE state{};
    volatile long told = 0;
    long out = 0;
};
static volatile long told_in_all;
static HANDLE all_told;
static volatile long expected;
static void RPC_ENTRY on_told(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
    InterlockedIncrement(&static_cast<Held*>(state->UserInfo)->told);
    if (InterlockedIncrement(&told_in_all) == expected) SetEvent(all_told);
}
static bool wait_told(long number) {
    expected = number;
    if (told_in_all == number) SetEvent(all_told);
    return WaitForSingleObject(all_told, 60000) == WAIT_OBJECT_0;
}

static size_t memory() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return counters.WorkingSetSize;
}
static long handles() {
    DWORD n = 0;
    GetProcessHandleCount(GetCurrentProcess(), &n);
    return static_cast<long>(n);
}

static Outcome hold(handle_t b, Held& held, long key) {
    RpcAsyncInitializeHandle(&held.state, sizeof held.state);
    held.state.NotificationType = RpcNotificationTypeCallback;
    held.state.u.NotificationRoutine = on_told;
    held.state.UserInfo = &held;
    return guarded([&] { stub::async_call(client(kAsync), async_proc(kHold), &held.state, b, key, &held.out); });
}
// A synchronous call's answer shows that the server is there, an asynchronous one's that it has read what came before.
static bool add(handle_t b) {
    Call call;
    return call.add(b, 6, 7) == 0 && call.wait(60000) && call.complete() == 0 && call.result == 42;
}

static void run(Protocol protocol, const char* name) {
    Child server(L"server");
    handle_t b = server.bind(protocol);
    check(b && add(b), name, static_cast<long>(server.id()));
    std::vector<Held> calls(count);
    memset(static_cast<void*>(calls.data()), 0, calls.size() * sizeof calls[0]);
    all_told = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    told_in_all = 0;
    const size_t before = memory();
    const long handles_before = handles();
    const ULONGLONG start = GetTickCount64();
    long issued = 0;
    while (issued < count && hold(b, calls[issued], issued) == 0) ++issued;
    check(issued == count, "calls issued", issued);
    printf("%s: %.1f us to issue one\n", name, static_cast<double>(GetTickCount64() - start) * 1000 / count);
    check(add(b), "a call behind them", 42);
    const long each = static_cast<long>((memory() - before) / count);
    check(each <= 1024, "bytes for each", each);
    check(handles() - handles_before < 60, "handles more", handles() - handles_before);

    for (long i = 0; i < count; i += 10) RpcAsyncCancelCall(&calls[i].state, TRUE);
    check(wait_told(count / 10), "cancelled and told", told_in_all);
    server.kill();
    check(wait_told(count), "told", told_in_all);
    long once = 0, right = 0;
    for (long i = 0; i < count; ++i) {
        long result = 0;
        once += calls[i].told == 1;
        right += RpcAsyncCompleteCall(&calls[i].state, &result) == (i % 10 ? RPC_S_CALL_FAILED : RPC_S_CALL_CANCELLED);
    }
    check(once == count, "told once", once);
    check(right == count, "with the right status", right);
    unbind(b);
    CloseHandle(all_told);
}

int main(int argc, char** argv) {
    if (argc > 2 && !strcmp(argv[1], "--role")) return play_role(argv[2], argc - 3, argv + 3);
    run(Protocol::lrpc, "ncalrpc");
    run(Protocol::tcp, "ncacn_ip_tcp");
    printf("%d failures\n", g_failures);
    return g_failures != 0;
}
