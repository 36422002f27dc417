// Arrays and strings (C706 14.3.3 to 14.3.5): maximum counts of all dimensions, then offsets and actual counts of all, then
// elements. Documentation pages "Arrays" and "Strings" of the type format strings.
#include <cstring>

#include "ndr/text.h"
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr uint64_t unbacked_limit = 256u << 20;

bool present(Format d) { return u32_at(d) != 0xffffffff; }
bool is_string(uint8_t fc) { return fc >= fc_c_cstring && fc <= fc_wstring; }
bool is_conformant_string(uint8_t fc) { return fc >= fc_c_cstring && fc <= fc_c_wstring; }

size_t character_size(Format f) {
    switch (f[0]) {
    case fc_c_wstring: case fc_wstring: return 2;
    case fc_c_sstring: case fc_sstring: return f[1];
    }
    return 1;
}

// The conformance description of a sized string, or null.
Format string_size(Format f) {
    if (f[0] == fc_c_sstring) return f[2] == fc_string_sized ? f + 4 : nullptr;
    return f[1] == fc_string_sized ? f + 2 : nullptr;
}

struct ArrayParts {
    Format conformance = nullptr;  // null: `max` elements
    Format variance = nullptr;     // null: all of them
    uint32_t max = 0;
    Format rest = nullptr;         // pointer layout or element
};

ArrayParts parts_of(const MIDL_STUB_MESSAGE& m, Format f) {
    size_t c = correlation_size(m);
    ArrayParts a;
    switch (f[0]) {
    case fc_carray:
        a.conformance = f + 4;
        a.rest = f + 4 + c;
        break;
    case fc_cvarray:
        a.conformance = f + 4;
        a.variance = f + 4 + c;
        a.rest = f + 4 + 2 * c;
        break;
    case fc_smfarray: a.rest = f + 4; break;
    case fc_lgfarray: a.rest = f + 6; break;
    case fc_smvarray:
        a.max = u16_at(f + 4);
        a.variance = f + 8;
        a.rest = f + 8 + c;
        break;
    case fc_lgvarray:
        a.max = u32_at(f + 6);
        a.variance = f + 12;
        a.rest = f + 12 + c;
        break;
    case fc_bogus_array:
        a.max = u16_at(f + 2);
        if (present(f + 4)) a.conformance = f + 4;
        if (present(f + 4 + c)) a.variance = f + 4 + c;
        a.rest = f + 4 + 2 * c;
        break;
    }
    return a;
}

// Bytes of one element of a block-copied array; 0 for fixed arrays, which are one block.
size_t block_element_size(Format f) {
    switch (f[0]) {
    case fc_carray: case fc_cvarray: return u16_at(f + 2);
    case fc_smvarray: return u16_at(f + 6);
    case fc_lgvarray: return u16_at(f + 10);
    }
    return 0;
}

// The array that is the element of a multidimensional one.
Format inner_array(const MIDL_STUB_MESSAGE& m, Format f) {
    if (f[0] != fc_bogus_array) return nullptr;
    Format e = array_element(m, f);
    if (!e || e[0] != fc_embedded_complex) return nullptr;
    Format inner = relative(e + 2);
    return inner[0] >= fc_carray && inner[0] <= fc_bogus_array && inner[0] != fc_smfarray && inner[0] != fc_lgfarray ? inner
                                                                                                                  : nullptr;
}

bool zero_element(const uint8_t* p, size_t n) {
    while (n != 0)
        if (p[--n] != 0) return false;
    return true;
}

// Elements before and with the terminator, no further than `limit`.
Status terminated_length(const uint8_t* p, size_t each, uint64_t limit, uint32_t& length) {
    uint64_t n = 0;
    if (each == 1) {
        while (n < limit && p[n] != 0) ++n;
    } else if (each == 2) {
        uint16_t c;
        for (; n < limit; ++n, p += 2)
            if (std::memcpy(&c, p, 2), c == 0) break;
    } else {
        while (n < limit && !zero_element(p + n * each, each)) ++n;
    }
    length = static_cast<uint32_t>(n + 1);
    return n < limit ? Status::ok : Status::invalid_bound;
}

}  // namespace

Status text_length(const uint8_t* p, size_t each, uint32_t& length) {
    if (each != 1 && each != 2) return terminated_length(p, each, INT32_MAX / each, length);
    const size_t n = each == 1 ? text_length<1>(p) : text_length<2>(p);
    length = static_cast<uint32_t>(n);
    return n <= INT32_MAX / each ? Status::ok : Status::invalid_bound;
}

size_t odd_text_length(const uint8_t* p) {
    uint32_t length = 0;
    (void)terminated_length(p, 2, INT32_MAX / 2, length);  // one too many where there is no end
    return length;
}

namespace {

Status string_maxima(Walker& w, uint8_t* memory, Format f, Walker::Dimension& d) {
    if (!is_conformant_string(f[0])) {
        d.max = u16_at(f + 2);
        return Status::ok;
    }
    if (w.from_memory()) {
        if (w.is(Op::free)) return Status::ok;
        size_t each = character_size(f);
        if (each == 0) return Status::internal_error;
        if (Format size = string_size(f)) {
            RPC_TRY(w.correlate_count(size, memory, false, d.max));
            if (d.max != 0) RPC_TRY(terminated_length(memory, each, d.max, d.actual));
            else d.actual = 0;
        } else {
            RPC_TRY(text_length(memory, each, d.max));
            d.actual = d.max;
        }
    }
    RPC_TRY(w.number(d.max));
    return d.max > INT32_MAX ? Status::invalid_bound : Status::ok;
}

Status string_variance(Walker& w, uint8_t* memory, Format f, Walker::Dimension& d) {
    size_t each = character_size(f);
    d.first = 0;
    if (each == 0) return Status::internal_error;
    if (w.is(Op::free)) {
        d.actual = 0;
        return Status::ok;
    }
    if (w.from_memory() && !is_conformant_string(f[0])) RPC_TRY(terminated_length(memory, each, d.max, d.actual));
    RPC_TRY(w.number(d.first));
    RPC_TRY(w.number(d.actual));
    if (!w.reads()) return Status::ok;
    if (d.first != 0 || d.actual > d.max) return Status::invalid_bound;
    RPC_TRY(w.need(static_cast<uint64_t>(d.actual) * each));
    // Room for nothing holds nothing; every other string has its terminator.
    if (d.actual == 0) {
        bool nothing = d.max == 0 && is_conformant_string(f[0]) && string_size(f);
        return nothing ? Status::ok : Status::invalid_bound;
    }
    // A string without an end would be read past its memory.
    bool ended = zero_element(w.position() + (d.actual - 1) * each, each);
    return ended ? Status::ok : Status::bad_stub_data;
}

Status string_elements(Walker& w, uint8_t* memory, Format f, const Walker::Dimension& d) {
    if (Format size = is_conformant_string(f[0]) ? string_size(f) : nullptr; size && w.is(Op::unmarshal))
        RPC_TRY(w.verify(size, memory, d.max, 0, d.max, false));
    size_t each = character_size(f);
    if (each == 2) return w.values(memory, d.actual, fc_wchar);
    if (f[0] == fc_c_cstring || f[0] == fc_cstring) return w.values(memory, d.actual, fc_char);
    return w.bytes(memory, static_cast<uint64_t>(d.actual) * each);
}

Status walk_element(Walker& w, uint8_t* memory, Format element, unsigned level, bool array) {
    if (element[0] == fc_embedded_complex) {
        uint8_t* at = memory ? memory + element[1] : nullptr;
        Format inner = relative(element + 2);
        if (array) return array_elements(w, at, inner, level + 1);
        return is_pointer(inner[0]) ? w.embedded_pointer(at, inner) : w.flat(at, inner);
    }
    if (is_pointer(element[0])) return w.embedded_pointer(memory, element);
    return w.simple(memory, element[0]);
}

Status element_memory(Walker& w, Format element, uint64_t& size) {
    if (element[0] != fc_embedded_complex) return memory_size_of(w, element, size);
    RPC_TRY(memory_size_of(w, relative(element + 2), size));
    size += element[1];
    return Status::ok;
}

// Memory of one element of a complex array; of a conformant inner dimension what its maxima say.
Status complex_element_memory(Walker& w, Format f, unsigned level, uint64_t& size) {
    if (Format inner = inner_array(w.message(), f)) return array_bytes(w, inner, level + 1, size);
    return element_memory(w, array_element(w.message(), f), size);
}

Status complex_elements(Walker& w, uint8_t* memory, Format f, unsigned level, const Walker::Dimension& d) {
    uint64_t each = 0;
    RPC_TRY(complex_element_memory(w, f, level, each));
    if (each * (static_cast<uint64_t>(d.first) + d.actual) > INT32_MAX) return Status::invalid_bound;
    Format element = array_element(w.message(), f);
    bool array = inner_array(w.message(), f) != nullptr;
    RPC_TRY(w.align(f[1]));
    uint8_t* at = memory ? memory + each * d.first : nullptr;
    if (element[0] == fc_embedded_complex && element[1] == 0 && !array) {
        bool done = false;
        RPC_TRY(w.planned_elements(at, relative(element + 2), d.actual, done));
        if (done) return Status::ok;
    }
    for (uint32_t i = 0; i < d.actual; ++i) {
        RPC_TRY(walk_element(w, at, element, level, array));
        if (at) at += each;
    }
    return Status::ok;
}

// Element by element, for byte order.
Status convert_elements(Walker& w, Format f, uint32_t count) {
    Format element = array_element(w.message(), f);
    if (!element) return Status::bad_stub_data;
    const Type& type = type_of(element[0]);
    if (type.wire) return w.values(nullptr, count, element[0]);
    for (uint32_t i = 0; i < count; ++i) {
        if (is_pointer(element[0])) {
            // Converted as the number it is; the layout brings the pointee.
            uint32_t id = 0;
            RPC_TRY(w.number(id));
        } else {
            RPC_TRY(walk_element(w, nullptr, element, 0, false));
        }
    }
    return Status::ok;
}

// Pointers that no layout describes, in an array that is written as if it were one block (widl makes such, within complex
// structures). Copied blindly, a peer's numbers would become our pointers.
bool undescribed_pointers(Walker& w, Format f) {
    if (w.pointers_described || array_pointers(w.message(), f)) return false;
    return elements_have_pointers(w.message(), f);
}

Status single_elements(Walker& w, uint8_t* memory, Format f, uint32_t first, uint32_t count, uint64_t each) {
    Format element = array_element(w.message(), f);
    uint8_t* at = memory ? memory + each * first : nullptr;
    RPC_TRY(w.align(f[1]));
    for (uint32_t i = 0; i < count; ++i) {
        RPC_TRY(walk_element(w, at, element, 0, false));
        if (at) at += each;
    }
    return Status::ok;
}

// A block of `count` elements of `each` bytes, with its pointers.
Status block_elements(Walker& w, uint8_t* memory, Format f, uint32_t first, uint32_t count, uint64_t each) {
    uint64_t total = each * count;
    if (total > INT32_MAX || each * first > INT32_MAX) return Status::invalid_bound;
    if (undescribed_pointers(w, f)) return single_elements(w, memory, f, first, count, each);
    RPC_TRY(w.align(f[1]));
    RPC_TRY(w.need(total));
    uint8_t* at = memory ? memory + each * first : nullptr;
    Format pp = array_pointers(w.message(), f);
    Walker::Block block{memory, 0, nullptr, w.position(), w.position() ? w.position() + total : nullptr, count,
                        first, nullptr};
    size_t mark = w.pending_mark();
    if (Plan* plan = pp && first == 0 ? w.plan_of_layout(pp, count, 0) : nullptr) {
        RPC_TRY(w.bytes(at, total));
        return w.planned_pointers(memory, *plan, count, block.wire_array);
    }
    if (pp) RPC_TRY(w.remember(memory, each * (static_cast<uint64_t>(first) + count), block.before));
    if (pp && w.is(Op::unmarshal)) RPC_TRY(w.pointers(pp, block, Walker::Part::all));
    if (w.is(Op::convert)) RPC_TRY(convert_elements(w, f, count));
    else RPC_TRY(w.bytes(at, total));
    if (pp && w.is(Op::unmarshal)) return w.adopt_pointers(mark);
    return pp ? w.pointers(pp, block, Walker::Part::all) : Status::ok;
}

Status fixed_elements(Walker& w, uint8_t* memory, Format f) {
    uint64_t total = f[0] == fc_smfarray ? u16_at(f + 2) : u32_at(f + 2);
    if (!w.is(Op::convert) && !undescribed_pointers(w, f)) return block_elements(w, memory, f, 0, 1, total);
    uint64_t each = 0;
    Format element = array_element(w.message(), f);
    if (!element) return Status::bad_stub_data;
    if (is_pointer(element[0])) each = w.pointer_size();
    else RPC_TRY(element_memory(w, element, each));
    if (each == 0) return Status::bad_stub_data;
    return block_elements(w, memory, f, 0, static_cast<uint32_t>(total / each), each);
}

}  // namespace

bool is_array(uint8_t fc) { return (fc >= fc_carray && fc <= fc_bogus_array) || is_string(fc); }

Format skip_pointer_layout(Format pp) {
    Format f = pp + 2;
    while (f[0] != fc_end) {
        switch (f[0]) {
        case fc_no_repeat: f += 2 + 8; break;
        case fc_fixed_repeat: f += 10 + 8 * u16_at(f + 8); break;
        case fc_variable_repeat: f += 8 + 8 * u16_at(f + 6); break;
        default: return nullptr;
        }
    }
    return f + 1;
}

Format array_pointers(const MIDL_STUB_MESSAGE& m, Format f) {
    if (is_string(f[0]) || f[0] == fc_bogus_array) return nullptr;
    Format rest = parts_of(m, f).rest;
    return rest && rest[0] == fc_pp ? rest : nullptr;
}

Format array_element(const MIDL_STUB_MESSAGE& m, Format f) {
    Format rest = parts_of(m, f).rest;
    return rest && rest[0] == fc_pp && f[0] != fc_bogus_array ? skip_pointer_layout(rest) : rest;
}

bool elements_have_pointers(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth) {
    Format element = array_element(m, f);
    return !element || has_pointers(m, element[0] == fc_embedded_complex ? relative(element + 2) : element, depth);
}

Status array_maxima(Walker& w, uint8_t* memory, Format f, unsigned level, unsigned& levels) {
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(level, d));
    levels = level + 1;
    if (is_string(f[0])) return string_maxima(w, memory, f, *d);
    ArrayParts a = parts_of(w.message(), f);
    d->max = d->actual = a.max;
    d->first = 0;
    if (a.conformance) {
        if (w.from_memory()) RPC_TRY(w.correlate_count(a.conformance, memory, false, d->max));
        RPC_TRY(w.number(d->max));
        if (d->max > INT32_MAX) return Status::invalid_bound;
        d->actual = d->max;
    }
    if (Format inner = inner_array(w.message(), f)) return array_maxima(w, memory, inner, level + 1, levels);
    return Status::ok;
}

Status array_variances(Walker& w, uint8_t* memory, Format f, unsigned level) {
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(level, d));
    if (is_string(f[0])) return string_variance(w, memory, f, *d);
    ArrayParts a = parts_of(w.message(), f);
    if (a.variance) {
        if (w.from_memory()) {
            RPC_TRY(w.correlate_count(a.variance, memory, true, d->actual, &d->first));
            if (static_cast<uint64_t>(d->first) + d->actual > d->max) return Status::invalid_bound;
        }
        RPC_TRY(w.number(d->first));
        RPC_TRY(w.number(d->actual));
        if (static_cast<uint64_t>(d->first) + d->actual > d->max) return Status::invalid_bound;
    }
    if (Format inner = inner_array(w.message(), f)) return array_variances(w, memory, inner, level + 1);
    return Status::ok;
}

Status array_elements(Walker& w, uint8_t* memory, Format f, unsigned level) {
    Walker::Dimension* slot = nullptr;
    RPC_TRY(w.dimension(level, slot));
    const Walker::Dimension d = *slot;
    if (is_string(f[0])) return string_elements(w, memory, f, d);
    if (w.is(Op::unmarshal)) {
        ArrayParts a = parts_of(w.message(), f);
        // Elements with pointers are freed by what memory says: it must be all of them.
        bool all = has_pointers(w.message(), f);
        if (a.conformance) RPC_TRY(w.verify(a.conformance, memory, d.max, all ? d.max : 0, d.max, false));
        if (a.variance) RPC_TRY(w.verify(a.variance, memory, d.actual, all ? d.actual : 0, all ? d.actual : d.max, true));
    }
    switch (f[0]) {
    case fc_smfarray: case fc_lgfarray: return fixed_elements(w, memory, f);
    case fc_bogus_array: return complex_elements(w, memory, f, level, d);
    }
    return block_elements(w, memory, f, d.first, d.actual, block_element_size(f));
}

Status array_bytes(Walker& w, Format f, unsigned level, uint64_t& size) {
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(level, d));
    uint64_t each = 0, count = d->max;
    if (is_string(f[0])) {
        each = character_size(f);
        // Without a size of its own a string needs no more room than it takes.
        if (is_conformant_string(f[0]) && !string_size(f)) count = d->actual;
    } else if (f[0] == fc_smfarray || f[0] == fc_lgfarray) {
        size = f[0] == fc_smfarray ? u16_at(f + 2) : u32_at(f + 2);
        return Status::ok;
    } else if (f[0] == fc_bogus_array) {
        RPC_TRY(complex_element_memory(w, f, level, each));
    } else {
        each = block_element_size(f);
    }
    size = each * count;
    return size > INT32_MAX ? Status::invalid_bound : Status::ok;
}

Status array_fits(Walker& w, uint8_t* memory, Format f, unsigned level) {
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(level, d));
    Format descriptor = is_string(f[0]) ? (is_conformant_string(f[0]) ? string_size(f) : nullptr)
                                        : parts_of(w.message(), f).conformance;
    if (!descriptor) return Status::ok;
    bool parameter = (descriptor[0] & (top_level_conformance | top_level_multid_conformance)) != 0;
    if (parameter && !w.message().StackTop) return Status::ok;
    int64_t room = 0;
    RPC_TRY(w.correlate(descriptor, memory, false, room));
    if (d->max > room) return Status::invalid_bound;
    Format inner = is_string(f[0]) ? nullptr : inner_array(w.message(), f);
    return inner ? array_fits(w, memory, inner, level + 1) : Status::ok;
}

// Conformant varying arrays are not in [MS-RPCE] 3.1.1.5.3.3.1.2, though 3.1.1.5.3.2.1.1 names them beside conformant ones.
Format size_of_pointee(const MIDL_STUB_MESSAGE& m, Format f) {
    if (is_string(f[0])) return is_conformant_string(f[0]) ? string_size(f) : nullptr;
    if (!is_array(f[0])) return nullptr;
    const ArrayParts a = parts_of(m, f);
    return a.variance ? nullptr : a.conformance;
}

Status array_extent(Walker& w, Format f, Format& count, uint64_t& each) {
    count = nullptr;
    if (is_string(f[0])) {
        each = character_size(f);
        if (is_conformant_string(f[0])) count = string_size(f);
        return Status::ok;
    }
    if (inner_array(w.message(), f)) return Status::bad_stub_data;
    count = parts_of(w.message(), f).conformance;
    each = block_element_size(f);
    return f[0] == fc_bogus_array ? complex_element_memory(w, f, 0, each) : Status::ok;
}

size_t block_bytes(Format f, uint32_t count) {
    return (is_string(f[0]) ? character_size(f) : block_element_size(f)) * count;
}

Status check_array_on_wire(Walker& w, Format f, unsigned level) {
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(level, d));
    uint64_t least = 0, total = 0;
    RPC_TRY(array_bytes(w, f, level, total));
    if (is_string(f[0])) {
        least = d->actual * character_size(f);
    } else if (f[0] == fc_bogus_array) {
        uint64_t count = 1;
        Format at = f;
        for (unsigned l = level;; ++l) {
            Walker::Dimension* k = nullptr;
            RPC_TRY(w.dimension(l, k));
            count *= k->actual;
            if (count > INT32_MAX) return Status::invalid_bound;
            Format inner = inner_array(w.message(), at);
            if (!inner) break;
            at = inner;
        }
        uint64_t each = least_on_wire(w.message(), array_element(w.message(), at));
        least = count * (each ? each : 1);
    } else {
        least = d->actual * block_element_size(f);
    }
    RPC_TRY(w.need(least));
    return total > unbacked_limit && total > w.left() ? Status::invalid_bound : Status::ok;
}

// A pointee or parameter.
Status array_header(Walker& w, uint8_t* memory, Format f) {
    unsigned levels = 0;
    RPC_TRY(array_maxima(w, memory, f, 0, levels));
    w.next_level = levels;
    w.header = Walker::Header::array;
    return array_variances(w, memory, f, 0);
}

// With its header done, or embedded: then it has none but the variance.
Status array_flat(Walker& w, uint8_t* memory, Format f) {
    if (w.header == Walker::Header::array) {
        w.header = Walker::Header::none;
        return array_elements(w, memory, f, 0);
    }
    unsigned level = w.next_level, levels = 0;
    RPC_TRY(array_maxima(w, memory, f, level, levels));
    w.next_level = levels;
    RPC_TRY(array_variances(w, memory, f, level));
    RPC_TRY(array_elements(w, memory, f, level));
    w.next_level = level;
    return Status::ok;
}

}  // namespace rpc::ndr
