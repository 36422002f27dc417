#pragma once
// Intrusive reference counts. References down own, references up observe and are cleared on close.
#include <atomic>
#include <cstdint>
#include <utility>

#include "base/alloc.h"

namespace rpc {

// Base of shared objects made with make_ref. Destroyed through the most derived T: give T a virtual destructor when it is
// a base class.
template <class T>
class RefCounted {
public:
    void add_ref() const { count_.fetch_add(1, std::memory_order_relaxed); }
    // For tables that observe: false when the last reference is already gone and the object is being destroyed.
    [[nodiscard]] bool try_add_ref() const {
        uint32_t n = count_.load(std::memory_order_relaxed);
        while (n != 0)
            if (count_.compare_exchange_weak(n, n + 1, std::memory_order_acquire)) return true;
        return false;
    }
    void release() const {
        if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            T* self = const_cast<T*>(static_cast<const T*>(this));
            void* block = self->block();
            size_t room = 0;
            if constexpr (std::is_base_of_v<Brief, T>) room = self->Brief::room_;
            self->~T();
            mem_free_brief(block, room);
        }
    }

protected:
    RefCounted() = default;
    ~RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;
    // The start of the allocated block; a class whose RefCounted base is not at its start sets it in make_ref.
    void* block() const { return block_; }

private:
    template <class U, class... Args>
    friend auto make_ref(Args&&... args);
    mutable std::atomic<uint32_t> count_{1};
    void* block_ = nullptr;
};

// Owning pointer to a RefCounted. Copy adds a reference.
template <class T>
class Ref {
public:
    Ref() = default;
    Ref(std::nullptr_t) {}
    Ref(const Ref& other) : p_(other.p_) {
        if (p_) p_->add_ref();
    }
    template <class U>
    Ref(const Ref<U>& other) : p_(other.get()) {
        if (p_) p_->add_ref();
    }
    Ref(Ref&& other) noexcept : p_(other.detach()) {}
    template <class U>
    Ref(Ref<U>&& other) noexcept : p_(other.detach()) {}
    Ref& operator=(Ref other) noexcept {
        std::swap(p_, other.p_);
        return *this;
    }
    ~Ref() {
        if (p_) p_->release();
    }
    // Takes over a reference that the caller owns / adds one of its own.
    static Ref adopt(T* p) {
        Ref r;
        r.p_ = p;
        return r;
    }
    static Ref share(T* p) {
        if (p) p->add_ref();
        return adopt(p);
    }
    T* get() const { return p_; }
    T* operator->() const { return p_; }
    T& operator*() const { return *p_; }
    explicit operator bool() const { return p_ != nullptr; }
    bool operator==(const Ref& other) const { return p_ == other.p_; }
    // Gives the reference to the caller.
    [[nodiscard]] T* detach() { return std::exchange(p_, nullptr); }
    void reset() { *this = Ref(); }

private:
    T* p_ = nullptr;
};

// Null when memory is out.
template <class T, class... Args>
[[nodiscard]] auto make_ref(Args&&... args) {
    T* p = make<T>(std::forward<Args>(args)...);
    if (p) p->block_ = p;
    return Ref<T>::adopt(p);
}

}  // namespace rpc
