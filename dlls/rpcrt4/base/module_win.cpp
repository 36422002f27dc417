#include "base/module.h"

#include <windows.h>

#include <atomic>

namespace rpc {
namespace {

struct Slot {
    DWORD index = TLS_OUT_OF_INDEXES;
    std::atomic<void (*)(void*)> release{nullptr};
};
constinit Slot g_slots[thread_slots];
constinit std::atomic<bool> g_pinned{false};

Slot& at(ThreadSlot slot) { return g_slots[static_cast<size_t>(slot)]; }

void release_slots() {
    for (Slot& slot : g_slots) {
        auto release = slot.release.load(std::memory_order_acquire);
        void* value = release ? TlsGetValue(slot.index) : nullptr;
        if (!value) continue;
        TlsSetValue(slot.index, nullptr);
        release(value);
    }
}

void free_slots() {
    for (Slot& slot : g_slots)
        if (slot.index != TLS_OUT_OF_INDEXES) TlsFree(slot.index);
}

}  // namespace

Status pin_module() {
    if (g_pinned.load(std::memory_order_acquire)) return Status::ok;
    HMODULE self;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                            reinterpret_cast<LPCWSTR>(&g_slots), &self))
        return Status::out_of_memory;
    g_pinned.store(true, std::memory_order_release);
    return Status::ok;
}

bool module_attach() {
    for (Slot& slot : g_slots) {
        slot.index = TlsAlloc();
        if (slot.index != TLS_OUT_OF_INDEXES) continue;
        free_slots();
        return false;
    }
    return true;
}

void module_thread_detach() { release_slots(); }

void module_detach() {
    release_slots();
    free_slots();
}

void* thread_slot(ThreadSlot slot) {
    DWORD kept = GetLastError();  // TlsGetValue clears it, and exports must leave it alone
    void* value = TlsGetValue(at(slot).index);
    SetLastError(kept);
    return value;
}

bool set_thread_slot(ThreadSlot slot, void* value) { return TlsSetValue(at(slot).index, value); }

void set_thread_exit(ThreadSlot slot, void (*release)(void*)) { at(slot).release.store(release, std::memory_order_release); }

}  // namespace rpc
