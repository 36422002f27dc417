// Extended error information: what a program finds on its thread when a call over a real transport failed, and what a server
// tells of it when it is allowed to.
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "runner.h"
#include "srv.h"

using namespace srv;

static int g_failures;
static void check(bool ok, const char* what, long long number = 0) {
    printf("%s: %s (%lld)\n", ok ? "ok" : "FAILED", what, number);
    g_failures += !ok;
}

static bool raised(const Outcome& outcome, unsigned code) { return outcome.raised == code; }

struct Chain {
    int count = 0;
    RPC_EXTENDED_ERROR_INFO at[8];  // the newest first; strings while `handle` is open
    RPC_ERROR_ENUM_HANDLE handle{};

    Chain() {
        if (RpcErrorStartEnumeration(&handle) != RPC_S_OK) return;
        for (; count < 8; ++count) {
            at[count] = {};
            at[count].Version = RPC_EEINFO_VERSION;
            at[count].NumberOfParameters = MaxNumberOfEEInfoParams;
            if (RpcErrorGetNextRecord(&handle, FALSE, &at[count]) != RPC_S_OK) break;
        }
    }
    ~Chain() { RpcErrorEndEnumeration(&handle); }
    const RPC_EXTENDED_ERROR_INFO* find(int location) const {
        for (int i = 0; i < count; ++i)
            if (at[i].DetectionLocation == location) return &at[i];
        return nullptr;
    }
};

// Where nobody listens.
static void test_connect(const wchar_t* protseq, const wchar_t* endpoint, int component, int location, int mapped) {
    printf("%ls:[%ls]\n", protseq, endpoint);
    handle_t b = bind_to(protseq, endpoint);
    long c = 0;
    check(raised(sync_add(b, 1, 2, &c), 1722), "1722");
    Chain chain;
    const RPC_EXTENDED_ERROR_INFO* original = chain.find(location);
    const RPC_EXTENDED_ERROR_INFO* ours = chain.find(mapped);
    if (component) {
        check(original && original->GeneratingComponent == static_cast<ULONG>(component) && original->Status != 1722,
              "the system's error", original ? original->Status : 0);
        check(original && ours && original > ours, "below ours");
    }
    check(ours && ours->GeneratingComponent == 2 && ours->Status == 1722 && ours->ProcessID == GetCurrentProcessId(),
          "ours", chain.count);
    check(chain.count && chain.at[0].Status == 1722 && !chain.at[0].ComputerName, "the newest is of this machine");
    unbind(b);
}

static unsigned short closed_port() {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);  // bound and not listening: refused, and nobody else's
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof at;
    bind(s, reinterpret_cast<sockaddr*>(&at), size);
    getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
}

// A server raises: by default its client learns no more than the code.
static void test_fault(Protocol protocol, bool told) {
    handle_t b = bind(protocol);
    long value = 0;
    check(raised(sync_act(b, kRaise, 4711, &value), 4711), "4711");
    Chain chain;
    check(chain.count == (told ? 2 : 1), told ? "the server's record and ours" : "ours", chain.count);
    if (told && chain.count == 2) {
        char name[256] = "", host[256] = "";
        DWORD size = sizeof host;
        GetComputerNameExA(ComputerNameDnsHostname, host, &size);
        if (chain.at[1].ComputerName) snprintf(name, sizeof name, "%ls", chain.at[1].ComputerName);
        check(chain.at[1].Status == 4711 && chain.at[1].GeneratingComponent == 2, "the server's", chain.at[1].Status);
        check(name[0] && !strcmp(name, host), name);
    }
    check(!sync_add(b, 1, 2, &value).raised, "a call that succeeds");
    check(Chain().count == 0, "leaves none");
    unbind(b);
}

// What a manager has added goes with what it aborts with.
static void test_application(Protocol protocol) {
    handle_t b = bind(protocol);
    Call call;
    Parked parked;
    const long key = next_key();
    check(call.hold(b, key) == 0 && wait_parked(key, &parked, 30000), "a held call");
    RPC_EXTENDED_ERROR_INFO info{};
    info.Version = RPC_EEINFO_VERSION;
    info.Status = 4711;
    info.NumberOfParameters = 3;
    static wchar_t wide[] = L"w\x00efde";
    static char narrow[] = "narrow";
    info.Parameters[0].ParameterType = eeptUnicodeString;
    info.Parameters[0].u.UnicodeString = wide;
    info.Parameters[1].ParameterType = eeptAnsiString;
    info.Parameters[1].u.AnsiString = narrow;
    info.Parameters[2].ParameterType = eeptPointerVal;
    info.Parameters[2].u.PVal = 0x1122334455667788;
    RpcErrorClearInformation();
    check(RpcErrorAddRecord(&info) == RPC_S_OK, "added");
    check(RpcAsyncAbortCall(parked.state, 4711) == RPC_S_OK, "aborted");
    check(call.wait(30000) && call.complete() == 4711, "4711");
    Chain chain;
    check(chain.count == 3, "the application's record, the server's and ours", chain.count);
    const RPC_EXTENDED_ERROR_INFO& root = chain.at[2];
    check(chain.count == 3 && root.GeneratingComponent == 1 && root.NumberOfParameters == 3, "the application's");
    check(chain.count == 3 && !wcscmp(root.Parameters[0].u.UnicodeString, wide) &&
              !strcmp(root.Parameters[1].u.AnsiString, narrow) && root.Parameters[2].u.PVal == 0x1122334455667788,
          "its parameters");
    unbind(b);
}

int main(int argc, char** argv) {
    if (argc > 2 && !strcmp(argv[1], "--role")) return play_role(argv[2], argc - 3, argv + 3);
    check(start(), why().c_str());
    wchar_t port[8];
    swprintf(port, 8, L"%u", closed_port());
    test_connect(L"ncacn_ip_tcp", port, 8, 317, 313);
    test_connect(L"ncacn_np", L"\\pipe\\rpc_nobody_listens_here", 6, 190, 193);
    test_connect(L"ncalrpc", L"rpc_nobody_listens_here", 0, 0, 562);
    test_fault(Protocol::tcp, false);
    using TurnOn = RPC_STATUS(RPC_ENTRY*)();
    const auto turn_on = reinterpret_cast<TurnOn>(reinterpret_cast<void*>(
        GetProcAddress(GetModuleHandleW(L"rpcrt4"), "I_RpcTurnOnEEInfoPropagation")));
    check(turn_on && turn_on() == RPC_S_OK, "propagation is on");
    for (Protocol p : {Protocol::lrpc, Protocol::tcp, Protocol::np}) {
        test_fault(p, true);
        test_application(p);
    }
    printf("%d failures\n", g_failures);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), g_failures != 0);
}
