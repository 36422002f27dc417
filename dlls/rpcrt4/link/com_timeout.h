#pragma once
// What the scale of communications time-outs means (RpcMgmtSetComTimeout, RpcMgmtSetComTimeout's documentation page; "Binding Time-out
// Constants"). Only some of it is documented: at 0 a server that is silent for 60 seconds is probed; a bind waits 15 minutes at most;
// 10 is for ever. The steps between are ours. ncalrpc ignores all of it.
#include <algorithm>
#include <cstdint>

#include "base/mutex.h"

namespace rpc::link {

constexpr uint32_t default_com_timeout = 5;  // RPC_C_BINDING_x_TIMEOUT
constexpr uint32_t max_com_timeout = 10;

struct ComTimeout {
    uint32_t connect_ms;     // for the transport's connection
    uint32_t bind_ms;        // for the server's answer to a bind
    uint32_t keep_alive_ms;  // silence after which a server is probed; 0: never
};

constexpr ComTimeout com_timeout(uint32_t scale, bool local_only) {
    constexpr uint32_t minute = 60000, longest_bind = 15 * minute;
    if (local_only) return {minute, wait_forever, 0};
    if (scale >= max_com_timeout) return {wait_forever, longest_bind, 0};
    const uint32_t step = (scale + 1) * minute;
    return {(scale + 1) * 10000, std::min(step, longest_bind), step};
}

}  // namespace rpc::link
