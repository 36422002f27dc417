#pragma once
// The methods of a proxy's vtable that are no functions of the proxy DLL's. One implementation per architecture,
// stub/arch/*.S; on the host they are addresses that nothing can call.
#include <cstdint>

#include "stub/invoke.h"

namespace rpc::com {

// The client method `method` (3 to method_limit - 1): calls rpc_stubless_call with its number and arguments.
void* stubless_thunk(uint32_t method);

// Passes a call on to the same method of the proxy for the base interface, which is the word after the vtable pointer.
void* forwarding_thunk(uint32_t method);

// What a stubless method answers, and on x86 how it leaves: `pop` bytes of arguments, a result in st(0) where
// `floating` is 4 or 8.
struct StublessResult {
    uint64_t value;
    uint32_t pop;
    uint32_t floating;
};

// `arguments`: the caller's argument slots, `this` first. `floats`: x64 xmm0 to xmm3, else null. Defined in abi/, since
// it may raise.
extern "C" void rpc_stubless_call(uint32_t method, stub::Slot* arguments, const uint64_t* floats,
                                  StublessResult* result);

}  // namespace rpc::com
