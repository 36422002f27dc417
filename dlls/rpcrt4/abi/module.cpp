#include "abi/module.h"

#include <windows.h>

#include <atomic>

namespace rpc::abi {
namespace {

constinit DWORD g_slot = TLS_OUT_OF_INDEXES;
constinit std::atomic<void (*)(void*)> g_release{nullptr};
constinit std::atomic<bool> g_pinned{false};

void release_slot() {
    auto release = g_release.load(std::memory_order_acquire);
    void* value = release ? TlsGetValue(g_slot) : nullptr;
    if (!value) return;
    TlsSetValue(g_slot, nullptr);
    release(value);
}

}  // namespace

Status pin_module() {
    if (g_pinned.load(std::memory_order_acquire)) return Status::ok;
    HMODULE self;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            reinterpret_cast<LPCWSTR>(&g_slot), &self))
        return Status::out_of_memory;
    g_pinned.store(true, std::memory_order_release);
    return Status::ok;
}

void* thread_slot() {
    DWORD kept = GetLastError();  // TlsGetValue clears it, and exports must leave it alone
    void* value = TlsGetValue(g_slot);
    SetLastError(kept);
    return value;
}

bool set_thread_slot(void* value) { return TlsSetValue(g_slot, value); }

void set_thread_exit(void (*release)(void*)) { g_release.store(release, std::memory_order_release); }

}  // namespace rpc::abi

// Only the slot. At process exit (reserved is not null) nothing is touched: the other threads are dead and may have held
// locks.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void* reserved) {
    using namespace rpc::abi;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        g_slot = TlsAlloc();
        return g_slot != TLS_OUT_OF_INDEXES;
    case DLL_THREAD_DETACH:
        release_slot();
        break;
    case DLL_PROCESS_DETACH:
        if (reserved) break;
        release_slot();
        TlsFree(g_slot);
        break;
    }
    return TRUE;
}
