#include <rpctry.h>

#include <stdio.h>

#include "cases.h"
#define FINALLY_ORDER "fah"
#include "common.inc"

void cpp_guard_around(void (*f)(void)) {
    RpcTryExcept { f(); } RpcExcept(RpcExceptionCode() != 0xE0000BAD) { add('P'); } RpcEndExcept
}

static void raise_bad() { raise_code(0xE0000BAD); }
static void c_around_bad() { c_guard_around(raise_bad); }
static void cpp_around_c_around_bad() { cpp_guard_around(c_around_bad); }

static void test_mixed() {
    clear();
    RpcTryExcept { cpp_around_c_around_bad(); } RpcExcept(1) { add('o'); } RpcEndExcept
    CHECK_TRACE("o");
}

static int return_from_handler() {
    RpcTryExcept { raise_unavailable(); } RpcExcept(1) { return 3; } RpcEndExcept
    return 4;
}

// A C++ throw passes a guard whose expression declines it, and the guards afterwards are as they were.
static void test_throw() {
    struct Count {
        int *n;
        ~Count() { ++*n; }
    };
    int destroyed = 0, caught = 0;
    clear();
    try {
        RpcTryFinally {
            RpcTryExcept {
                Count a = {&destroyed};
                throw 7;
            } RpcExcept(RpcExceptionCode() == RPC_S_SERVER_UNAVAILABLE) {
                add('X');
            } RpcEndExcept
        } RpcFinally {
            add('f');
        } RpcEndFinally
    } catch (int i) {
        caught = i;
    }
    CHECK(caught == 7);
    CHECK(destroyed == 1);
    CHECK_TRACE("f");
    clear();
    RpcTryExcept { raise_unavailable(); } RpcExcept(1) { add('h'); } RpcEndExcept
    CHECK_TRACE("h");
}

void run_cpp() {
    run_all();
    CHECK(return_from_handler() == 3);
    test_mixed();
    test_throw();
}

char trace[64];
static int checks, failures;
void check(int ok, const char *file, int line, const char *what) {
    ++checks;
    if (ok) return;
    ++failures;
    printf("%s:%d: FAILED %s\n", file, line, what);
}
void add(char c) {
    size_t n = strlen(trace);
    if (n + 1 < sizeof trace) trace[n] = c;
}
void clear() { memset(trace, 0, sizeof trace); }

int main() {
    run_c();
    run_cpp();
    printf("rpctry: %d checks, %d failures\n", checks, failures);
    return failures != 0;
}
