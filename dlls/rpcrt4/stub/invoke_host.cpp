#include "stub/invoke.h"

namespace rpc::stub {

namespace {
constexpr size_t slot_limit = 16;
using Function = uint64_t (*)(Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot);
}  // namespace

// The callee has other parameters than we say, which this ABI allows for integers.
#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
uint64_t invoke(void* fn, const Slot* slots, size_t count, ResultKind) {
    Slot a[slot_limit] = {};
    for (size_t i = 0; i < count && i < slot_limit; ++i) a[i] = slots[i];
    return reinterpret_cast<Function>(fn)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12],
                                          a[13], a[14], a[15]);
}

void run_with_cleanup(void (*body)(void*), void (*cleanup)(void*), void* context) {
    body(context);
    cleanup(context);
}

}  // namespace rpc::stub
