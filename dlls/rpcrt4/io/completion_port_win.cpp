#include "io/completion_port_win.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "base/module.h"
#include "base/mutex.h"
#include "base/os.h"

namespace rpc::io {
namespace {

// Each may block in a manager routine. A thread reserves its stack, and an x86 process has 2 GiB of address space.
constexpr unsigned max_threads = sizeof(void*) == 8 ? 2048 : 512;

constexpr DWORD look_again_ms = 20000;  // the waiter, for work that could not be announced

constexpr ULONG_PTR key_io = 0;
constexpr ULONG_PTR key_work = 1;  // the packet says: look at the queue

constinit std::atomic<HANDLE> g_port{nullptr};
constinit std::atomic<unsigned> g_threads{0};
constinit std::atomic<unsigned> g_waiting{0};  // threads in, or on their way to, the wait on the port
constinit std::atomic<unsigned> g_wanted{1};   // how many of those there may be
constinit std::atomic<size_t> g_stack{0};       // bytes, of threads made from now on; 0: the program's default
constinit Mutex g_start;

// What submit was given. Made by hand, as List needs a constructor at run time.
constinit Mutex g_queue;
constinit ListLink<>* g_first GUARDED_BY(g_queue) = nullptr;
constinit ListLink<>* g_last GUARDED_BY(g_queue) = nullptr;
constinit std::atomic<bool> g_unannounced{false};  // a packet could not be posted: somebody has to look by himself

// Idle threads but the one that waits on the port. Wine wakes everybody who waits on a port for each packet, and each of
// them asks the wineserver, whereas to wait here costs it nothing.
constinit Mutex g_parking;
constinit Condition g_called;
constinit unsigned g_parked GUARDED_BY(g_parking) = 0;   // threads that nobody has called yet
constinit unsigned g_callings GUARDED_BY(g_parking) = 0;  // threads that were called and have not noticed

// To call a waiter before every Work costs a switch of threads for each, and the read that this thread has just asked for then
// ends on a thread that does not wait for it. While what runs is short, one of the parked threads watches instead: it looks
// every few milliseconds, and where nobody has waited for that long, it goes to wait itself.
enum class Watch : uint32_t { nobody, asleep, awake };
constinit std::atomic<Watch> g_watch{Watch::nobody};
constinit Condition g_watch_called;
constinit std::atomic<uint32_t> g_turns{0};  // counts who leaves the port
constinit std::atomic<uint32_t> g_short{0};  // how many were short in a row

// Threads that run a Work and leave the port to the watcher, by their ids. Who finds his slot overwritten has the watcher for
// him, a little later.
constexpr size_t inline_slots = 16;
constinit std::atomic<uint32_t> g_inline[inline_slots]{};
std::atomic<uint32_t>& inline_slot(uint32_t thread) { return g_inline[thread / 4 % inline_slots]; }  // ids are multiples of 4

constexpr DWORD watch_ms = 2;
constexpr unsigned idle_looks = 64;      // without a packet, then the watcher sleeps
constexpr uint32_t short_in_a_row = 16;  // before the watcher is trusted with the next
constexpr int64_t short_us = 500;
constexpr int64_t short_in_crowd_us = 2000;  // where several serve, each waits for the others' turns at the wineserver

// Where many clients call at once, packets queue up for the one thread that serves them, which mostly waits for answers of the
// wineserver: further threads at the port do more. Each looks now and then whether a packet is there already; a look that
// finds none is a request for nothing, and a thread too many is woken for nothing.
constexpr unsigned look_every = 8;      // turns of a thread
constexpr unsigned looks_for_more = 2;  // in a row that found a packet: twice as many from then on
constexpr unsigned looks_for_less = 8;  // in a row that found none
constexpr unsigned most_wanted = 8;

void worker(void*);

// Whether the calling thread, or one that it calls, is one of those at the port now. Paired with one leave_port().
bool become_waiter() {
    unsigned now = g_waiting.load();
    while (now < g_wanted.load())
        if (g_waiting.compare_exchange_weak(now, now + 1)) return true;
    return false;
}

void leave_port() { g_waiting.fetch_sub(1); }

// The watcher's life; ends when it has become the waiter.
void watch() REQUIRES(g_parking) {
    uint32_t seen = g_turns.load();
    for (unsigned looks = 0;;) {
        if (g_watch.load() == Watch::asleep)
            g_watch_called.wait(g_parking), looks = 0;
        else
            g_watch_called.wait(g_parking, watch_ms);
        const uint32_t turns = g_turns.load();
        const bool same = turns == seen;
        seen = turns;
        if (g_waiting.load() == 0) {
            if (same && become_waiter()) break;
            looks = 0;
        } else if (!same) {
            looks = 0;
        } else if (++looks >= idle_looks) {
            g_watch.store(Watch::asleep);
            if (g_waiting.load() == 0) g_watch.store(Watch::awake);  // left the port, perhaps, before it could see that
        }
    }
    g_watch.store(Watch::nobody);
}

// Until it is called, and is the waiter then. A thread of the pool never ends: Wine completes I/O on the thread that asked
// for it, and what completes while that thread is on its way out can be lost. Parked it costs its stack and nothing else.
void park() {
    Guard g(g_parking);
    if (become_waiter()) return;  // nobody is there any more
    if (g_watch.load() == Watch::nobody) {
        g_watch.store(Watch::asleep);
        return watch();
    }
    ++g_parked;
    while (g_callings == 0) g_called.wait(g_parking);
    --g_callings;
}

// Makes a parked thread a waiter, for a caller who has become one; false when there is none, and with `or_give_up` nobody is
// one in his place then.
bool call_parked(bool or_give_up) {
    Guard g(g_parking);
    if (g_parked == 0) {
        if (or_give_up) leave_port();
        return false;
    }
    --g_parked;
    ++g_callings;
    g_called.wake_one();
    return true;
}

// Whether somebody watches, and this thread may leave the port alone for a moment.
bool watched() {
    if (g_watch.load() == Watch::awake) return true;
    if (g_watch.load() == Watch::nobody) return false;
    Guard g(g_parking);
    if (g_watch.load() == Watch::nobody) return false;
    g_watch.store(Watch::awake);
    g_watch_called.wake_one();
    return true;
}

Work* next_work() {
    Guard g(g_queue);
    ListLink<>* link = g_first;
    if (!link) return nullptr;
    g_first = link->next;
    if (!g_first) g_last = nullptr;
    link->next = link->prev = nullptr;
    return static_cast<Work*>(link);
}

// One more thread at the port, if one more is wanted.
Status add_waiter() {
    if (!become_waiter() || call_parked(false)) return Status::ok;
    if (g_threads.fetch_add(1) < max_threads && !failed(os::start_thread(worker, nullptr, g_stack.load()))) return Status::ok;
    g_threads.fetch_sub(1);
    if (call_parked(true) || watched()) return Status::ok;
    RPC_LOG(warn, "no further pool thread (%u run)", g_threads.load());
    return Status::out_of_resources;
}

// Whoever is about to run something that may block calls this. Of those who look at the same moment, and of a waiter that
// has just been woken, each does so before it blocks: one of them finds nobody waiting, and calls or starts one.
Status ensure_waiter() { return g_waiting.load() != 0 ? Status::ok : add_waiter(); }

int64_t now_us() {
    static constinit std::atomic<int64_t> frequency{0};
    LARGE_INTEGER n;
    int64_t f = frequency.load(std::memory_order_relaxed);
    if (f == 0) {
        QueryPerformanceFrequency(&n);
        frequency.store(f = n.QuadPart, std::memory_order_relaxed);
    }
    QueryPerformanceCounter(&n);
    return n.QuadPart / f * 1000000 + n.QuadPart % f * 1000000 / f;
}

void run(Work* work) {
    if (g_short.load(std::memory_order_relaxed) >= short_in_a_row && watched())
        inline_slot(os::thread_id()).store(os::thread_id(), std::memory_order_relaxed);
    else
        (void)ensure_waiter();  // refused: the rest waits for this one
    const int64_t before = now_us();
    work->run();
    if (now_us() - before > (g_wanted.load(std::memory_order_relaxed) > 1 ? short_in_crowd_us : short_us)) {
        g_short.store(0, std::memory_order_relaxed);
        g_wanted.store(1);  // every Work calls another thread now
    } else if (g_short.load(std::memory_order_relaxed) < short_in_a_row)
        g_short.fetch_add(1, std::memory_order_relaxed);
}

// One packet of the port, as GetQueuedCompletionStatus gives it.
struct Packet {
    bool take(HANDLE port, DWORD wait_ms) {
        const BOOL success = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, wait_ms);
        error = success ? 0 : GetLastError();
        return success || overlapped;
    }
    bool is_work() const { return error == 0 && key == key_work; }

    DWORD bytes = 0;
    DWORD error = 0;
    ULONG_PTR key = 0;
    OVERLAPPED* overlapped = nullptr;
};

// One thread's looks at the port.
class Looks {
public:
    bool due() { return ++turns_ % look_every == 0 && g_short.load(std::memory_order_relaxed) >= short_in_a_row; }
    void saw(bool packet) {
        if (packet != found_) in_a_row_ = 0, found_ = packet;
        ++in_a_row_;
        unsigned wanted = g_wanted.load();
        if (found_ && in_a_row_ >= looks_for_more && wanted < most_wanted) {
            in_a_row_ = 0;
            const unsigned more = std::min(wanted, most_wanted - wanted);
            if (!g_wanted.compare_exchange_strong(wanted, wanted + more)) return;
            for (unsigned i = 0; i < more; ++i) (void)add_waiter();
        } else if (!found_ && in_a_row_ >= looks_for_less && wanted > 1) {
            in_a_row_ = 0;
            g_wanted.compare_exchange_strong(wanted, wanted - 1);
        }
    }

private:
    unsigned turns_ = 0;
    unsigned in_a_row_ = 0;
    bool found_ = false;
};

void worker(void*) {
    const HANDLE port = g_port.load();
    Looks looks;
    for (;;) {  // a waiter here
        Packet packet;
        bool taken = false;
        if (looks.due()) looks.saw(taken = packet.take(port, 0));
        if (!taken && !packet.take(port, look_again_ms) && !g_unannounced.load()) continue;
        g_turns.fetch_add(1);
        leave_port();
        if (packet.overlapped) static_cast<Operation*>(packet.overlapped)->done(packet.error, packet.bytes);
        Work* work = packet.is_work() ? next_work() : nullptr;
        if (work) run(work);
        while (g_unannounced.exchange(false) && (work = next_work())) {
            g_unannounced.store(true);  // there may be more
            run(work);
        }
        if (!become_waiter()) park();
    }
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

void set_thread_stack(size_t bytes) { g_stack.store(bytes); }

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

void about_to_wait() {
    uint32_t me = os::thread_id();
    std::atomic<uint32_t>& slot = inline_slot(me);
    if (slot.load(std::memory_order_relaxed) != me || !slot.compare_exchange_strong(me, 0)) return;
    g_short.store(0, std::memory_order_relaxed);
    (void)ensure_waiter();
}

void run_later(WorkList& later) {
    Work* last = later.pop_front();
    while (Work* work = later.pop_front()) submit(*work);
    if (last) run(last);
}

unsigned executor_threads() { return g_threads.load(); }

}  // namespace rpc::io
