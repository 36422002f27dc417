#pragma once
// The DLL as a module of the process.
#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace rpc {

// Keeps the DLL in the process for good. Called by the first binding, listen or thread: from then on code of ours may run at
// any time, so FreeLibrary may no longer unload it. LoadLibrary, UuidCreate, FreeLibrary alone unloads cleanly. Takes the
// loader lock: not from DllMain's callees. Later calls cost one load.
Status pin_module();

// For DllMain alone: allocate the slots; run the releases for an ending thread; for an unload, also free the slots.
[[nodiscard]] bool module_attach();
void module_thread_detach();
void module_detach();

// What this DLL keeps per thread: a slot each, allocated at process attach.
enum class ThreadSlot : uint8_t { state, errors };
constexpr size_t thread_slots = 2;

void* thread_slot(ThreadSlot slot);
[[nodiscard]] bool set_thread_slot(ThreadSlot slot, void* value);

// Called with a thread's non-null slot value when that thread ends (or at an unload, for the unloading thread). Set once,
// before the slot's first set_thread_slot.
void set_thread_exit(ThreadSlot slot, void (*release)(void* value));

}  // namespace rpc
