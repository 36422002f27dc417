// Threads that make asynchronous calls, some of them cancelled, while their servers are killed and started anew: every call that was
// issued is told once and has one outcome, every other one is told nothing, and nothing is left behind.
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#include <memory>
#include <vector>

#include "child.h"
#include "runner.h"
#include "srv.h"
#include "support/imports.h"
#include "support/threads.h"

using namespace srv;

namespace {

constexpr unsigned kPatience = 240000;
constexpr int kKills = 5;
constexpr long kChance = 200;  // 16 blocks of each of a dozen sizes
int g_failures;

void check(bool ok, const char* what, long number) {
    printf("%s: %s: %ld\n", ok ? "ok" : "FAILED", what, number);
    fflush(stdout);
    g_failures += !ok;
}

// ---- what a process holds ----

struct Held {
    long handles = 0, threads = 0;
    size_t heap = 0;
    long blocks = 0;
};
Held count_held() {
    Held held;
    DWORD n = 0;
    GetProcessHandleCount(GetCurrentProcess(), &n);
    held.handles = static_cast<long>(n);
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry{};
    entry.dwSize = sizeof entry;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        held.threads += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    HANDLE heaps[64];
    const DWORD heap_count = GetProcessHeaps(64, heaps);
    for (DWORD i = 0; i < heap_count && i < 64; ++i) {
        PROCESS_HEAP_ENTRY block{};
        HeapLock(heaps[i]);
        while (HeapWalk(heaps[i], &block))
            if (block.wFlags & PROCESS_HEAP_ENTRY_BUSY) held.heap += block.cbData;
        HeapUnlock(heaps[i]);
    }
    held.blocks = live_blocks();
    return held;
}

// The connections of the last bindings end on threads of the pool.
void settle() {
    for (long last = -1, i = 0; i < 20 && live_blocks() != last; ++i) {
        last = live_blocks();
        Sleep(250);
    }
}

// ---- the server of the moment ----

SRWLOCK g_lock = SRWLOCK_INIT;
std::unique_ptr<Child> g_server;
volatile long g_generation, g_done;

void restart() {
    auto fresh = std::make_unique<Child>(L"server");
    AcquireSRWLockExclusive(&g_lock);
    std::swap(g_server, fresh);
    InterlockedIncrement(&g_generation);
    ReleaseSRWLockExclusive(&g_lock);
    if (fresh) fresh->kill();  // with calls of every thread in it
}
handle_t bind_current(long& generation) {
    AcquireSRWLockShared(&g_lock);
    handle_t b = g_server->bind(Protocol::lrpc);
    generation = g_generation;
    ReleaseSRWLockShared(&g_lock);
    if (b) RpcBindingSetOption(b, RPC_C_OPT_DONT_LINGER, TRUE);  // what is left is counted at once
    return b;
}

// ---- the threads ----

struct Counts {
    volatile long completed, cancelled, lost, refused, wrong;
};
Counts g_counts;

// A call, and how often it was told of.
struct Told {
    Call call;
    volatile long told = 0;
    static void RPC_ENTRY on_told(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
        auto* self = static_cast<Told*>(state->UserInfo);
        HANDLE event = self->call.event;
        InterlockedIncrement(&self->told);
        SetEvent(event);
    }
    void prepare() {
        call.initialise();
        call.state.NotificationType = RpcNotificationTypeCallback;
        call.state.u.NotificationRoutine = on_told;
        call.state.UserInfo = this;
        told = 0;
    }
};

bool is_loss(unsigned status) { return status == 1722 || status == 1726 || status == 1727; }

void one_call(Told& t, handle_t b, long i, unsigned random, bool& lost) {
    t.prepare();
    lost = false;
    const bool held = random >> 29 == 0;  // stays out until it is cancelled, or its server dies
    const Outcome issued = held ? t.call.hold(b, 1000000 + i) : t.call.add(b, i, 3);
    if (!(issued == 0)) {
        lost = true;
        InterlockedIncrement(is_loss(issued.status()) && t.told == 0 ? &g_counts.refused : &g_counts.wrong);
        return;
    }
    const bool abort = held || random >> 29 == 1;
    if (abort || random >> 29 == 2) t.call.cancel(abort);
    if (!t.call.wait(kPatience)) {
        InterlockedIncrement(&g_counts.wrong);
        return;
    }
    const Outcome outcome = t.call.complete();
    const bool again = t.call.complete() == 0;
    lost = is_loss(outcome.status()) && !(outcome == 0);
    volatile long* kind = outcome == 0 && t.call.result == i * 3 ? &g_counts.completed
                          : outcome == 1818                     ? &g_counts.cancelled
                          : lost                                ? &g_counts.lost
                                                                : &g_counts.wrong;
    InterlockedIncrement(t.told == 1 && !again ? kind : &g_counts.wrong);
}

void make_calls(unsigned seed, long calls) {
    unsigned random = seed * 7919 + 1;
    Told t;
    long generation = 0;
    handle_t b = bind_current(generation);
    for (long i = 0; i < calls; ++i) {
        random = random * 1664525 + 1013904223;
        bool lost = false;
        one_call(t, b, i, random, lost);
        InterlockedIncrement(&g_done);
        if (!lost && generation == g_generation) continue;
        unbind(b);
        b = bind_current(generation);
    }
    unbind(b);
}

bool run(int threads, long calls, int kills) {
    g_done = 0;
    std::vector<HANDLE> handles;
    for (int t = 0; t < threads; ++t)
        handles.push_back(run_on_thread([=] { make_calls(static_cast<unsigned>(t), calls); }));
    for (int k = 1; k <= kills; ++k) {
        while (g_done < threads * calls / (kills + 1) * k) Sleep(5);
        restart();
    }
    const bool ended = WaitForMultipleObjects(static_cast<DWORD>(threads), handles.data(), TRUE, kPatience * 4) != WAIT_TIMEOUT;
    for (HANDLE h : handles) CloseHandle(h);
    return ended;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 2 && !strcmp(argv[1], "--role")) return play_role(argv[2], argc - 3, argv + 3);
    const int threads = argc > 1 ? atoi(argv[1]) : 8;
    const long calls = argc > 2 ? atol(argv[2]) : 100;
    if (threads < 1 || threads > MAXIMUM_WAIT_OBJECTS) return 2;
    restart();
    check(count_blocks(), "the DLL's blocks are counted", 1);
    // As many at a time as later, so that what is kept for the next calls is there before anything is counted.
    bool ended = run(threads, calls / 2, 1);
    check(ended, "calls made to warm up", g_done);
    settle();
    const Held before = count_held();
    memset(const_cast<long*>(&g_counts.completed), 0, sizeof g_counts);
    ended = run(threads, calls, kKills);
    check(ended, "calls made", g_done);
    const long all = g_counts.completed + g_counts.cancelled + g_counts.lost + g_counts.refused;
    printf("%ld completed, %ld cancelled, %ld lost with their server, %ld not issued\n", g_counts.completed, g_counts.cancelled,
           g_counts.lost, g_counts.refused);
    check(g_counts.wrong == 0, "calls told or ended otherwise than once", g_counts.wrong);
    check(all == threads * calls, "calls accounted for", all);
    settle();
    const Held after = count_held();
    check(after.handles <= before.handles + 50, "handles more", after.handles - before.handles);
    check(after.threads <= before.threads + 16, "threads more", after.threads - before.threads);
    // Of some sizes more are kept for the next call than before, by chance.
    check(after.blocks <= before.blocks + kChance, "blocks of the DLL more", after.blocks - before.blocks);
    printf("bytes of heap more, with what Wine keeps: %ld\n", static_cast<long>(after.heap) - static_cast<long>(before.heap));
    g_server->kill();
    printf("%d failures\n", g_failures);
    return g_failures != 0;
}
