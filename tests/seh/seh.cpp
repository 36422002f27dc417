// rpc_seh_try, rpc_seh_finally, rpc_call_slots and what base/seh.h makes of them.
#include <windows.h>

#include <string.h>

#include "base/seh.h"
#include "../basics/check.h"

using namespace rpc;

void frames_with_exceptions(void (*f)(void*), void* context, int* destroyed);
void frames_without_exceptions(void (*f)(void*), void* context, int* destroyed);

namespace {

// What ran, in order.
struct Trace {
    char text[64] = {};
    int filter = 1;  // what the filter answers
    DWORD seen = 0xDEAD;
    void add(char c) { text[strlen(text)] = c; }
    bool is(const char* expected) const {
        if (strcmp(text, expected)) printf("    trace %s, expected %s\n", text, expected);
        return !strcmp(text, expected);
    }
};

void raise_code(DWORD code) { RaiseException(code, 0, 0, nullptr); }
void raise_unavailable(void*) { raise_code(1722); }
void read_nothing(void*) {
    static volatile uintptr_t nowhere = 8;
    *reinterpret_cast<volatile int*>(nowhere) = 1;
}
int trace_filter(EXCEPTION_POINTERS* exception, void* p) {
    auto* t = static_cast<Trace*>(p);
    t->seen = exception->ExceptionRecord->ExceptionCode;
    t->add('f');
    return t->filter;
}
void trace_cleanup(int abnormal, void* p) { static_cast<Trace*>(p)->add(abnormal ? 'u' : 'n'); }
int decline(EXCEPTION_POINTERS*, void* p) {
    static_cast<Trace*>(p)->add('d');
    return EXCEPTION_CONTINUE_SEARCH;
}

void test_try() {
    Trace t;
    CHECK_EQ(rpc_seh_try([](void* p) { static_cast<Trace*>(p)->add('b'); }, &t, trace_filter), 0);
    CHECK(t.is("b"));
    for (int i = 0; i < 5000; ++i) {
        t = {};
        if (rpc_seh_try(raise_unavailable, &t, trace_filter) != 1 || t.seen != 1722) return CHECK(!"caught every time");
    }
    t = {};
    CHECK_EQ(rpc_seh_try(read_nothing, &t, trace_filter), 1);
    CHECK_EQ(t.seen, EXCEPTION_ACCESS_VIOLATION);
    t = {};
    CHECK_EQ(rpc_seh_try([](void*) { raise_code(0); }, &t, trace_filter), 1);
    CHECK_EQ(t.seen, 0);
    // An inner guard that declines: the outer one takes it, and nothing after the raise runs.
    t = {};
    CHECK_EQ(rpc_seh_try(
                 [](void* p) {
                     rpc_seh_try(raise_unavailable, p, decline);
                     static_cast<Trace*>(p)->add('X');
                 },
                 &t, trace_filter), 1);
    CHECK(t.is("df"));
    // Resumed where it was raised.
    t = {};
    t.filter = EXCEPTION_CONTINUE_EXECUTION;
    CHECK_EQ(rpc_seh_try(
                 [](void* p) {
                     raise_code(0xE0001234);
                     static_cast<Trace*>(p)->add('c');
                 },
                 &t, trace_filter), 0);
    CHECK(t.is("fc"));
}

void test_finally() {
    Trace t;
    rpc_seh_finally([](void* p) { static_cast<Trace*>(p)->add('b'); }, &t, trace_cleanup);
    CHECK(t.is("bn"));
    t = {};
    CHECK_EQ(rpc_seh_try(
                 [](void* p) {
                     rpc_seh_finally(raise_unavailable, p, trace_cleanup);
                     static_cast<Trace*>(p)->add('X');
                 },
                 &t, trace_filter), 1);
    CHECK(t.is("fu"));  // the search before the unwind
    // Raised again from a landing, three deep.
    t = {};
    CHECK_EQ(rpc_seh_try(
                 [](void* p) {
                     if (rpc_seh_try(read_nothing, p, trace_filter)) rpc_seh_finally(raise_unavailable, p, trace_cleanup);
                 },
                 &t, trace_filter), 1);
    CHECK(t.is("ffu"));
    CHECK_EQ(t.seen, 1722);
}

// Values that the compiler keeps in registers across a caught exception.
__attribute__((noinline)) uint64_t over_a_landing(volatile int& source) {
    uint64_t a = source * 3, b = source * 5, c = source * 7, d = source * 11, e = source * 13, f = source * 17;
    double g = source * 1.5, h = source * 2.5;
    Trace t;
    rpc_seh_try(read_nothing, &t, trace_filter);
    return a + b * 10 + c * 100 + d * 1000 + e * 10000 + f * 100000 + uint64_t(g * 2) + uint64_t(h * 2);
}
void test_registers() {
    volatile int source = 1;
    CHECK_EQ(over_a_landing(source), 3 + 50 + 700 + 11000 + 130000 + 1700000 + 3 + 5);
}

// C++ destructors do not run in such an unwind: that is why the core returns statuses.
void test_owners() {
    for (auto frames : {frames_with_exceptions, frames_without_exceptions}) {
        static decltype(frames) through;
        through = frames;
        static int destroyed;
        destroyed = 0;
        Trace t;
        CHECK_EQ(rpc_seh_try([](void*) { through(raise_unavailable, nullptr, &destroyed); }, &t, trace_filter), 1);
        CHECK_EQ(destroyed, 0);
    }
}

void test_guard() {
    CHECK(!guarded([] {}).raised);
    GuardResult r = guarded([] { raise_code(1722); });
    CHECK(r.raised);
    CHECK_EQ(code(r.code), 1722);
    r = guarded([] { raise_code(0); });
    CHECK(r.raised);
    CHECK_EQ(code(r.code), 0);
#ifdef _WIN64  // on x86 GCC's throw is no structured exception
    r = guarded([] { throw 7; });
    CHECK(r.raised);
    CHECK_EQ(code(r.code), 0x20474343);
#endif
    r = guarded([] { raise_code(0xE06D7363); });  // another compiler's throw
    CHECK(r.raised);
    // Fatal ones pass to whoever is outside.
    for (DWORD fatal : {0xC0000005ul, 0x80000003ul, 0xC00000FDul, 0xC000001Dul}) {
        static DWORD raised;
        raised = fatal;
        Trace t;
        CHECK_EQ(rpc_seh_try(
                     [](void* p) {
                         (void)guarded([] { raise_code(raised); });
                         static_cast<Trace*>(p)->add('X');
                     },
                     &t, trace_filter), 1);
        CHECK(t.is("f"));
        CHECK_EQ(t.seen, fatal);
    }
    int there = 0;
    CHECK(probed([&] { there = 1; }));
    CHECK_EQ(there, 1);
    CHECK(!probed([] { read_nothing(nullptr); }));
}

// ---- calls from an array of slots

uint64_t __cdecl sum_cdecl(uint32_t a, double b, uint64_t c, float d, uint8_t e, uint16_t f, uint32_t g) {
    return a + uint64_t(b * 10) + c + uint64_t(d * 100) + e + f + g;
}
uint64_t WINAPI sum_stdcall(uint32_t a, double b, uint64_t c, float d, uint8_t e, uint16_t f, uint32_t g) {
    return sum_cdecl(a, b, c, d, e, f, g);
}
double WINAPI add_fp(double a, float b) { return a + b; }
uint64_t WINAPI wide_result() { return 0x1122334455667788ull; }
void WINAPI raise_first(uint32_t code, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t) { raise_code(code); }
uint64_t __cdecl last_of_many(const Slot* first, size_t count) { return first[count - 1]; }

struct Arguments {
    Slot slots[16];
    size_t count = 0;
    template <class T>
    void push(T value) {  // what the type leaves of its last slot is garbage, as with a compiler's caller
        size_t n = (sizeof value + sizeof(Slot) - 1) / sizeof(Slot);
        memset(slots + count, 0xCC, n * sizeof(Slot));
        memcpy(slots + count, &value, sizeof value);
        count += n;
    }
};

template <class F>
void* address(F* f) {
    return reinterpret_cast<void*>(f);
}

void test_slots() {
    Arguments a;
    a.push(1u);
    a.push(2.5);
    a.push(0x100000000ull);
    a.push(1.25f);
    a.push(uint8_t(3));
    a.push(uint16_t(4));
    a.push(5u);
    uint64_t expected = 1 + 25 + 0x100000000ull + 125 + 3 + 4 + 5;
    int wrong = 0;
    for (int i = 0; i < 1000; ++i) {  // a stack that drifts would show
        wrong += rpc_call_slots(address(sum_cdecl), a.slots, a.count, nullptr) != expected;
        wrong += rpc_call_slots(address(sum_stdcall), a.slots, a.count, nullptr) != expected;
    }
    CHECK_EQ(wrong, 0);
    Arguments f;
    f.push(2.5);
    f.push(0.25f);
    double result = 0;
    rpc_call_slots(address(add_fp), f.slots, f.count, &result);
    CHECK(result == 2.75);
    CHECK_EQ(rpc_call_slots(address(wide_result), nullptr, 0, nullptr), 0x1122334455667788ull);

    // More arguments than a page of stack.
    static Slot many[5000];
    for (size_t i = 0; i < 5000; ++i) many[i] = i;
    CHECK_EQ(rpc_call_slots(address(wide_result), many, 5000, nullptr), 0x1122334455667788ull);
    Slot indirect[] = {reinterpret_cast<Slot>(many), 5000};
    CHECK_EQ(rpc_call_slots(address(last_of_many), indirect, 2, nullptr), 4999);

    // What the routine raises crosses to the guard.
    static Slot raising[6] = {1723};
    for (int i = 0; i < 1000; ++i) {
        GuardResult r = guarded([] { rpc_call_slots(address(raise_first), raising, 6, nullptr); });
        wrong += !r.raised || code(r.code) != 1723;
    }
    CHECK_EQ(wrong, 0);
}

}  // namespace

int main() {
    test_try();
    test_finally();
    test_registers();
    test_owners();
    test_guard();
    test_slots();
    printf("seh: %d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
