#pragma once
// The threads that carry asynchronous connections and server calls: one pool a process, on one completion port.
#include "base/list.h"
#include "base/status.h"

namespace rpc::io {

// One thing to do on a pool thread. `run` is called exactly once, unlocked; it may block and may destroy the object.
struct Work : ListLink<> {
    virtual void run() = 0;

protected:
    ~Work() = default;
};
using WorkList = List<Work>;

// Starts the pool if it does not run yet; the first thread pins the module. Out of resources: the system's refusal as a
// status, and a later call tries again.
Status start_executor();

// How far the stack of a pool thread that is made from now on may grow, in bytes; 0: the program's default.
void set_thread_stack(size_t bytes);

// Runs `work` on a pool thread, soon, in no promised order. A blocked worker never starves the rest: before one runs a Work
// it makes sure that another waits on the port, or, while Works are short, that another will within milliseconds. Cannot fail
// once start_executor has succeeded.
void submit(Work& work);

// Whoever is going to wait for a peer calls this, on any thread: a pool thread that has left the port alone for the
// moment of its Work sees that another waits there first.
void about_to_wait();

}  // namespace rpc::io
