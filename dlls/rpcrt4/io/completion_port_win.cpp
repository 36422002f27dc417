#include "io/completion_port_win.h"

#include <atomic>

#include "base/log.h"
#include "base/module.h"
#include "base/mutex.h"
#include "base/os.h"

namespace rpc::io {
namespace {

// Each may block in a manager routine. A thread reserves its stack, and an x86 process has 2 GiB of address space.
constexpr unsigned max_threads = sizeof(void*) == 8 ? 2048 : 512;

constexpr ULONG_PTR key_io = 0;
constexpr ULONG_PTR key_work = 1;  // the packet says: look at the queue

constinit std::atomic<HANDLE> g_port{nullptr};
constinit std::atomic<unsigned> g_threads{0};
constinit std::atomic<unsigned> g_waiting{0};  // threads in, or on their way to, the wait on the port
constinit std::atomic<DWORD> g_idle_time{20000};
constinit Mutex g_start;

// What submit was given. Made by hand, as List needs a constructor at run time.
constinit Mutex g_queue;
constinit ListLink<>* g_first GUARDED_BY(g_queue) = nullptr;
constinit ListLink<>* g_last GUARDED_BY(g_queue) = nullptr;
constinit std::atomic<bool> g_unannounced{false};  // a packet could not be posted: somebody has to look by himself

void worker(void*);

Work* next_work() {
    Guard g(g_queue);
    ListLink<>* link = g_first;
    if (!link) return nullptr;
    g_first = link->next;
    if (!g_first) g_last = nullptr;
    link->next = link->prev = nullptr;
    return static_cast<Work*>(link);
}

// Whoever is about to run something that may block calls this. Of those who look at the same moment, and of a waiter that
// has just been woken, each does so before it blocks: one of them finds nobody waiting.
Status ensure_waiter() {
    unsigned none = 0;
    if (g_waiting.load() != 0 || !g_waiting.compare_exchange_strong(none, 1)) return Status::ok;
    if (g_threads.fetch_add(1) < max_threads && !failed(os::start_thread(worker, nullptr))) return Status::ok;
    g_threads.fetch_sub(1);
    g_waiting.fetch_sub(1);
    RPC_LOG(warn, "no further pool thread (%u run)", g_threads.load());
    return Status::out_of_resources;
}

void run(Work* work) {
    (void)ensure_waiter();  // refused: the rest waits for this one
    work->run();
}

// The last waiter never leaves.
bool may_leave() {
    unsigned waiting = g_waiting.load();
    while (waiting > 1)
        if (g_waiting.compare_exchange_weak(waiting, waiting - 1)) return true;
    return false;
}

void worker(void*) {
    const HANDLE port = g_port.load();
    for (;;) {  // counted in g_waiting here
        DWORD bytes = 0;
        ULONG_PTR key = 0;
        OVERLAPPED* overlapped = nullptr;
        const BOOL success = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, g_idle_time.load());
        const DWORD error = success ? 0 : GetLastError();
        if (!success && !overlapped && !g_unannounced.load()) {
            if (may_leave()) break;
            continue;
        }
        g_waiting.fetch_sub(1);
        if (overlapped) static_cast<Operation*>(overlapped)->done(error, bytes);
        Work* work = success && key == key_work ? next_work() : nullptr;
        if (work) run(work);
        while (g_unannounced.exchange(false) && (work = next_work())) {
            g_unannounced.store(true);  // there may be more
            run(work);
        }
        g_waiting.fetch_add(1);
    }
    g_threads.fetch_sub(1);
}

}  // namespace

Status start_executor() {
    if (g_threads.load(std::memory_order_acquire) != 0) return Status::ok;
    RPC_TRY(pin_module());
    Guard g(g_start);
    if (!g_port.load()) {
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0);
        if (!port) return Status::out_of_resources;
        g_port.store(port);
    }
    return g_threads.load() != 0 ? Status::ok : ensure_waiter();
}

Status join_port(HANDLE handle) {
    return CreateIoCompletionPort(handle, g_port.load(), key_io, 0) ? Status::ok : Status::out_of_resources;
}

void submit(Work& work) {
    {
        Guard g(g_queue);
        ListLink<>* link = &work;
        link->next = nullptr;
        (g_last ? g_last->next : g_first) = link;
        g_last = link;
    }
    if (!PostQueuedCompletionStatus(g_port.load(), 0, key_work, nullptr)) g_unannounced.store(true);
}

void run_later(WorkList& later) {
    Work* last = later.pop_front();
    while (Work* work = later.pop_front()) submit(*work);
    if (last) run(last);
}

unsigned executor_threads() { return g_threads.load(); }

void set_idle_time(DWORD ms) {
    g_idle_time.store(ms);
    for (unsigned i = g_threads.load(); i != 0; --i) PostQueuedCompletionStatus(g_port.load(), 0, key_work, nullptr);
}

}  // namespace rpc::io
