#include <cstring>

#include "base/guard.h"
#include "base/seh.h"

namespace rpc {

uint32_t call_guarded(void (*body)(void*), void* context) {
    constexpr uint32_t status_unsuccessful = 0xC0000001;
    GuardResult result = guarded([&] { body(context); });
    if (!result.raised) return 0;
    return code(result.code) ? code(result.code) : status_unsuccessful;
}

bool copy_guarded(void* to, const void* from, size_t size) {
    return probed([&] { std::memcpy(to, from, size); });
}

}  // namespace rpc
