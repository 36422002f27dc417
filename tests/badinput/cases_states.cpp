// Garbage where an asynchronous state is expected.
#include "conformance/bind.h"
#include "garbage.h"
#include <string.h>

using namespace srv;

static bool is_refusal(const Outcome& o) {
    return o == RPC_S_INVALID_ASYNC_HANDLE || o == RPC_S_INVALID_ASYNC_CALL || o == RPC_S_INVALID_BINDING;
}

template <class Call>
static Result probe(Call call) {
    std::vector<Garbage> all = garbage();
    all.push_back({"NULL", nullptr});
    for (const Garbage& g : all) {
        const Outcome outcome = guarded([&] { return call(static_cast<RPC_ASYNC_STATE*>(g.pointer)); });
        EXPECT(is_refusal(outcome), "with %s: %s", g.name, outcome.text().c_str());
    }
    // A state that looks right, with garbage for a call.
    for (const Garbage& g : garbage()) {
        RPC_ASYNC_STATE state{};
        EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(&state, sizeof state)), 0);
        state.RuntimeInfo = g.pointer;
        const Outcome outcome = guarded([&] { return call(&state); });
        EXPECT(is_refusal(outcome), "with a RuntimeInfo of %s: %s", g.name, outcome.text().c_str());
    }
    for (const Garbage& g : garbage()) {
        RPC_ASYNC_STATE state{};
        EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(&state, sizeof state)), 0);
        state.StubInfo = state.RuntimeInfo = g.pointer;
        const Outcome outcome = guarded([&] { return call(&state); });
        EXPECT(is_refusal(outcome), "with a StubInfo and RuntimeInfo of %s: %s", g.name, outcome.text().c_str());
    }
    return passed("refused");
}

CASE(30, "API:RpcAsyncGetCallStatus", "RpcAsyncGetCallStatus") {
    return probe([](RPC_ASYNC_STATE* s) { return RpcAsyncGetCallStatus(s); });
}
CASE(31, "API:RpcAsyncCompleteCall", "RpcAsyncCompleteCall") {
    return probe([](RPC_ASYNC_STATE* s) {
        long reply = 0;
        return RpcAsyncCompleteCall(s, &reply);
    });
}
CASE(32, "API:RpcAsyncCancelCall", "RpcAsyncCancelCall without abort") {
    return probe([](RPC_ASYNC_STATE* s) { return RpcAsyncCancelCall(s, FALSE); });
}
CASE(33, "API:RpcAsyncCancelCall", "RpcAsyncCancelCall with abort") {
    return probe([](RPC_ASYNC_STATE* s) { return RpcAsyncCancelCall(s, TRUE); });
}
CASE(34, "API:RpcAsyncAbortCall", "RpcAsyncAbortCall") {
    return probe([](RPC_ASYNC_STATE* s) { return RpcAsyncAbortCall(s, 5); });
}
CASE(35, "API:RpcAsyncInitializeHandle", "RpcAsyncInitializeHandle on memory that cannot be written") {
    for (const Garbage& g : garbage()) {
        DWORD old;
        MEMORY_BASIC_INFORMATION info{};
        VirtualQuery(g.pointer, &info, sizeof info);
        const auto end = static_cast<char*>(info.BaseAddress) + info.RegionSize;
        const bool room = static_cast<char*>(g.pointer) + sizeof(RPC_ASYNC_STATE) <= end;
        if (info.State == MEM_COMMIT && (info.Protect & (PAGE_READWRITE | PAGE_WRITECOPY)) && room) continue;
        const Outcome outcome = guarded([&] {
            return RpcAsyncInitializeHandle(static_cast<RPC_ASYNC_STATE*>(g.pointer), sizeof(RPC_ASYNC_STATE));
        });
        (void)old;
        EXPECT(outcome == RPC_S_INVALID_ASYNC_HANDLE, "with %s: %s", g.name, outcome.text().c_str());
    }
    return passed("1914");
}
CASE(36, "API:NdrAsyncClientCall", "an asynchronous stub with a garbage state raises") {
    BIND(b, Protocol::lrpc);
    for (const Garbage& g : garbage()) {
        long c = 0;
        const Outcome outcome = guarded([&] {
            stub::async_call(client(kAsync), async_proc(kAdd), static_cast<RPC_ASYNC_STATE*>(g.pointer), b, 1L, 2L, &c);
        });
        EXPECT(outcome.raised == RPC_S_INVALID_ASYNC_HANDLE || outcome.raised == STATUS_ACCESS_VIOLATION, "with %s: %s",
               g.name, outcome.text().c_str());
    }
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("raised");
}
CASE(37, "API:RpcAsyncCompleteCall", "a state whose call was collected, given to every function again") {
    BIND(b, Protocol::lrpc);
    Call call;
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    const RPC_ASYNC_STATE old = call.state;  // with the call's own pointers
    EXPECT_IS(call.complete(), 0);
    for (int i = 0; i < 4; ++i) {
        call.state = old;
        long reply = 0;
        const Outcome outcome = guarded([&]() -> RPC_STATUS {
            switch (i) {
            case 0: return RpcAsyncGetCallStatus(&call.state);
            case 1: return RpcAsyncCompleteCall(&call.state, &reply);
            case 2: return RpcAsyncCancelCall(&call.state, TRUE);
            default: return RpcAsyncAbortCall(&call.state, 5);
            }
        });
        EXPECT(is_refusal(outcome), "function %d: %s", i, outcome.text().c_str());
    }
    unbind(b);
    return passed("refused");
}
CASE(38, "API:RpcAsyncAbortCall", "a server's state after its call was answered", kAlone) {
    BIND(b, Protocol::lrpc);
    Call call;
    HOLD(call, b, parked);
    EXPECT_IS(release(parked, 3), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    long reply = 0;
    Outcome outcome = GUARDED(RpcAsyncCompleteCall(parked.state, &reply));
    EXPECT(outcome.is_error(), "CompleteCall: %s", outcome.text().c_str());
    outcome = GUARDED(RpcAsyncAbortCall(parked.state, 5));
    EXPECT(outcome.is_error(), "AbortCall: %s", outcome.text().c_str());
    Call next;
    EXPECT_IS(next.add(b, 6, 7), 0);
    EXPECT(next.wait(), "the next call: no event");
    EXPECT_IS(next.complete(), 0);
    unbind(b);
    return passed("%s", outcome.text().c_str());
}

// What becomes of a state while its call is out is the program's business: the runtime keeps what it needs.
static RPC_ASYNC_STATE* state_on_a_page(const Call& call) {
    void* page = VirtualAlloc(nullptr, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    return page ? static_cast<RPC_ASYNC_STATE*>(memcpy(page, &call.state, sizeof call.state)) : nullptr;
}
static Outcome hold_with(RPC_ASYNC_STATE* state, handle_t b, long key, long* out) {
    return guarded([&] { stub::async_call(client(kAsync), async_proc(kHold), state, b, key, out); });
}
static bool completes(Call& bystander, const Parked& parked) {
    return release(parked, 8) == 0 && bystander.wait() && bystander.complete() == 0 && bystander.out == 8 && bystander.result == 9;
}

CASE(39, "API:RPC_ASYNC_STATE", "a state that is freed while its call is pending: other calls go on", kAlone) {
    BIND(b, Protocol::lrpc);
    Call bystander, owner;
    HOLD(bystander, b, parked);
    RPC_ASYNC_STATE* state = state_on_a_page(owner);
    const long key = next_key();
    Parked lost;
    EXPECT(state && hold_with(state, b, key, &owner.out) == 0 && wait_parked(key, &lost), "the call is not out");
    VirtualFree(state, 0, MEM_RELEASE);
    EXPECT_IS(release(lost, 3), 0);
    EXPECT(completes(bystander, parked), "the call beside it: %ld, %ld", bystander.out, bystander.result);
    Call next;
    EXPECT_IS(next.add(b, 6, 7), 0);
    EXPECT(next.wait() && next.complete() == 0 && next.result == 42, "the next call: %ld", next.result);
    unbind(b);
    return passed("others went on");
}
CASE(40, "API:RPC_ASYNC_STATE", "a state that is overwritten while its call is pending: the call is told of as it was asked to") {
    BIND(b, Protocol::lrpc);
    Call bystander, owner;
    HOLD(bystander, b, parked);
    const long key = next_key();
    Parked held;
    EXPECT(owner.hold(b, key) == 0 && wait_parked(key, &held), "the call is not out");
    const RPC_ASYNC_STATE before = owner.state;
    memset(static_cast<void*>(&owner.state), 0xcc, sizeof owner.state);
    EXPECT_IS(release(held, 3), 0);
    EXPECT(owner.wait(), "no event");
    const Outcome refused = owner.complete();
    EXPECT(is_refusal(refused), "with the garbage: %s", refused.text().c_str());
    owner.state = before;
    EXPECT_IS(owner.complete(), 0);
    EXPECT(owner.out == 3 && owner.result == 4, "%ld, %ld", owner.out, owner.result);
    EXPECT(completes(bystander, parked), "the call beside it: %ld, %ld", bystander.out, bystander.result);
    unbind(b);
    return passed("3, 4");
}
CASE(41, "API:RPC_ASYNC_STATE", "a state that is initialised and used anew while its call is pending: the new call has its own results") {
    BIND(b, Protocol::lrpc);
    Call bystander, owner;
    HOLD(bystander, b, parked);
    const long key = next_key();
    long old_out = -1;
    Parked held;
    EXPECT(hold_with(&owner.state, b, key, &old_out) == 0 && wait_parked(key, &held), "the call is not out");
    owner.initialise();
    EXPECT_IS(owner.add(b, 6, 7), 0);
    EXPECT(owner.wait(), "no event");
    EXPECT_IS(owner.complete(), 0);
    EXPECT(owner.result == 42 && owner.out == 13, "%ld, %ld", owner.result, owner.out);
    EXPECT_IS(release(held, 3), 0);
    EXPECT(completes(bystander, parked), "the call beside it: %ld, %ld", bystander.out, bystander.result);
    EXPECT(old_out == -1, "nobody collected the old call: %ld", old_out);
    unbind(b);
    return passed("42");
}
