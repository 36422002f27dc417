#include "usage.h"
#include <windows.h>
#include <winternl.h>
#include <psapi.h>
#include <stdlib.h>
#include <string.h>
#include <memory>
#include "support/imports.h"

namespace bench {

// Reads this process's row of the system's list.
static bool own_row(SYSTEM_PROCESS_INFORMATION* row) {
    ULONG size = 1 << 18;
    std::unique_ptr<char[]> buffer(new char[size]);
    if (NtQuerySystemInformation(SystemProcessInformation, &buffer[0], size, &size)) return false;
    for (ULONG at = 0;;) {
        memcpy(row, &buffer[at], sizeof *row);
        if (reinterpret_cast<ULONG_PTR>(row->UniqueProcessId) == GetCurrentProcessId()) return true;
        if (!row->NextEntryOffset) return false;
        at += row->NextEntryOffset;
    }
}

long thread_count() {
    SYSTEM_PROCESS_INFORMATION row;
    return own_row(&row) ? static_cast<long>(row.NumberOfThreads) : -1;
}

// Asks about one handle value after the other: what Wine reports as a count is the size of its table.
long handle_count() {
    long count = 0;
    DWORD flags;
    for (ULONG_PTR value = 4, last = 0; value < last + 1024 * 4; value += 4) {
        if (!GetHandleInformation(reinterpret_cast<HANDLE>(value), &flags)) continue;
        ++count;
        last = value;
    }
    return count;
}

long heap_bytes() {
    HANDLE heaps[64];
    const DWORD count = GetProcessHeaps(64, heaps);
    SIZE_T total = 0;
    for (DWORD i = 0; i < count && i < 64; ++i) {
        if (!HeapLock(heaps[i])) continue;
        PROCESS_HEAP_ENTRY entry{};
        while (HeapWalk(heaps[i], &entry))
            if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) total += entry.cbData;
        HeapUnlock(heaps[i]);
    }
    return static_cast<long>(total);
}

long memory_kib() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof counters;
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? static_cast<long>(counters.WorkingSetSize / 1024)
                                                                                    : -1;
}

static volatile long counted;
long allocations() { return counted; }
void note_allocation() { InterlockedIncrement(&counted); }

template <class>
struct Wrap;
template <class R, class... A>
struct Wrap<R(WINAPI*)(A...)> {
    using Function = R(WINAPI*)(A...);
    template <int N>
    static inline Function original;
    template <int N>
    static R WINAPI counting(A... a) {
        note_allocation();
        return original<N>(a...);
    }
};
#ifndef _WIN64
template <class R, class... A>
struct Wrap<R(__cdecl*)(A...)> {
    using Function = R(__cdecl*)(A...);
    template <int N>
    static inline Function original;
    template <int N>
    static R __cdecl counting(A... a) {
        note_allocation();
        return original<N>(a...);
    }
};
#endif

// Puts the counting function into one slot of an import table.
template <int N, class F>
static void hook(void** slot) {
    if (!slot) return;
    Wrap<F>::template original<N> = reinterpret_cast<F>(*slot);
    write_slot(slot, reinterpret_cast<void*>(&Wrap<F>::template counting<N>));
}

using Alloc = void*(WINAPI*)(HANDLE, ULONG, SIZE_T);
using ReAlloc = void*(WINAPI*)(HANDLE, ULONG, void*, SIZE_T);
using Malloc = void*(__cdecl*)(size_t);
using Calloc = void*(__cdecl*)(size_t, size_t);
using Realloc = void*(__cdecl*)(void*, size_t);

static constexpr struct {
    const char* name;
    void (*install)(void** slot);
} hooks[] = {
    {"HeapAlloc", hook<0, Alloc>},     {"RtlAllocateHeap", hook<1, Alloc>}, {"HeapReAlloc", hook<2, ReAlloc>},
    {"RtlReAllocateHeap", hook<3, ReAlloc>}, {"malloc", hook<4, Malloc>},   {"calloc", hook<5, Calloc>},
    {"realloc", hook<6, Realloc>},
};

bool count_allocations() {
    static bool done;
    HMODULE module = GetModuleHandleA("rpcrt4.dll");
    if (!module) return false;
    if (done) return true;
    done = true;
    for (const auto& h : hooks) h.install(import_slot(module, h.name));
    return true;
}

}  // namespace bench
