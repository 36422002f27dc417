// What the desk does with each call: the manager routines of both kinds.
#include "desk.h"
#include "support/threads.h"
#include <map>
#include <stdlib.h>
#include <string.h>

HANDLE desk::stopped;
using namespace desk;

static volatile long finished;
static SRWLOCK lock = SRWLOCK_INIT;
static std::map<long, long>& cancelled_numbers() {
    static std::map<long, long> numbers;
    return numbers;
}
static void note(long number, long cancelled) {
    AcquireSRWLockExclusive(&lock);
    cancelled_numbers()[number] = cancelled;
    ReleaseSRWLockExclusive(&lock);
}
static long noted(long number) {
    AcquireSRWLockExclusive(&lock);
    const auto at = cancelled_numbers().find(number);
    const long cancelled = at == cancelled_numbers().end() ? -1 : at->second;
    ReleaseSRWLockExclusive(&lock);
    return cancelled;
}

static void complete(RPC_ASYNC_STATE* state, long result) {
    const RPC_STATUS status = RpcAsyncCompleteCall(state, &result);
    if (status) say("server: RpcAsyncCompleteCall: %ld", status);
}

void async_Add(RPC_ASYNC_STATE* state, handle_t, long a, long b, long* sum) {
    say("server: Add(%ld, %ld)", a, b);
    *sum = a + b;
    complete(state, a * b);
}

// The manager returns at once; a thread of ours answers when the time has come.
void async_Work(RPC_ASYNC_STATE* state, handle_t, long number, long milliseconds, long* order) {
    say("server: Work %ld begins, it takes %ld ms", number, milliseconds);
    run_detached([=] {
        Sleep(milliseconds);
        *order = InterlockedIncrement(&finished);
        say("server: Work %ld is done", number);
        complete(state, number * 100);
    });
}

// Waits to be cancelled. The call handle of the asynchronous call is what RpcServerTestCancel asks about.
void async_Patience(RPC_ASYNC_STATE* state, handle_t, long number, long milliseconds, long* cancelled) {
    say("server: Patience %ld waits for a cancel", number);
    note(number, 0);
    run_detached([=] {
        const ULONGLONG deadline = GetTickCount64() + milliseconds;
        RPC_STATUS status;
        while ((status = RpcServerTestCancel(RpcAsyncGetCallHandle(state))) == RPC_S_CALL_IN_PROGRESS &&
               GetTickCount64() < deadline)
            Sleep(20);
        if (status == RPC_S_OK) {
            say("server: Patience %ld: RpcServerTestCancel says that the client has cancelled", number);
            note(number, 1);
            const RPC_STATUS aborted = RpcAsyncAbortCall(state, RPC_S_CALL_CANCELLED);
            if (aborted) say("server: RpcAsyncAbortCall: %ld", aborted);
            return;
        }
        say("server: Patience %ld: nobody cancelled, RpcServerTestCancel %ld", number, status);
        *cancelled = 0;
        complete(state, number);
    });
}

void async_Seen(RPC_ASYNC_STATE* state, handle_t, long number, long* cancelled) {
    *cancelled = noted(number);
    complete(state, 0);
}

static wchar_t* answer_to(const wchar_t* text) {
    const size_t length = wcslen(text);
    auto* answer = static_cast<wchar_t*>(malloc((length + 1) * sizeof(wchar_t)));
    for (size_t i = 0; i < length; ++i) answer[i] = text[length - 1 - i];
    answer[length] = 0;
    return answer;
}

void async_Echo(RPC_ASYNC_STATE* state, handle_t, const wchar_t* text, wchar_t** answer) {
    *answer = answer_to(text);
    complete(state, static_cast<long>(wcslen(text)));
}

static long copy_bulk(long count, const unsigned char* in, unsigned char* out) {
    for (long i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(~in[i]);
    return count;
}

void async_Bulk(RPC_ASYNC_STATE* state, handle_t, long count, const unsigned char* in, unsigned char* out) {
    complete(state, copy_bulk(count, in, out));
}

void async_Stop(RPC_ASYNC_STATE* state, handle_t) {
    const RPC_STATUS status = RpcAsyncCompleteCall(state, nullptr);
    if (status) say("server: RpcAsyncCompleteCall: %ld", status);
    SetEvent(stopped);
}

long sync_Add(handle_t, long a, long b, long* sum) {
    say("server: Add(%ld, %ld)", a, b);
    *sum = a + b;
    return a * b;
}
long sync_Work(handle_t, long number, long milliseconds, long* order) {
    say("server: Work %ld begins, it takes %ld ms", number, milliseconds);
    Sleep(milliseconds);
    *order = InterlockedIncrement(&finished);
    say("server: Work %ld is done", number);
    return number * 100;
}
// A synchronous manager that never asks whether it was cancelled, as the peer has no such question.
long sync_Patience(handle_t, long number, long milliseconds, long* cancelled) {
    say("server: Patience %ld sleeps for %ld ms", number, milliseconds);
    note(number, 0);
    Sleep(milliseconds);
    *cancelled = 0;
    return number;
}
long sync_Seen(handle_t, long number, long* cancelled) {
    *cancelled = noted(number);
    return 0;
}
long sync_Echo(handle_t, const wchar_t* text, wchar_t** answer) {
    *answer = answer_to(text);
    return static_cast<long>(wcslen(text));
}
long sync_Bulk(handle_t, long count, const unsigned char* in, unsigned char* out) { return copy_bulk(count, in, out); }
void sync_Stop(handle_t) { SetEvent(stopped); }
