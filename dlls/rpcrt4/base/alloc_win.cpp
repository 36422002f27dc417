#include <windows.h>

#include "base/alloc.h"

namespace rpc {

void* mem_alloc(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }
void* mem_alloc_zeroed(size_t size) { return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size); }
void* mem_resize(void* block, size_t, size_t new_size) {
    return block ? HeapReAlloc(GetProcessHeap(), 0, block, new_size) : mem_alloc(new_size);
}
void mem_free(void* block) {
    if (block) HeapFree(GetProcessHeap(), 0, block);
}

}  // namespace rpc

// Virtual destructors name the sized deletes; objects come from mem_alloc, so both forms give it back. No throwing
// operator new exists in the DLL: a use of one is a link error.
void operator delete(void* p) noexcept { rpc::mem_free(p); }
void operator delete(void* p, size_t) noexcept { rpc::mem_free(p); }
