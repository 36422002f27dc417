// The cases through the generated stubs: each asynchronous procedure is issued, awaited and completed.
#include "client.h"

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

// What an [out] variable holds means nothing; but the builtin looks at it.
static ULONG_PTR before_ = 1;

struct Nothing {};  // the result of a void procedure

#define ASYNC(R, name)                       \
    template <class... Args>                 \
    static R async_##name(Args... args) {    \
        return waited<R>(c_##name, args...); \
    }
#define SYNC(name)                           \
    template <class... Args>                 \
    static auto async_##name(Args... args) { \
        return c_##name(args...);            \
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

#define BEFORE before_
#define C(name) async_##name
#include "stubs/programs/cases.inc"

// What Wine's own rpcrt4 can do on either side. Its unions fail, and a manager routine there is given no handle when,
// as MIDL does it, the handle is not described as a parameter.
static void run_on_builtin(handle_t h) {
    section("strings", strings, h);
    section("structures", structures, h);
    section("arrays", arrays, h);
    section("contexts", contexts, h);
    section("failures", failures_of_the_server, h);
}

void run_async(handle_t h, bool builtin) {
    before_ = !builtin;
    builtin ? run_on_builtin(h) : run(h);
    Context left = nullptr;
    C(open)(h, 4711, &left);
    CHECK(left);
}
