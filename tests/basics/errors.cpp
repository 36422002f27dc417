// Documentation pages RpcRaiseException, RpcExceptionFilter, I_RpcExceptionFilter, DceErrorInqText; I_RpcMapWin32Status.
#include <rpctry.h>
#include <rpcdcep.h>

#include <stdio.h>

#include "check.h"

namespace {

void test_raise() {
    for (RPC_STATUS code : {RPC_STATUS(RPC_S_SERVER_UNAVAILABLE), RPC_STATUS(0), RPC_STATUS(5), RPC_STATUS(0x80010108)}) {
        ULONG seen = 0xDEAD;
        ULONG flags = 0, parameters = 9;
        RpcTryExcept {
            RpcRaiseException(code);
        } RpcExcept((flags = rpctry_->pointers->ExceptionRecord->ExceptionFlags,
                     parameters = rpctry_->pointers->ExceptionRecord->NumberParameters, EXCEPTION_EXECUTE_HANDLER)) {
            seen = RpcExceptionCode();
        } RpcEndExcept
        CHECK_EQ(seen, ULONG(code));
        CHECK_EQ(parameters, 0);
        CHECK(flags == 0 || flags == EXCEPTION_NONCONTINUABLE);
    }
}

void test_filter() {
    // The list of the documentation page; EXCEPTION_CONTINUE_SEARCH is 0, EXCEPTION_EXECUTE_HANDLER 1.
    const ULONG fatal[] = {0xC0000005, 0xC0000194, 0xC00000AA, 0x80000002, 0xC0000096, 0xC000001D, 0x80000003,
                           0xC00000FD, 0xC0000235, 0xC0000006, 0xC0000420, 0xC0000409, 0x80000001, 0xC00002C9};
    for (ULONG code : fatal) {
        CHECK_EQ(RpcExceptionFilter(code), EXCEPTION_CONTINUE_SEARCH);
        CHECK_EQ(I_RpcExceptionFilter(code), EXCEPTION_CONTINUE_SEARCH);
    }
    for (ULONG code : {0ul, 5ul, 1722ul, 1818ul, 0xC0000017ul, 0xE06D7363ul, 0x20474343ul, 0xC0000094ul}) {
        CHECK_EQ(RpcExceptionFilter(code), EXCEPTION_EXECUTE_HANDLER);
        CHECK_EQ(I_RpcExceptionFilter(code), EXCEPTION_EXECUTE_HANDLER);
    }
}

void test_text() {
    unsigned char a[DCE_C_ERROR_STRING_LEN];
    unsigned short w[DCE_C_ERROR_STRING_LEN];
    for (RPC_STATUS code : {0, 5, 1722, 1726, 1914}) {
        a[0] = 0;
        w[0] = 0;
        CHECK_EQ(DceErrorInqTextA(code, a), RPC_S_OK);
        CHECK_EQ(DceErrorInqTextW(code, w), RPC_S_OK);
        CHECK(a[0] && w[0] == a[0]);
    }
    memset(a, 0xCC, sizeof a);
    CHECK_EQ(DceErrorInqTextA(123456789, a), RPC_S_INVALID_ARG);
    CHECK(memchr(a, 0, sizeof a) != nullptr);
}

void test_map() {
    CHECK_EQ(ULONG(I_RpcMapWin32Status(RPC_S_OK)), 0);
    CHECK_EQ(ULONG(I_RpcMapWin32Status(RPC_S_SERVER_UNAVAILABLE)), 0xC0020017);
    CHECK_EQ(ULONG(I_RpcMapWin32Status(RPC_X_BAD_STUB_DATA)), 0xC003000C);
    CHECK_EQ(ULONG(I_RpcMapWin32Status(RPC_S_ACCESS_DENIED)), 0xC0000022);
    CHECK_EQ(ULONG(I_RpcMapWin32Status(RPC_S_INVALID_ASYNC_HANDLE)), 0xC0020062);
    CHECK_EQ(ULONG(I_RpcMapWin32Status(12345)), 12345);
}

}  // namespace

void test_errors() {
    test_raise();
    test_filter();
    test_text();
    test_map();
}
