#pragma once
// Diagnostics, off by default. RPCRT4_LOG_LEVEL (none, error, warn, info, debug, trace) and RPCRT4_LOG_PATH (a file that
// lines are appended to; standard error without it); WINEDEBUG with +rpc turns it on at debug. Read once, on first use.
// Off costs one load and one compare. Any thread.
#include <atomic>
#include <cstdint>

namespace rpc::log {

enum class Level : uint8_t { none, error, warn, info, debug, trace, unread = 255 };

extern std::atomic<Level> g_level;
// Reads the environment on the first call.
Level level();
inline bool enabled(Level at) {
    Level now = g_level.load(std::memory_order_relaxed);
    return (now == Level::unread ? level() : now) >= at;
}
// One line: level, process, thread, text. A printf format; at most 500 bytes are kept.
[[gnu::format(printf, 2, 3)]] void write(Level at, const char* format, ...);

}  // namespace rpc::log

#define RPC_LOG(at, ...)                                                     \
    do {                                                                     \
        if (::rpc::log::enabled(::rpc::log::Level::at)) ::rpc::log::write(::rpc::log::Level::at, __VA_ARGS__); \
    } while (0)
