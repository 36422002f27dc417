#include "wire/fragment.h"

namespace rpc::wire {

Status FragmentPlan::init(const CallFields& call, size_t stub_size, uint16_t max_frag, const CallAuth& auth) {
    call_ = call;
    if (call_.type != PduType::request) call_.object = nullptr;
    auth_ = auth;
    stub_size_ = stub_size;
    piece_ = count_ = 0;
    if (call.type != PduType::request && call.type != PduType::response) return Status::invalid_arg;
    if (stub_size > UINT32_MAX) return Status::invalid_arg;

    // C706 wants every piece but the last in multiples of 8; the trailer's alignment makes it 16.
    size_t unit = auth.token_size != 0 ? auth_alignment_call : 8;
    if (!call.ends && stub_size % unit != 0) return Status::invalid_arg;
    size_t around = call_header_size() + (auth.token_size != 0 ? sec_trailer_size + auth.token_size : 0);
    if (max_frag < around + unit) return Status::protocol_error;
    piece_ = (max_frag - around) & ~(unit - 1);
    count_ = stub_size == 0 ? 1 : stub_size / piece_ + (stub_size % piece_ != 0);
    return Status::ok;
}

Fragment FragmentPlan::at(size_t i) const {
    Fragment f;
    f.stub_offset = i * piece_;
    f.last = i + 1 == count_;
    f.stub_size = f.last ? stub_size_ - f.stub_offset : piece_;
    f.header_size_ = static_cast<uint8_t>(call_header_size());
    uint8_t pad = 0;
    if (auth_.token_size != 0) {
        pad = auth_padding(f.stub_size, auth_alignment_call);
        std::memset(f.tail_, 0, pad);
        write_sec_trailer(f.tail_ + pad, auth_.fields, pad);
        f.tail_size_ = static_cast<uint8_t>(pad + sec_trailer_size);
        f.token_size = auth_.token_size;
    }
    f.frag_length = static_cast<uint16_t>(f.header_size_ + f.stub_size + f.tail_size_ + f.token_size);

    uint8_t flags = call_.flags;
    if (i == 0 && call_.begins) flags |= pfc::first_frag;
    if (f.last && call_.ends) flags |= pfc::last_frag;
    if (call_.object) flags |= pfc::object_uuid;
    write_header(f.header_, call_.type, flags, f.frag_length, f.token_size, call_.call_id);
    // What is still to come of the call's stub data, this fragment included; 0 = unknown.
    uint32_t hint = call_.ends ? static_cast<uint32_t>(stub_size_ - f.stub_offset) : 0;
    uint16_t last_field = call_.type == PduType::request ? call_.opnum : call_.cancel_count;
    uint8_t* at = f.header_ + header_size;
    for (int b = 0; b < 4; ++b) at[b] = static_cast<uint8_t>(hint >> 8 * b);
    at[4] = static_cast<uint8_t>(call_.p_cont_id);
    at[5] = static_cast<uint8_t>(call_.p_cont_id >> 8);
    at[6] = static_cast<uint8_t>(last_field);
    at[7] = static_cast<uint8_t>(last_field >> 8);
    if (call_.object) {
        const Uuid& u = *call_.object;
        for (int b = 0; b < 4; ++b) at[8 + b] = static_cast<uint8_t>(u.data1 >> 8 * b);
        for (int b = 0; b < 2; ++b) at[12 + b] = static_cast<uint8_t>(u.data2 >> 8 * b);
        for (int b = 0; b < 2; ++b) at[14 + b] = static_cast<uint8_t>(u.data3 >> 8 * b);
        std::memcpy(at + 16, u.data4, sizeof u.data4);
    }
    return f;
}

uint64_t FragmentPlan::total_size() const {
    if (count_ == 0) return 0;
    uint64_t last = at(count_ - 1).frag_length;
    return count_ == 1 ? last : (count_ - 1) * uint64_t{at(0).frag_length} + last;
}

}  // namespace rpc::wire
