#pragma once
// The blocks of memory that an operation was given, last in first out. It grows by a page's half and never moves: one that were
// grown as a whole would ask the system for memory anew in every operation. Not thread-safe.
#include <cstddef>
#include <cstdint>

#include "base/alloc.h"

namespace rpc::ndr {

class BlockList {
public:
    BlockList() = default;
    BlockList(const BlockList&) = delete;
    BlockList& operator=(const BlockList&) = delete;
    ~BlockList() { clear(); }

    size_t size() const { return full_ + static_cast<size_t>(at_ - start()); }
    // Whether there is room for one more, making it where there is none. False when memory is out.
    [[nodiscard]] bool room() { return at_ != end_ || grow(); }
    void push(uint8_t* block) { *at_++ = block; }  // room() was true
    uint8_t* pop() {                               // there is one
        if (at_ == start()) shrink();
        return *--at_;
    }
    void clear() {
        while (top_) shrink();
    }

private:
    static constexpr size_t bytes = 2048;  // of a chunk
    static constexpr size_t most = bytes / sizeof(void*) - 1;
    struct Chunk {
        Chunk* below;
        uint8_t* blocks[most];
    };
    uint8_t* const* start() const { return top_ ? top_->blocks : nullptr; }
    bool grow();
    void shrink();

    Chunk* top_ = nullptr;
    uint8_t** at_ = nullptr;   // in the top one
    uint8_t** end_ = nullptr;  // of it
    size_t full_ = 0;          // blocks in those below, which are full
};

}  // namespace rpc::ndr
