#pragma once
// What the builders share: one PDU appended to a buffer, undone when it fails.
#include "wire/pdu.h"

namespace rpc::wire {

class PduBuilder {
public:
    PduBuilder(Buffer& out, PduType type, uint8_t flags, uint32_t call_id)
        : writer(out), out_(out), start_(out.size()) {
        uint8_t header[header_size];
        write_header(header, type, flags, 0, 0, call_id);
        writer.bytes(header);
    }
    // Zeros up to the next multiple of `alignment` counted from the PDU's start.
    void align(size_t alignment) { writer.zeros((start_ - out_.size()) & (alignment - 1)); }
    // Sets the length. `fits` false (a count too large for its field) or too long a PDU: invalid_arg.
    Status finish(bool fits = true) {
        size_t length = out_.size() - start_;
        if (writer.ok() && fits && length <= max_frag_length) {
            writer.patch_u16(start_ + 8, static_cast<uint16_t>(length));
            return Status::ok;
        }
        Status why = writer.ok() ? Status::invalid_arg : Status::out_of_memory;
        truncate(out_, start_);
        return why;
    }
    // Never grows, so it cannot fail.
    static void truncate(Buffer& out, size_t size) {
        if (!out.resize(size)) out.clear();
    }

    Writer writer;

private:
    Buffer& out_;
    size_t start_;
};

}  // namespace rpc::wire
