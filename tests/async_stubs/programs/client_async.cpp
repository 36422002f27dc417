// The cases through the generated stubs: each asynchronous procedure is issued, awaited and completed.
#include "client.h"
#include <rpcasync.h>
#include "stubs.h"
#include <rpctry.h>

// Issues `stub`, waits until it is complete and gives its result; raises what the completion answers.
template <class R, class Stub, class... Args>
static R waited(Stub stub, Args... args) {
    RPC_ASYNC_STATE state;
    HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    CHECK(RpcAsyncInitializeHandle(&state, sizeof state) == RPC_S_OK);
    state.UserInfo = nullptr;
    state.NotificationType = RpcNotificationTypeEvent;
    state.u.hEvent = event;
    R result{};
    const unsigned raised = guarded([&] { stub(&state, args...); }).raised;
    RPC_STATUS status = static_cast<RPC_STATUS>(raised);
    if (!raised) {
        CHECK(WaitForSingleObject(event, 30000) == WAIT_OBJECT_0);
        status = RpcAsyncCompleteCall(&state, &result);
    }
    CloseHandle(event);
    if (status) RpcRaiseException(status);
    return result;
}

struct Nothing {};  // the result of a void procedure

#define ASYNC(R, name)                      \
    template <class... Args>                \
    static R async_##name(Args... args) {   \
        return waited<R>(c_##name, args...); \
    }
#define SYNC(name)                                        \
    template <class... Args>                              \
    static auto async_##name(Args... args) {              \
        return c_##name(args...);                         \
    }

ASYNC(LONG, add)
ASYNC(LONG, widths)
ASYNC(double, floats)
SYNC(narrow_float)
ASYNC(LONG, mixed)
ASYNC(hyper, long_ones)
ASYNC(LONG, enums)
ASYNC(LONG, text)
ASYNC(Nothing, give_text)
ASYNC(Nothing, change_text)
ASYNC(LONG, structs)
ASYNC(LONG, unique_ones)
ASYNC(LONG, arrays)
ASYNC(Nothing, part)
ASYNC(LONG, names)
SYNC(counted)
ASYNC(LONG, list)
SYNC(tagged)
ASYNC(LONG, arm)
ASYNC(LONG, ranged)
ASYNC(Nothing, open)
ASYNC(LONG, use)
SYNC(close)
ASYNC(Nothing, nothing)
ASYNC(Nothing, fail)

#define BEFORE (ULONG_PTR)0x1  // what an [out] variable holds means nothing
#define C(name) async_##name
#include "stubs/programs/cases.inc"

void run_async(handle_t h) {
    run(h);
    Context left = nullptr;
    C(open)(h, 4711, &left);
    CHECK(left);
}
