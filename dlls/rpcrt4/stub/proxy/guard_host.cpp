#include "stub/proxy/guard.h"

namespace rpc::com {

uint32_t guard_unmarshalling(void (*body)(void*), void* context, const uint32_t*) {
    body(context);
    return 0;
}

}  // namespace rpc::com
