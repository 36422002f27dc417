#include "stub/procedure.h"

namespace rpc::stub {

namespace {

// Descriptors of -Oi.
constexpr uint8_t fc_in_param = 0x4d, fc_in_param_basetype = 0x4e, fc_in_param_no_free_inst = 0x4f, fc_in_out_param = 0x50,
                  fc_out_param = 0x51, fc_return_param = 0x52, fc_return_param_basetype = 0x53, fc_end = 0x5b;
constexpr uint8_t fc_ignore = 0x0f, fc_hyper = 0x0b, fc_double = 0x0c, fc_error_status = 0x10, fc_int3264 = 0xb8,
                  fc_uint3264 = 0xb9, fc_pipe = 0xb5, fc_rp = 0x11, fc_fp = 0x14,
                  fc_bind_context = 0x30, pointer_simple = 0x08;
constexpr uint16_t oi_parameter_limit = 255;

uint16_t u16(Format p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
int16_t i16(Format p) { return static_cast<int16_t>(u16(p)); }
uint32_t u32(Format p) { return u16(p) | static_cast<uint32_t>(u16(p + 2)) << 16; }

bool is_simple(uint8_t type) {
    return (type >= 0x01 && type <= fc_error_status) || type == fc_int3264 || type == fc_uint3264;
}

size_t simple_stack_size(uint8_t type) { return type == fc_hyper || type == fc_double ? 8 : slot_size; }

// Types whose values stand in the argument frame themselves when they are no pointers' referents.
bool is_compound_value(uint8_t type) {
    return (type >= 0x15 && type <= 0x1a) || type == 0x2a || type == 0x2b || type == 0x2d || type == 0x2e || type == 0xb0 ||
           type == 0xb1 || type == 0xb4;
}

Status parse_explicit_handle(Format& p, HandleInfo& h) {
    h.is_explicit = true;
    h.kind = static_cast<HandleKind>(p[0]);
    h.offset = u16(p + 2);
    switch (h.kind) {
    case HandleKind::primitive:
        h.via_pointer = p[1] != 0;
        p += 4;
        return Status::ok;
    case HandleKind::generic:
        h.via_pointer = (p[1] & 0xf0) != 0;
        h.size = p[1] & 0x0f;
        h.index = p[4];
        p += 6;
        return h.size == 1 || h.size == 2 || h.size == 4 || h.size == 8 ? Status::ok : Status::bad_stub_data;
    case HandleKind::context:
        h.flags = p[1];
        h.via_pointer = (p[1] & context_via_pointer) != 0;
        h.index = p[4];
        p += 6;
        return Status::ok;
    default:
        return Status::bad_stub_data;
    }
}

void parse_oif_part(Format& p, Procedure& out) {
    out.client_buffer_hint = u16(p);
    out.server_buffer_hint = u16(p + 2);
    out.opt_flags = p[4];
    out.parameter_count = p[5];
    p += 6;
    if (!(out.opt_flags & opt_has_extensions)) return;
    // The first byte is the extension's size, whatever a later compiler adds to it.
    uint8_t size = p[0];
    if (size >= 2) out.opt_flags2 = p[1];
    if (size >= 8) out.notify_index = u16(p + 6);
    if (size >= 10) out.float_mask = u16(p + 8);
    p += size ? size : 1;
}

}  // namespace

Status parse_procedure(Format format, Format types, Style style, bool always_rpc_flags, Procedure& out) {
    out = Procedure();
    out.style = style;
    out.types = types;
    Format p = format;
    uint8_t implicit = p[0];
    out.oi_flags = p[1];
    p += 2;
    if (always_rpc_flags || (out.oi_flags & oi_has_rpc_flags)) {
        out.rpc_flags = u32(p);
        p += 4;
    }
    out.number = u16(p);
    out.stack_size = u16(p + 2);
    p += 4;
    if (implicit == 0) {
        RPC_TRY(parse_explicit_handle(p, out.handle));
        if (out.handle.offset % slot_size != 0 || out.handle.offset + slot_size > out.stack_size) return Status::bad_stub_data;
    } else {
        out.handle.kind = static_cast<HandleKind>(implicit);
        if (implicit < 0x31 || implicit > 0x34) return Status::bad_stub_data;
    }
    if (style == Style::oif) {
        parse_oif_part(p, out);
    } else {
        out.parameter_count = oi_parameter_limit;
        if (out.is_object()) out.first_offset = slot_size;
    }
    out.parameters = p;
    out.arguments_size = out.stack_size;
    ParameterCursor cursor(out);
    Parameter parameter;
    while (cursor.next(parameter)) {
        if (parameter.is(Parameter::pipe)) out.has_pipes = true;
        if (parameter.is(Parameter::returned)) out.arguments_size = parameter.stack_offset;
    }
    if (out.opt_flags & opt_has_pipes) out.has_pipes = true;
    return cursor.bad_ ? Status::bad_stub_data : Status::ok;
}

bool ParameterCursor::next(Parameter& parameter) {
    while (left_ != 0 && !bad_) {
        --left_;
        if (!(procedure_.style == Style::oif ? next_oif(parameter) : next_oi(parameter))) return false;
        const HandleInfo& h = procedure_.handle;
        if (parameter.is(Parameter::base_type) && parameter.simple_type == fc_ignore) continue;
        if (h.is_explicit && h.kind == HandleKind::primitive && parameter.stack_offset == h.offset &&
            !parameter.is(Parameter::returned))
            continue;
        size_t size = parameter.is(Parameter::base_type) && !parameter.is(Parameter::simple_ref)
                          ? simple_stack_size(parameter.simple_type)
                          : slot_size;
        if (parameter.is(Parameter::returned)) size = 0;  // it has no argument; not every compiler counts its whole width
        if (parameter.stack_offset % slot_size != 0 || parameter.stack_offset + size > procedure_.stack_size) {
            bad_ = true;
            return false;
        }
        return true;
    }
    return false;
}

bool ParameterCursor::next_oif(Parameter& parameter) {
    parameter = Parameter();
    parameter.attributes = u16(at_);
    parameter.stack_offset = u16(at_ + 2);
    if (parameter.is(Parameter::base_type)) {
        parameter.simple_type = at_[4];
        if (!is_simple(parameter.simple_type)) bad_ = true;
    } else {
        parameter.type = procedure_.types + u16(at_ + 4);
    }
    at_ += 6;
    return !bad_;
}

bool ParameterCursor::next_oi(Parameter& parameter) {
    parameter = Parameter();
    uint8_t direction = at_[0];
    if (direction == fc_end) return false;
    parameter.stack_offset = static_cast<uint16_t>(offset_);
    switch (direction) {
    case fc_in_param_basetype:
    case fc_return_param_basetype:
        parameter.attributes = direction == fc_in_param_basetype ? Parameter::in | Parameter::base_type
                                                                 : Parameter::out | Parameter::returned | Parameter::base_type;
        parameter.simple_type = at_[1];
        if (!is_simple(parameter.simple_type)) bad_ = true;
        offset_ += simple_stack_size(parameter.simple_type);
        at_ += 2;
        break;
    case fc_in_param:
    case fc_in_param_no_free_inst:
    case fc_in_out_param:
    case fc_out_param:
    case fc_return_param: {
        bool is_in = direction != fc_out_param && direction != fc_return_param;
        bool is_out = direction == fc_out_param || direction == fc_in_out_param || direction == fc_return_param;
        parameter.attributes = Parameter::must_size | Parameter::must_free;
        if (is_in) parameter.attributes |= Parameter::in;
        if (is_out) parameter.attributes |= Parameter::out;
        if (direction == fc_return_param) parameter.attributes |= Parameter::returned;
        if (direction == fc_in_param_no_free_inst) parameter.attributes |= Parameter::dont_call_free_inst;
        parameter.type = procedure_.types + i16(at_ + 2);
        // The reference to a context handle is in the handle's own description too.
        if (parameter.type[0] == fc_rp && !(parameter.type[1] & pointer_simple)) {
            const uint8_t* target = parameter.type + 2 + i16(parameter.type + 2);
            if (target[0] == fc_bind_context) parameter.type = target;
        }
        if (is_compound_value(parameter.type[0])) parameter.attributes |= Parameter::by_value;
        // An [out] parameter is a reference, whether that is described (MIDL) or left out (widl, of a pointer to a pointer).
        if (direction == fc_out_param && parameter.type[0] > fc_rp && parameter.type[0] <= fc_fp)
            parameter.attributes |= Parameter::simple_ref;
        if (parameter.type[0] == fc_pipe) parameter.attributes |= Parameter::pipe;
        offset_ += at_[1] * slot_size;
        at_ += 4;
        break;
    }
    default:
        bad_ = true;
        return false;
    }
    if (direction == fc_return_param || direction == fc_return_param_basetype) left_ = 0;
    if (offset_ > procedure_.stack_size) bad_ = true;
    return !bad_;
}

}  // namespace rpc::stub
