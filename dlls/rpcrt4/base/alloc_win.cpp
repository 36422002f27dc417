#include <windows.h>

#include "base/alloc.h"
#include "base/block_cache.h"

namespace rpc {
namespace {

// Multiples of 32 bytes up to 1 KiB, so that a call that is out takes little more than it needs, and 2 KiB. A call has one object
// and a few buffers on either side; most of the sizes are nobody's.
constexpr size_t step = 32;
constexpr size_t steps = 32;
constexpr size_t most_room = 2 * step * steps;
constexpr size_t kept_of_a_size = 16;  // so that at most 296 KiB are kept

constinit BlockCache<kept_of_a_size> g_kept[steps + 1];

bool is_kept(size_t room) { return room == most_room || (room != 0 && room % step == 0 && room <= step * steps); }
BlockCache<kept_of_a_size>& kept(size_t room) { return g_kept[room == most_room ? steps : room / step - 1]; }

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
    if (size > most_room) return size;
    if (size > step * steps) return most_room;
    return size == 0 ? step : (size + step - 1) / step * step;
}
void* mem_alloc_brief(size_t room) {
    void* block = is_kept(room) ? kept(room).take(own_slot()) : nullptr;
    return block ? block : mem_alloc(room);
}
void mem_free_brief(void* block, size_t room) {
    if (block && !(is_kept(room) && kept(room).keep(block, own_slot()))) mem_free(block);
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
