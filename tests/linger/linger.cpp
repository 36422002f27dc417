// What becomes of a client's connection behind its last binding, as the system's table of TCP connections has it: it lingers for 20
// seconds and serves the next binding to that endpoint, or closes at once where a program says so. Sources: "Managing Network Connection
// Sets (Associations)"; "Binding Option Constants". And of those that many calls at once leave behind: documentation page
// RpcMgmtEnableIdleCleanup, which nobody calls here.
#include <winsock2.h>
#include <windows.h>
#include <rpc.h>
#include <iphlpapi.h>

#include <vector>

#include "basics/check.h"

namespace {

constexpr unsigned short kPort = 4795;

// How many connections of this machine lead to the port; `local`: the other port of one.
unsigned connections(unsigned short* local = nullptr) {
    static const auto table_of = reinterpret_cast<decltype(&GetTcpTable)>(
        reinterpret_cast<void*>(GetProcAddress(LoadLibraryA("iphlpapi.dll"), "GetTcpTable")));
    ULONG size = 1 << 16;
    std::vector<unsigned char> bytes(size);
    auto table = reinterpret_cast<MIB_TCPTABLE*>(bytes.data());
    CHECK_EQ(table_of(table, &size, FALSE), (DWORD)NO_ERROR);
    unsigned count = 0;
    for (DWORD i = 0; i < table->dwNumEntries; ++i) {
        const MIB_TCPROW& row = table->table[i];
        if (row.dwState != MIB_TCP_STATE_ESTAB || htons(static_cast<u_short>(row.dwRemotePort)) != kPort) continue;
        if (local) *local = htons(static_cast<u_short>(row.dwLocalPort));
        ++count;
    }
    return count;
}

// Until there are so many, or not: milliseconds, or the whole time.
DWORD until(unsigned count, DWORD most) {
    const DWORD begin = GetTickCount();
    while (connections() != count && GetTickCount() - begin < most) Sleep(20);
    return GetTickCount() - begin;
}

RPC_BINDING_HANDLE bound() {
    RPC_BINDING_HANDLE handle = nullptr;
    CHECK_EQ(RpcBindingFromStringBindingA((RPC_CSTR) "ncacn_ip_tcp:127.0.0.1[4795]", &handle), RPC_S_OK);
    return handle;
}

void call_and_free(bool dont_linger) {
    RPC_BINDING_HANDLE handle = bound();
    CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_WRONG_KIND_OF_BINDING);
    CHECK_EQ(RpcMgmtIsServerListening(handle), RPC_S_OK);
    CHECK_EQ(connections(), 1u);
    if (dont_linger) CHECK_EQ(RpcBindingSetOption(handle, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&handle), RPC_S_OK);
}

// A manager that takes a while, so that calls need connections of their own.
int RPC_ENTRY wait_a_while(RPC_BINDING_HANDLE, unsigned long, RPC_STATUS* status) {
    Sleep(1000);
    *status = RPC_S_OK;
    return TRUE;
}

RPC_BINDING_HANDLE g_crowded;

DWORD WINAPI ask(void*) {
    RPC_STATS_VECTOR* statistics = nullptr;
    CHECK_EQ(RpcMgmtInqStats(g_crowded, &statistics), RPC_S_OK);
    return RpcMgmtStatsVectorFree(&statistics), 0;
}

void crowd() {
    HANDLE threads[24];
    constexpr DWORD count = sizeof threads / sizeof *threads;
    CHECK_EQ(RpcMgmtSetAuthorizationFn(wait_a_while), RPC_S_OK);
    g_crowded = bound();
    for (HANDLE& thread : threads) thread = CreateThread(nullptr, 0, ask, nullptr, 0, nullptr);
    CHECK_EQ(WaitForMultipleObjects(count, threads, TRUE, 60000), (DWORD)WAIT_OBJECT_0);
    for (HANDLE thread : threads) CloseHandle(thread);
    CHECK_EQ(RpcMgmtSetAuthorizationFn(nullptr), RPC_S_OK);
    const unsigned many = connections();
    CHECK(many >= 16);
    const DWORD took = until(1, 60000);
    printf("%u connections, all but one closed after %lu ms\n", many, took);
    CHECK(took >= 15000 && took < 50000);
    CHECK_EQ(RpcBindingSetOption(g_crowded, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&g_crowded), RPC_S_OK);
    CHECK(until(0, 5000) < 5000);
}

}  // namespace

int main() {
    CHECK_EQ(RpcServerUseProtseqEpA((RPC_CSTR) "ncacn_ip_tcp", 10, (RPC_CSTR) "4795", nullptr), RPC_S_OK);
    CHECK_EQ(RpcServerListen(1, 10, TRUE), RPC_S_OK);

    call_and_free(true);
    CHECK(until(0, 5000) < 5000);  // at once

    call_and_free(false);
    unsigned short first = 0, second = 0;
    CHECK_EQ(connections(&first), 1u);
    Sleep(3000);
    call_and_free(false);  // found again
    const DWORD begin = GetTickCount();
    CHECK_EQ(connections(&second), 1u);
    CHECK_EQ(first, second);
    Sleep(15000);
    CHECK_EQ(connections(), 1u);  // 20 seconds from its last use
    until(0, 15000);
    const DWORD lingered = GetTickCount() - begin;
    printf("lingered for %lu ms\n", lingered);
    CHECK(lingered >= 19000 && lingered < 30000);

    // The option is the association's, whoever of its bindings has set it.
    RPC_BINDING_HANDLE one = bound(), two = bound();
    CHECK_EQ(RpcMgmtIsServerListening(one), RPC_S_OK);
    CHECK_EQ(RpcMgmtIsServerListening(two), RPC_S_OK);
    CHECK_EQ(connections(), 1u);
    CHECK_EQ(RpcBindingSetOption(one, RPC_C_OPT_DONT_LINGER, TRUE), RPC_S_OK);
    CHECK_EQ(RpcBindingFree(&one), RPC_S_OK);
    Sleep(200);
    CHECK_EQ(connections(), 1u);
    CHECK_EQ(RpcBindingFree(&two), RPC_S_OK);
    CHECK(until(0, 5000) < 5000);
    crowd();
    printf("%d checks, %d failures\n", g_checks, g_failures);
    return g_failures != 0;
}
