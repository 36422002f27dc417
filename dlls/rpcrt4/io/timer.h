#pragma once
// Work for later: one thread a process hands it to the pool when its time has come. Any thread.
#include "io/executor.h"

namespace rpc::io {

struct InTimer;  // the tag of the list of what waits

// One thing to do on a pool thread, not before its time. Whoever submits it keeps it alive until it has run or was taken back.
struct DelayedWork : Work, ListLink<InTimer> {
    uint64_t due_ms = 0;  // the timer's

protected:
    ~DelayedWork() = default;
};

// Before the first submit_after; starts the pool, too. Out of resources: the system's refusal as a status, and a later call tries
// again.
Status start_timer();

// Runs `work` on a pool thread, `ms` milliseconds from now or a little later. Not for what waits already.
void submit_after(DelayedWork& work, uint32_t ms);

// True: it waited, and does not any more. False: it runs, has run, is about to, or was never submitted.
[[nodiscard]] bool take_back(DelayedWork& work);

}  // namespace rpc::io
