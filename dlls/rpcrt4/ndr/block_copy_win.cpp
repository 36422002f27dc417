#include <atomic>
#include <cpuid.h>
#include <cstring>

#include "ndr/block_copy.h"

namespace rpc::ndr {

namespace {

// From here on the two do not fit into a core's own cache. There a loop first reads every line that it is to write, while
// `rep movs` need not, where the processor says that it is fast.
constexpr size_t large = 1u << 20;

bool fast_rep_movs() {
    static constinit std::atomic<int> known{-1};
    int fast = known.load(std::memory_order_relaxed);
    if (fast < 0) {
        constexpr unsigned erms = 1u << 9;
        unsigned a, b, c, d;
        fast = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & erms);
        known.store(fast, std::memory_order_relaxed);
    }
    return fast != 0;
}

}  // namespace

void copy_block(void* to, const void* from, size_t size) {
    if (size < large || !fast_rep_movs()) std::memcpy(to, from, size);
    else asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

}  // namespace rpc::ndr
