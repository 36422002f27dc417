#pragma once
// Winsock, loaded when the first socket is wanted: this DLL must not pull it into every process.
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

namespace rpc::io {

#define RPC_WINSOCK_FUNCTIONS(X)                                                                                     \
    X(WSAStartup) X(WSASocketW) X(WSAIoctl) X(WSARecv) X(WSASend) X(WSAGetLastError) X(bind) X(listen) X(closesocket) \
    X(setsockopt) X(getsockname) X(getpeername) X(shutdown) X(select) X(recv) X(getaddrinfo) X(freeaddrinfo)

struct Winsock {
#define RPC_WINSOCK_POINTER(name) decltype(&::name) name;
    RPC_WINSOCK_FUNCTIONS(RPC_WINSOCK_POINTER)
#undef RPC_WINSOCK_POINTER
    LPFN_ACCEPTEX AcceptEx;
    LPFN_CONNECTEX ConnectEx;
};

// The table, or null when the system has no working Winsock. Any thread; not under the loader lock.
const Winsock* winsock();

}  // namespace rpc::io
