#include "base/module.h"

#include <windows.h>

#include <atomic>

namespace rpc {
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

bool module_attach() {
    g_slot = TlsAlloc();
    return g_slot != TLS_OUT_OF_INDEXES;
}

void module_thread_detach() { release_slot(); }

void module_detach() {
    release_slot();
    TlsFree(g_slot);
}

void* thread_slot() {
    DWORD kept = GetLastError();  // TlsGetValue clears it, and exports must leave it alone
    void* value = TlsGetValue(g_slot);
    SetLastError(kept);
    return value;
}

bool set_thread_slot(void* value) { return TlsSetValue(g_slot, value); }

void set_thread_exit(void (*release)(void*)) { g_release.store(release, std::memory_order_release); }

}  // namespace rpc

