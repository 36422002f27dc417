// Where ASan watches.
#include <cstring>

#include "ndr/block_copy.h"

namespace rpc::ndr {

void copy_block(void* to, const void* from, size_t size) { std::memcpy(to, from, size); }

}  // namespace rpc::ndr
