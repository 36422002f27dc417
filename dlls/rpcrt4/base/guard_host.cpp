#include <cstring>

#include "base/guard.h"

namespace rpc {

uint32_t call_guarded(void (*body)(void*), void* context) {
    body(context);
    return 0;
}

bool copy_guarded(void* to, const void* from, size_t size) {
    if (!to || !from) return false;
    std::memcpy(to, from, size);
    return true;
}

}  // namespace rpc
