// NdrConvert and NdrConvert2: the sender's representation turned into ours before anything is unmarshalled.
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

// -Oicf parameter attributes.
enum : uint16_t { attribute_in = 0x08, attribute_out = 0x10, attribute_return = 0x20, attribute_base_type = 0x40 };

Status convert_in_place(MIDL_STUB_MESSAGE& m, Status (*all)(MIDL_STUB_MESSAGE&, PFORMAT_STRING, int), PFORMAT_STRING f, int n) {
    if (!m.RpcMsg) return Status::internal_error;
    uint32_t representation = m.RpcMsg->DataRepresentation;
    if (!needs_conversion(representation)) return Status::ok;
    RPC_TRY(Representation(representation).check());
    unsigned char* start = m.Buffer;
    Status s = all(m, f, n);
    m.Buffer = start;
    return s;
}

Format described(const MIDL_STUB_MESSAGE& m, Format offset) { return m.StubDesc->pFormatTypes + u16_at(offset); }

// -Os: FC_IN_PARAM_BASETYPE type, FC_IN_PARAM stack<1> offset<2>, ... FC_END
Status parameters_os(MIDL_STUB_MESSAGE& m, Format f, int) {
    for (;;) {
        bool wanted = false;
        switch (f[0]) {
        case fc_in_param_basetype: case fc_in_param: case fc_in_param_no_free_inst: wanted = !m.IsClient; break;
        case fc_in_out_param: wanted = true; break;
        case fc_out_param: case fc_return_param: case fc_return_param_basetype: wanted = m.IsClient != 0; break;
        case fc_end: return Status::ok;
        case fc_pad: ++f; continue;
        default: return Status::bad_stub_data;
        }
        if (f[0] == fc_in_param_basetype || f[0] == fc_return_param_basetype) {
            if (wanted && type_of(f[1]).wire) RPC_TRY(convert_simple_type(m, f[1]));
            f += 2;
        } else {
            if (wanted) RPC_TRY(convert_type(m, described(m, f + 2)));
            f += 4;
        }
    }
}

// -Oicf: attributes<2> stack<2> type<2>
Status parameters_oicf(MIDL_STUB_MESSAGE& m, Format f, int count) {
    for (int i = 0; i < count; ++i, f += 6) {
        unsigned attributes = u16_at(f);
        bool wanted = m.IsClient ? (attributes & (attribute_out | attribute_return)) != 0 : (attributes & attribute_in) != 0;
        if (!wanted) continue;
        if (attributes & attribute_base_type) RPC_TRY(convert_simple_type(m, f[4]));
        else RPC_TRY(convert_type(m, described(m, f + 4)));
    }
    return Status::ok;
}

}  // namespace

namespace {

// Data of our own representation are stepped over; without a message the sender's byte order is not ours.
Status sender_of(const MIDL_STUB_MESSAGE& m, bool& differs) {
    differs = true;
    if (!m.RpcMsg) return Status::ok;
    Representation sender(static_cast<uint32_t>(m.RpcMsg->DataRepresentation));
    differs = sender.big_endian() || sender.foreign_values();
    return sender.check();
}

}  // namespace

Status convert_type(MIDL_STUB_MESSAGE& m, PFORMAT_STRING format) {
    bool differs = false;
    RPC_TRY(sender_of(m, differs));
    if (!differs) {
        uint32_t size = 0;
        auto total = m.MemorySize;
        Status s = memory_size(m, format, size);
        m.MemorySize = total;
        return s;
    }
    return Walker(m, Op::convert).run_wire(format);
}

Status convert_simple_type(MIDL_STUB_MESSAGE& m, uint8_t format_char) {
    bool differs = false;
    RPC_TRY(sender_of(m, differs));
    return Walker(m, differs ? Op::convert : Op::memory_size).run_simple(nullptr, format_char);
}

Status convert_user_type(uint32_t label, uint8_t* buffer, uint8_t format_char, uint8_t*& after) {
    unsigned size = type_of(format_char).wire;
    if (size == 0) return Status::bad_stub_data;
    Representation sender(label);
    RPC_TRY(sender.check());
    uint8_t* at = buffer + ((0 - reinterpret_cast<uintptr_t>(buffer)) & (size - 1));
    after = at + size;
    return sender.convert(format_char, at, 1);
}

Status convert(MIDL_STUB_MESSAGE& m, PFORMAT_STRING format) { return convert_in_place(m, parameters_os, format, 0); }

Status convert2(MIDL_STUB_MESSAGE& m, PFORMAT_STRING format, int count) {
    return convert_in_place(m, parameters_oicf, format, count);
}

}  // namespace rpc::ndr
