#include "stub/proxy/proxy.h"
#include "stub/proxy/thunks.h"

// Each thunk fills its place, so that no table of addresses is needed.
extern "C" uint8_t rpc_stubless_thunks[], rpc_forwarding_thunks[];

namespace rpc::com {

namespace {
constexpr size_t stubless_size = 16, forwarding_size = sizeof(void*) == 8 ? 16 : 32;  // stub/arch/*.S
static_assert(offsetof(Proxy, base_object) - offsetof(Proxy, methods) == sizeof(void*), "forwarding thunks read it");
}  // namespace

void* stubless_thunk(uint32_t method) {
    return rpc_stubless_thunks + method * stubless_size;
}
void* forwarding_thunk(uint32_t method) {
    return rpc_forwarding_thunks + method * forwarding_size;
}

}  // namespace rpc::com
