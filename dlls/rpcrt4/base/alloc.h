#pragma once
// The one source of memory. Running out is a null pointer, never an exception; every caller has an error path.
// Blocks are 16-byte aligned. Any thread.
#include <cstddef>
#include <new>
#include <utility>

namespace rpc {

// Null when there is none (or when a test asked for a failure). `size` in bytes, 0 is allowed and yields a block.
[[nodiscard]] void* mem_alloc(size_t size);
// Zero-filled mem_alloc.
[[nodiscard]] void* mem_alloc_zeroed(size_t size);
// As mem_alloc, keeping the first min(old, new) bytes; on failure the old block stays valid and owned by the caller.
[[nodiscard]] void* mem_resize(void* block, size_t old_size, size_t new_size);
void mem_free(void* block);  // null is allowed

// Host builds only: the nth allocation from now on fails once (1 = the next); 0 = none. Process-wide.
void mem_fail_nth(long n);
// Host builds only: whether a failure asked for is still to come.
bool mem_fail_nth_pending();
// Host builds only: allocations made since start, to know how many there are to fail.
long mem_alloc_count();

// new and delete over mem_alloc. `make` answers null when memory is out; the constructor does not run then.
template <class T, class... Args>
[[nodiscard]] T* make(Args&&... args) {
    void* p = mem_alloc(sizeof(T));
    return p ? new (p) T(std::forward<Args>(args)...) : nullptr;
}
template <class T>
void destroy(T* p) {
    if (!p) return;
    p->~T();
    mem_free(p);
}

// Sole owner of an object from `make`.
template <class T>
class Owned {
public:
    Owned() = default;
    explicit Owned(T* p) : p_(p) {}
    Owned(Owned&& other) noexcept : p_(other.release()) {}
    Owned& operator=(Owned&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    ~Owned() { destroy(p_); }
    T* get() const { return p_; }
    T* operator->() const { return p_; }
    T& operator*() const { return *p_; }
    explicit operator bool() const { return p_ != nullptr; }
    T* release() { return std::exchange(p_, nullptr); }
    void reset(T* p = nullptr) { destroy(std::exchange(p_, p)); }

private:
    T* p_ = nullptr;
};

}  // namespace rpc
