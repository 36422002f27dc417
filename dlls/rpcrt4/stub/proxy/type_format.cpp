#include "stub/proxy/type_format.h"

#include "ndr/ndr.h"
#include "stub/call_message.h"

namespace rpc::com {

namespace {

using stub::Parameter;
using stub::slot_size;

constexpr uint8_t fc_up = 0x12, fc_ip = 0x2f, fc_constant_iid = 0x5a, fc_user_marshal = 0xb4, fc_bogus_struct = 0x1a,
                  fc_embedded_complex = 0x4c, fc_structpad1 = 0x3d, fc_end = 0x5b, fc_pad = 0x5c, fc_long = 0x08,
                  fc_smfarray = 0x1d, fc_lgfarray = 0x1e, fc_bogus_array = 0x21, fc_c_cstring = 0x22,
                  fc_c_wstring = 0x25;
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

bool lay_out(const FormatType* members, size_t count, unsigned packing, uint32_t* places, RecordLayout& layout) {
    size_t size = 0;
    layout = {};
    for (size_t i = 0; i < count; ++i) {
        const FormatType& m = members[i];
        uint8_t alignment = m.alignment < packing ? m.alignment : static_cast<uint8_t>(packing);
        if (alignment > layout.alignment) layout.alignment = alignment;
        size = align_up(size, alignment);
        if (places) places[i] = static_cast<uint32_t>(size);
        size += m.size;
        if (size > record_limit) return false;
    }
    size = align_up(size, layout.alignment);
    layout.size = static_cast<uint32_t>(size);
    return size != 0 && size <= record_limit;
}

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
    t.size = ndr::simple_type_memory_size(character);
    t.alignment = static_cast<uint8_t>(t.size);
    t.wire_alignment = static_cast<uint8_t>(stub::simple_wire_size(character));
    return t;
}

// So that no type is at 0.
void FormatWriter::begin_types() {
    if (types_.empty()) put16(types_, 0);
}

// Writes at `place` how far from there `at` is.
void FormatWriter::refer(size_t place, uint16_t at) {
    size_t distance = at - place;
    if (out_of_memory_ || place + 1 >= types_.size()) return;
    types_[place] = static_cast<uint8_t>(distance);
    types_[place + 1] = static_cast<uint8_t>(distance >> 8);
}

Status FormatWriter::user_type(UserType which, FormatType& type) {
    auto index = static_cast<size_t>(which);
    begin_types();
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
    type.wire_alignment = 4;
    return outcome();
}

Status FormatWriter::interface_type(const GUID& iid, FormatType& type) {
    begin_types();
    type = {};
    type.size = type.alignment = sizeof(void*);
    type.wire_alignment = 4;
    type.is_interface = true;
    for (const InterfaceAt& i : interfaces_) {
        if (!same(i.iid, iid)) continue;
        type.at = i.at;
        return outcome();
    }
    type.at = here(types_);
    out_of_memory_ |= !interfaces_.push_back({iid, type.at});
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
    begin_types();
    type = {};
    type.size = type.alignment = sizeof(void*);
    type.wire_alignment = 4;
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

Status FormatWriter::open_pointer_type(FormatType& type) {
    begin_types();
    type = {};
    type.size = type.alignment = sizeof(void*);
    type.wire_alignment = 4;
    type.is_pointer = true;
    type.at = pointer_to(fc_up, 0, here(types_));
    return outcome();
}

void FormatWriter::resolve_pointer(const FormatType& pointer, const FormatType& to) {
    refer(pointer.at + 2u, to.at);
}

Status FormatWriter::string_type(bool wide, FormatType& type) {
    begin_types();
    uint16_t& at = string_at_[wide];
    if (!at) {
        at = here(types_);
        put(types_, wide ? fc_c_wstring : fc_c_cstring);
        put(types_, fc_pad);
    }
    type = {};
    type.at = at;
    type.wire_alignment = 4;
    return outcome();
}

Status FormatWriter::array_type(const FormatType& element, uint32_t count, FormatType& type) {
    begin_types();
    uint64_t size = uint64_t{element.size} * count;
    if (size == 0 || size > array_limit) return Status::cannot_support;
    // One block, where memory and wire are the same bytes.
    bool block = element.simple && element.size == element.wire_alignment;
    if (!block && count > 0xffff) return Status::cannot_support;
    type = element;
    type.simple = 0;
    type.is_interface = type.is_pointer = false;
    type.size = static_cast<uint32_t>(size);
    type.at = here(types_);
    bool large = block && size > 0xffff;
    put(types_, !block ? fc_bogus_array : large ? fc_lgfarray : fc_smfarray);
    put(types_, static_cast<uint8_t>(element.wire_alignment - 1));
    put16(types_, block ? size : count);
    if (large) put16(types_, size >> 16);
    for (int i = 0; i < 4 && !block; ++i) put16(types_, 0xffff);  // no conformance, no variance
    member(element, 0);
    if (!element.simple) put(types_, fc_pad);
    put(types_, fc_end);
    return outcome();
}

void FormatWriter::member(const FormatType& m, size_t padding) {
    if (m.simple) {
        if (padding) put(types_, static_cast<uint8_t>(fc_structpad1 + padding - 1));
        put(types_, m.simple);
    } else {
        put(types_, fc_embedded_complex);
        put(types_, static_cast<uint8_t>(padding));
        put16(types_, static_cast<size_t>(m.at) - here(types_));
    }
}

Status FormatWriter::record_type(const FormatType* members, size_t count, unsigned packing, FormatType& type) {
    begin_types();
    RecordLayout layout;
    Vector<uint32_t> places;
    for (size_t i = 0; i < count; ++i)
        if (!places.push_back(0)) return Status::out_of_memory;
    if (!lay_out(members, count, packing, places.data(), layout)) return Status::cannot_support;
    type = {};
    for (size_t i = 0; i < count; ++i)
        if (members[i].wire_alignment > type.wire_alignment) type.wire_alignment = members[i].wire_alignment;
    type.at = here(types_);
    type.size = layout.size;
    type.alignment = layout.alignment;
    put(types_, fc_bogus_struct);
    put(types_, static_cast<uint8_t>(type.wire_alignment - 1));
    put16(types_, layout.size);
    put16(types_, 0);  // no conformant array
    put16(types_, 0);  // no pointer layout: pointers stand among the members
    size_t at = 0;
    for (size_t i = 0; i < count; ++i) {
        member(members[i], places[i] - at);
        at = places[i] + members[i].size;
    }
    if (layout.size != at) put(types_, static_cast<uint8_t>(fc_structpad1 + (layout.size - at) - 1));
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

Status FormatWriter::method(uint16_t number, const FormatParameter* parameters, size_t count,
                            const FormatType* returns, uint16_t& offset) {
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
    put(procedures_, static_cast<uint8_t>(stub::opt_server_must_size | stub::opt_client_must_size |
                                          (returns ? stub::opt_has_return : 0) | stub::opt_has_extensions));
    put(procedures_, static_cast<uint8_t>(count + (returns ? 1 : 0)));
    put(procedures_, extension);
    for (size_t i = 1; i < extension; ++i) put(procedures_, 0);
    for (size_t i = 0; i < count; ++i) parameter(parameters[i], stack);
    if (returns) {
        put16(procedures_, Parameter::out | Parameter::returned | Parameter::base_type);
        put16(procedures_, stack);
        put(procedures_, returns->simple);
        put(procedures_, 0);
        stack += align_up(returns->size, slot_size);
    }
    RPC_TRY(outcome());
    if (stack > offset_limit) return Status::cannot_support;
    procedures_[stack_at] = static_cast<uint8_t>(stack);
    procedures_[stack_at + 1] = static_cast<uint8_t>(stack >> 8);
    return Status::ok;
}

}  // namespace rpc::com
