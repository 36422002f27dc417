// interop_client PROTOCOL ENDPOINT builtin-server|builtin-client: the desk's client where one side is Wine's own rpcrt4.
//
// builtin-server: this program runs on ours; the server is Wine's, with synchronous managers, as its asynchronous ones
// cannot answer later. builtin-client: this program runs on Wine's, whose cancel functions do nothing but say so; the
// server is ours. Exit status 0 when every check held.
#include "client_kit.h"
#include "support/threads.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vector>

using namespace desk;

static void check_sync(handle_t binding) {
    long sum = 0, product = 0;
    Outcome outcome = guarded([&] { product = call_Add(binding, 6L, 7L, &sum); });
    check(!outcome.raised && sum == 13 && product == 42, "Add(6, 7)");
    wchar_t* answer = nullptr;
    long length = 0;
    outcome = guarded([&] { length = call_Echo(binding, L"abc\x00e9\x4e16", &answer); });
    check(!outcome.raised && length == 5 && answer && !wcscmp(answer, L"\x4e16\x00e9" L"cba"), "Echo of a string");
    free(answer);
    for (long count : {0L, 1L, 5000L, 200000L}) {
        std::vector<unsigned char> in(count + 1), out(count + 1);
        for (long i = 0; i < count; ++i) in[i] = static_cast<unsigned char>(i * 13 + i / 251);
        long copied = -1;
        outcome = guarded([&] { copied = call_Bulk(binding, count, in.data(), out.data()); });
        bool same = !outcome.raised && copied == count;
        for (long i = 0; same && i < count; ++i) same = out[i] == static_cast<unsigned char>(~in[i]);
        say("client: %ld bytes each way: %s", count, outcome.text().c_str());
        check(same, "they came back inverted");
    }
}

// Wine's own client may notify before the reply is there; its RpcAsyncCompleteCall then waits.
static void check_out_of_order(handle_t binding, bool notified_in_order) {
    constexpr int n = 5;
    Call works[n];
    for (int i = 0; i < n; ++i) check(!works[i].begin(begin_Work, binding, i + 1, (n - i) * 300), "a piece of work began");
    long sum = 0;
    check(!guarded([&] { call_Add(binding, 1L, 2L, &sum); }).raised && sum == 3, "a synchronous call in between");
    HANDLE events[n];
    for (int i = 0; i < n; ++i) events[i] = works[i].event;
    for (int i = n - 1; i >= 0; --i) {
        const DWORD which = WaitForMultipleObjects(n, events, FALSE, 10000);
        check(which < n && (!notified_in_order || which == static_cast<DWORD>(i)), "the last one begun ends first");
        if (which >= n) return;
        const unsigned status = works[which].complete();
        check(!status && works[which].result == (static_cast<long>(which) + 1) * 100, "its results are its own");
    }
    for (int i = 0; i < n; ++i) check(works[i].out == n - i, "the server finished them in reverse");
}

// On ours: the peer drops a connection on which it sees a cancel, so one without abort stays with the client.
static void check_cancels(handle_t binding) {
    Call asked, bystander;
    check(!asked.begin(begin_Patience, binding, 90, 700), "Patience 90 began");
    check(asked.cancel(false) == RPC_S_OK, "a cancel without abort is accepted");
    check(!asked.done(200), "the call goes on");
    check(asked.done(5000) && asked.complete() == RPC_S_OK && asked.result == 90, "and ends normally, with its results");

    check(!bystander.begin(begin_Work, binding, 8, 1500), "Work 8 began");
    Call given_up;
    check(!given_up.begin(begin_Patience, binding, 91, 2500), "Patience 91 began");
    Sleep(100);
    const ULONGLONG before = GetTickCount64();
    check(given_up.cancel(true) == RPC_S_OK, "a cancel with abort is accepted");
    check(given_up.done(1500) && given_up.complete() == RPC_S_CALL_CANCELLED, "the call ends with 1818");
    check(GetTickCount64() - before < 1500, "without waiting for the server");
    long sum = 0;
    check(!guarded([&] { call_Add(binding, 4L, 5L, &sum); }).raised && sum == 9, "the binding is still good");
    check(bystander.done(5000) && bystander.complete() == RPC_S_OK && bystander.result == 800,
          "another call on the binding was not harmed");
    Call next;
    check(!next.begin(begin_Add, binding, 20, 30) && next.done(5000) && !next.complete() && next.out == 50,
          "nor the next asynchronous one");
}

// On Wine's own: it can cancel nothing; our server must see nothing and answer.
static void check_refused_cancels(handle_t binding) {
    for (int abort = 0; abort <= 1; ++abort) {
        Call call;
        check(!call.begin(begin_Patience, binding, 92 + abort, 400), "Patience began");
        const unsigned status = call.cancel(abort);
        check(status == RPC_S_INVALID_ASYNC_HANDLE, "its own RpcAsyncCancelCall says that it cannot (1914)");
        check(call.done(5000) && call.complete() == RPC_S_OK && call.out == 0, "the call ends normally, not cancelled");
    }
}

// Cancelling a synchronous call from another thread: Wine's own gives up its connection, nothing more.
static void check_cancelled_thread(handle_t binding) {
    Outcome outcome;
    long seen = -1;
    HANDLE thread = run_on_thread([&] {
        long cancelled = 0;
        outcome = guarded([&] { call_Patience(binding, 94L, 3000L, &cancelled); });
    });
    Sleep(300);
    const RPC_STATUS status = RpcCancelThread(thread);
    check(status == RPC_S_OK, "RpcCancelThread is accepted");
    const bool ended = WaitForSingleObject(thread, 2000) == WAIT_OBJECT_0;
    check(ended && (outcome.raised == RPC_S_CALL_CANCELLED || outcome.raised == RPC_S_CALL_FAILED),
          "the synchronous call ends with 1818 or 1726");
    if (!ended) WaitForSingleObject(thread, 5000);
    say("client: it %s %u", outcome.raised ? "raised" : "returned", outcome.status());
    CloseHandle(thread);
    check(!guarded([&] { call_Seen(binding, 94L, &seen); }).raised && seen >= 0, "the server goes on serving");
}

int main(int argc, char** argv) {
    if (argc != 4 || (strcmp(argv[3], "builtin-server") && strcmp(argv[3], "builtin-client"))) {
        fprintf(stderr, "usage: interop_client PROTOCOL ENDPOINT builtin-server|builtin-client\n");
        return 2;
    }
    handle_t binding = connect(argv[1], argv[2]);
    if (!binding) return 1;
    check_sync(binding);
    const bool client_is_ours = !strcmp(argv[3], "builtin-server");
    check_out_of_order(binding, client_is_ours);
    if (client_is_ours) {
        check_cancels(binding);
    } else {
        check_refused_cancels(binding);
        check_cancelled_thread(binding);
    }
    check(!guarded([&] { call_Stop(binding); }).raised, "Stop");
    RpcBindingFree(&binding);
    say("client: %d checks failed", failures());
    return failures() ? 1 : 0;
}
