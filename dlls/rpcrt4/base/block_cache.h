#pragma once
// Free blocks of one size, kept for whoever needs one next. Each slot is exchanged as a whole, so no thread waits for another, and
// none sees a block that somebody else has. Any thread. The owner empties it.
#include <atomic>
#include <cstddef>

namespace rpc {

template <size_t Slots>
class BlockCache {
public:
    // Null when there is none. `where`: threads that begin at different slots get less into each other's way.
    [[nodiscard]] void* take(size_t where = 0) {
        for (size_t i = 0; i < Slots; ++i) {
            std::atomic<void*>& slot = slots_[(where + i) % Slots];
            if (!slot.load(std::memory_order_relaxed)) continue;
            if (void* block = slot.exchange(nullptr, std::memory_order_acquire)) return block;
        }
        return nullptr;
    }
    // False when all slots are taken: the block stays the caller's.
    [[nodiscard]] bool keep(void* block, size_t where = 0) {
        for (size_t i = 0; i < Slots; ++i) {
            std::atomic<void*>& slot = slots_[(where + i) % Slots];
            void* none = slot.load(std::memory_order_relaxed);
            if (!none && slot.compare_exchange_strong(none, block, std::memory_order_release, std::memory_order_relaxed)) return true;
        }
        return false;
    }

private:
    std::atomic<void*> slots_[Slots]{};
};

}  // namespace rpc
