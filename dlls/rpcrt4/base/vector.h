#pragma once
// A growable array whose growth can be refused. Move only; elements are moved when it grows. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/alloc.h"

namespace rpc {

template <class T>
class Vector {
public:
    Vector() = default;
    Vector(Vector&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Vector& operator=(Vector&& other) noexcept {
        if (this != &other) {
            reset();
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }
    Vector(const Vector&) = delete;
    Vector& operator=(const Vector&) = delete;
    ~Vector() { reset(); }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T& operator[](size_t i) { return data_[i]; }
    const T& operator[](size_t i) const { return data_[i]; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }
    T& back() { return data_[size_ - 1]; }

    // False when memory is out; nothing changed then.
    [[nodiscard]] bool reserve(size_t n) {
        if (n <= capacity_) return true;
        size_t want = capacity_ + capacity_ / 2 + 4;
        if (want < n) want = n;
        if (want > SIZE_MAX / sizeof(T)) return false;
        T* p = static_cast<T*>(mem_alloc(want * sizeof(T)));
        if (!p) return false;
        for (size_t i = 0; i < size_; ++i) {
            new (p + i) T(std::move(data_[i]));
            data_[i].~T();
        }
        mem_free(data_);
        data_ = p;
        capacity_ = want;
        return true;
    }
    [[nodiscard]] bool push_back(T value) {
        if (!reserve(size_ + 1)) return false;
        new (data_ + size_++) T(std::move(value));
        return true;
    }
    // Keeps the order of the rest.
    void erase(size_t index) {
        for (size_t i = index + 1; i < size_; ++i) data_[i - 1] = std::move(data_[i]);
        data_[--size_].~T();
    }
    T pop_back() {
        T value = std::move(data_[--size_]);
        data_[size_].~T();
        return value;
    }
    void clear() {
        while (size_ != 0) data_[--size_].~T();
    }
    void reset() {
        clear();
        mem_free(data_);
        data_ = nullptr;
        capacity_ = 0;
    }

private:
    T* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

}  // namespace rpc
