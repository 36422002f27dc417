// Structures. Documentation page "Structures" of the type format strings: simple ones are one block, with or without an
// FC_PP layout; conformant ones end with an array whose maxima come first; complex ones go member by member.
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

// Keeps sizes of fields relative to the structure they are in.
class Enclosing {
public:
    Enclosing(Walker& w, uint8_t* memory, size_t size)
        : walker_(w), base_(w.base), before_(w.before), size_(w.base_size) {
        w.base = memory;
        w.base_size = size;
        w.before = nullptr;
    }
    ~Enclosing() {
        walker_.base = base_;
        walker_.base_size = size_;
        walker_.before = before_;
    }

private:
    Walker& walker_;
    uint8_t *base_, *before_;
    size_t size_;
};

uint8_t* offset(uint8_t* memory, uint64_t n) { return memory ? memory + n : nullptr; }

// Where a block-copied structure's pointer layout is, or null; and its members.
Format layout_of(Format f) {
    switch (f[0]) {
    case fc_pstruct: return f + 4;
    case fc_cpstruct: return f + 6;
    case fc_cvstruct: return f[6] == fc_pp ? f + 6 : nullptr;
    }
    return nullptr;
}
Format members_of(Format f) {
    if (Format pp = layout_of(f)) return pp[0] == fc_pp ? skip_pointer_layout(pp) : nullptr;
    return f[0] == fc_struct || f[0] == fc_pstruct ? f + 4 : f + 6;
}

Status align_memory(uint64_t& at, unsigned to) {
    at = (at + to - 1) & ~static_cast<uint64_t>(to - 1);
    return Status::ok;
}

Status hoist(Walker& w, uint8_t* memory, Format array) {
    unsigned levels = 0;
    RPC_TRY(array_maxima(w, memory, array, 0, levels));
    w.next_level = levels;
    w.header = Walker::Header::hoisted;
    return Status::ok;
}

Status hoisted_array(Walker& w, uint8_t* memory, Format array) {
    w.header = Walker::Header::none;
    RPC_TRY(array_variances(w, memory, array, 0));
    return array_elements(w, memory, array, 0);
}

}  // namespace

Format conformant_array_of(Format f) {
    switch (f[0]) {
    case fc_cstruct: case fc_cpstruct: case fc_cvstruct: return relative(f + 4);
    case fc_bogus_struct: return u16_at(f + 4) ? relative(f + 4) : nullptr;
    }
    return nullptr;
}

// A complex structure that ends with a conformant one has the array where that one ends, which may be in its own padding.
Status array_place(Walker& w, Format f, uint64_t& place) {
    place = u16_at(f + 2);
    if (f[0] != fc_bogus_struct) return Status::ok;
    uint64_t at = 0;
    for (Format m = f + 8; m[0] != fc_end; ++m) {
        uint64_t size = 0;
        if (m[0] == fc_embedded_complex) {
            Format inner = relative(m + 2);
            at += m[1];
            if (conformant_array_of(inner)) {
                RPC_TRY(w.nest());
                const Status status = array_place(w, inner, size);
                w.unnest();
                place = at + size;
                return status;
            }
            RPC_TRY(memory_size_of(w, inner, size));
            m += 3;
        } else {
            RPC_TRY(member_step(w, m, at, size));
        }
        at += size;
    }
    return Status::ok;
}

Status struct_header(Walker& w, uint8_t* memory, Format f) {
    Format array = conformant_array_of(f);
    if (!array) return Status::ok;
    uint64_t place = 0;
    RPC_TRY(array_place(w, f, place));
    return hoist(w, offset(memory, place), array);
}

Status struct_size(Walker&, Format f, uint64_t& size) {
    size = u16_at(f + 2);
    return Status::ok;
}

// FC_STRUCT, FC_PSTRUCT
Status simple_struct(Walker& w, uint8_t* memory, Format f) {
    size_t size = u16_at(f + 2);
    RPC_TRY(w.align(f[1]));
    RPC_TRY(w.need(size));
    Format pp = layout_of(f);
    Enclosing in(w, memory, size);
    Walker::Block block{memory, size, w.position(), nullptr, offset(w.position(), size), 0, 0, nullptr};
    if (pp) RPC_TRY(w.remember(memory, size, block.before));
    size_t mark = w.pending_mark();
    if (pp && w.is(Op::unmarshal)) RPC_TRY(w.pointers(pp, block, Walker::Part::all));
    if (w.is(Op::convert)) {
        Format list = members_of(f);
        if (!list) return Status::bad_stub_data;
        RPC_TRY(members(w, nullptr, list, nullptr));
    } else {
        RPC_TRY(w.bytes(memory, size));
    }
    if (pp && w.is(Op::unmarshal)) return w.adopt_pointers(mark);
    return pp ? w.pointers(pp, block, Walker::Part::all) : Status::ok;
}

// FC_CSTRUCT, FC_CPSTRUCT, FC_CVSTRUCT, alone or at the end of a complex structure. Within another conformant structure
// only the outermost has the array: the members are all that is left then.
Status conformant_struct(Walker& w, uint8_t* memory, Format f) {
    size_t size = u16_at(f + 2);
    Format array = conformant_array_of(f), pp = layout_of(f);
    RPC_TRY(w.align(f[1]));
    RPC_TRY(w.need(size));
    Enclosing in(w, memory, size);
    bool with_array = w.header == Walker::Header::hoisted;
    bool adopts = pp && w.is(Op::unmarshal);
    size_t mark = w.pending_mark();
    Walker::Block block{memory, size, w.position(), nullptr, nullptr, 0, 0, nullptr};
    w.header = Walker::Header::none;
    if (pp && with_array && array[0] == fc_carray) {
        Walker::Dimension* d = nullptr;
        RPC_TRY(w.dimension(0, d));
        if (Plan* plan = w.plan_of_layout(pp, d->actual, size)) {
            RPC_TRY(w.bytes(memory, size));
            uint8_t* at = offset(memory, size);
            w.pointers_described = true;
            RPC_TRY(array_elements(w, at, array, 0));
            w.pointers_described = false;
            return w.planned_pointers(at, *plan, d->actual, w.position() ? w.position() - block_bytes(array, d->actual) : nullptr);
        }
    }
    if (adopts) {
        // The elements' memory too: their sizes are theirs.
        uint64_t more = 0;
        if (with_array) RPC_TRY(array_bytes(w, array, 0, more));
        RPC_TRY(w.remember(memory, size + more, block.before));
        RPC_TRY(w.pointers(pp, block, Walker::Part::fields));
    }
    if (w.is(Op::convert)) {
        Format list = members_of(f);
        if (!list) return Status::bad_stub_data;
        RPC_TRY(members(w, nullptr, list, nullptr));
    } else {
        RPC_TRY(w.bytes(memory, size));
    }
    if (with_array) {
        uint8_t* at = offset(memory, size);
        Walker::Dimension* d = nullptr;
        RPC_TRY(w.dimension(0, d));
        RPC_TRY(array_variances(w, at, array, 0));
        block.count = d->actual;
        block.first = d->first;
        if (adopts) RPC_TRY(w.pointers(pp, block, Walker::Part::elements));
        w.pointers_described = pp != nullptr;
        RPC_TRY(array_elements(w, at, array, 0));
        w.pointers_described = false;
        if (w.position()) block.wire_array = w.position() - block_bytes(array, d->actual);
    }
    block.wire_end = w.position();
    if (adopts) return w.adopt_pointers(mark);
    return pp ? w.pointers(pp, block, Walker::Part::all) : Status::ok;
}

// FC_BOGUS_STRUCT
Status complex_struct(Walker& w, uint8_t* memory, Format f) {
    RPC_TRY(w.align(f[1]));
    size_t size = u16_at(f + 2);
    Format layout = u16_at(f + 6) ? relative(f + 6) : nullptr;
    Enclosing in(w, memory, size);
    if (layout) RPC_TRY(w.remember(memory, size, w.before));
    RPC_TRY(members(w, memory, f + 8, layout));
    // An embedded structure that owns the array has done it by now.
    if (u16_at(f + 4) == 0 || w.header != Walker::Header::hoisted) return Status::ok;
    return hoisted_array(w, offset(memory, size), relative(f + 4));
}

// One entry of a member list that is not embedded: aligns `at`, tells the member's size in memory, and moves `m` to the
// entry's last byte.
Status member_step(Walker& w, Format& m, uint64_t& at, uint64_t& size) {
    uint8_t fc = m[0];
    size = 0;
    if (fc >= fc_structpad1 && fc <= fc_structpad7) {
        size = fc - fc_structpad1 + 1u;
        return Status::ok;
    }
    switch (fc) {
    case fc_pad: case fc_alignb2: case fc_alignb2 + 1: case fc_alignb8: return Status::ok;
    case fc_alignm2: return align_memory(at, 2);
    case fc_alignm4: return align_memory(at, 4);
    case fc_alignm8: return align_memory(at, 8);
    case fc_structpadn:
        size = u16_at(m + 2);
        m += 3;
        return Status::ok;
    case fc_rp: case fc_up: case fc_op: case fc_fp: m += 3; [[fallthrough]];
    case fc_pointer: case fc_ignore: size = w.pointer_size(); return Status::ok;
    }
    return type_of(fc).wire ? memory_size_of(w, m, size) : w.unknown(m);
}

// Walks a member list to FC_END. Without memory only the wire moves.
Status members(Walker& w, uint8_t* memory, Format m, Format layout) {
    uint64_t at = 0, size = 0;
    for (; m[0] != fc_end; ++m, at += size) {
        if (const Type& type = type_of(m[0]); type.wire != 0) {
            size = type.memory == pointer_wide ? w.pointer_size() : type.memory;
            RPC_TRY(w.simple(offset(memory, at), m[0]));
            continue;
        }
        if (m[0] == fc_embedded_complex) {
            at += m[1];
            Format inner = relative(m + 2);
            RPC_TRY(memory_size_of(w, inner, size));
            uint8_t* place = offset(memory, at);
            RPC_TRY(is_pointer(inner[0]) ? w.embedded_pointer(place, inner) : w.flat(place, inner));
            m += 3;
            continue;
        }
        Format entry = m;
        RPC_TRY(member_step(w, m, at, size));
        uint8_t* place = offset(memory, at);
        if (entry[0] == fc_pointer) {
            if (!layout) return Status::bad_stub_data;
            RPC_TRY(w.embedded_pointer(place, layout));
            layout += 4;
        } else if (is_pointer(entry[0])) {
            RPC_TRY(w.embedded_pointer(place, entry));
        } else if (entry[0] == fc_ignore) {
            RPC_TRY(ignored_pointer(w, place, entry));
        }
    }
    return Status::ok;
}

// Whether a member list of base types and embedded ones has this one embedded.
static bool embeds(Format m, Format type) {
    for (; m[0] != fc_end; m += m[0] == fc_embedded_complex || m[0] == fc_structpadn ? 4 : 1)
        if (m[0] == fc_embedded_complex && relative(m + 2) == type) return true;
    return false;
}

// FC_HARD_STRUCTURE: a block, an enum16 within it that is checked, a union after it.
Status hard_struct(Walker& w, uint8_t* memory, Format f) {
    Format enum_offset = f + 8, copy = f + 10, step = f + 12, arm = f + 14;
    size_t size = u16_at(copy);
    RPC_TRY(w.align(f[1]));
    Enclosing in(w, memory, u16_at(f + 2));
    if (w.is(Op::convert)) {
        Format list = f + 16, at_end = u16_at(arm) ? relative(arm) : nullptr;
        RPC_TRY(members(w, nullptr, list, nullptr));
        return at_end && !embeds(list, at_end) ? w.flat(nullptr, at_end) : Status::ok;
    }
    if (w.from_memory() && !w.is(Op::free) && s16_at(enum_offset) >= 0 && u16_at(memory + s16_at(enum_offset)) > 0x7fff)
        return Status::enum_value_out_of_range;
    RPC_TRY(w.bytes(memory, size));
    if (w.is(Op::unmarshal) && s16_at(enum_offset) >= 0 && u16_at(memory + s16_at(enum_offset)) > 0x7fff)
        return Status::enum_value_out_of_range;
    if (u16_at(arm) == 0) return Status::ok;
    return w.flat(offset(memory, u16_at(step)), relative(arm));
}

}  // namespace rpc::ndr
