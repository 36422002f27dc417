#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/alloc.h"

namespace rpc {
namespace {
std::atomic<long> g_count{0};
std::atomic<long> g_fail_at{0};

bool must_fail() {
    long n = g_count.fetch_add(1) + 1;
    long at = g_fail_at.load();
    if (at == 0 || n != at) return false;
    g_fail_at = 0;
    return true;
}
}  // namespace

void* mem_alloc(size_t size) { return must_fail() ? nullptr : std::malloc(size ? size : 1); }
void* mem_alloc_zeroed(size_t size) { return must_fail() ? nullptr : std::calloc(1, size ? size : 1); }
void* mem_resize(void* block, size_t, size_t new_size) {
    return must_fail() ? nullptr : std::realloc(block, new_size ? new_size : 1);
}
void mem_free(void* block) { std::free(block); }
size_t mem_brief_room(size_t size) { return size; }
void* mem_alloc_brief(size_t room) { return mem_alloc(room); }
void mem_free_brief(void* block, size_t) { mem_free(block); }
void mem_drop_brief() {}
void mem_fail_nth(long n) { g_fail_at = n == 0 ? 0 : g_count.load() + n; }
bool mem_fail_nth_pending() { return g_fail_at.load() != 0; }
long mem_alloc_count() { return g_count.load(); }

}  // namespace rpc
