#include "ndr/block_list.h"

namespace rpc::ndr {

bool BlockList::grow() {
    static_assert(sizeof(Chunk) <= bytes);
    auto* made = static_cast<Chunk*>(mem_alloc_brief(mem_brief_room(sizeof(Chunk))));
    if (!made) return false;
    made->below = top_;
    full_ += top_ ? most : 0;
    top_ = made;
    at_ = made->blocks;
    end_ = at_ + most;
    return true;
}

// Drops the top chunk, whatever is in it.
void BlockList::shrink() {
    Chunk* below = top_->below;
    mem_free_brief(top_, mem_brief_room(sizeof(Chunk)));
    top_ = below;
    end_ = at_ = below ? below->blocks + most : nullptr;
    full_ -= below ? most : 0;
}

}  // namespace rpc::ndr
