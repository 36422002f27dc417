#include <rpctry.h>

#include <stdio.h>

#include "cases.h"
#define FINALLY_ORDER "afh" /* a limit of the C form: the block runs before outer filters */
#include "common.inc"

static int return_from_try(int raises) {
    RpcTryExcept {
        if (raises) raise_unavailable();
        return 7;
    } RpcExcept(1) {
        return 8;
    } RpcEndExcept
    return 9;
}

static int return_past_finally(void) {
    RpcTryFinally {
        add('b');
        return 5;
    } RpcFinally {
        add(RpcAbnormalTermination() ? 'a' : 'n');
    } RpcEndFinally
    return 6;
}

static void test_return(void) {
    int i;
    clear();
    for (i = 0; i < 1000; ++i) {
        CHECK(return_from_try(0) == 7);
        CHECK(return_from_try(1) == 8);
    }
    CHECK(return_past_finally() == 5);
    CHECK_TRACE("ba");
    /* what the returns left behind must not catch this one */
    clear();
    RpcTryExcept { raise_unavailable(); } RpcExcept(1) { add('h'); } RpcEndExcept
    CHECK_TRACE("h");
}

static void test_break_and_goto(void) {
    int i;
    clear();
    for (i = 0; i < 3; ++i) {
        RpcTryExcept {
            if (i == 1) break;
            add('0' + i);
        } RpcExcept(1) {
        } RpcEndExcept
    }
    RpcTryExcept { goto out; } RpcExcept(1) {} RpcEndExcept
out:
    CHECK_TRACE("0");
}

void c_guard_around(void (*f)(void)) {
    RpcTryExcept { f(); } RpcExcept(RpcExceptionCode() != 0xE0000BAD) { add('C'); } RpcEndExcept
}

void run_c(void) {
    run_all();
    test_return();
    test_break_and_goto();
    clear();
    cpp_guard_around(raise_unavailable);
    c_guard_around(raise_unavailable);
    CHECK_TRACE("PC");
}
