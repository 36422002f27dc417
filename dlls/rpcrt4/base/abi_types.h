#pragma once
// The structures that stubs and the runtime share. Windows: the toolchain's headers. Host: the same names, fields and sizes
// (64-bit), so that the portable rooms compile on both. Sizes are the x64 and x86 ABI's, checked below.
#ifdef _WIN32
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#else
#include "base/abi_types_host.h"
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rpc {

// The type behind the headers' `unsigned long`: 32 bits on both builds.
using ULong32 = std::remove_cv_t<decltype(RPC_MESSAGE::DataRepresentation)>;
static_assert(sizeof(ULong32) == 4);

// x64 size, x86 size.
#define RPC_ABI_SIZE(type, x64, x86) static_assert(sizeof(type) == (sizeof(void*) == 8 ? (x64) : (x86)))
#define RPC_ABI_OFFSET(type, field, x64, x86) \
    static_assert(offsetof(type, field) == (sizeof(void*) == 8 ? (x64) : (x86)))

RPC_ABI_SIZE(RPC_SYNTAX_IDENTIFIER, 20, 20);
RPC_ABI_SIZE(RPC_MESSAGE, 80, 44);
RPC_ABI_OFFSET(RPC_MESSAGE, Buffer, 16, 8);
RPC_ABI_OFFSET(RPC_MESSAGE, ReservedForRuntime, 48, 28);
RPC_ABI_SIZE(RPC_DISPATCH_TABLE, 24, 12);
RPC_ABI_SIZE(RPC_SERVER_INTERFACE, 96, 68);
RPC_ABI_OFFSET(RPC_SERVER_INTERFACE, InterpreterInfo, 80, 60);
RPC_ABI_SIZE(RPC_CLIENT_INTERFACE, 96, 68);
RPC_ABI_OFFSET(RPC_CLIENT_INTERFACE, Flags, 88, 64);
RPC_ABI_SIZE(MIDL_STUB_DESC, 152, 80);
RPC_ABI_OFFSET(MIDL_STUB_DESC, apfnExprEval, 48, 24);
RPC_ABI_OFFSET(MIDL_STUB_DESC, Version, 76, 40);
RPC_ABI_OFFSET(MIDL_STUB_DESC, mFlags, 120, 64);
RPC_ABI_SIZE(MIDL_SERVER_INFO, 64, 32);
RPC_ABI_SIZE(MIDL_STUBLESS_PROXY_INFO, 48, 24);
RPC_ABI_SIZE(MIDL_SYNTAX_INFO, 80, 48);
RPC_ABI_SIZE(CLIENT_CALL_RETURN, 8, 4);
RPC_ABI_SIZE(MIDL_STUB_MESSAGE, 400, 220);
RPC_ABI_OFFSET(MIDL_STUB_MESSAGE, pAsyncMsg, 288, 164);
RPC_ABI_SIZE(RPC_ASYNC_STATE, 112, 68);
RPC_ABI_OFFSET(RPC_ASYNC_STATE, RuntimeInfo, 32, 24);
RPC_ABI_OFFSET(RPC_ASYNC_STATE, u, 48, 36);

#undef RPC_ABI_SIZE
#undef RPC_ABI_OFFSET

}  // namespace rpc
