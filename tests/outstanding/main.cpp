// Ten thousand calls outstanding on one binding: what one costs in memory and time, over how many connections they go, that every tenth
// can be cancelled and every other one ends with its answer or its server's death, each of them once.
//
// outstanding                                             the test: all of it, on servers that it starts
// outstanding --role server                               a server for the next, which prints `ready PID PORT`
// outstanding drive lrpc|tcp PID PORT COUNT issue|all     what tools/bench measures, one line: `issued COUNT MICROSECONDS HEAP`, then,
//                                                         of all, `ended COMPLETED CANCELLED CONNECTIONS`; CONNECTIONS is 0 for lrpc
#include <winsock2.h>
#include <windows.h>
#include <iphlpapi.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

#include "child.h"
#include "runner.h"
#include "srv.h"

using namespace srv;

namespace {

constexpr long kCount = 10000;
constexpr DWORD kPatience = 60000;
int g_failures;

void check(bool ok, const char* what, long number) {
    printf("%s: %s: %ld\n", ok ? "ok" : "FAILED", what, number);
    g_failures += !ok;
}

size_t memory() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return counters.WorkingSetSize;
}
long handles() {
    DWORD n = 0;
    GetProcessHandleCount(GetCurrentProcess(), &n);
    return static_cast<long>(n);
}
// Bytes in use in every heap.
size_t heap() {
    HANDLE heaps[64];
    const DWORD count = GetProcessHeaps(64, heaps);
    size_t total = 0;
    for (DWORD i = 0; i < count && i < 64; ++i) {
        PROCESS_HEAP_ENTRY block{};
        HeapLock(heaps[i]);
        while (HeapWalk(heaps[i], &block))
            if (block.wFlags & PROCESS_HEAP_ENTRY_BUSY) total += block.cbData;
        HeapUnlock(heaps[i]);
    }
    return total;
}
// Connections of the prefix to that port; the callers are the only ones who have any.
long connections_to(unsigned port) {
    ULONG size = 0;
    GetTcpTable(nullptr, &size, FALSE);
    std::vector<char> room(size + 65536);
    size = static_cast<ULONG>(room.size());
    auto* table = reinterpret_cast<MIB_TCPTABLE*>(room.data());
    if (GetTcpTable(table, &size, FALSE)) return -1;
    long count = 0;
    for (DWORD i = 0; i < table->dwNumEntries; ++i) {
        const MIB_TCPROW& row = table->table[i];
        count += row.dwState == MIB_TCP_STATE_ESTAB && ntohs(static_cast<u_short>(row.dwRemotePort)) == port;
    }
    return count;
}
double microseconds() {
    LARGE_INTEGER frequency, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return static_cast<double>(now.QuadPart) * 1e6 / static_cast<double>(frequency.QuadPart);
}

// A call, and how often it was told of its end.
struct Held {
    RPC_ASYNC_STATE state{};
    volatile long told = 0;
    long out = 0;
};
volatile long told_in_all, expected;
HANDLE all_told;
void RPC_ENTRY on_told(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
    InterlockedIncrement(&static_cast<Held*>(state->UserInfo)->told);
    if (InterlockedIncrement(&told_in_all) == expected) SetEvent(all_told);
}
bool wait_told(long number) {
    expected = number;
    if (told_in_all == number) SetEvent(all_told);
    return WaitForSingleObject(all_told, kPatience) == WAIT_OBJECT_0;
}

Outcome hold(handle_t b, Held& held, long key) {
    RpcAsyncInitializeHandle(&held.state, sizeof held.state);
    held.state.NotificationType = RpcNotificationTypeCallback;
    held.state.u.NotificationRoutine = on_told;
    held.state.UserInfo = &held;
    return guarded([&] { stub::async_call(client(kAsync), async_proc(kHold), &held.state, b, key, &held.out); });
}
// A synchronous call's answer shows that the server is there, an asynchronous one's that it has read what came before.
bool add(handle_t b) {
    Call call;
    return call.add(b, 6, 7) == 0 && call.wait(kPatience) && call.complete() == 0 && call.result == 42;
}
// Answers how many calls the server had parked.
long release_all(handle_t b) {
    Call call;
    const bool done = call.act(b, kReleaseAll, 0) == 0 && call.wait(kPatience) && call.complete() == 0;
    return done ? call.result : -1;
}

// The calls of one binding, in memory that is there before anything is counted.
struct Calls {
    explicit Calls(long count) : held(count) {
        memset(static_cast<void*>(held.data()), 0, held.size() * sizeof held[0]);
        all_told = CreateEventW(nullptr, FALSE, FALSE, nullptr);
        told_in_all = 0;
        expected = -1;
    }
    ~Calls() { CloseHandle(all_told); }
    long size() const { return static_cast<long>(held.size()); }
    // How many could be issued.
    long issue(handle_t b) {
        long issued = 0;
        while (issued < size() && hold(b, held[issued], issued) == 0) ++issued;
        return issued;
    }
    void cancel_every_tenth() {
        for (long i = 0; i < size(); i += 10) RpcAsyncCancelCall(&held[i].state, TRUE);
    }
    struct Ends {
        long once = 0, completed = 0, cancelled = 0, failed = 0;
    };
    Ends collect() {
        Ends ends;
        for (long i = 0; i < size(); ++i) {
            long result = 0;
            ends.once += held[i].told == 1;
            const RPC_STATUS status = RpcAsyncCompleteCall(&held[i].state, &result);
            ends.completed += status == RPC_S_OK && held[i].out == i && result == i + 1;
            ends.cancelled += status == RPC_S_CALL_CANCELLED && i % 10 == 0;
            ends.failed += status == RPC_S_CALL_FAILED;
        }
        return ends;
    }
    std::vector<Held> held;
};

void run(Protocol protocol, const char* name, bool server_dies) {
    printf("%s, the server %s\n", name, server_dies ? "dies" : "answers");
    Child server(L"server");
    handle_t b = server.bind(protocol);
    check(b && add(b), name, static_cast<long>(server.id()));
    Calls calls(kCount);
    const size_t before = heap(), memory_before = memory();
    const long handles_before = handles();
    const long issued = calls.issue(b);
    check(issued == kCount, "calls issued", issued);
    check(add(b), "a call behind them", 42);
    const long each = (static_cast<long>(heap()) - static_cast<long>(before)) / kCount;
    check(each > 0 && each <= 1024, "bytes for each", each);
    // With what the heap had to grow for requests that waited to be written, and what the first calls of a process bring into memory.
    const long grown = (static_cast<long>(memory()) - static_cast<long>(memory_before)) / kCount;
    check(grown <= 1536, "bytes of the working set for each", grown);
    check(handles() - handles_before < 60, "handles more", handles() - handles_before);
    if (protocol == Protocol::tcp) {
        const long connections = connections_to(server.port());
        check(connections >= 1 && connections <= 4, "connections", connections);
    }

    calls.cancel_every_tenth();
    check(wait_told(kCount / 10), "cancelled and told", told_in_all);
    // A call that waited for a place and was cancelled there never came to the server.
    if (server_dies) server.kill();
    else check(release_all(b) >= kCount - kCount / 10, "answered", kCount - kCount / 10);
    check(wait_told(kCount), "told", told_in_all);
    const Calls::Ends ends = calls.collect();
    check(ends.once == kCount, "told once", ends.once);
    check(ends.cancelled == kCount / 10, "with the status of a cancelled call", ends.cancelled);
    const long others = server_dies ? ends.failed : ends.completed;
    check(others == kCount - kCount / 10, server_dies ? "with the status of their server's death" : "with their answers", others);
    unbind(b);
}

int drive(char** argv) {
    const Protocol protocol = strcmp(argv[0], "tcp") ? Protocol::lrpc : Protocol::tcp;
    const unsigned port = strtoul(argv[2], nullptr, 10);
    const bool all = !strcmp(argv[4], "all");
    handle_t b = bind_other(protocol, strtoul(argv[1], nullptr, 10), port);
    if (!b || !add(b)) return printf("failed 1722\n"), 1;
    Calls calls(atol(argv[3]));
    const size_t before = heap();
    const double start = microseconds();
    const long issued = calls.issue(b);
    const double took = microseconds() - start;
    if (issued != calls.size()) return printf("failed %ld\n", issued), 1;
    if (all && !add(b)) return printf("failed 1726\n"), 1;
    printf("issued %ld %.1f %lld\n", issued, took, static_cast<long long>(heap()) - static_cast<long long>(before));
    fflush(stdout);
    // What is outstanding goes with the process, as the builtin has nothing to cancel it by.
    if (!all) TerminateProcess(GetCurrentProcess(), 0);
    const long connections = protocol == Protocol::tcp ? connections_to(port) : 0;
    calls.cancel_every_tenth();
    if (release_all(b) < 0 || !wait_told(issued)) return printf("failed 1818\n"), 1;
    const Calls::Ends ends = calls.collect();
    unbind(b);
    printf("ended %ld %ld %ld\n", ends.completed, ends.cancelled, connections);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 2 && !strcmp(argv[1], "--role")) return play_role(argv[2], argc - 3, argv + 3);
    if (argc == 7 && !strcmp(argv[1], "drive")) return drive(argv + 2);
    for (const bool server_dies : {false, true}) {
        run(Protocol::lrpc, "ncalrpc", server_dies);
        run(Protocol::tcp, "ncacn_ip_tcp", server_dies);
    }
    printf("%d failures\n", g_failures);
    return g_failures != 0;
}
