#include <windows.h>

#include <bit>

#include "base/alloc.h"
#include "base/block_cache.h"

namespace rpc {
namespace {

// 128, 256, ... bytes. A call has one object and a few buffers on either side, and most are smaller than the largest size.
constexpr size_t least_room = 128;
constexpr size_t sizes = 5;
constexpr size_t most_room = least_room << (sizes - 1);
constexpr size_t kept_of_a_size = 32;  // so that at most 124 KiB are kept

constinit BlockCache<kept_of_a_size> g_kept[sizes];

BlockCache<kept_of_a_size>& kept(size_t room) { return g_kept[std::bit_width(room / least_room) - 1]; }

// Where this thread begins: ids are multiples of 4, and what it kept last it finds first.
size_t own_slot() { return GetCurrentThreadId() / 4 * 5; }

}  // namespace

void* mem_alloc(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }
void* mem_alloc_zeroed(size_t size) { return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size); }
void* mem_resize(void* block, size_t, size_t new_size) {
    return block ? HeapReAlloc(GetProcessHeap(), 0, block, new_size) : mem_alloc(new_size);
}
void mem_free(void* block) {
    if (block) HeapFree(GetProcessHeap(), 0, block);
}

size_t mem_brief_room(size_t size) {
    return size > most_room ? size : size <= least_room ? least_room : std::bit_ceil(size);
}
void* mem_alloc_brief(size_t room) {
    void* block = room <= most_room ? kept(room).take(own_slot()) : nullptr;
    return block ? block : mem_alloc(room);
}
void mem_free_brief(void* block, size_t room) {
    const bool fits = room >= least_room && room <= most_room && std::has_single_bit(room);
    if (block && !(fits && kept(room).keep(block, own_slot()))) mem_free(block);
}
void mem_drop_brief() {
    for (auto& size : g_kept)
        while (void* block = size.take()) mem_free(block);
}

}  // namespace rpc

// Virtual destructors name the sized deletes; objects come from mem_alloc, so both forms give it back. No throwing
// operator new exists in the DLL: a use of one is a link error.
void operator delete(void* p) noexcept { rpc::mem_free(p); }
void operator delete(void* p, size_t) noexcept { rpc::mem_free(p); }
