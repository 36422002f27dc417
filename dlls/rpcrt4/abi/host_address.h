#pragma once
// Addresses of a connection's ends, as RpcServerInqCallAttributes and the I_Rpc functions hand them out.
#include <cstring>

#include "abi/export.h"
#include "base/guard.h"
#include "io/transport.h"

namespace rpc::abi {

// `size` is the buffer's, in bytes, and becomes the address's: 4 or 16, in network order; `format` is RpcLocalAddressFormat or
// RPC_P_ADDR_FORMAT_TCP_x, whose numbers are the same. more_data: the buffer is too short; cannot_support: the transport has no
// such addresses; invalid_arg.
inline Status give_address(const io::HostAddress& host, void* buffer, unsigned long& size, unsigned long& format) {
    if (host.size == 0) return Status::cannot_support;
    const unsigned long room = std::exchange(size, host.size);
    format = host.size == 4 ? RPC_P_ADDR_FORMAT_TCP_IPV4 : RPC_P_ADDR_FORMAT_TCP_IPV6;
    if (room < host.size) return Status::more_data;
    return buffer && copy_guarded(buffer, host.bytes, host.size) ? Status::ok : Status::invalid_arg;
}

}  // namespace rpc::abi
