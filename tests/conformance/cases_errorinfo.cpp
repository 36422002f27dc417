// 7.11 Extended errors: the chain of records of a thread.
#include "bind.h"
#include "support/threads.h"
#include <string.h>

using namespace srv;

static RPC_EXTENDED_ERROR_INFO record(unsigned long status) {
    RPC_EXTENDED_ERROR_INFO info{};
    info.Version = RPC_EEINFO_VERSION;
    info.Status = status;
    return info;
}
static RPC_EXTENDED_ERROR_INFO slots() {
    RPC_EXTENDED_ERROR_INFO info{};
    info.Version = RPC_EEINFO_VERSION;
    info.NumberOfParameters = MaxNumberOfEEInfoParams;
    return info;
}
static void clear() {
    guarded([] { RpcErrorClearInformation(); });
}
// Runs `work` on a thread whose chain is empty.
template <class Work>
static Result on_fresh_thread(Work work) {
    Result result = failed("it hangs");
    run_elsewhere([&] {
        const Outcome outcome = guarded([&] { result = work(); });
        if (outcome.raised) result = failed("%s", outcome.text().c_str());
    });
    return result;
}
// A chain of one record, and its enumeration.
#define ENUMERATE(handle, status)                     \
    clear();                                          \
    RPC_EXTENDED_ERROR_INFO added = record(status);   \
    EXPECT_IS(GUARDED(RpcErrorAddRecord(&added)), 0); \
    RPC_ERROR_ENUM_HANDLE handle{};                   \
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&handle)), 0)

CASE(186, "API", "a fresh thread has no records: 1761") {
    return on_fresh_thread([] {
        RPC_ERROR_ENUM_HANDLE h{};
        EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 1761);
        return passed("1761");
    });
}
CASE(187, "API", "a record is added: there is one") {
    ENUMERATE(h, 5);
    int count = 0;
    EXPECT_IS(GUARDED(RpcErrorGetNumberOfRecords(&h, &count)), 0);
    EXPECT(count == 1, "%d", count);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("1");
}
CASE(188, "API; RPC:understanding-extended-error-information",
     "the record: component 1, own process, status, no computer") {
    ENUMERATE(h, 5);
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    EXPECT(info.GeneratingComponent == 1 && info.ProcessID == GetCurrentProcessId() && info.Status == 5 &&
               !info.ComputerName,
           "component %lu, process %lu, status %lu", info.GeneratingComponent, info.ProcessID, info.Status);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("1, own, 5, NULL");
}
CASE(189, "API", "behind the last record: 1761; reset: the first again") {
    ENUMERATE(h, 5);
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 1761);
    EXPECT_IS(GUARDED(RpcErrorResetEnumeration(&h)), 0);
    info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    EXPECT(info.Status == 5, "%lu", info.Status);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("1761, then 5");
}
CASE(190, "API", "no room for the parameters: 122, and the position is kept") {
    clear();
    RPC_EXTENDED_ERROR_INFO two = record(5);
    two.NumberOfParameters = 2;
    two.Parameters[0].ParameterType = eeptLongVal;
    two.Parameters[0].u.LVal = 77;
    two.Parameters[1].ParameterType = eeptShortVal;
    two.Parameters[1].u.SVal = 7;
    EXPECT_IS(GUARDED(RpcErrorAddRecord(&two)), 0);
    RPC_ERROR_ENUM_HANDLE h{};
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 0);
    RPC_EXTENDED_ERROR_INFO info = slots();
    info.NumberOfParameters = 0;
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 122);
    info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    EXPECT(info.NumberOfParameters == 2 && info.Parameters[0].ParameterType == eeptLongVal &&
               info.Parameters[0].u.LVal == 77 && info.Parameters[1].u.SVal == 7,
           "%d parameters", info.NumberOfParameters);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("122, then two");
}
CASE(191, "API; code inf", "version 2 is an error") {
    ENUMERATE(h, 5);
    RPC_EXTENDED_ERROR_INFO info = slots();
    info.Version = 2;
    const Outcome outcome = GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info));
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("%s", outcome.text().c_str());
}
CASE(192, "API", "what the runtime fills in must be empty: 87") {
    static wchar_t name[] = L"somebody";
    void (*const spoil[])(RPC_EXTENDED_ERROR_INFO&) = {
        [](RPC_EXTENDED_ERROR_INFO& i) { i.ProcessID = 4; },
        [](RPC_EXTENDED_ERROR_INFO& i) { i.ComputerName = name; },
        [](RPC_EXTENDED_ERROR_INFO& i) { i.GeneratingComponent = 2; },
        [](RPC_EXTENDED_ERROR_INFO& i) { i.DetectionLocation = 9; },
    };
    for (auto* change : spoil) {
        RPC_EXTENDED_ERROR_INFO info = record(5);
        change(info);
        EXPECT_IS(GUARDED(RpcErrorAddRecord(&info)), 87);
    }
    return passed("87");
}
CASE(193, "API", "the time as FILETIME, in UTC") {
    ENUMERATE(h, 5);
    RPC_EXTENDED_ERROR_INFO info = slots();
    info.Flags = EEInfoUseFileTime;
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    const auto number = [](FILETIME t) {
        return static_cast<long long>(static_cast<ULONGLONG>(t.dwHighDateTime) << 32 | t.dwLowDateTime);
    };
    const long long age = (number(now) - number(info.u.FileTime)) / 10000000;
    EXPECT(age >= 0 && age < 60, "%lld s ago", age);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("%lld s ago", age);
}
CASE(194, "RPC:understanding-extended-error-information", "the record that was added last comes first") {
    clear();
    RPC_EXTENDED_ERROR_INFO first = record(5), second = record(6);
    EXPECT_IS(GUARDED(RpcErrorAddRecord(&first)), 0);
    EXPECT_IS(GUARDED(RpcErrorAddRecord(&second)), 0);
    RPC_ERROR_ENUM_HANDLE h{};
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 0);
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    EXPECT(info.Status == 6, "%lu", info.Status);
    info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info)), 0);
    EXPECT(info.Status == 5, "%lu", info.Status);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("6, 5");
}
CASE(195, "API", "saved, cleared, loaded: the same records, from a block of the process heap") {
    ENUMERATE(h, 5);
    void* blob = nullptr;
    size_t size = 0;
    EXPECT_IS(GUARDED(RpcErrorSaveErrorInfo(&h, &blob, &size)), 0);
    EXPECT(blob && size, "no blob");
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    clear();
    RPC_ERROR_ENUM_HANDLE loaded{};
    EXPECT_IS(GUARDED(RpcErrorLoadErrorInfo(blob, size, &loaded)), 0);
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&loaded, FALSE, &info)), 0);
    EXPECT(info.Status == 5 && info.ProcessID == GetCurrentProcessId(), "status %lu", info.Status);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&loaded)), 0);
    EXPECT(HeapFree(GetProcessHeap(), 0, blob), "no block of the process heap");
    return passed("%lu bytes", static_cast<unsigned long>(size));
}
CASE(196, "API", "after the end the handle is zero, and asking is an error") {
    ENUMERATE(h, 5);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    const RPC_ERROR_ENUM_HANDLE zero{};
    EXPECT(!memcmp(&h, &zero, sizeof h), "it is not zero");
    RPC_EXTENDED_ERROR_INFO info = slots();
    const Outcome outcome = GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info));
    EXPECT(outcome.is_error(), "%s", outcome.text().c_str());
    return passed("%s", outcome.text().c_str());
}
CASE(197, "API", "the chain is of one thread, a started enumeration of any") {
    ENUMERATE(h, 5);
    Outcome other, next;
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT(run_elsewhere([&] {
               RPC_ERROR_ENUM_HANDLE none{};
               other = GUARDED(RpcErrorStartEnumeration(&none));
               next = GUARDED(RpcErrorGetNextRecord(&h, FALSE, &info));
           }),
           "it hangs");
    EXPECT(other == 1761, "the other thread: %s", other.text().c_str());
    EXPECT(next == 0 && info.Status == 5, "the enumeration: %s", next.text().c_str());
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    return passed("1761, 5");
}
CASE(198, "API:RpcErrorClearInformation", "the start of a call clears the chain") {
    BIND(b, Protocol::lrpc);
    ENUMERATE(h, 5);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    long c = 0;
    EXPECT_IS(sync_add(b, 6, 7, &c), 42);
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 1761);
    unbind(b);
    return passed("1761");
}
CASE(199, "API", "copied strings outlive the enumeration, and are the caller's to free") {
    clear();
    RPC_EXTENDED_ERROR_INFO named = record(5);
    static wchar_t text[] = L"a parameter";
    named.NumberOfParameters = 1;
    named.Parameters[0].ParameterType = eeptUnicodeString;
    named.Parameters[0].u.UnicodeString = text;
    EXPECT_IS(GUARDED(RpcErrorAddRecord(&named)), 0);
    RPC_ERROR_ENUM_HANDLE h{};
    EXPECT_IS(GUARDED(RpcErrorStartEnumeration(&h)), 0);
    RPC_EXTENDED_ERROR_INFO info = slots();
    EXPECT_IS(GUARDED(RpcErrorGetNextRecord(&h, TRUE, &info)), 0);
    EXPECT_IS(GUARDED(RpcErrorEndEnumeration(&h)), 0);
    clear();
    EXPECT(info.NumberOfParameters == 1 && info.Parameters[0].ParameterType == eeptUnicodeString &&
               !wcscmp(info.Parameters[0].u.UnicodeString, text),
           "%d parameters", info.NumberOfParameters);
    EXPECT(HeapFree(GetProcessHeap(), 0, info.Parameters[0].u.UnicodeString), "no block of the process heap");
    return passed("it is there");
}
