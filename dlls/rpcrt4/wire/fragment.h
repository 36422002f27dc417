#pragma once
// Cuts the stub data of a request or response into fragments without copying it: the caller writes {header, its piece of
// stub data, tail, token} for each. Sources: C706 12.6.4.9, 12.6.4.10, [MS-RPCE] 2.2.2.11.
#include "wire/pdu.h"

namespace rpc::wire {

struct CallFields {
    PduType type = PduType::request;  // or response
    uint8_t flags = 0;  // on every fragment: pfc::maybe, pfc::pending_cancel; first, last and object_uuid are added
    uint32_t call_id = 0;
    uint16_t p_cont_id = 0;
    uint16_t opnum = 0;           // request
    const Uuid* object = nullptr;  // request; must outlive the plan
    uint8_t cancel_count = 0;     // response
    // Whether this stub data begins and ends the call's: false for the pieces of a partial send. A piece that does not end
    // it has a size that is a multiple of 8 (16 with a verifier).
    bool begins = true;
    bool ends = true;
};
struct CallAuth {
    AuthFields fields;
    uint16_t token_size = 0;  // 0: no verifier
};

struct Fragment {
    size_t stub_offset = 0;
    size_t stub_size = 0;
    uint16_t token_size = 0;  // bytes that the caller appends behind the tail
    uint16_t frag_length = 0;  // of the whole PDU
    bool last = false;
    ByteView header() const { return {header_, header_size_}; }
    // Authentication padding and sec_trailer; empty without a verifier. What is signed or sealed ends before the last 8.
    ByteView tail() const { return {tail_, tail_size_}; }

private:
    friend class FragmentPlan;
    uint8_t header_[request_header_size + 16];
    uint8_t header_size_ = 0;
    uint8_t tail_[16 + sec_trailer_size];
    uint8_t tail_size_ = 0;
};

class FragmentPlan {
public:
    // `max_frag` is what the peer agreed to receive, in bytes. invalid_arg: more than 4 GiB of stub data, or a piece of a
    // partial send with a wrong size; protocol_error: `max_frag` leaves no room for stub data.
    Status init(const CallFields& call, size_t stub_size, uint16_t max_frag, const CallAuth& auth = {});
    // At least 1.
    size_t count() const { return count_; }
    // i < count().
    Fragment at(size_t i) const;
    // Bytes of all fragments together.
    uint64_t total_size() const;

private:
    size_t call_header_size() const { return request_header_size + (call_.object ? 16 : 0); }
    CallFields call_;
    CallAuth auth_;
    size_t stub_size_ = 0;
    size_t piece_ = 0;  // stub bytes in every fragment but the last
    size_t count_ = 0;
};

}  // namespace rpc::wire
