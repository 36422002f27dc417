#include "stub/proxy/guard.h"

namespace rpc::com {

uint32_t guard_invoke(void (*body)(void*), void* context, const uint32_t*, const Channel*) {
    body(context);
    return 0;
}

}  // namespace rpc::com
