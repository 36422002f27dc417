#include <cstring>

#include "base/arch/primitives.h"
#include "stub/invoke.h"

namespace rpc::stub {

uint64_t invoke(void* fn, const Slot* slots, size_t count, ResultKind kind) {
    if (kind == ResultKind::integer) return rpc_call_slots(fn, slots, count, nullptr);
    double result = 0;
    rpc_call_slots(fn, slots, count, &result);
    uint64_t bits = 0;
    if (sizeof(void*) == 4 && kind == ResultKind::float32) {
        float narrow = static_cast<float>(result);  // st(0) was stored as a double
        std::memcpy(&bits, &narrow, sizeof narrow);
    } else {
        std::memcpy(&bits, &result, kind == ResultKind::float32 ? sizeof(float) : sizeof(double));
    }
    return bits;
}

void run_with_cleanup(void (*body)(void*), void (*cleanup)(void*), void* context) {
    struct Frame {
        void (*body)(void*);
        void (*cleanup)(void*);
        void* context;
    } frame{body, cleanup, context};
    rpc_seh_finally([](void* p) { static_cast<Frame*>(p)->body(static_cast<Frame*>(p)->context); }, &frame,
                    [](int, void* p) { static_cast<Frame*>(p)->cleanup(static_cast<Frame*>(p)->context); });
}

}  // namespace rpc::stub
