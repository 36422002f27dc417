#include "runtime/memory_environment.h"

#include <cstdint>
#include <utility>

#include "runtime/handle_table.h"

namespace rpc::runtime {

MemoryEnvironment::~MemoryEnvironment() {
    end();
}

bool MemoryEnvironment::enable() {
    Guard g(mutex_);
    if (enabled_ == 0) return false;
    ++enabled_;
    return true;
}

void MemoryEnvironment::disable() {
    {
        Guard g(mutex_);
        if (enabled_ > 1) {
            --enabled_;
            return;
        }
    }
    end();
}

void MemoryEnvironment::end() {
    Ref<MemoryEnvironment> published;
    Block** buckets;
    size_t count;
    {
        Guard g(mutex_);
        enabled_ = 0;
        block_count_ = 0;
        buckets = std::exchange(buckets_, nullptr);
        count = std::exchange(bucket_count_, 0);
        std::swap(published, published_);
    }
    if (published) handle_table::remove(this);
    for (size_t i = 0; i < count; ++i)
        while (Block* block = buckets[i]) {
            buckets[i] = block->next;
            mem_free(block);
        }
    mem_free(buckets);
}

bool MemoryEnvironment::ended() const {
    Guard g(mutex_);
    return enabled_ == 0;
}

MemoryEnvironment::Block** MemoryEnvironment::bucket_of(const void* memory) {
    auto hash = static_cast<size_t>((reinterpret_cast<uintptr_t>(memory) * 0x9E3779B97F4A7C15ull) >> 24);
    return &buckets_[hash & (bucket_count_ - 1)];
}

// A table that cannot grow is only slower.
bool MemoryEnvironment::make_room() {
    if (block_count_ < bucket_count_) return true;
    size_t want = bucket_count_ ? bucket_count_ * 4 : 16;
    auto made = static_cast<Block**>(mem_alloc_zeroed(want * sizeof(Block*)));
    if (!made) return bucket_count_ != 0;
    Block** old = std::exchange(buckets_, made);
    size_t old_count = std::exchange(bucket_count_, want);
    for (size_t i = 0; i < old_count; ++i)
        while (Block* block = old[i]) {
            old[i] = block->next;
            Block** bucket = bucket_of(block + 1);
            block->next = std::exchange(*bucket, block);
        }
    mem_free(old);
    return true;
}

Status MemoryEnvironment::allocate(size_t size, void*& memory) {
    memory = nullptr;
    if (size > SIZE_MAX / 2) return Status::out_of_memory;
    auto block = static_cast<Block*>(mem_alloc(sizeof(Block) + size));
    if (!block) return Status::out_of_memory;
    Status status = Status::ok;
    {
        Guard g(mutex_);
        if (enabled_ == 0) {
            status = Status::invalid_arg;
        } else if (!make_room()) {
            status = Status::out_of_memory;
        } else {
            memory = block + 1;
            Block** bucket = bucket_of(memory);
            block->next = std::exchange(*bucket, block);
            ++block_count_;
        }
    }
    if (failed(status)) mem_free(block);
    return status;
}

bool MemoryEnvironment::free(void* memory) {
    Block* found = nullptr;
    {
        Guard g(mutex_);
        if (bucket_count_ == 0) return false;
        for (Block** at = bucket_of(memory); *at; at = &(*at)->next)
            if (*at + 1 == memory) {
                found = *at;
                *at = found->next;
                --block_count_;
                break;
            }
    }
    mem_free(found);
    return found != nullptr;
}

void MemoryEnvironment::attach() {
    Guard g(mutex_);
    ++users_;
}

void MemoryEnvironment::detach(bool abandon) {
    {
        Guard g(mutex_);
        if (--users_ != 0 || !abandon) return;
    }
    end();
}

Status MemoryEnvironment::publish(void*& handle) {
    handle = nullptr;
    Guard g(mutex_);
    if (enabled_ == 0) return Status::ok;
    if (!published_) {
        RPC_TRY(handle_table::add(this, HandleKind::memory_environment));
        published_ = Ref<MemoryEnvironment>::share(this);
    }
    handle = this;
    return Status::ok;
}

Ref<MemoryEnvironment> MemoryEnvironment::from_handle(void* handle) {
    return runtime::from_handle<MemoryEnvironment>(handle, HandleKind::memory_environment);
}

}  // namespace rpc::runtime
