// Interpreted stubs of what widl cannot describe, with format strings written by hand: pipes by reference and by value, floating
// results, structures as results; attributes.cpp: handles and attributes. Client and server in one process, over ncalrpc.
#include <cstdio>
#include <cstring>
#include <vector>

#include "attributes.h"
#include "support/checks.h"
#include "support/endpoints.h"
#include "support/guard.h"
#include "support/hand_interface.h"

namespace {

using namespace hand;

// --- the interface --------------------------------------------------------------------------------------------------

struct LongPipe {
    void(__RPC_USER* pull)(char* state, LONG* buffer, ULONG size, ULONG* count);
    void(__RPC_USER* push)(char* state, LONG* buffer, ULONG count);
    void(__RPC_USER* alloc)(char* state, ULONG bytes, LONG** buffer, ULONG* given);
    char* state;
};
struct Small {
    LONG a, b;
};
struct Large {
    LONG a, b, c;
};

// 2: long; 4: a pipe of it; 12: Small; 20: Large
const unsigned char types[] = {0x5b, 0x5c, 0x08, 0x5c, 0xb5, 0x03, 0xfc, 0xff, 0x04, 0x00, 0x04, 0x00,
                               0x15, 0x03, 0x08, 0x00, 0x08, 0x08, 0x5b, 0x5c, 0x15, 0x03, 0x0c, 0x00,
                               0x08, 0x08, 0x08, 0x5b, 0x00, 0x00};

LONG sum(handle_t, LongPipe* pipe) {
    LONG data[3], total = 0;
    ULONG count = 0;
    do {
        pipe->pull(pipe->state, data, 3, &count);
        for (ULONG i = 0; i < count; ++i) total += data[i];
    } while (count != 0);
    return total;
}
LONG sum_value(handle_t, LongPipe pipe) { return sum(nullptr, &pipe); }
LONG count_up(handle_t, LONG n, LongPipe* pipe, LONG* last) {
    for (LONG i = 0; i < n; ++i) pipe->push(pipe->state, &i, 1);
    pipe->push(pipe->state, nullptr, 0);
    *last = n;
    return n + 1;
}
LONG greedy(handle_t, LongPipe* pipe) {
    sum(nullptr, pipe);
    return sum(nullptr, pipe);  // past the end
}
LONG lazy(handle_t, LongPipe*) { return 0; }  // leaves everything in the pipe
double halve(handle_t, double a) { return a / 2; }
float third(handle_t, float a) { return a / 4; }
Small small_one(handle_t, LONG a) { return {a, -a}; }
Large large_one(handle_t, LONG a) { return {a, a + 1, a + 2}; }
LONG mixed(handle_t, float a, LONG b, double c, hyper d, float e) {
    return a == 1.5f && b == 2 && c == 3.25 && d == 0x123456789abcll && e == 4.5f;
}

Interface iface;

void describe() {
    iface.calls.add(sum, 3 * slot, {{in_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    const unsigned by_value = sizeof(void*) == 8 ? slot : sizeof(LongPipe);
    iface.calls.add(sum_value, slot + by_value + slot, {{pipe_by_value, slot, 4}, {simple_result, slot + by_value, 8}});
    iface.calls.add(count_up, 5 * slot,
        {{in_simple, slot, 8}, {out_pipe, 2 * slot, 4}, {out_simple, 3 * slot, 8}, {simple_result, 4 * slot, 8}});
    iface.calls.add(greedy, 3 * slot, {{in_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    iface.calls.add(lazy, 3 * slot, {{in_pipe, slot, 4}, {simple_result, 2 * slot, 8}});
    iface.calls.add(halve, slot + 16, {{in_simple, slot, 0x0c}, {simple_result, slot + 8, 0x0c}});
    iface.calls.add(third, 3 * slot, {{in_simple, slot, 0x0a}, {simple_result, 2 * slot, 0x0a}});
    iface.calls.add(small_one, 3 * slot, {{in_simple, slot, 8}, {result_by_value, 2 * slot, 12}});
    iface.calls.add(large_one, 3 * slot, {{in_simple, slot, 8}, {result_by_value, 2 * slot, 20}});
    unsigned at = slot, a = at, b = a + slot, c = b + slot, d = c + 8, e = d + 8;
    iface.calls.add(mixed, e + 2 * slot,
        {{in_simple, a, 0x0a}, {in_simple, b, 8}, {in_simple, c, 0x0c}, {in_simple, d, 0x0b}, {in_simple, e, 0x0a},
         {simple_result, e + slot, 8}});
    iface.describe({0x9a1b6f10, 0x4f7e, 0x4b0d, {0x8e, 0x5c, 1, 2, 3, 4, 5, 6}}, types);
}

// --- the client -----------------------------------------------------------------------------------------------------

#define CALL(number, ...) HAND_CALL(&iface.client_desc, iface.calls[number], __VA_ARGS__)

struct Program {
    LongPipe pipe{pull, push, alloc, reinterpret_cast<char*>(this)};
    std::vector<LONG> source, target;
    size_t at = 0;
    bool ended = false;
    LONG room[4];

    static Program& of(char* state) { return *reinterpret_cast<Program*>(state); }
    static void __RPC_USER alloc(char* state, ULONG bytes, LONG** buffer, ULONG* given) {
        *given = bytes < sizeof of(state).room ? bytes : sizeof of(state).room;
        *buffer = of(state).room;
    }
    static void __RPC_USER pull(char* state, LONG* buffer, ULONG size, ULONG* count) {
        Program& p = of(state);
        for (*count = 0; *count < size && p.at < p.source.size(); ++*count) buffer[*count] = p.source[p.at++];
    }
    static void __RPC_USER push(char* state, LONG* buffer, ULONG count) {
        of(state).target.insert(of(state).target.end(), buffer, buffer + count);
        of(state).ended = count == 0;
    }
};

void pipes(handle_t h) {
    Program p;
    for (LONG i = 1; i <= 100; ++i) p.source.push_back(i);
    LONG result = 0;
    Outcome o = guarded([&] { result = static_cast<LONG>(CALL(0, h, &p.pipe).Simple); });
    CHECK(!o.raised && result == 5050);
    p.at = 0;
#ifdef _WIN64
    o = guarded([&] { result = static_cast<LONG>(CALL(1, h, &p.pipe).Simple); });  // the ABI's way to pass 32 bytes
#else
    o = guarded([&] { result = static_cast<LONG>(CALL(1, h, p.pipe).Simple); });
#endif
    CHECK(!o.raised && result == 5050);
    Program out;
    LONG last = 0;
    o = guarded([&] { result = static_cast<LONG>(CALL(2, h, 50L, &out.pipe, &last).Simple); });
    CHECK(!o.raised && result == 51 && last == 50 && out.ended);
    CHECK(out.target.size() == 50 && out.target[49] == 49);
    p.at = 0;
    o = guarded([&] { (void)CALL(3, h, &p.pipe); });
    CHECK(o.raised == RPC_X_PIPE_EMPTY);
    p.at = 0;
    o = guarded([&] { (void)CALL(4, h, &p.pipe); });
    CHECK(o.raised == RPC_X_PIPE_DISCIPLINE_ERROR);
    LongPipe nothing = {};
    o = guarded([&] { (void)CALL(0, h, &nothing); });
    CHECK(o.raised == RPC_X_INVALID_PIPE_OBJECT);
}

// The reply as it came, whatever a client stub could return of it.
template <class Result, class Argument>
bool ask(handle_t h, unsigned number, Argument argument, Result& result) {
    RPC_MESSAGE m = {};
    m.Handle = h;
    m.ProcNum = number;
    m.RpcInterfaceInformation = &iface.client;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    m.BufferLength = sizeof argument;
    if (I_RpcGetBuffer(&m)) return false;
    std::memcpy(m.Buffer, &argument, sizeof argument);
    if (I_RpcSendReceive(&m)) return false;
    bool whole = m.BufferLength == sizeof result;
    if (whole) std::memcpy(&result, m.Buffer, sizeof result);
    I_RpcFreeBuffer(&m);
    return whole;
}

// On x86 a floating result left on the coprocessor's stack of eight would spoil the ninth.
void floating_results(handle_t h) {
    for (int i = 0; i < 9; ++i) {
        double d = 0;
        float f = 0;
        CHECK(ask(h, 5, 5.0 + i, d) && d == (5.0 + i) / 2);
        CHECK(ask(h, 6, 5.0f + static_cast<float>(i), f) && f == (5.0f + static_cast<float>(i)) / 4);
    }
    LONG result = 0;
    Outcome o = guarded([&] {
#ifdef _WIN64
        result = static_cast<LONG>(CALL(9, h, 1.5f, 2L, 3.25, static_cast<hyper>(0x123456789abcll), 4.5f).Simple);
#else
        // Without promotion, as a stub's own arguments stand.
        LONG a, e;
        float one = 1.5f, two = 4.5f;
        std::memcpy(&a, &one, 4);
        std::memcpy(&e, &two, 4);
        result = static_cast<LONG>(CALL(9, h, a, 2L, 3.25, static_cast<hyper>(0x123456789abcll), e).Simple);
#endif
    });
    CHECK(!o.raised && result == 1);
}

void structures(handle_t h) {
    Small small = {};
    Large large = {};
    CHECK(ask(h, 7, LONG{5}, small) && small.a == 5 && small.b == -5);
    CHECK(ask(h, 8, LONG{5}, large) && large.a == 5 && large.b == 6 && large.c == 7);
#ifdef _WIN64
    unsigned long long bits = 0;
    Outcome o = guarded([&] { bits = static_cast<unsigned long long>(CALL(7, h, 5L).Simple); });
    CHECK(!o.raised && bits == 0xfffffffb00000005);
    MIDL_STUBLESS_PROXY_INFO proxy = {&iface.client_desc, iface.calls.formats.data(), iface.calls.offsets.data(), nullptr, 0, nullptr};
    large = {};
    o = guarded([&] { (void)NdrClientCall3(&proxy, 8, &large, h, 5L); });
    CHECK(!o.raised && large.c == 7);
    o = guarded([&] { (void)CALL(8, h, 5L); });  // no place for it
    CHECK(o.raised == RPC_S_CANNOT_SUPPORT);
#endif
}

}  // namespace

int main() {
    describe();
    const Endpoint endpoint = own_endpoints(L"hand-stubs")[0];
    if (!offer(endpoint) || RpcServerRegisterIf(&iface.server, nullptr, nullptr) || RpcServerListen(1, 10, TRUE))
        return std::printf("no server\n"), 1;
    handle_t h = bind(endpoint);
    if (!h) return std::printf("no binding\n"), 1;
    pipes(h);
    floating_results(h);
    structures(h);
    RpcBindingFree(&h);
    attributes();
    return checks::report("hand_stubs");
}
