#include "base/bytes.h"

namespace rpc {

bool Buffer::reserve(size_t n) {
    if (n <= capacity_) return true;
    size_t grown = capacity_ + capacity_ / 2;
    size_t want = n > grown ? n : grown;
    void* p = mem_resize(data_, capacity_, want);
    if (!p) return false;
    data_ = static_cast<uint8_t*>(p);
    capacity_ = want;
    return true;
}

bool Buffer::reserve_brief(size_t n) {
    if (data_ || n == 0) return reserve(n);
    const size_t room = mem_brief_room(n);
    data_ = static_cast<uint8_t*>(mem_alloc_brief(room));
    if (data_) capacity_ = room;
    return data_ != nullptr;
}

bool Buffer::resize(size_t n) {
    if (!reserve(n)) return false;
    size_ = n;
    return true;
}

bool Buffer::append(ByteView v) {
    if (v.empty()) return true;
    size_t at = size_;
    if (v.size() > SIZE_MAX - at || !resize(at + v.size())) return false;
    std::memcpy(data_ + at, v.data(), v.size());
    return true;
}

void Buffer::drop_front(size_t n) {
    size_ -= n;
    if (size_ != 0) std::memmove(data_, data_ + n, size_);
}

uint8_t* Buffer::release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
}

}  // namespace rpc
