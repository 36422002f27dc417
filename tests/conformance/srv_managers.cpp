// What the fixture's servers do.
#include "srv_internal.h"
#include "support/threads.h"
#include <map>
#include <string.h>

namespace srv {

volatile long last_action_status = -1, second_action_status = -1, action_count, void_count;
Notified notified[5];
HANDLE subscribed_event;

static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;
static std::map<long, Parked>& parked_calls() {
    static std::map<long, Parked> calls;
    return calls;
}
static std::map<long, bool>& released_keys() {
    static std::map<long, bool> keys;
    return keys;
}
static volatile long sequence;

long next_key() {
    static volatile long key = 0;
    return InterlockedIncrement(&key);
}

static void park(long key, RPC_ASYNC_STATE* state, handle_t binding, long* out) {
    AcquireSRWLockExclusive(&lock);
    parked_calls()[key] = {state, binding, out, GetCurrentThreadId(), InterlockedIncrement(&sequence)};
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
}

bool wait_parked(long key, Parked* parked, unsigned milliseconds) {
    const ULONGLONG deadline = GetTickCount64() + milliseconds;
    AcquireSRWLockExclusive(&lock);
    bool found = false;
    for (;;) {
        const auto at = parked_calls().find(key);
        if (at != parked_calls().end()) {
            if (parked) *parked = at->second;
            found = true;
            break;
        }
        const ULONGLONG now = GetTickCount64();
        if (now >= deadline) break;
        SleepConditionVariableSRW(&changed, &lock, static_cast<DWORD>(deadline - now), 0);
    }
    ReleaseSRWLockExclusive(&lock);
    return found;
}

void release_sync(long key) {
    AcquireSRWLockExclusive(&lock);
    released_keys()[key] = true;
    ReleaseSRWLockExclusive(&lock);
    WakeAllConditionVariable(&changed);
}

static void wait_released(long key) {
    const ULONGLONG deadline = GetTickCount64() + 30000;
    AcquireSRWLockExclusive(&lock);
    while (!released_keys().count(key) && GetTickCount64() < deadline)
        SleepConditionVariableSRW(&changed, &lock, 1000, 0);
    ReleaseSRWLockExclusive(&lock);
}

handle_t call_handle(const Parked& parked) {
    return parked.state ? static_cast<handle_t>(RpcAsyncGetCallHandle(parked.state)) : parked.binding;
}

Outcome release(const Parked& parked, long value) {
    return guarded([&] {
        long result = value + 1;
        *parked.out = value;
        return RpcAsyncCompleteCall(parked.state, &result);
    });
}

static long release_all() {
    AcquireSRWLockExclusive(&lock);
    const auto calls = std::move(parked_calls());
    parked_calls().clear();
    ReleaseSRWLockExclusive(&lock);
    for (const auto& [key, parked] : calls) release(parked, key);  // whose client has given up, too
    return static_cast<long>(calls.size());
}

Outcome wait_test_cancel(handle_t call, long expected) {
    Outcome outcome;
    for (int i = 0; i < 100; ++i) {
        outcome = GUARDED(RpcServerTestCancel(call));
        if (outcome == expected || outcome.raised) break;
        Sleep(50);
    }
    return outcome;
}

static void complete(RPC_ASYNC_STATE* state, long result) {
    last_action_status = RpcAsyncCompleteCall(state, &result);
}

void add_async(RPC_ASYNC_STATE* state, handle_t, long a, long b, long* c) {
    *c = a + b;
    complete(state, a * b);
}

void hold_async(RPC_ASYNC_STATE* state, handle_t binding, long key, long* out) { park(key, state, binding, out); }

void void_async(RPC_ASYNC_STATE* state, handle_t, long) {
    InterlockedIncrement(&void_count);
    last_action_status = RpcAsyncCompleteCall(state, nullptr);
}

void RPC_ENTRY on_notification(RPC_ASYNC_STATE* async, void* context, RPC_ASYNC_EVENT event) {
    Notified& n = notified[static_cast<unsigned>(event) < 5 ? event : 0];
    n.async = async;
    n.context = context;
    n.event = event;
    InterlockedIncrement(&n.count);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static long overflow(volatile char* from, long depth) {
    volatile char page[4096];
    page[0] = from ? from[0] : 1;
    page[4095] = static_cast<char>(depth);
    return overflow(page, depth + 1) + page[4095];
}

static volatile long* volatile unreadable = reinterpret_cast<volatile long*>(16);

static void misbehave(long action, long argument) {
    switch (action) {
    case kRaise: RpcRaiseException(argument); break;
    case kThrow: throw argument;
    case kFault: last_action_status = *unreadable; break;
    case kOverflowStack: last_action_status = overflow(nullptr, 0); break;
    case kRaiseZero: RpcRaiseException(0); break;
    case kRaiseNative: RaiseException(static_cast<DWORD>(argument), 0, 0, nullptr); break;
    default: break;
    }
}

static long subscribe_null(RPC_NOTIFICATION_TYPES type) {
    RPC_ASYNC_NOTIFICATION_INFO info{};
    if (type == RpcNotificationTypeEvent) {
        info.hEvent = subscribed_event;
    } else {
        info.NotificationRoutine = on_notification;
    }
    return RpcServerSubscribeForNotification(nullptr, RpcNotificationCallCancel, type, &info);
}

void act_async(RPC_ASYNC_STATE* state, handle_t binding, long action, long argument, long* out) {
    *out = argument;
    switch (action) {
    case kCompleteHere: complete(state, argument + 1); break;
    case kCompleteOnWorker:
        run_detached([=] {
            Sleep(100);
            *out = argument;
            complete(state, argument + 1);
            InterlockedIncrement(&action_count);
        });
        return;
    case kAbortHere: last_action_status = RpcAsyncAbortCall(state, argument); break;
    case kAbortOnWorker:
        run_detached([=] {
            Sleep(100);
            last_action_status = RpcAsyncAbortCall(state, argument);
            InterlockedIncrement(&action_count);
        });
        return;
    case kAbortTwice:
        last_action_status = RpcAsyncAbortCall(state, argument);
        second_action_status = RpcAsyncAbortCall(state, argument);
        break;
    case kTestCancel: complete(state, RpcServerTestCancel(nullptr)); break;
    case kSubscribeNull:
        last_action_status = subscribe_null(RpcNotificationTypeEvent);
        park(argument, state, binding, out);
        break;
    case kComTimeout: complete(state, RpcMgmtSetComTimeout(binding, 5)); break;
    case kStateFields:
        complete(state, (state->Signature == 0x43595341) | (state->Size == sizeof *state) << 1 |
                            (state->RuntimeInfo != nullptr) << 2);
        break;
    case kThread: complete(state, static_cast<long>(GetCurrentThreadId())); break;
    case kReleaseAll: complete(state, release_all()); break;
    default: misbehave(action, argument); break;
    }
    InterlockedIncrement(&action_count);
}

long act_sync(handle_t binding, long action, long argument, long* out) {
    *out = argument;
    switch (action) {
    case kCompleteHere: break;
    case kTestCancel: return RpcServerTestCancel(nullptr);
    case kSubscribeSync:
        last_action_status = subscribe_null(RpcNotificationTypeCallback);
        park(argument, nullptr, binding, out);
        wait_released(argument);
        {
            unsigned long queued = 0;
            second_action_status = RpcServerUnsubscribeForNotification(nullptr, RpcNotificationCallCancel, &queued);
        }
        break;
    case kComTimeout: return RpcMgmtSetComTimeout(binding, 5);
    case kThread: return static_cast<long>(GetCurrentThreadId());
    default: misbehave(action, argument); break;
    }
    InterlockedIncrement(&action_count);
    return argument + 1;
}

static wchar_t* answer_text(const wchar_t* in) {
    const size_t length = wcslen(in);
    auto* text = static_cast<wchar_t*>(server_allocate((length + 2) * sizeof(wchar_t)));
    memcpy(text, in, length * sizeof(wchar_t));
    text[length] = L'!';
    text[length + 1] = 0;
    return text;
}

void text_async(RPC_ASYNC_STATE* state, handle_t, const wchar_t* in, wchar_t** out) {
    *out = nullptr;
    if (!wcscmp(in, L"abort")) {
        last_action_status = RpcAsyncAbortCall(state, 1234);
        return;
    }
    *out = answer_text(in);
    complete(state, static_cast<long>(wcslen(in)));
}

static void fill(unsigned char* bytes, long count) {
    for (long i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(i * 7 + 3);
}
static long sum_of(const unsigned char* bytes, long count) {
    unsigned sum = 0;
    for (long i = 0; i < count; ++i) sum = sum * 31 + bytes[i];
    return static_cast<long>(sum);
}

void bytes_async(RPC_ASYNC_STATE* state, handle_t, long count, unsigned char* bytes) {
    run_detached([=] {
        Sleep(50);
        fill(bytes, count);
        complete(state, count);
    });
}

void swap_async(RPC_ASYNC_STATE* state, handle_t, long* x, long* y) {
    run_detached([=] {
        Sleep(50);
        const long kept = *x;
        *x = *y;
        *y = kept;
        complete(state, *x + *y);
    });
}

void push_async(RPC_ASYNC_STATE* state, handle_t, long count, const unsigned char* bytes, long* sum) {
    *sum = sum_of(bytes, count);
    complete(state, count);
}

void ref_text_async(RPC_ASYNC_STATE* state, handle_t, wchar_t** out) {
    *out = nullptr;  // which a reference pointer must not be
    complete(state, 1);
}

long add_sync(handle_t, long a, long b, long* c) {
    *c = a + b;
    return a * b;
}
long hold_sync(handle_t binding, long key, long* out) {
    park(key, nullptr, binding, out);
    wait_released(key);
    *out = key;
    return key + 1;
}
void void_sync(handle_t, long) { InterlockedIncrement(&void_count); }
long text_sync(handle_t, const wchar_t* in, wchar_t** out) {
    *out = answer_text(in);
    return static_cast<long>(wcslen(in));
}
long bytes_sync(handle_t, long count, unsigned char* bytes) {
    fill(bytes, count);
    return count;
}
long swap_sync(handle_t, long* x, long* y) {
    const long kept = *x;
    *x = *y;
    *y = kept;
    return *x + *y;
}
long push_sync(handle_t, long count, const unsigned char* bytes, long* sum) {
    *sum = sum_of(bytes, count);
    return count;
}

long ref_text_sync(handle_t, wchar_t** out) {
    *out = nullptr;
    return 1;
}

}  // namespace srv
