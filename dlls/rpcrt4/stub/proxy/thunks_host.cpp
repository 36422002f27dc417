#include "stub/proxy/thunks.h"

namespace rpc::com {

void* stubless_thunk(uint32_t method) {
    return reinterpret_cast<void*>(uintptr_t{0x10000} + method);
}
void* forwarding_thunk(uint32_t method) {
    return reinterpret_cast<void*>(uintptr_t{0x20000} + method);
}

}  // namespace rpc::com
