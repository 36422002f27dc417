#pragma once
// PDUs of this process, for RpcMgmtInqStats.
#include <atomic>
#include <cstdint>

namespace rpc::link {

struct PacketCount {
    std::atomic<uint32_t> in{0};
    std::atomic<uint32_t> out{0};
};

inline PacketCount& packet_count() {
    static constinit PacketCount count;
    return count;
}

inline void count_packet_in() {
    packet_count().in.fetch_add(1, std::memory_order_relaxed);
}
inline void count_packets_out(size_t n) {
    packet_count().out.fetch_add(static_cast<uint32_t>(n), std::memory_order_relaxed);
}

}  // namespace rpc::link
