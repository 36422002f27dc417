#pragma once
// [partial_ignore] pointers (documentation page "partial_ignore attribute"): a client sends only whether the pointer is null; a
// server gives a pointer that is not null zeroed memory of the size that the type, and parameters read by then, tell.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub {

void partial_ignore_size(MIDL_STUB_MESSAGE& stub);
Status partial_ignore_marshal(MIDL_STUB_MESSAGE& stub, const void* pointer);
// `pointer` is null, or a mark that partial_ignore_initialize replaces.
Status partial_ignore_unmarshal(MIDL_STUB_MESSAGE& stub, void*& pointer);
// `type` is the pointer's. The memory is pfnAllocate's. bad_stub_data for a type of no definite size.
Status partial_ignore_initialize(MIDL_STUB_MESSAGE& stub, void*& pointer, const uint8_t* type);

}  // namespace rpc::stub
