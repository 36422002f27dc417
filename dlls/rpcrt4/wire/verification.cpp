#include "wire/verification.h"

#include <algorithm>

namespace rpc::wire {
namespace {

constexpr uint8_t signature[8] = {0x8A, 0xE3, 0x13, 0x71, 0x02, 0xF4, 0x36, 0x71};
constexpr size_t alignment = 4;
constexpr size_t max_size = 1024;  // how far before the end one is looked for; the known commands need 80 bytes

constexpr uint16_t command_mask = 0x3FFF;
constexpr uint16_t command_end = 0x4000;
constexpr uint16_t must_process = 0x8000;
enum Command : uint16_t { bitmask_1 = 1, pcontext = 2, header2 = 3 };
constexpr uint32_t client_support_header_signing = 1;

void write_command(Writer& w, uint16_t command, bool last, uint16_t length) {
    w.u16(static_cast<uint16_t>(command | (last ? command_end : 0)));
    w.u16(length);
}

// The commands behind the signature, to the very end of `in`.
bool read_commands(Reader in, Verification& v) {
    for (;;) {
        const uint16_t command = in.u16();
        Reader body(in.bytes(in.u16()));
        if (!in.ok()) return false;
        switch (command & command_mask) {
            case bitmask_1:
                v.has_bitmask = true;
                v.client_signs_headers = (body.u32() & client_support_header_signing) != 0;
                break;
            case pcontext:
                v.has_context = true;
                v.abstract_syntax = read_syntax(body);
                v.transfer_syntax = read_syntax(body);
                break;
            case header2: {
                v.has_header = true;
                v.type = static_cast<PduType>(body.u8());
                body.skip(3);
                ByteView drep = body.bytes(sizeof v.drep);
                if (!body.ok()) return false;
                std::copy(drep.begin(), drep.end(), v.drep);
                v.call_id = body.u32();
                v.p_cont_id = body.u16();
                v.opnum = body.u16();
                break;
            }
            default:
                if (command & must_process) v.has_unknown = true;
                body.rest();
        }
        if (!body.ok() || body.remaining() != 0) return false;
        if (command & command_end) return in.remaining() == 0;
    }
}

}  // namespace

Status append_verification(Buffer& out, size_t stub_start, const Verification& v) {
    if (stub_start > out.size() || !(v.has_bitmask || v.has_context || v.has_header)) return Status::invalid_arg;
    const size_t before = out.size();
    Writer w(out);
    w.zeros((stub_start - before) & (alignment - 1));
    w.bytes(signature);
    if (v.has_bitmask) {
        write_command(w, bitmask_1, !v.has_context && !v.has_header, 4);
        w.u32(v.client_signs_headers ? client_support_header_signing : 0);
    }
    if (v.has_header) {
        write_command(w, header2, !v.has_context, 16);
        w.u8(static_cast<uint8_t>(v.type));
        w.zeros(3);
        w.bytes(v.drep);
        w.u32(v.call_id);
        w.u16(v.p_cont_id);
        w.u16(v.opnum);
    }
    if (v.has_context) {
        write_command(w, pcontext, true, 2 * syntax_id_size);
        write_syntax(w, v.abstract_syntax);
        write_syntax(w, v.transfer_syntax);
    }
    if (w.ok()) return Status::ok;
    if (!out.resize(before)) out.clear();  // shrinks: cannot fail
    return Status::out_of_memory;
}

bool find_verification(ByteView stub, size_t& stub_size, Verification& v) {
    const size_t limit = stub.size() > max_size ? stub.size() - max_size : 0;
    for (size_t at = (limit + alignment - 1) & ~(alignment - 1); at + sizeof signature <= stub.size();
         at += alignment) {
        if (std::memcmp(stub.data() + at, signature, sizeof signature) != 0) continue;
        v = Verification();
        if (!read_commands(Reader(stub.subspan(at + sizeof signature)), v)) continue;
        stub_size = at;
        return true;
    }
    return false;
}

}  // namespace rpc::wire
