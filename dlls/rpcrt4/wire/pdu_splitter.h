#pragma once
// Cuts a byte stream into PDUs. A PDU that arrived in one piece is never copied.
#include <algorithm>

#include "base/bytes.h"
#include "wire/pdu.h"

namespace rpc::wire {

class PduSplitter {
public:
    // `with_rts`: RTS PDUs (rts.h) are among them.
    explicit PduSplitter(bool with_rts = false) : with_rts_(with_rts) {}

    // Calls `on_pdu(ByteView) -> Status` for every whole PDU, in order; the views are valid during the call. Stops at the first
    // failure, its own being protocol_error (no PDU of ours begins like that) and out_of_memory. Keeps at most one partial
    // PDU, so memory is bounded by the largest there is, 65,535 bytes.
    template <class F>
    Status feed(ByteView bytes, F&& on_pdu) {
        while (!bytes.empty()) {
            if (partial_.empty()) {
                size_t length;
                RPC_TRY(needed(bytes, length));
                if (length > bytes.size()) return partial_.append(bytes) ? Status::ok : Status::out_of_memory;
                RPC_TRY(on_pdu(bytes.first(length)));
                bytes = bytes.subspan(length);
                continue;
            }
            size_t length;
            RPC_TRY(needed(partial_.view(), length));
            size_t take = std::min(length - partial_.size(), bytes.size());
            if (!partial_.append(bytes.first(take))) return Status::out_of_memory;
            bytes = bytes.subspan(take);
            RPC_TRY(needed(partial_.view(), length));
            if (length > partial_.size()) continue;
            Buffer whole = std::move(partial_);
            RPC_TRY(on_pdu(whole.view()));
            whole.clear();
            partial_ = std::move(whole);  // its block serves the next partial PDU
        }
        return Status::ok;
    }

    // What comes next begins with a PDU.
    void clear() { partial_.clear(); }

private:
    // The length of the PDU that begins with `bytes`, or of what is needed to know it.
    Status needed(ByteView bytes, size_t& length) const {
        switch (frag_length(bytes, length, with_rts_)) {
        case Parsed::ok:
            return Status::ok;
        case Parsed::truncated:
            length = peek_size;
            return Status::ok;
        default:
            return Status::protocol_error;
        }
    }
    const bool with_rts_;
    Buffer partial_;
};

}  // namespace rpc::wire
