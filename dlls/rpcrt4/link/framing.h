#pragma once
// Stub data on its way out: kept behind room for a header, so that a call of one fragment is framed without a copy.
#include "base/vector.h"
#include "wire/fragment.h"
#include "wire/verification.h"

namespace rpc::link {

// Stub data of a request or response. Move only.
class OutgoingBody {
public:
    static constexpr size_t plain_headroom = wire::request_header_size;        // a response's is the same
    static constexpr size_t object_headroom = wire::request_header_size + 16;  // a request with an object UUID

    // Room for `size` bytes, not initialised. out_of_memory.
    Status allocate(size_t size, bool with_object) {
        headroom_ = with_object ? object_headroom : plain_headroom;
        if (size > UINT32_MAX || !buffer_.reserve_brief(headroom_ + size) || !buffer_.resize(headroom_ + size)) return Status::out_of_memory;
        return Status::ok;
    }
    // Takes stub data that begins at `headroom` of `buffer`.
    void adopt(Buffer buffer, size_t headroom) {
        buffer_ = std::move(buffer);
        headroom_ = headroom;
    }
    // The other way round: the block, in which stub data begin at headroom().
    Buffer release() { return std::move(buffer_); }
    size_t headroom() const { return headroom_; }
    bool allocated() const { return buffer_.data() != nullptr; }
    uint8_t* data() { return allocated() ? buffer_.data() + headroom_ : nullptr; }
    size_t size() const { return buffer_.size() - headroom_; }
    // Puts a verification trailer behind the stub data, which may move. out_of_memory.
    Status append(const wire::Verification& v) { return wire::append_verification(buffer_, headroom_, v); }
    // Keeps the first `size` bytes (size <= size()).
    void shrink(size_t size) { (void)!buffer_.resize(headroom_ + size); }
    // Whether a request of one fragment, not more than `max_frag`, will be framed where the data lie.
    bool fits(uint16_t max_frag) const {
        return max_frag >= headroom_ && size() <= ((max_frag - headroom_) & ~size_t{7});  // as the fragments of longer ones are cut
    }
    // Bytes of that fragment.
    size_t framed_size() const { return buffer_.size(); }
    // Undoes frame_call for such a request, which was not sent, and whose data() was `stub`; false when it was framed elsewhere.
    [[nodiscard]] bool take_back(Buffer& framed, const uint8_t* stub) {
        if (framed.data() + headroom_ != stub) return false;
        buffer_ = std::move(framed);
        return true;
    }
    void reset() {
        buffer_.reset();
        headroom_ = 0;
    }

private:
    friend Status frame_call(const wire::CallFields&, OutgoingBody, uint16_t, Buffer&, Vector<size_t>*, const wire::CallAuth&);
    Buffer buffer_;
    size_t headroom_ = 0;
};

// All fragments of a request or response, one behind the other. `ends`, when given, receives the offset behind each. With a
// verifier each has its sec_trailer and room for its token. out_of_memory; protocol_error when `max_frag` leaves no room for stub
// data. `body` is used up in any case.
Status frame_call(const wire::CallFields& fields, OutgoingBody body, uint16_t max_frag, Buffer& out,
                  Vector<size_t>* ends = nullptr, const wire::CallAuth& auth = {});

}  // namespace rpc::link
