#include "io/winsock_win.h"

#include <atomic>

#include "base/log.h"
#include "base/mutex.h"

namespace rpc::io {
namespace {

constinit Winsock g_table{};
constinit std::atomic<bool> g_ready{false};
constinit Mutex g_lock;

template <class F>
bool find(HMODULE library, const char* name, F& function) {
    function = reinterpret_cast<F>(reinterpret_cast<void*>(GetProcAddress(library, name)));
    return function != nullptr;
}

template <class F>
bool find_extension(SOCKET s, GUID id, F& function) {
    DWORD n = 0;
    return g_table.WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, &function, sizeof function, &n, nullptr,
                            nullptr) == 0;
}

bool load() {
    HMODULE library = LoadLibraryW(L"ws2_32.dll");
    if (!library) return false;
#define RPC_WINSOCK_FIND(name) \
    if (!find(library, #name, g_table.name)) return false;
    RPC_WINSOCK_FUNCTIONS(RPC_WINSOCK_FIND)
#undef RPC_WINSOCK_FIND
    WSADATA data;
    if (g_table.WSAStartup(MAKEWORD(2, 2), &data) != 0) return false;
    SOCKET s = g_table.WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
    if (s == INVALID_SOCKET) return false;
    const bool found =
        find_extension(s, WSAID_ACCEPTEX, g_table.AcceptEx) && find_extension(s, WSAID_CONNECTEX, g_table.ConnectEx);
    g_table.closesocket(s);
    return found;
}

}  // namespace

const Winsock* winsock() {
    if (g_ready.load(std::memory_order_acquire)) return &g_table;
    Guard g(g_lock);
    if (g_ready.load(std::memory_order_relaxed)) return &g_table;
    if (!load()) {
        RPC_LOG(error, "Winsock cannot be loaded (error %lu)", GetLastError());
        return nullptr;
    }
    g_ready.store(true, std::memory_order_release);
    return &g_table;
}

}  // namespace rpc::io
