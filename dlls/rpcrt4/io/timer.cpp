#include "io/timer.h"

#include <algorithm>

#include "base/mutex.h"
#include "base/os.h"

namespace rpc::io {
namespace {

constexpr uint64_t longest_wait_ms = 3600000;

struct Timer {
    Mutex mutex;
    Condition changed;
    List<DelayedWork, InTimer> waiting GUARDED_BY(mutex);  // who is due first stands first
    bool runs GUARDED_BY(mutex) = false;
};
constinit Timer g_timer;

// Never ends, as the pool's threads do not.
void run_timer(void*) {
    Guard g(g_timer.mutex);
    for (;;) {
        DelayedWork* first = g_timer.waiting.front();
        const uint64_t now = first ? os::now_ms() : 0;
        if (!first) {
            g_timer.changed.wait(g_timer.mutex);
        } else if (first->due_ms > now) {
            g_timer.changed.wait(g_timer.mutex, static_cast<uint32_t>(std::min(first->due_ms - now, longest_wait_ms)));
        } else {
            g_timer.waiting.remove(first);
            submit(*first);
        }
    }
}

}  // namespace

Status start_timer() {
    RPC_TRY(start_executor());
    Guard g(g_timer.mutex);
    if (g_timer.runs) return Status::ok;
    RPC_TRY(os::start_thread(run_timer, nullptr));
    g_timer.runs = true;
    return Status::ok;
}

void submit_after(DelayedWork& work, uint32_t ms) {
    work.due_ms = os::now_ms() + ms;
    Guard g(g_timer.mutex);
    DelayedWork* before = g_timer.waiting.back();
    while (before && before->due_ms > work.due_ms) before = g_timer.waiting.previous(before);
    g_timer.waiting.insert_after(before, &work);
    g_timer.changed.wake_one();
}

bool take_back(DelayedWork& work) {
    Guard g(g_timer.mutex);
    if (!static_cast<ListLink<InTimer>&>(work).linked()) return false;
    g_timer.waiting.remove(&work);
    return true;
}

}  // namespace rpc::io
