#include "link/idle.h"

#include <atomic>

#include "base/os.h"
#include "io/timer.h"

namespace rpc::link {
namespace {

constexpr uint32_t cleanup_period_ms = 20000;
constexpr size_t most_lingering = 64;  // a client that asks everybody once keeps no connection to each

struct Cleanup final : io::DelayedWork {
    void run() override {
        Association::close_surplus();
        io::submit_after(*this, cleanup_period_ms);
    }
};
constinit Cleanup g_cleanup;
constinit std::atomic<bool> g_cleaning{false};

constinit std::atomic<uint32_t> g_linger_ms{0};

// A leaf among the locks.
struct Lingering {
    Mutex mutex;
    List<Association, InLinger> list GUARDED_BY(mutex);  // who goes first stands first; each holds a reference
    bool timed GUARDED_BY(mutex) = false;
};
constinit Lingering g_lingering;

struct End final : io::DelayedWork {
    void run() override {
        for (;;) {
            Ref<Association> ends;  // goes unlocked
            Guard g(g_lingering.mutex);
            Association* first = g_lingering.list.front();
            if (!first) {
                g_lingering.timed = false;
                return;
            }
            const uint64_t now = os::now_ms(), until = first->lingers_until();
            if (until > now) return io::submit_after(*this, static_cast<uint32_t>(until - now));
            g_lingering.list.remove(first);
            ends = Ref<Association>::adopt(first);
            g.unlock();
        }
    }
};
constinit End g_end;

bool lingers(const Association& association) {
    return static_cast<const ListLink<InLinger>&>(association).linked();
}

}  // namespace

Status enable_idle_cleanup() {
    RPC_TRY(io::start_timer());
    if (!g_cleaning.exchange(true)) io::submit_after(g_cleanup, cleanup_period_ms);
    return Status::ok;
}

void notice_many_idle() {
    if (g_linger_ms.load(std::memory_order_relaxed) == 0 || g_cleaning.load(std::memory_order_relaxed)) return;
    (void)failed(enable_idle_cleanup());  // the next one tries again
}

void set_linger(uint32_t ms) { g_linger_ms.store(ms, std::memory_order_relaxed); }

void end_linger() {
    for (;;) {
        Ref<Association> ends;
        Guard g(g_lingering.mutex);
        ends = Ref<Association>::adopt(g_lingering.list.pop_front());
        if (!ends && g_lingering.timed && io::take_back(g_end)) g_lingering.timed = false;
        g.unlock();
        if (!ends) return;
    }
}

AssociationUse::AssociationUse(Ref<Association> association) : association_(std::move(association)) {
    if (!association_) return;
    Ref<Association> lingered;
    Guard g(g_lingering.mutex);
    ++association_->users();
    if (lingers(*association_)) {
        g_lingering.list.remove(association_.get());
        lingered = Ref<Association>::adopt(association_.get());
    }
    g.unlock();
    // Its server had time to go, or to start anew.
    if (lingered) association_->forget_dead();
}

AssociationUse::~AssociationUse() {
    if (!association_) return;
    {
        Guard g(g_lingering.mutex);
        if (--association_->users() != 0) return;
    }
    const uint32_t period = g_linger_ms.load(std::memory_order_relaxed);
    // Without a timer nothing would ever end it, and a DLL or process that is on its way out starts none.
    if (period == 0 || !association_->may_linger() || os::holds_loader_lock() || failed(io::start_timer())) return;
    Ref<Association> displaced;
    Guard g(g_lingering.mutex);
    if (association_->users() != 0 || lingers(*association_)) return;  // somebody else was quicker
    association_->linger_until(os::now_ms() + period);
    g_lingering.list.push_back(association_.detach());
    if (g_lingering.list.count() > most_lingering) displaced = Ref<Association>::adopt(g_lingering.list.pop_front());
    if (!g_lingering.timed) io::submit_after(g_end, period);
    g_lingering.timed = true;
    g.unlock();
}

}  // namespace rpc::link
