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

}  // namespace rpc::stub
