#include "io/winhttp_win.h"

#include <atomic>

#include "base/log.h"
#include "base/mutex.h"

namespace rpc::io {
namespace {

constinit WinHttp g_table{};
constinit std::atomic<bool> g_ready{false};
constinit Mutex g_lock;

bool load() {
    HMODULE library = LoadLibraryW(L"winhttp.dll");
    if (!library) return false;
#define RPC_WINHTTP_FIND(name)                                                                                       \
    g_table.name = reinterpret_cast<decltype(g_table.name)>(reinterpret_cast<void*>(GetProcAddress(library, #name))); \
    if (!g_table.name) return false;
    RPC_WINHTTP_FUNCTIONS(RPC_WINHTTP_FIND)
#undef RPC_WINHTTP_FIND
    return true;
}

}  // namespace

const WinHttp* winhttp() {
    if (g_ready.load(std::memory_order_acquire)) return &g_table;
    Guard g(g_lock);
    if (g_ready.load(std::memory_order_relaxed)) return &g_table;
    if (!load()) {
        RPC_LOG(error, "WinHTTP cannot be loaded (error %lu)", GetLastError());
        return nullptr;
    }
    g_ready.store(true, std::memory_order_release);
    return &g_table;
}

}  // namespace rpc::io
