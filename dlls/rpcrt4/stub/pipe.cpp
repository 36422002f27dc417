#include "stub/pipe.h"

#include <cstring>

#include "ndr/ndr.h"

namespace rpc::stub {

namespace {

constexpr uint8_t fc_long = 0x08;

uint16_t u16(const uint8_t* p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }

// Geometric, so that many small chunks cost no more than their bytes.
Status make_room(Buffer& out, uint64_t size) {
    if (size > INT32_MAX) return Status::invalid_bound;
    auto want = static_cast<size_t>(size);
    if (want > out.capacity() && !out.reserve(want > 2 * out.capacity() ? want : 2 * out.capacity()))
        return Status::out_of_memory;
    return out.resize(want) ? Status::ok : Status::out_of_memory;
}

}  // namespace

Status parse_pipe(const Parameter& p, PipeType& type) {
    if (!p.type || p.type[0] != fc_pipe) return Status::bad_stub_data;
    if (p.type[1] & 0xf0) return Status::cannot_support;
    type.element = p.type + 2 + static_cast<int16_t>(u16(p.type + 2));
    type.memory = u16(p.type + 4);
    type.wire = u16(p.type + 6);
    return type.memory != 0 && type.wire != 0 ? Status::ok : Status::bad_stub_data;
}

Status pipe_control(const Procedure& procedure, uint8_t* frame, const Parameter& p, PipeControl*& control) {
    uint8_t* slot = frame + p.stack_offset;
    bool in_slots = p.is(Parameter::by_value) && value_in_slots(sizeof(PipeControl));
    if (in_slots) {
        if (p.stack_offset + sizeof(PipeControl) > procedure.stack_size) return Status::bad_stub_data;
        control = reinterpret_cast<PipeControl*>(slot);
    } else {
        std::memcpy(&control, slot, sizeof control);
    }
    return control ? Status::ok : Status::null_ref_pointer;
}

Status append_chunk(const MIDL_STUB_MESSAGE& stub, const PipeType& type, const void* elements, uint32_t count, Buffer& out) {
    size_t from = out.size();
    constexpr uint64_t alignment = 8;
    const bool simple = type.is_simple();
    RPC_TRY(make_room(out, from + 2 * alignment + static_cast<uint64_t>(count) * (type.wire + (simple ? 0 : alignment))));
    // A message of its own over the buffer, with the stub's settings.
    MIDL_STUB_MESSAGE m = stub;
    m.RpcMsg = nullptr;
    m.pMemoryList = nullptr;
    m.BufferStart = out.data();
    m.BufferEnd = out.data() + out.size();
    m.Buffer = out.data() + from;
    Status s = ndr::simple_type_marshal(m, reinterpret_cast<uint8_t*>(&count), fc_long);
    auto* at = static_cast<uint8_t*>(const_cast<void*>(elements));
    if (simple && count != 0 && !failed(s)) {
        const size_t size = static_cast<size_t>(count) * type.wire;
        uint8_t* const end = m.Buffer;
        if (!failed(s = align_buffer(m, type.wire, size))) {
            std::memset(end, 0, static_cast<size_t>(m.Buffer - end));
            std::memcpy(m.Buffer, at, size);
            m.Buffer += size;
        }
        count = 0;
    }
    for (uint32_t i = 0; !failed(s) && i < count; ++i, at += type.memory) s = ndr::marshal(m, at, type.element);
    size_t end = failed(s) ? from : static_cast<size_t>(m.Buffer - out.data());
    return out.resize(end) ? s : Status::out_of_memory;
}

Status advance(MIDL_STUB_MESSAGE& stub, PipeCursor& cursor) {
    if (cursor.left != 0 || cursor.ended) return Status::ok;
    RPC_TRY(ndr::simple_type_unmarshal(stub, reinterpret_cast<uint8_t*>(&cursor.left), fc_long));
    cursor.ended = cursor.left == 0;
    return Status::ok;
}

}  // namespace rpc::stub
