#pragma once
// Who may use a server's context handle at the same time: one call that may change it, or any number that only read. Held by
// calls, from before their manager is entered until its results are marshalled. Sources: documentation pages "Mixed Mode
// Serialization of Context Handles", RpcSsContextLockExclusive, RpcSsContextLockShared, RpcSsDontSerializeContext.
#include "base/list.h"
#include "base/mutex.h"
#include "base/status.h"

namespace rpc::stub {

struct ServerContext;

enum class ContextMode : uint8_t { none, shared, exclusive };

// Of the handle's flags in its type format.
ContextMode context_mode(uint8_t flags);
// RpcSsDontSerializeContext: handles whose type says nothing are shared from now on.
void dont_serialize_contexts();

class ContextLock {
public:
    // Waits for its turn. `call`'s client has gone meanwhile: call_failed. Null: there is no client to ask for.
    Status acquire(ContextMode mode, void* call) EXCLUDES(mutex_);
    void release(ContextMode mode) EXCLUDES(mutex_);
    // From shared to exclusive. more_writes: another call came first, and may have changed or closed the handle.
    Status upgrade() EXCLUDES(mutex_);
    void downgrade() EXCLUDES(mutex_);
    // Whether acquire would wait at this moment.
    bool contended(ContextMode mode) EXCLUDES(mutex_);

private:
    bool free_for(ContextMode mode) const REQUIRES(mutex_) {
        if (writer_ || upgrading_) return false;
        return mode == ContextMode::shared ? writers_waiting_ == 0 : readers_ == 0;
    }
    Mutex mutex_;
    Condition changed_;
    unsigned readers_ GUARDED_BY(mutex_) = 0;
    unsigned writers_waiting_ GUARDED_BY(mutex_) = 0;  // readers let them go first
    bool writer_ GUARDED_BY(mutex_) = false;
    bool upgrading_ GUARDED_BY(mutex_) = false;  // a reader waits for the others to leave
};

// One context of a call.
struct ContextUse {
    ServerContext* context;
    ContextMode wanted;  // none: a new one, which nobody else knows
    ContextMode held;
};

// All of them, each once, in the one order in which calls take them.
class ContextUses : public ListLink<> {
public:
    ContextUses() = default;
    ContextUses(const ContextUses&) = delete;
    ContextUses& operator=(const ContextUses&) = delete;
    ~ContextUses() { unlock(); }

    // `room` has a place for every add() and outlives unlock().
    void begin(ContextUse* room) { uses_ = room; }
    void add(ServerContext& context, ContextMode mode);
    bool contended();
    // On a failure of acquire's none is held.
    Status lock(void* call);
    void unlock();

    // RpcSsContextLockExclusive and -Shared in the manager of `call`: `user` is the context's value or the address of it.
    // invalid_handle: no such call or context; upgrade's.
    static Status change(void* call, void* user, ContextMode mode);

private:
    ContextUse* find(void* user);
    ContextUse* uses_ = nullptr;
    size_t count_ = 0;
    void* call_ = nullptr;
    unsigned changing_ = 0;  // guarded by the list's mutex
    bool listed_ = false;    // likewise
};

}  // namespace rpc::stub
