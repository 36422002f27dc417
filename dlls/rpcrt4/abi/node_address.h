#pragma once
// This computer's hardware address, for version 1 UUIDs.
#include <cstdint>

namespace rpc::abi {

// The first adapter's IEEE 802 address. Found once; the library that knows is loaded only when that waits for nobody, which
// also means: not while this thread or another holds the loader lock. False when there is none, or it cannot be asked now.
[[nodiscard]] bool node_address(uint8_t (&node)[6]);

}  // namespace rpc::abi
