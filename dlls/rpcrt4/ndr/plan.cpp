#include "ndr/plan.h"

#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr uint32_t largest = 0x4000;  // of a planned structure
constexpr unsigned deepest = 4;

bool is_structure(uint8_t fc) { return fc == fc_struct || fc == fc_pstruct || fc == fc_bogus_struct; }

// What a pointer's description leads to, as far as it can be done at once.
Plan::Target target_kind(Format f, uint8_t& size) {
    if (f[1] & ~pointer_simple) return Plan::other;
    Format target = pointee_of(f);
    const Type& type = type_of(target[0]);
    if (type.wire != 0 && type.wire == type.memory && target[0] != fc_enum16) {
        size = type.wire;
        return Plan::value;
    }
    if (target[0] == fc_c_cstring && target[1] != fc_string_sized) return Plan::text;
    if (target[0] == fc_c_wstring && target[1] != fc_string_sized) return Plan::wide_text;
    return is_structure(target[0]) && !conformant_array_of(target) ? Plan::structure : Plan::other;
}

void round_up(uint32_t& at, uint32_t mask) { at = (at + mask) & ~mask; }

}  // namespace

bool Plan::add_value(uint32_t from, uint32_t to, uint32_t size) {
    if (copies != 0) {
        Copy& last = copy[copies - 1];
        if (last.memory + last.size == static_cast<int>(from) && last.wire + last.size == static_cast<int>(to)) {
            last.size = static_cast<uint16_t>(last.size + size);
            return true;
        }
    }
    if (copies == max_copies) return false;
    copy[copies++] = {static_cast<uint16_t>(from), static_cast<uint16_t>(to), static_cast<uint16_t>(size)};
    return true;
}

bool Plan::add_pointer(Walker& w, Format f, uint32_t from, uint32_t to, bool embedded) {
    if (pointers == max_pointers || (f[0] != fc_up && f[0] != fc_op && f[0] != fc_rp)) return false;
    Pointer& p = pointer[pointers++];
    p = {f, pointee_of(f), nullptr, static_cast<uint16_t>(from), static_cast<uint16_t>(to), other, 0};
    p.kind = target_kind(f, p.size);
    // Sizes count from the innermost structure.
    if (embedded && p.kind == other) return false;
    alone = alone && p.kind != other;
    if (p.kind == other && f[0] != fc_rp && target_level_6(w.message()))
        may_be_wrong_null = may_be_wrong_null || size_of_pointee(w.message(), p.target) != nullptr;
    return true;
}

// `at` and `on_wire` count from the outermost structure, which is aligned as every value within asks for.
bool Plan::add_members(Walker& w, Format m, Format layout, uint32_t& at, uint32_t& on_wire, unsigned depth) {
    const auto advance = [&](uint32_t value_mask) {
        if (value_mask > mask) return false;
        uint32_t before = on_wire;
        round_up(on_wire, value_mask);
        if (on_wire == before) return true;
        if (gaps == max_gaps) return false;
        gap[gaps++] = {static_cast<uint16_t>(before), static_cast<uint16_t>(on_wire - before)};
        return true;
    };
    const uint32_t start = at;
    for (; m[0] != fc_end; ++m) {
        if (at > largest || on_wire > largest) return false;
        const Type& type = type_of(m[0]);
        if (type.wire != 0) {
            if (type.wire != type.memory || !advance(type.wire - 1u) || !add_value(at, on_wire, type.wire)) return false;
            at += type.wire;
            on_wire += type.wire;
            continue;
        }
        if (m[0] == fc_embedded_complex) {
            Format inner = relative(m + 2);
            at += m[1];
            if (depth == deepest || !is_structure(inner[0]) || conformant_array_of(inner) || !advance(inner[1])) return false;
            if (inner[0] == fc_pstruct) return false;
            uint32_t place = at;
            if (inner[0] == fc_struct) {
                if (!add_value(at, on_wire, u16_at(inner + 2))) return false;
                on_wire += u16_at(inner + 2);
            } else {
                Format pointers = u16_at(inner + 6) ? relative(inner + 6) : nullptr;
                if (!add_members(w, inner + 8, pointers, place, on_wire, depth + 1)) return false;
                if (place > at + u16_at(inner + 2)) return false;
            }
            at += u16_at(inner + 2);
            m += 3;
            continue;
        }
        if (m[0] == fc_pointer || is_pointer(m[0])) {
            Format f = m[0] == fc_pointer ? layout : m;
            if (!f || !advance(3) || !add_pointer(w, f, at, on_wire, depth != 0)) return false;
            if (m[0] == fc_pointer) layout += 4;
            else m += 3;
            at += w.pointer_size();
            on_wire += 4;
            continue;
        }
        uint64_t place = at - start, size = 0;
        if (m[0] == fc_ignore || failed(member_step(w, m, place, size))) return false;
        at = start + static_cast<uint32_t>(place + size);
    }
    return at <= largest;
}

bool Plan::make(Walker& w, Format f) {
    if (!is_structure(f[0]) || conformant_array_of(f)) return false;
    copies = gaps = pointers = 0;
    alone = true;
    may_be_wrong_null = false;
    mask = f[1];
    memory = u16_at(f + 2);
    if ((mask & (mask + 1u)) != 0 || memory > largest) return false;
    if (f[0] == fc_bogus_struct) {
        uint32_t at = 0, on_wire = 0;
        if (!add_members(w, f + 8, u16_at(f + 6) ? relative(f + 6) : nullptr, at, on_wire, 0) || at > memory) return false;
        wire = static_cast<uint16_t>(on_wire);
    } else {
        wire = memory;
        if (!add_value(0, 0, memory)) return false;
        if (f[0] == fc_pstruct) {
            if (w.pointer_size() != 4) return false;
            Format pp = f + 4;
            for (f = pp + 2; f[0] == fc_no_repeat; f += 10)
                if (u16_at(f + 2) != u16_at(f + 4) || u16_at(f + 2) + 4 > memory || !add_pointer(w, f + 6, u16_at(f + 2), u16_at(f + 2)))
                    return false;
            if (f[0] != fc_end) return false;
        }
    }
    uint32_t next = wire;
    round_up(next, mask);
    stride = static_cast<uint16_t>(next);
    return wire != 0;
}

bool Plan::make_of_layout(Walker& w, Format pp, size_t to_array) {
    Format f = pp + 2;
    if (f[0] != fc_variable_repeat || w.pointer_size() != 4) return false;
    unsigned first = u16_at(f + 4), count = u16_at(f + 6);
    copies = gaps = pointers = mask = 0;
    alone = true;
    may_be_wrong_null = false;
    memory = wire = stride = u16_at(f + 2);
    if (first != to_array || memory > largest || count == 0 || count > max_pointers || f[8 + 8 * count] != fc_end) return false;
    f += 8;
    for (unsigned i = 0; i < count; ++i, f += 8) {
        unsigned at = u16_at(f) - first;  // wraps where it lies before the array
        if (u16_at(f) != u16_at(f + 2) || at > memory || at + 4u > memory || !add_pointer(w, f + 4, at, at)) return false;
    }
    return memory != 0;
}

}  // namespace rpc::ndr
