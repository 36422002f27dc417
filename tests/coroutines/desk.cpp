#include "desk.h"

#include <stdlib.h>

#include "srv.h"

// The stubs' memory.
void* __RPC_USER MIDL_user_allocate(size_t size) { return malloc(size); }
void __RPC_USER MIDL_user_free(void* memory) { free(memory); }

namespace desk {

static_assert(abort == static_cast<long>(srv::kAbortHere));

handle_t connect() {
    return srv::bind(srv::Protocol::lrpc);
}
bool wait_held(long key) {
    return srv::wait_parked(key, nullptr, 30000);
}
void release(long key, long value) {
    srv::Parked parked;
    if (srv::wait_parked(key, &parked, 30000)) srv::release(parked, value);
}

}  // namespace desk
