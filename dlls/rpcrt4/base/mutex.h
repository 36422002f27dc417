#pragma once
// The one lock class, with the attributes that clang's -Wthread-safety reads. Lock order: binding registry -> binding ->
// association -> connection -> call; no lock is held over I/O, security providers or a call into user code.
#ifdef _WIN32
#include <windows.h>
#else
#include <pthread.h>
#endif
#include <cstdint>

#if defined(__clang__)
#define RPC_TSA(x) __attribute__((x))
#else
#define RPC_TSA(x)
#endif
#define GUARDED_BY(m) RPC_TSA(guarded_by(m))
#define REQUIRES(m) RPC_TSA(requires_capability(m))
#define EXCLUDES(m) RPC_TSA(locks_excluded(m))

namespace rpc {

constexpr uint32_t wait_forever = UINT32_MAX;  // milliseconds

class RPC_TSA(capability("mutex")) Mutex {
public:
#ifdef _WIN32
    void lock() RPC_TSA(acquire_capability()) { AcquireSRWLockExclusive(&lock_); }
    void unlock() RPC_TSA(release_capability()) { ReleaseSRWLockExclusive(&lock_); }

private:
    friend class Condition;
    SRWLOCK lock_ = SRWLOCK_INIT;
#else
    void lock() RPC_TSA(acquire_capability()) { pthread_mutex_lock(&lock_); }
    void unlock() RPC_TSA(release_capability()) { pthread_mutex_unlock(&lock_); }

private:
    friend class Condition;
    pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
#endif
};

class RPC_TSA(scoped_lockable) [[nodiscard]] Guard {
public:
    explicit Guard(Mutex& m) RPC_TSA(acquire_capability(m)) : mutex_(m) { mutex_.lock(); }
    ~Guard() RPC_TSA(release_capability()) {
        if (held_) mutex_.unlock();
    }
    // Drops the lock early.
    void unlock() RPC_TSA(release_capability()) {
        held_ = false;
        mutex_.unlock();
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

private:
    Mutex& mutex_;
    bool held_ = true;
};

class Condition {
public:
    // Waits with `m` held, for at most `timeout_ms`; false on time-out. Spurious wake-ups happen: test in a loop.
    bool wait(Mutex& m, uint32_t timeout_ms = wait_forever) REQUIRES(m);
    void wake_one();
    void wake_all();

private:
#ifdef _WIN32
    CONDITION_VARIABLE condition_ = CONDITION_VARIABLE_INIT;
#else
    pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
#endif
};

}  // namespace rpc
