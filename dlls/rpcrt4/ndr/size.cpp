// How much room types take: in memory to find it, on the wire to bound what a peer asks for.
#include "ndr/types.h"

namespace rpc::ndr {

Status memory_size_of(Walker& w, Format f, uint64_t& size) {
    const Type& type = type_of(f[0]);
    if (type.wire != 0) {
        size = type.memory == pointer_wide ? w.pointer_size() : type.memory;
        return Status::ok;
    }
    if (!type.size) return w.unknown(f);
    RPC_TRY(w.nest());
    const Status status = type.size(w, f, size);
    w.unnest();
    RPC_TRY(status);
    return size > INT32_MAX ? Status::invalid_bound : Status::ok;
}

// Embedded, so without conformance.
Status array_size(Walker& w, Format f, uint64_t& size) {
    switch (f[0]) {
    case fc_carray: case fc_cvarray: case fc_c_cstring: case fc_c_bstring: case fc_c_sstring: case fc_c_wstring:
        size = 0;
        return Status::ok;
    case fc_smfarray: case fc_smvarray: size = u16_at(f + 2); return Status::ok;
    case fc_lgfarray: case fc_lgvarray: size = u32_at(f + 2); return Status::ok;
    case fc_cstring: case fc_bstring: size = u16_at(f + 2); return Status::ok;
    case fc_wstring: size = 2 * u16_at(f + 2); return Status::ok;
    case fc_sstring: size = f[1] * static_cast<uint64_t>(u16_at(f + 2)); return Status::ok;
    }
    Format element = array_element(w.message(), f);
    if (u32_at(f + 4) != 0xffffffff) {
        size = 0;
        return Status::ok;
    }
    uint64_t pad = 0;
    if (element[0] == fc_embedded_complex) {
        pad = element[1];
        element = relative(element + 2);
    }
    RPC_TRY(memory_size_of(w, element, size));
    size = (size + pad) * u16_at(f + 2);
    return Status::ok;
}

Status object_size(Walker& w, Format f, uint64_t& size) {
    if (is_array(f[0])) return array_bytes(w, f, 0, size);
    RPC_TRY(memory_size_of(w, f, size));
    if (Format array = conformant_array_of(f)) {
        uint64_t more = 0, place = 0;
        RPC_TRY(array_bytes(w, array, 0, more));
        RPC_TRY(array_place(w, f, place));
        // C gives a structure its full size even where the array starts in its padding.
        if (place + more > size) size = place + more;
        if (size > INT32_MAX) return Status::invalid_bound;
    }
    return Status::ok;
}

namespace {

uint64_t least_of_members(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth) {
    uint64_t sum = 0;
    for (;; ++f) {
        switch (f[0]) {
        case fc_end: return sum;
        case fc_structpadn: f += 3; continue;
        case fc_pointer: sum += 4; continue;
        case fc_rp: case fc_up: case fc_op: case fc_fp: sum += 4; f += 3; continue;
        case fc_embedded_complex: sum += least_on_wire(m, relative(f + 2), depth + 1); f += 3; continue;
        }
        sum += type_of(f[0]).wire;
    }
}

}  // namespace

uint64_t least_on_wire(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth) {
    if (depth > 8) return 0;
    if (uint64_t wire = type_of(f[0]).wire) return wire;
    switch (f[0]) {
    case fc_rp: case fc_up: case fc_op: case fc_fp: case fc_ignore: return 4;
    case fc_embedded_complex: return least_on_wire(m, relative(f + 2), depth + 1);
    case fc_struct: case fc_pstruct: case fc_cstruct: case fc_cpstruct: case fc_cvstruct: return u16_at(f + 2);
    case fc_bogus_struct: return least_of_members(m, f + 8, depth);
    case fc_smfarray: return u16_at(f + 2);
    case fc_lgfarray: return u32_at(f + 2);
    case fc_smvarray: case fc_lgvarray: case fc_cstring: case fc_bstring: case fc_sstring: case fc_wstring: return 8;
    case fc_bogus_array: {
        size_t c = correlation_size(m);
        if (u32_at(f + 4) != 0xffffffff) return 0;
        if (u32_at(f + 4 + c) != 0xffffffff) return 8;
        return u16_at(f + 2) * least_on_wire(m, f + 4 + 2 * c, depth + 1);
    }
    case fc_encapsulated_union: return type_of(f[1] & 0x0f).wire;
    case fc_non_encapsulated_union: return type_of(f[1]).wire;
    case fc_range: return type_of(f[1] & 0x0f).wire;
    case fc_hard_struct: return u16_at(f + 10);
    }
    return 0;
}

Status check_object_on_wire(Walker& w, Format f) {
    if (is_array(f[0])) return check_array_on_wire(w, f, 0);
    Format array = conformant_array_of(f);
    if (!array) return w.need(least_on_wire(w.message(), f));
    // The variance of this array is not read yet: what it holds is bounded by what there is room for.
    Walker::Dimension* d = nullptr;
    RPC_TRY(w.dimension(0, d));
    bool varying = array[0] == fc_cvarray || (array[0] >= fc_c_cstring && array[0] <= fc_c_wstring);
    uint32_t actual = d->actual;
    if (varying) d->actual = 0;
    Status s = check_array_on_wire(w, array, 0);
    d->actual = actual;
    return s;
}

// A type that holds itself, as one that is read with the wrong size of descriptors may seem to, is left to the walk, which ends there.
bool has_pointers(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth) {
    if (depth == Walker::max_nesting) return true;
    if (type_of(f[0]).wire != 0) return false;
    switch (f[0]) {
    case fc_struct: case fc_range: case fc_c_cstring: case fc_c_bstring: case fc_c_sstring: case fc_c_wstring:
    case fc_cstring: case fc_bstring: case fc_sstring: case fc_wstring:
        return false;
    case fc_cstruct: return has_pointers(m, conformant_array_of(f), depth + 1);
    case fc_cvstruct: return f[6] == fc_pp;
    case fc_carray: case fc_cvarray: case fc_smfarray: case fc_lgfarray: case fc_smvarray: case fc_lgvarray:
    case fc_bogus_array:
        return array_pointers(m, f) || elements_have_pointers(m, f, depth + 1);
    }
    return true;
}

bool usable_in_place(Walker& w, Format f) {
    const Type& type = type_of(f[0]);
    if (type.wire != 0) return type.memory == type.wire || (type.memory == pointer_wide && w.pointer_size() == type.wire);
    Walker::Dimension* d = nullptr;
    if (failed(w.dimension(0, d))) return false;
    switch (f[0]) {
    case fc_struct: return true;
    case fc_cstruct: {
        Format array = conformant_array_of(f);
        return array[0] == fc_carray && !has_pointers(w.message(), array) && (u16_at(f + 2) & array[1]) == 0;
    }
    case fc_carray: case fc_smfarray: case fc_lgfarray: return !has_pointers(w.message(), f);
    case fc_cvarray: case fc_smvarray: case fc_lgvarray:
        return !has_pointers(w.message(), f) && d->first == 0 && d->actual == d->max;
    case fc_c_cstring: case fc_c_bstring: case fc_c_wstring: return d->actual == d->max;
    case fc_cstring: case fc_bstring: case fc_wstring: return d->actual == d->max;
    }
    return false;
}

}  // namespace rpc::ndr
