#pragma once
// Views, owned buffers and cursors over bytes. A cursor cannot move without a check: reading past the end sets a sticky
// failure and yields zeros, so a parser tests `ok()` once at its end.
#include <cstdint>
#include <cstring>
#include <span>

#include "base/alloc.h"
#include "base/status.h"

namespace rpc {

using ByteView = std::span<const uint8_t>;
using MutBytes = std::span<uint8_t>;

// An owned, growable byte block. Move only. Not thread-safe.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        if (this != &other) {
            mem_free_brief(data_, capacity_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { mem_free_brief(data_, capacity_); }

    uint8_t* data() { return data_; }
    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    bool empty() const { return size_ == 0; }
    ByteView view() const { return {data_, size_}; }
    MutBytes bytes() { return {data_, size_}; }

    // Capacity of at least `n` bytes. False when memory is out; nothing changed then.
    [[nodiscard]] bool reserve(size_t n);
    // The same, of an empty buffer that will live as long as a call (base/alloc.h).
    [[nodiscard]] bool reserve_brief(size_t n);
    // New bytes are not initialised. False when memory is out; nothing changed then.
    [[nodiscard]] bool resize(size_t n);
    // `v` may not point into this buffer.
    [[nodiscard]] bool append(ByteView v);
    void clear() { size_ = 0; }
    void reset() { *this = Buffer(); }
    // Drops the first `n` bytes (n <= size), moving the rest down.
    void drop_front(size_t n);
    // Gives the block (from mem_alloc) to the caller.
    [[nodiscard]] uint8_t* release();

private:
    uint8_t* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

// Reads integers in the byte order given at construction (drep of the sender).
class Reader {
public:
    explicit Reader(ByteView v, bool big_endian = false) : view_(v), big_endian_(big_endian) {}

    bool ok() const { return ok_; }
    size_t position() const { return pos_; }
    size_t remaining() const { return view_.size() - pos_; }
    bool big_endian() const { return big_endian_; }
    void set_big_endian(bool big) { big_endian_ = big; }

    uint8_t u8() { return number<uint8_t>(); }
    uint16_t u16() { return number<uint16_t>(); }
    uint32_t u32() { return number<uint32_t>(); }
    uint64_t u64() { return number<uint64_t>(); }
    // The next `n` bytes, or an empty view and failure.
    ByteView bytes(size_t n) {
        if (n > remaining()) return fail(), ByteView{};
        ByteView v = view_.subspan(pos_, n);
        pos_ += n;
        return v;
    }
    ByteView rest() { return bytes(remaining()); }
    void skip(size_t n) { (void)bytes(n); }
    // To the next multiple of `alignment` (a power of two) counted from the start of the view.
    void align(size_t alignment) { skip((0 - pos_) & (alignment - 1)); }
    void fail() {
        ok_ = false;
        pos_ = view_.size();
    }

private:
    template <class T>
    T number() {
        if (sizeof(T) > remaining()) return fail(), T{};
        const uint8_t* p = view_.data() + pos_;
        pos_ += sizeof(T);
        T value = 0;
        for (size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value | static_cast<T>(p[i]) << 8 * (big_endian_ ? sizeof(T) - 1 - i : i));
        return value;
    }
    ByteView view_;
    size_t pos_ = 0;
    bool big_endian_;
    bool ok_ = true;
};

// Appends little-endian integers to a Buffer. Failure (memory) is sticky; test `ok()` once at the end.
class Writer {
public:
    explicit Writer(Buffer& out) : out_(out) {}
    bool ok() const { return ok_; }
    size_t position() const { return out_.size(); }
    void u8(uint8_t v) { number(v, 1); }
    void u16(uint16_t v) { number(v, 2); }
    void u32(uint32_t v) { number(v, 4); }
    void u64(uint64_t v) { number(v, 8); }
    void bytes(ByteView v) { ok_ = ok_ && out_.append(v); }
    void zeros(size_t n) {
        while (n-- != 0) u8(0);
    }
    // Zero bytes up to the next multiple of `alignment` (a power of two) counted from the buffer's start.
    void align(size_t alignment) { zeros((0 - out_.size()) & (alignment - 1)); }
    // Overwrites bytes already written at `offset`.
    void patch_u16(size_t offset, uint16_t v) { patch(offset, v, 2); }
    void patch_u32(size_t offset, uint32_t v) { patch(offset, v, 4); }

private:
    void number(uint64_t v, size_t n) {
        uint8_t raw[8];
        for (size_t i = 0; i < n; ++i) raw[i] = static_cast<uint8_t>(v >> 8 * i);
        bytes({raw, n});
    }
    void patch(size_t offset, uint64_t v, size_t n) {
        if (!ok_ || offset + n > out_.size()) return void(ok_ = false);
        for (size_t i = 0; i < n; ++i) out_.data()[offset + i] = static_cast<uint8_t>(v >> 8 * i);
    }
    Buffer& out_;
    bool ok_ = true;
};

}  // namespace rpc
