#include "support/imports.h"

#include <string.h>

void** import_slot(HMODULE module, const char* name) {
    auto* base = reinterpret_cast<char*>(module);
    const auto* nt = reinterpret_cast<IMAGE_NT_HEADERS*>(base + reinterpret_cast<IMAGE_DOS_HEADER*>(base)->e_lfanew);
    const auto& directory = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    for (auto* d = reinterpret_cast<IMAGE_IMPORT_DESCRIPTOR*>(base + directory.VirtualAddress); d->Name; ++d) {
        auto* names = reinterpret_cast<IMAGE_THUNK_DATA*>(base + d->OriginalFirstThunk);
        auto* slots = reinterpret_cast<void**>(base + d->FirstThunk);
        for (; names->u1.AddressOfData; ++names, ++slots) {
            if (IMAGE_SNAP_BY_ORDINAL(names->u1.Ordinal)) continue;
            const auto* by_name = reinterpret_cast<IMAGE_IMPORT_BY_NAME*>(base + names->u1.AddressOfData);
            if (!strcmp(reinterpret_cast<const char*>(by_name->Name), name)) return slots;
        }
    }
    return nullptr;
}

bool write_slot(void** slot, void* function) {
    DWORD old;
    if (!slot || !VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &old)) return false;
    InterlockedExchangePointer(slot, function);
    VirtualProtect(slot, sizeof *slot, old, &old);
    return true;
}

namespace {

using Alloc = void*(WINAPI*)(HANDLE, DWORD, SIZE_T);
using Free = BOOL(WINAPI*)(HANDLE, DWORD, void*);
Alloc heap_alloc;
Free heap_free;
volatile long blocks;

void* WINAPI counted_alloc(HANDLE heap, DWORD flags, SIZE_T size) {
    void* block = heap_alloc(heap, flags, size);
    if (block) InterlockedIncrement(&blocks);
    return block;
}
BOOL WINAPI counted_free(HANDLE heap, DWORD flags, void* block) {
    if (block) InterlockedDecrement(&blocks);
    return heap_free(heap, flags, block);
}

}  // namespace

bool count_blocks() {
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    if (!module) return false;
    heap_alloc = &HeapAlloc;
    heap_free = &HeapFree;
    return write_slot(import_slot(module, "HeapAlloc"), reinterpret_cast<void*>(&counted_alloc)) &&
           write_slot(import_slot(module, "HeapFree"), reinterpret_cast<void*>(&counted_free));
}

long live_blocks() { return blocks; }
