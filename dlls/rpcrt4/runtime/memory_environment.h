#pragma once
// An RpcSs memory-management environment: what RpcSsEnableAllocate establishes, RpcSsAllocate allocates in and
// RpcSsDisableAllocate ends (documentation pages of these). Any thread; threads share one by its handle.
#include <cstddef>

#include "base/mutex.h"
#include "base/ref.h"
#include "base/status.h"

namespace rpc::runtime {

class MemoryEnvironment final : public RefCounted<MemoryEnvironment>, public Brief {
public:
    MemoryEnvironment() = default;  // enabled once
    ~MemoryEnvironment();

    // RpcSsEnableAllocate and RpcSsDisableAllocate nest: the last disable frees everything. enable: false once it
    // ended.
    [[nodiscard]] bool enable();
    void disable();
    // Frees everything, however often it was enabled. Whoever still uses it finds it ended.
    void end();
    bool ended() const;

    // 16-byte aligned. invalid_arg once it ended, out_of_memory.
    Status allocate(size_t size, void*& memory);
    // False for what was not allocated here or is freed already; nothing is touched then.
    bool free(void* memory);

    // Users are threads whose environment it is, and the call whose stub made it. An abandoning last user ends it; one
    // that only leaves may come back with the handle.
    void attach();
    void detach(bool abandon);

    // The handle by which another thread attaches itself. From then on the environment lives until it ends.
    Status publish(void*& handle);
    // The environment behind a handle, or null for what is none (any more).
    static Ref<MemoryEnvironment> from_handle(void* handle);

private:
    // In front of each allocation. Found by address, so that a foreign pointer is never read.
    struct alignas(16) Block {
        Block* next;
    };
    Block** bucket_of(const void* memory) REQUIRES(mutex_);
    bool make_room() REQUIRES(mutex_);

    mutable Mutex mutex_;  // a leaf
    unsigned enabled_ GUARDED_BY(mutex_) = 1;
    unsigned users_ GUARDED_BY(mutex_) = 0;
    Ref<MemoryEnvironment> published_ GUARDED_BY(mutex_);  // itself
    Block** buckets_ GUARDED_BY(mutex_) = nullptr;
    size_t bucket_count_ GUARDED_BY(mutex_) = 0;  // a power of two, or 0
    size_t block_count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace rpc::runtime
