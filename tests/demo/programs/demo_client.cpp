// demo_client PROTOCOL ENDPOINT: the main job of asynchronous RPC, told line by line. Exit status 0 when all went as told.
//
// Six calls are out on one binding at the same time: five pieces of work that finish in another order than they were
// begun, and one that waits to be cancelled. A synchronous call goes in between.
#include "client_kit.h"
#include <stdio.h>

using namespace desk;

constexpr int kWorks = 5;

static void begin_all(handle_t binding, Call (&works)[kWorks], Call& patience) {
    for (int i = 0; i < kWorks; ++i) {
        const long milliseconds = (kWorks - i) * 250;
        const unsigned raised = works[i].begin(begin_Work, binding, i + 1, milliseconds);
        say("client: began Work %d of %ld ms, without waiting", i + 1, milliseconds);
        check(!raised, "the call is under way");
    }
    check(!patience.begin(begin_Patience, binding, 77, 20000), "Patience 77 is under way, and would last 20 s");
    check(works[0].state.Signature && RpcAsyncGetCallStatus(&works[0].state) == RPC_S_ASYNC_CALL_PENDING,
          "RpcAsyncGetCallStatus says that Work 1 is pending");
}

static void call_in_between(handle_t binding) {
    long sum = 0, product = 0;
    const Outcome outcome = guarded([&] { product = call_Add(binding, 6L, 7L, &sum); });
    say("client: a synchronous call in between: Add(6, 7) is %ld, the product %ld", sum, product);
    check(!outcome.raised && sum == 13 && product == 42, "the synchronous call did not have to wait for the others");
}

static void cancel_one(handle_t binding, Call& patience) {
    check(patience.cancel(false) == RPC_S_OK, "RpcAsyncCancelCall: the server is asked to stop Patience 77");
    check(patience.done(5000), "Patience 77 has ended");
    check(patience.complete() == RPC_S_CALL_CANCELLED, "RpcAsyncCompleteCall: Patience 77 was cancelled (1818)");
    long seen = 0;
    guarded([&] { call_Seen(binding, 77L, &seen); });
    check(seen == 1, "the server saw the cancel through RpcServerTestCancel(RpcAsyncGetCallHandle(state))");
}

static void collect_in_any_order(Call (&works)[kWorks]) {
    HANDLE events[kWorks];
    for (int i = 0; i < kWorks; ++i) events[i] = works[i].event;
    long last = kWorks + 1;
    bool reversed = true;
    for (int n = 0; n < kWorks; ++n) {
        const DWORD which = WaitForMultipleObjects(kWorks, events, FALSE, 10000);
        if (which >= kWorks) {
            check(false, "a piece of work did not end in 10 s");
            return;
        }
        Call& work = works[which];
        const unsigned status = work.complete();
        say("client: Work %ld ended: status %u, result %ld, the server's number %ld to finish", work.number, status,
            work.result, work.out);
        check(status == RPC_S_OK && work.result == work.number * 100, "its results are its own");
        reversed = reversed && work.number < last && work.out == n + 1;
        last = work.number;
    }
    check(reversed, "the last begun ended first: out of order, on one binding");
}

static void cancel_without_waiting(handle_t binding) {
    Call call;
    check(!call.begin(begin_Patience, binding, 78, 3000), "Patience 78 is under way");
    check(call.cancel(true) == RPC_S_OK, "RpcAsyncCancelCall with abort: Patience 78 is given up");
    check(call.done(2000), "its notification comes without waiting for the server");
    check(call.complete() == RPC_S_CALL_CANCELLED, "RpcAsyncCompleteCall: Patience 78 was cancelled (1818)");
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: demo_client PROTOCOL ENDPOINT\n");
        return 2;
    }
    handle_t binding = connect(argv[1], argv[2]);
    if (!binding) return 1;
    {
        Call works[kWorks], patience;
        begin_all(binding, works, patience);
        call_in_between(binding);
        cancel_one(binding, patience);
        collect_in_any_order(works);
    }
    cancel_without_waiting(binding);
    check(!guarded([&] { call_Stop(binding); }).raised, "Stop: the server ends");
    RpcBindingFree(&binding);
    say(failures() ? "client: %d checks FAILED" : "client: everything went as told (%d failures)", failures());
    return failures() ? 1 : 0;
}
