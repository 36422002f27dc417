#pragma once
// Many clients of one server, from one process, each with an association and a connection of its own.
#include "channel.h"
#include <vector>

namespace bench {

using Crowd = std::vector<std::unique_ptr<Channel>>;

// Connects until there are `count`, by a call of each. 0, or what went wrong.
[[nodiscard]] unsigned gather(const Endpoint&, size_t count, Crowd& crowd);

// What a server holds.
struct Holdings {
    long threads = 0;
    long handles = 0;
    long heap_bytes = 0;
};
struct Endured {
    long calls = 0;
    long lost = 0;         // failed, or with a wrong answer
    unsigned failure = 0;  // the first one's
    Holdings early, late;  // after the warm-up and at the end, while the crowd rests between two calls
};
// Calls one after the other on all of the crowd at once, on a thread each. `asking`: a channel of nobody else's. 0, or what went wrong
// with that.
[[nodiscard]] unsigned endure(Crowd& crowd, Channel& asking, unsigned warm_up_ms, unsigned then_ms, Endured& endured);

}  // namespace bench
