#pragma once
// The client's half of every parameter: from argument slots to the request, from the reply to the caller's memory.
#include "stub/call_message.h"
#include "stub/invoke.h"

namespace rpc::stub {

// How a `float` argument stands in its slot: as passed through "..." (a double, x64 stubs) or as its own bits.
enum class FloatArgument : uint8_t { promoted, raw };
constexpr FloatArgument stub_float_argument = sizeof(void*) == 8 ? FloatArgument::promoted : FloatArgument::raw;

struct ClientFrame {
    MIDL_STUB_MESSAGE* stub = nullptr;
    const Procedure* procedure = nullptr;
    uint8_t* arguments = nullptr;
    void* binding = nullptr;  // what new context handles are made from
    void* returned = nullptr;  // where a result that does not come in registers goes
    FloatArgument floats = stub_float_argument;
};

// Zeroes what [out] parameters lead to where that may hold pointers, which mean nothing before the reply is read. All of it first,
// while the sizes are still the caller's.
Status clear_out_parameters(ClientFrame& frame);
Status size_in_parameters(ClientFrame& frame);     // adds to stub.BufferLength
Status marshal_in_parameters(ClientFrame& frame);  // at stub.Buffer
// Reads the reply at stub.Buffer; the return value's bits go to `result`, or to frame.returned.
Status unmarshal_out_parameters(ClientFrame& frame, uint64_t& result);

}  // namespace rpc::stub
