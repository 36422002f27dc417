#include "stub/proxy/type_format.h"

#include "ndr/ndr.h"
#include "stub/call_message.h"

namespace rpc::com {

namespace {

using stub::Parameter;
using stub::slot_size;

constexpr uint8_t fc_up = 0x12, fc_ip = 0x2f, fc_constant_iid = 0x5a, fc_user_marshal = 0xb4, fc_bogus_struct = 0x1a,
                  fc_embedded_complex = 0x4c, fc_structpad1 = 0x3d, fc_end = 0x5b, fc_pad = 0x5c, fc_long = 0x08;
constexpr uint8_t pointer_simple = 0x08, pointer_on_stack = 0x04, pointer_deref = 0x10, user_unique = 0x80;
constexpr uint16_t offset_limit = 0x7fff;

struct UserShape {
    uint16_t size;
    uint8_t alignment;
};
constexpr UserShape user_shapes[user_types] = {
    {sizeof(void*), sizeof(void*)}, {sizeof(void*) == 8 ? 24 : 16, 8}, {sizeof(void*), sizeof(void*)}};

size_t align_up(size_t n, size_t alignment) {
    return (n + alignment - 1) / alignment * alignment;
}

}  // namespace

void FormatWriter::put16(Vector<uint8_t>& v, size_t value) {
    put(v, static_cast<uint8_t>(value));
    put(v, static_cast<uint8_t>(value >> 8));
}

Status FormatWriter::outcome() const {
    if (out_of_memory_) return Status::out_of_memory;
    return types_.size() > offset_limit || procedures_.size() > offset_limit ? Status::cannot_support : Status::ok;
}

FormatType FormatWriter::simple_type(uint8_t character) {
    FormatType t;
    t.simple = character;
    t.size = static_cast<uint16_t>(ndr::simple_type_memory_size(character));
    t.alignment = static_cast<uint8_t>(t.size);
    return t;
}

Status FormatWriter::user_type(UserType which, FormatType& type) {
    auto index = static_cast<size_t>(which);
    if (types_.empty()) put16(types_, 0);  // so that no type is at 0
    if (!user_at_[index]) {
        // On the wire a unique pointer to something 4-byte aligned; oleaut32's routines know what.
        user_at_[index] = here(types_);
        put(types_, fc_user_marshal);
        put(types_, user_unique | 3);
        put16(types_, index);
        put16(types_, user_shapes[index].size);
        put16(types_, 0);
        put16(types_, 2);  // the transmitted type, which nobody reads
        put(types_, fc_long);
        put(types_, fc_pad);
    }
    type = {};
    type.at = user_at_[index];
    type.size = user_shapes[index].size;
    type.alignment = user_shapes[index].alignment;
    return outcome();
}

Status FormatWriter::interface_type(const GUID& iid, FormatType& type) {
    if (types_.empty()) put16(types_, 0);
    type = {};
    type.at = here(types_);
    type.size = type.alignment = sizeof(void*);
    type.is_interface = true;
    put(types_, fc_ip);
    put(types_, fc_constant_iid);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&iid);
    for (size_t i = 0; i < sizeof iid; ++i) put(types_, bytes[i]);
    return outcome();
}

uint16_t FormatWriter::pointer_to(uint8_t kind, uint8_t flags, uint16_t at) {
    uint16_t place = here(types_);
    put(types_, kind);
    put(types_, flags);
    put16(types_, static_cast<size_t>(at) - (place + 2u));
    return place;
}

Status FormatWriter::pointer_type(const FormatType& to, FormatType& type) {
    if (types_.empty()) put16(types_, 0);
    type = {};
    type.size = type.alignment = sizeof(void*);
    type.is_pointer = true;
    if (to.simple) {
        type.at = here(types_);
        put(types_, fc_up);
        put(types_, pointer_simple);
        put(types_, to.simple);
        put(types_, fc_pad);
    } else {
        type.at = pointer_to(fc_up, to.is_pointer || to.is_interface ? pointer_deref : 0, to.at);
    }
    return outcome();
}

// One member behind `at` bytes; where it ends.
size_t FormatWriter::member(const FormatType& m, size_t at) {
    size_t start = align_up(at, m.alignment), padding = start - at;
    if (m.simple) {
        if (padding) put(types_, static_cast<uint8_t>(fc_structpad1 + padding - 1));
        put(types_, m.simple);
    } else {
        put(types_, fc_embedded_complex);
        put(types_, static_cast<uint8_t>(padding));
        put16(types_, static_cast<size_t>(m.at) - here(types_));
    }
    return start + m.size;
}

Status FormatWriter::record_type(const FormatType* members, size_t count, FormatType& type) {
    if (types_.empty()) put16(types_, 0);
    type = {};
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
        if (members[i].is_pointer) return Status::cannot_support;
        if (members[i].alignment > type.alignment) type.alignment = members[i].alignment;
        size = align_up(size, members[i].alignment) + members[i].size;
    }
    size_t whole = align_up(size, type.alignment);
    if (count == 0 || whole > offset_limit) return Status::cannot_support;
    type.at = here(types_);
    type.size = static_cast<uint16_t>(whole);
    put(types_, fc_bogus_struct);
    put(types_, static_cast<uint8_t>(type.alignment - 1));
    put16(types_, whole);
    put16(types_, 0);  // no conformant array
    put16(types_, 0);  // no pointers
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) at = member(members[i], at);
    if (whole != at) put(types_, static_cast<uint8_t>(fc_structpad1 + (whole - at) - 1));
    put(types_, fc_end);
    if (types_.size() % 2) put(types_, fc_pad);
    return outcome();
}

void FormatWriter::parameter(const FormatParameter& p, size_t& stack) {
    const FormatType& t = p.type;
    uint16_t attributes = 0, at = t.at;
    if (p.in) attributes |= Parameter::in;
    if (p.out) attributes |= Parameter::out;
    size_t size = slot_size;
    if (t.simple) {
        attributes |= Parameter::base_type;
        if (p.reference)
            attributes |= Parameter::simple_ref | (p.in ? 0 : 0x2000);
        else
            size = align_up(t.size, slot_size);
    } else {
        attributes |= Parameter::must_size | Parameter::must_free;
        if (p.reference && (t.is_interface || t.is_pointer)) {
            at = pointer_to(stub::fc_rp, static_cast<uint8_t>(pointer_deref | (p.out ? pointer_on_stack : 0)), t.at);
        } else if (p.reference) {
            attributes |= Parameter::simple_ref;
        } else if (!t.is_interface && !t.is_pointer) {
            attributes |= Parameter::by_value;
            if (stub::value_in_slots(t.size)) size = align_up(t.size, slot_size);
        }
    }
    put16(procedures_, attributes);
    put16(procedures_, stack);
    if (t.simple) {
        put(procedures_, t.simple);
        put(procedures_, 0);
    } else {
        put16(procedures_, at);
    }
    stack += size;
}

Status FormatWriter::method(uint16_t number, const FormatParameter* parameters, size_t count, uint16_t& offset) {
    constexpr size_t extension = sizeof(void*) == 8 ? 10 : 8;
    if (count > 250) return Status::cannot_support;
    offset = here(procedures_);
    put(procedures_, 0x33);
    put(procedures_,
        stub::oi_object_proc | stub::oi_has_rpc_flags | stub::oi_has_comm_or_fault | stub::oi_new_init_routines);
    put16(procedures_, 0);
    put16(procedures_, 0);
    put16(procedures_, number);
    size_t stack_at = procedures_.size(), stack = slot_size;  // the object
    put16(procedures_, 0);
    put16(procedures_, 0);
    put16(procedures_, 0);
    put(procedures_,
        stub::opt_server_must_size | stub::opt_client_must_size | stub::opt_has_return | stub::opt_has_extensions);
    put(procedures_, static_cast<uint8_t>(count + 1));
    put(procedures_, extension);
    for (size_t i = 1; i < extension; ++i) put(procedures_, 0);
    for (size_t i = 0; i < count; ++i) parameter(parameters[i], stack);
    put16(procedures_, Parameter::out | Parameter::returned | Parameter::base_type);
    put16(procedures_, stack);
    put(procedures_, fc_long);
    put(procedures_, 0);
    stack += slot_size;
    RPC_TRY(outcome());
    if (stack > offset_limit) return Status::cannot_support;
    procedures_[stack_at] = static_cast<uint8_t>(stack);
    procedures_[stack_at + 1] = static_cast<uint8_t>(stack >> 8);
    return Status::ok;
}

}  // namespace rpc::com
