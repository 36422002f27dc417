// [byte_count] pointers (documentation pages "Pointers (RPC)" and "byte_count attribute"): on the wire what they point at; in
// memory as many bytes as another parameter says, whatever the data need.
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

// More is asked for only where the buffer backs it.
constexpr uint64_t unbacked_limit = 256u << 20;

// FC_BYTE_COUNT_POINTER simple_type<1> count<>, or FC_BYTE_COUNT_POINTER FC_PAD count<> pointee<>
Format pointee(const MIDL_STUB_MESSAGE& m, Format f) { return f[1] != fc_pad ? f + 1 : f + 2 + correlation_size(m); }

}  // namespace

Status byte_count_size(Walker& w, Format f, uint64_t& size) {
    uint32_t count = 0;
    RPC_TRY(w.correlate_count(f + 2, nullptr, false, count));
    if (w.reads() && count > unbacked_limit && count > w.left()) return Status::invalid_bound;
    size = count;
    return Status::ok;
}

Status byte_count_pointer(Walker& w, uint8_t* memory, Format f) {
    Format type = pointee(w.message(), f);
    if (is_pointer(type[0]) || type[0] == fc_byte_count_pointer) return Status::bad_stub_data;
    if (!w.is(Op::unmarshal)) return w.object(memory, type);
    uint64_t room = 0;
    RPC_TRY(byte_count_size(w, f, room));
    return w.bounded_object(memory, type, room);
}

}  // namespace rpc::ndr
