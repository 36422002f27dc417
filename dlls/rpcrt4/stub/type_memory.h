#pragma once
// How much memory a top-level parameter's type takes before its data is known: for the memory that the server gives [out]
// parameters, and for what a client clears.
#include "base/abi_types.h"
#include "base/status.h"

namespace rpc::stub {

// Bytes of the type at `type`; sizes that depend on other parameters are read from the frame at stub.StackTop. bad_stub_data
// for types that have no size here, and for sizes past 2 GiB.
Status memory_of(MIDL_STUB_MESSAGE& stub, const uint8_t* type, size_t& size);

// Zeroes an [out] parameter's memory where it may hold pointers, which mean nothing before the reply is read.
Status clear_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t* memory, const uint8_t* type);

// NdrClearOutParameters: an [out] parameter of a call that failed. Frees what its memory leads to and zeroes that memory; the
// memory itself stays the caller's. `type` as in the parameter's description; null memory is nothing to do.
Status free_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t* memory, const uint8_t* type);

// NdrOutInit: `memory` becomes zeroed memory of pfnAllocate's for what a [ref] pointer leads to, or for the type itself.
Status give_out_memory(MIDL_STUB_MESSAGE& stub, uint8_t*& memory, const uint8_t* type);

}  // namespace rpc::stub
