#include "stub/context_lock.h"

#include <atomic>

#include "runtime/message.h"
#include "stub/context_handle.h"
#include "stub/procedure.h"

namespace rpc::stub {
namespace {

constexpr uint32_t look_after_client_ms = 500;

constinit std::atomic<bool> g_share_by_default{false};

// The calls that hold contexts.
struct Table {
    Mutex mutex;
    Condition changed;
    List<ContextUses> calls GUARDED_BY(mutex);
};
constinit Table g_table;

}  // namespace

ContextMode context_mode(uint8_t flags) {
    if (flags & context_serialize) return ContextMode::exclusive;
    const bool shared = (flags & context_no_serialize) != 0 || g_share_by_default.load(std::memory_order_relaxed);
    return shared ? ContextMode::shared : ContextMode::exclusive;
}

void dont_serialize_contexts() { g_share_by_default.store(true, std::memory_order_relaxed); }

// ---- one context ----

Status ContextLock::acquire(ContextMode mode, void* call) {
    if (mode == ContextMode::none) return Status::ok;
    Guard g(mutex_);
    const bool writes = mode == ContextMode::exclusive;
    writers_waiting_ += writes;
    bool gone = false;
    while (!gone && !free_for(mode)) {
        const bool woken = changed_.wait(mutex_, call ? look_after_client_ms : wait_forever);
        if (!woken && call) gone = runtime::client_gone(call);
    }
    writers_waiting_ -= writes;
    if (gone) {
        changed_.wake_all();
        return Status::call_failed;
    }
    writer_ = writes;
    readers_ += !writes;
    return Status::ok;
}

void ContextLock::release(ContextMode mode) {
    if (mode == ContextMode::none) return;
    Guard g(mutex_);
    if (mode == ContextMode::exclusive) writer_ = false;
    else --readers_;
    changed_.wake_all();
}

Status ContextLock::upgrade() {
    Guard g(mutex_);
    if (upgrading_) {
        // Two cannot both wait for the other to stop reading.
        g.unlock();
        release(ContextMode::shared);
        (void)code(acquire(ContextMode::exclusive, nullptr));  // nobody to ask for: it cannot fail
        return Status::more_writes;
    }
    upgrading_ = true;
    while (readers_ != 1) changed_.wait(mutex_);
    upgrading_ = false;
    readers_ = 0;
    writer_ = true;
    return Status::ok;
}

void ContextLock::downgrade() {
    Guard g(mutex_);
    writer_ = false;
    readers_ = 1;
    changed_.wake_all();
}

bool ContextLock::contended(ContextMode mode) {
    if (mode == ContextMode::none) return false;
    Guard g(mutex_);
    return !free_for(mode);
}

// ---- those of a call ----

void ContextUses::add(ServerContext& context, ContextMode mode) {
    size_t at = 0;
    while (at < count_ && uses_[at].context < &context) ++at;
    if (at < count_ && uses_[at].context == &context) {
        if (uses_[at].wanted < mode) uses_[at].wanted = mode;
        return;
    }
    for (size_t i = count_; i > at; --i) uses_[i] = uses_[i - 1];
    uses_[at] = {&context, mode, ContextMode::none};
    ++count_;
}

bool ContextUses::contended() {
    for (size_t i = 0; i < count_; ++i)
        if (lock_of(*uses_[i].context).contended(uses_[i].wanted)) return true;
    return false;
}

Status ContextUses::lock(void* call) {
    if (count_ == 0) return Status::ok;
    for (size_t i = 0; i < count_; ++i) {
        const Status status = lock_of(*uses_[i].context).acquire(uses_[i].wanted, call);
        if (failed(status)) {
            unlock();
            return status;
        }
        uses_[i].held = uses_[i].wanted;
    }
    call_ = call;
    Guard g(g_table.mutex);
    g_table.calls.push_back(this);
    listed_ = true;
    return Status::ok;
}

void ContextUses::unlock() {
    if (count_ == 0) return;
    {
        Guard g(g_table.mutex);
        if (listed_) g_table.calls.remove(this);
        listed_ = false;
        while (changing_ != 0) g_table.changed.wait(g_table.mutex);
    }
    for (size_t i = count_; i-- != 0;) lock_of(*uses_[i].context).release(uses_[i].held);
    count_ = 0;
}

ContextUse* ContextUses::find(void* user) {
    for (size_t i = 0; i < count_; ++i)
        if (&user_context(*uses_[i].context) == user) return &uses_[i];
    for (size_t i = 0; i < count_; ++i)
        if (user && user_context(*uses_[i].context) == user) return &uses_[i];
    return nullptr;
}

Status ContextUses::change(void* call, void* user, ContextMode mode) {
    ContextUses* uses = nullptr;
    ContextUse* use = nullptr;
    {
        Guard g(g_table.mutex);
        for (ContextUses* u = g_table.calls.front(); u && !use; u = g_table.calls.next(u))
            if (u->call_ == call) use = (uses = u)->find(user);
        if (!use) return Status::invalid_handle;
        if (use->held == mode || use->held == ContextMode::none) return Status::ok;
        ++uses->changing_;
    }
    ContextLock& lock = lock_of(*use->context);
    Status status = Status::ok;
    if (mode == ContextMode::exclusive) status = lock.upgrade();
    else lock.downgrade();
    use->held = mode;
    Guard g(g_table.mutex);
    --uses->changing_;
    g_table.changed.wake_all();
    return status;
}

}  // namespace rpc::stub
