// One context handle and several calls at once: serialised unless somebody says otherwise, and what a manager may change.
#include <windows.h>
#include <rpc.h>
#include <rpcasync.h>
#include <stdio.h>

#include "locks.h"
#include "rpctry.h"

static int g_failures;
static void check(bool ok, const char* what, long long number = 0) {
    printf("%s: %s (%lld)\n", ok ? "ok" : "FAILED", what, number);
    g_failures += !ok;
}

enum : long {
    kQuick = 1,    // is there for a moment
    kMeet,         // waits until another one is inside as well
    kAloneThenMeet,  // wants it alone, tells, shares again, and meets
    kMeetThenAlone,  // both want it alone: answers what that said
    kForeign,      // answers what the lock says of a pointer that is no context
    kOutOfIt,      // by the address that the manager got
};

static volatile LONG g_inside, g_most, g_met;
static HANDLE g_closing, g_close, g_alone;
static int g_object;

// -2: nobody came.
static long meet() {
    InterlockedIncrement(&g_met);
    for (int i = 0; i < 20000 && g_met < 2; ++i) Sleep(1);
    return g_met < 2 ? -2 : 0;
}

extern "C" {
void* __RPC_USER MIDL_user_allocate(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }
void __RPC_USER MIDL_user_free(void* p) { HeapFree(GetProcessHeap(), 0, p); }
void __RPC_USER Context_rundown(Context) {}

void s_open_it(handle_t, Context* context) { *context = &g_object; }

long s_use_it(Context context, long what) {
    const LONG inside = InterlockedIncrement(&g_inside);
    for (LONG most = g_most; inside > most;) most = InterlockedCompareExchange(&g_most, inside, most);
    long answer = 0;
    switch (what) {
    case kQuick:
        Sleep(1);
        break;
    case kMeet:
        answer = meet();
        break;
    case kAloneThenMeet:
        answer = RpcSsContextLockExclusive(nullptr, context);
        SetEvent(g_alone);
        if (answer == 0) answer = RpcSsContextLockShared(nullptr, context);
        if (answer == 0) answer = meet();
        break;
    case kMeetThenAlone:
        answer = meet();
        if (answer == 0) answer = RpcSsContextLockExclusive(nullptr, context);
        break;
    case kForeign:
        answer = RpcSsContextLockExclusive(nullptr, &answer);
        break;
    }
    InterlockedDecrement(&g_inside);
    return answer;
}

long s_use_out(Context* context, long) {
    const long shared = RpcSsContextLockShared(nullptr, context), alone = RpcSsContextLockExclusive(nullptr, context);
    return shared ? shared : alone;
}

long s_close_it(Context* context) {
    SetEvent(g_closing);
    WaitForSingleObject(g_close, 30000);
    *context = nullptr;
    return 0;
}

long s_look(Context) { return 0; }
}

// What a call answers, or the exception that it raises.
template <class F>
static long outcome(F call) {
    long answer = -1;
    RpcTryExcept {
        answer = call();
    }
    RpcExcept(RpcExceptionFilter(RpcExceptionCode())) {
        answer = static_cast<long>(RpcExceptionCode());
    }
    RpcEndExcept
    return answer;
}
static long use(Context context, long what) { return outcome([&] { return c_use_it(context, what); }); }
static long look(Context context) { return outcome([&] { return c_look(context); }); }

struct Job {
    Context context;
    long what;
    int times;
    long answer = -1;
};
static DWORD WINAPI work(void* p) {
    auto& job = *static_cast<Job*>(p);
    for (int i = 0; i < job.times; ++i) job.answer = use(job.context, job.what);
    return 0;
}

static void together(Context context, long what, int times, long (&answers)[2]) {
    Job jobs[2] = {{context, what, times}, {context, what, times}};
    g_met = 0;
    HANDLE threads[2];
    for (int i = 0; i < 2; ++i) threads[i] = CreateThread(nullptr, 0, work, &jobs[i], 0, nullptr);
    check(WaitForMultipleObjects(2, threads, TRUE, 60000) == WAIT_OBJECT_0, "both return");
    for (int i = 0; i < 2; ++i) {
        CloseHandle(threads[i]);
        answers[i] = jobs[i].answer;
    }
}

static unsigned long calls_received() {
    RPC_STATS_VECTOR* stats = nullptr;
    if (RpcMgmtInqStats(nullptr, &stats) != RPC_S_OK) return 0;
    const unsigned long calls = stats->Stats[RPC_C_STATS_CALLS_IN];
    RpcMgmtStatsVectorFree(&stats);
    return calls;
}

static DWORD WINAPI close_it(void* p) { return static_cast<DWORD>(c_close_it(static_cast<Context*>(p))); }

// context_locks [i_rpc]: by that name of what says that contexts are not serialised.
int main(int argc, char**) {
    char endpoint[40];
    snprintf(endpoint, sizeof endpoint, "context_locks_%lu", GetCurrentProcessId());
    auto text = reinterpret_cast<RPC_CSTR>(endpoint);
    static unsigned char lrpc[] = "ncalrpc";
    check(RpcServerUseProtseqEpA(lrpc, 10, text, nullptr) == 0 && RpcServerRegisterIf(s_locks_v1_0_s_ifspec, nullptr, nullptr) == 0 &&
              RpcServerRegisterIf(s_next_door_v1_0_s_ifspec, nullptr, nullptr) == 0 &&
              RpcServerListen(1, 1234, TRUE) == 0,
          "a server");
    RPC_CSTR string = nullptr;
    handle_t h = nullptr;
    check(RpcStringBindingComposeA(nullptr, lrpc, nullptr, text, nullptr, &string) == 0 &&
              RpcBindingFromStringBindingA(string, &h) == 0,
          "a binding");
    g_closing = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    g_alone = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    g_close = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    Context context = nullptr;
    c_open_it(h, &context);
    long answers[2];

    g_most = 0;
    together(context, kQuick, 20, answers);
    check(answers[0] == 0 && answers[1] == 0 && g_most == 1, "calls come one by one", g_most);

    check(use(context, kForeign) == RPC_X_SS_CONTEXT_MISMATCH, "a pointer that is no context");
    check(c_use_out(&context, kOutOfIt) == 0, "a context by its address");
    check(RpcSsContextLockShared(nullptr, context) == RPC_S_NO_CALL_ACTIVE, "outside a call");

    Context closed = context;
    HANDLE closer = CreateThread(nullptr, 0, close_it, &closed, 0, nullptr);
    check(WaitForSingleObject(g_closing, 30000) == WAIT_OBJECT_0, "the context is being closed");
    const unsigned long before = calls_received();
    Job late{context, kQuick, 1};
    HANDLE user = CreateThread(nullptr, 0, work, &late, 0, nullptr);
    for (int i = 0; i < 30000 && calls_received() == before; ++i) Sleep(1);
    SetEvent(g_close);  // only now: the reply frees the client's half
    check(WaitForSingleObject(closer, 30000) == WAIT_OBJECT_0 && WaitForSingleObject(user, 30000) == WAIT_OBJECT_0, "both return");
    check(late.answer == RPC_X_SS_CONTEXT_MISMATCH, "who waited finds it closed", late.answer);

    c_open_it(h, &context);
    argc > 1 ? I_RpcSsDontSerializeContext() : RpcSsDontSerializeContext();
    together(context, kMeet, 1, answers);
    check(answers[0] == 0 && answers[1] == 0 && g_met == 2, "not serialised", g_met);

    g_met = 0;
    Job alone{context, kAloneThenMeet, 1};
    HANDLE thread = CreateThread(nullptr, 0, work, &alone, 0, nullptr);
    check(WaitForSingleObject(g_alone, 30000) == WAIT_OBJECT_0, "alone");
    check(use(context, kMeet) == 0 && WaitForSingleObject(thread, 30000) == WAIT_OBJECT_0 && alone.answer == 0,
          "who shares again lets the other in", alone.answer);

    together(context, kMeetThenAlone, 1, answers);
    check((answers[0] == 0 && answers[1] == ERROR_MORE_WRITES) || (answers[1] == 0 && answers[0] == ERROR_MORE_WRITES),
          "of two who want it alone one comes first", answers[0] + answers[1]);

    check(look(context) == 0, "another interface takes the context");
    I_RpcSessionStrictContextHandle();
    check(look(context) == RPC_X_SS_CONTEXT_MISMATCH && use(context, kQuick) == 0, "strict, it is its own interface's alone");
    c_close_it(&context);
    RpcBindingFree(&h);
    printf("%d failures\n", g_failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), g_failures != 0);
}
