// 7.1 Initialisation and status.
#include "case.h"
#include "srv.h"
#include <stdint.h>
#include <string.h>

static RPC_ASYNC_STATE filled;

static Outcome initialise_filled() {
    memset(&filled, 0xcc, sizeof filled);
    return GUARDED(RpcAsyncInitializeHandle(&filled, sizeof filled));
}

static const uintptr_t kPattern = static_cast<uintptr_t>(0xcccccccccccccccc);

CASE(1, "WT:rpc_async.c:36; API", "a size of 256 bytes is refused") {
    alignas(RPC_ASYNC_STATE) static char buffer[256];
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(reinterpret_cast<RPC_ASYNC_STATE*>(buffer), 256)), 87);
    return passed("87");
}
CASE(2, "WT:39; API", "a size one too small is refused") {
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(&filled, sizeof filled - 1)), 87);
    return passed("87");
}
CASE(3, "API", "a size one too large is refused") {
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(&filled, sizeof filled + 1)), 87);
    return passed("87");
}
CASE(4, "API", "size 0 is refused") {
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(&filled, 0)), 87);
    return passed("87");
}
CASE(5, "WT:44-47", "the exact size is accepted and stored") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(filled.Size == sizeof filled, "Size is %u", filled.Size);
    return passed("Size %u", filled.Size);
}
CASE(6, "WT:48", "Signature is ASYC") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(filled.Signature == 0x43595341, "Signature is %08lx", filled.Signature);
    return passed("%08lx", filled.Signature);
}
CASE(7, "WT:49-53", "Lock, Flags, StubInfo and RuntimeInfo are 0") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(!filled.Lock && !filled.Flags && !filled.StubInfo && !filled.RuntimeInfo,
           "Lock %lx Flags %lx StubInfo %p RuntimeInfo %p", filled.Lock, filled.Flags, filled.StubInfo,
           filled.RuntimeInfo);
    return passed("all 0");
}
CASE(8, "WT:52", "UserInfo is left alone") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(reinterpret_cast<uintptr_t>(filled.UserInfo) == kPattern, "UserInfo is %p", filled.UserInfo);
    return passed("%p", filled.UserInfo);
}
CASE(9, "WT:54-55", "Event and NotificationType are left alone") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(static_cast<unsigned>(filled.Event) == 0xcccccccc &&
               static_cast<unsigned>(filled.NotificationType) == 0xcccccccc,
           "Event %x NotificationType %x", filled.Event, filled.NotificationType);
    return passed("both cccccccc");
}
CASE(10, "WT:57", "Reserved is 0") {
    EXPECT_IS(initialise_filled(), 0);
    for (int i = 0; i < 4; ++i) EXPECT(!filled.Reserved[i], "Reserved[%d] is not 0", i);
    return passed("all 0");
}
CASE(11, "inf", "u is left alone") {
    EXPECT_IS(initialise_filled(), 0);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&filled.u);
    for (unsigned i = 0; i < sizeof filled.u; ++i) EXPECT(bytes[i] == 0xcc, "byte %u is %02x", i, bytes[i]);
    return passed("%u bytes", static_cast<unsigned>(sizeof filled.u));
}
CASE(12, "API; inf for NULL", "NULL is an invalid handle") {
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(nullptr, sizeof filled)), 1914);
    return passed("1914");
}
static Result on_page(DWORD protection) {
    auto* page = static_cast<RPC_ASYNC_STATE*>(VirtualAlloc(nullptr, 4096, MEM_COMMIT | MEM_RESERVE, protection));
    EXPECT(page, "no page");
    const Outcome outcome = GUARDED(RpcAsyncInitializeHandle(page, sizeof *page));
    VirtualFree(page, 0, MEM_RELEASE);
    EXPECT(outcome == 1914, "%s, expected 1914", outcome.text().c_str());
    return passed("1914");
}
CASE(13, "API", "a page without access is an invalid handle") { return on_page(PAGE_NOACCESS); }
CASE(14, "API; inf", "a read-only page is an invalid handle") { return on_page(PAGE_READONLY); }
CASE(15, "inf", "the size is checked before the pointer") {
    EXPECT_IS(GUARDED(RpcAsyncInitializeHandle(nullptr, 7)), 87);
    return passed("87");
}
CASE(16, "MEAS", "the size that is accepted is 68 (x86) or 112 (x64)") {
    static_assert(sizeof(RPC_ASYNC_STATE) == (sizeof(void*) == 4 ? 68 : 112));
    unsigned accepted = 0, count = 0;
    alignas(RPC_ASYNC_STATE) static char buffer[512];
    for (unsigned size = 0; size <= sizeof buffer; ++size) {
        if (!(GUARDED(RpcAsyncInitializeHandle(reinterpret_cast<RPC_ASYNC_STATE*>(buffer), size)) == 0)) continue;
        accepted = size;
        ++count;
    }
    EXPECT(count == 1 && accepted == sizeof(RPC_ASYNC_STATE), "%u sizes accepted, the last %u", count, accepted);
    return passed("%u only", accepted);
}
CASE(17, "WT:68-70", "the status of a state without a call is 1702") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT_IS(GUARDED(RpcAsyncGetCallStatus(&filled)), 1702);
    return passed("1702");
}
CASE(18, "WT:72-75", "the status of a state of zeros is 1702") {
    memset(&filled, 0, sizeof filled);
    EXPECT_IS(GUARDED(RpcAsyncGetCallStatus(&filled)), 1702);
    return passed("1702");
}
CASE(19, "inf", "the status of NULL is 1914") {
    EXPECT_IS(GUARDED(RpcAsyncGetCallStatus(nullptr)), 1914);
    return passed("1914");
}
CASE(20, "inf", "the status of a state with another signature is 1702 or 1914") {
    EXPECT_IS(initialise_filled(), 0);
    filled.Signature = 0x12345678;
    const Outcome outcome = GUARDED(RpcAsyncGetCallStatus(&filled));
    EXPECT(outcome == 1702 || outcome == 1914, "%s", outcome.text().c_str());
    return recorded("%s", outcome.text().c_str());
}
CASE(21, "inf", "completing a state without a call is 1702 or 1914") {
    EXPECT_IS(initialise_filled(), 0);
    long reply = 0;
    const Outcome outcome = GUARDED(RpcAsyncCompleteCall(&filled, &reply));
    EXPECT(outcome == 1702 || outcome == 1914, "%s", outcome.text().c_str());
    return passed("%s", outcome.text().c_str());
}
CASE(22, "inf", "cancelling a state without a call is 1702 or 1914") {
    for (BOOL abort = FALSE; abort <= TRUE; ++abort) {
        EXPECT_IS(initialise_filled(), 0);
        const Outcome outcome = GUARDED(RpcAsyncCancelCall(&filled, abort));
        EXPECT(outcome == 1702 || outcome == 1914, "%s with %d", outcome.text().c_str(), abort);
    }
    return passed("both kinds");
}
CASE(23, "inf", "aborting a state without a call is an error") {
    EXPECT_IS(initialise_filled(), 0);
    const Outcome outcome = GUARDED(RpcAsyncAbortCall(&filled, 5));
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    return passed("%s", outcome.text().c_str());
}
CASE(24, "WT:53; HDR", "the call handle of a fresh state is NULL") {
    EXPECT_IS(initialise_filled(), 0);
    EXPECT(!RpcAsyncGetCallHandle(&filled), "%p", RpcAsyncGetCallHandle(&filled));
    return passed("NULL");
}
static FARPROC find(const char* name) { return GetProcAddress(GetModuleHandleW(L"rpcrt4.dll"), name); }
CASE(25, "API macro; LIB", "RpcAsyncGetCallHandle is not exported") {
    EXPECT(GetModuleHandleW(L"rpcrt4.dll"), "no rpcrt4.dll");
    EXPECT(!find("RpcAsyncGetCallHandle"), "exported");
    return passed("absent");
}
CASE(26, "API obsolete; inf", "registering a fresh client state returns") {
    EXPECT_IS(initialise_filled(), 0);
    const Outcome outcome = GUARDED(RpcAsyncRegisterInfo(&filled));
    EXPECT(!outcome.raised, "%s", outcome.text().c_str());
    return recorded("%s", outcome.text().c_str());
}
CASE(27, "LIB", "NdrAsyncClientCall2 is of x86 alone, Ndr64Async* of x64 alone") {
    const bool x86 = sizeof(void*) == 4;
    EXPECT(!find("NdrAsyncClientCall2") == !x86, "NdrAsyncClientCall2 %s", x86 ? "absent" : "present");
    for (const char* name : {"Ndr64AsyncClientCall", "Ndr64AsyncServerCall64", "Ndr64AsyncServerCallAll"})
        EXPECT(!find(name) == x86, "%s %s", name, x86 ? "present" : "absent");
    return passed(x86 ? "x86" : "x64");
}
