#pragma once
// A memcpy for flat data of any size.
#include <cstddef>

namespace rpc::ndr {

// The two do not overlap. Any thread.
void copy_block(void* to, const void* from, size_t size);

}  // namespace rpc::ndr
