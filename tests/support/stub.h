#pragma once
// The two ways a client stub enters the engine: x64 stubs pass every argument on, x86 stubs the address of their first.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <rpcasync.h>
#include <stdint.h>
#include <type_traits>

namespace stub {

template <class T>
uintptr_t slot(T value) {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<uintptr_t>(value);
    } else {
        return static_cast<uintptr_t>(static_cast<intptr_t>(value));
    }
}

// Issues an asynchronous call. Raises what the engine raises.
template <class... Args>
void async_call(const MIDL_STUB_DESC& desc, const unsigned char* proc, RPC_ASYNC_STATE* state, handle_t binding,
                Args... args) {
#ifdef _WIN64
    NdrAsyncClientCall(const_cast<MIDL_STUB_DESC*>(&desc), proc, state, binding, slot(args)...);
#else
    volatile uintptr_t frame[] = {slot(state), slot(binding), slot(args)..., 0};
    NdrAsyncClientCall(const_cast<MIDL_STUB_DESC*>(&desc), proc, &frame[0]);
#endif
}

// Makes a synchronous call; its return value is a long.
template <class... Args>
long sync_call(const MIDL_STUB_DESC& desc, const unsigned char* proc, handle_t binding, Args... args) {
#ifdef _WIN64
    return static_cast<long>(
        NdrClientCall2(const_cast<MIDL_STUB_DESC*>(&desc), proc, binding, slot(args)...).Simple);
#else
    volatile uintptr_t frame[] = {slot(binding), slot(args)..., 0};
    return static_cast<long>(NdrClientCall2(const_cast<MIDL_STUB_DESC*>(&desc), proc, &frame[0]).Simple);
#endif
}

}  // namespace stub
