#pragma once
// The one source of memory. Running out is a null pointer, never an exception; every caller has an error path.
// Blocks are 16-byte aligned. Any thread.
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace rpc {

// Null when there is none (or when a test asked for a failure). `size` in bytes, 0 is allowed and yields a block.
[[nodiscard]] void* mem_alloc(size_t size);
// Zero-filled mem_alloc.
[[nodiscard]] void* mem_alloc_zeroed(size_t size);
// As mem_alloc, keeping the first min(old, new) bytes; on failure the old block stays valid and owned by the caller.
[[nodiscard]] void* mem_resize(void* block, size_t old_size, size_t new_size);
void mem_free(void* block);  // null is allowed

// Blocks that live as long as a call: small ones are not given back to the system but kept, a bounded number of each size, for
// whoever needs one next. They are mem_alloc's in every other respect. `room` is what mem_brief_room says of the size, and what the
// block holds. On the host nothing is kept: every block is one that can fail, and that ASan watches.
[[nodiscard]] size_t mem_brief_room(size_t size);
[[nodiscard]] void* mem_alloc_brief(size_t room);
// Any block of mem_alloc's kinds that holds `room` bytes; null is allowed.
void mem_free_brief(void* block, size_t room);
// Gives back what is kept. As the DLL is unloaded.
void mem_drop_brief();

// Base of objects that live as long as a call: make, make_ref and their ends use such blocks.
class Brief {
    template <class T, class... Args>
    friend T* make(Args&&... args);
    template <class T>
    friend void destroy(T* p);
    template <class T>
    friend class RefCounted;
    size_t room_ = 0;
};

// Host builds only: the nth allocation from now on fails once (1 = the next); 0 = none. Process-wide.
void mem_fail_nth(long n);
// Host builds only: whether a failure asked for is still to come.
bool mem_fail_nth_pending();
// Host builds only: allocations made since start, to know how many there are to fail.
long mem_alloc_count();

// new and delete over mem_alloc. `make` answers null when memory is out; the constructor does not run then.
template <class T, class... Args>
[[nodiscard]] T* make(Args&&... args) {
    if constexpr (std::is_base_of_v<Brief, T>) {
        const size_t room = mem_brief_room(sizeof(T));
        void* p = mem_alloc_brief(room);
        if (!p) return nullptr;
        T* made = new (p) T(std::forward<Args>(args)...);
        made->Brief::room_ = room;
        return made;
    } else {
        void* p = mem_alloc(sizeof(T));
        return p ? new (p) T(std::forward<Args>(args)...) : nullptr;
    }
}
template <class T>
void destroy(T* p) {
    if (!p) return;
    size_t room = 0;
    if constexpr (std::is_base_of_v<Brief, T>) room = p->Brief::room_;
    p->~T();
    mem_free_brief(p, room);
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
