#pragma once
// What a stub's Invoke catches.
#include <cstdint>

namespace rpc::com {

// body(context); an exception that leaves it while *phase is STUB_UNMARSHAL ends here, and its code is the answer. 0:
// it returned. Exceptions of the server's method are the channel's business, and fatal ones the process's: they pass.
// Host: a plain call.
[[nodiscard]] uint32_t guard_unmarshalling(void (*body)(void*), void* context, const uint32_t* phase);

}  // namespace rpc::com
