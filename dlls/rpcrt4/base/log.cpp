#include "base/log.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "base/log_sink.h"
#include "base/os.h"

namespace rpc::log {

constinit std::atomic<Level> g_level{Level::unread};

namespace {

constexpr const char* names[] = {"none", "error", "warn", "info", "debug", "trace"};

// Whether `list`, in WINEDEBUG's form ("+seh,warn+rpc,-all"), turns the channel rpc on.
bool wine_channel_on(const char* list) {
    bool on = false;
    for (const char* item = list; *item;) {
        size_t n = strcspn(item, ",");
        const char* sign = nullptr;
        for (size_t i = 0; i < n && !sign; ++i)
            if (item[i] == '+' || item[i] == '-') sign = item + i;
        if (sign) {
            size_t name = n - static_cast<size_t>(sign + 1 - item);
            if (name == 3 && memcmp(sign + 1, "rpc", 3) == 0) on = *sign == '+';
        }
        item += n + (item[n] == ',');
    }
    return on;
}

Level from_environment() {
    char text[256];
    if (os::environment("RPCRT4_LOG_LEVEL", text, sizeof text) != 0)
        for (uint8_t i = 0; i < sizeof names / sizeof names[0]; ++i)
            if (strcmp(text, names[i]) == 0) return static_cast<Level>(i);
    if (os::environment("WINEDEBUG", text, sizeof text) != 0 && wine_channel_on(text)) return Level::debug;
    return Level::none;
}

}  // namespace

Level level() {
    Level now = g_level.load();
    if (now != Level::unread) return now;
    Level read = from_environment();
    if (g_level.compare_exchange_strong(now, read) && read != Level::none) sink_banner();
    return g_level.load();
}

void write(Level at, const char* format, ...) {
    char line[600];
    int n = snprintf(line, sizeof line, "rpcrt4:%s:%04x:%04x: ", names[static_cast<int>(at)], os::process_id(), os::thread_id());
    va_list args;
    va_start(args, format);
    int m = vsnprintf(line + n, 500, format, args);
    va_end(args);
    size_t length = static_cast<size_t>(n) + static_cast<size_t>(m < 0 ? 0 : m < 499 ? m : 499);
    line[length++] = '\n';
    sink_write(line, length);
}

}  // namespace rpc::log
