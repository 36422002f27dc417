// demo_server PROTOCOL [ENDPOINT] [--sync]: serves the desk until a client says Stop.
//
// PROTOCOL is lrpc, np or tcp. Prints "ready PROTOCOL ENDPOINT" when it can be called; exit status 0 when it was
// stopped and every call was answered. --sync serves the same interface by synchronous manager routines.
#include <winsock2.h>
#include "desk.h"
#include <stdio.h>
#include <string.h>
#include <string>

static unsigned short free_port() {
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data)) return 0;
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int size = sizeof address;
    bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address);
    getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
    closesocket(s);
    return ntohs(address.sin_port);
}

static std::wstring own_endpoint(const std::wstring& protocol) {
    const std::wstring id = std::to_wstring(GetCurrentProcessId());
    if (protocol == L"ncalrpc") return L"desk-" + id;
    if (protocol == L"ncacn_np") return L"\\pipe\\desk-" + id;
    return std::to_wstring(free_port());
}

static RPC_WSTR rpc(const std::wstring& s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s.c_str())); }

static int failed(const char* what, RPC_STATUS status) {
    desk::say("server: %s: status %ld", what, status);
    return 1;
}

int main(int argc, char** argv) {
    const wchar_t* sequence = nullptr;
    std::wstring endpoint;
    bool async = true;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "--sync")) async = false;
        else if (!sequence) sequence = desk::protocol_sequence(argv[i]);
        else endpoint.assign(argv[i], argv[i] + strlen(argv[i]));
    }
    if (!sequence) {
        fprintf(stderr, "usage: demo_server lrpc|np|tcp [ENDPOINT] [--sync]\n");
        return 2;
    }
    const std::wstring protocol = sequence;
    if (endpoint.empty()) endpoint = own_endpoint(protocol);
    desk::stopped = CreateEventW(nullptr, TRUE, FALSE, nullptr);

    RPC_STATUS status = RpcServerUseProtseqEpW(rpc(protocol), RPC_C_PROTSEQ_MAX_REQS_DEFAULT, rpc(endpoint), nullptr);
    if (status) return failed("RpcServerUseProtseqEp", status);
    RPC_IF_HANDLE served = async ? async_desk_v1_0_s_ifspec : sync_desk_v1_0_s_ifspec;
    status = RpcServerRegisterIf(served, nullptr, nullptr);
    if (status) return failed("RpcServerRegisterIf", status);
    status = RpcServerListen(1, RPC_C_LISTEN_MAX_CALLS_DEFAULT, TRUE);
    if (status) return failed("RpcServerListen", status);
    printf("ready %ls %ls\n", protocol.c_str(), endpoint.c_str());
    fflush(stdout);

    const DWORD waited = WaitForSingleObject(desk::stopped, 120000);
    if (waited != WAIT_OBJECT_0) return failed("nobody said Stop", RPC_S_OK);
    status = RpcMgmtStopServerListening(nullptr);
    if (status) return failed("RpcMgmtStopServerListening", status);
    status = RpcMgmtWaitServerListen();
    if (status) return failed("RpcMgmtWaitServerListen", status);
    status = RpcServerUnregisterIf(served, nullptr, TRUE);
    if (status) return failed("RpcServerUnregisterIf", status);
    desk::say("server: stopped");
    return 0;
}
