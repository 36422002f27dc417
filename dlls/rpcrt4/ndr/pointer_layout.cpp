// FC_PP: the pointers of block-copied data. Documentation page "Pointer Layout". Only where a pointer in memory is as wide as
// on the wire; compilers describe data with wider pointers member by member.
#include <cstring>

#include "ndr/full_pointer.h"
#include "ndr/types.h"

namespace rpc::ndr {

// One pointer: offsets in memory and on the wire (negative ones from the structure's end), then its description.
Status Walker::instance(Format f, const Block& b, int64_t memory_step, int64_t wire_step, uint8_t* from) {
    int64_t in_memory = s16_at(f), on_wire = s16_at(f + 2);
    auto size = static_cast<int64_t>(b.size);
    if (in_memory < 0) in_memory += size;
    if (on_wire < 0) on_wire += size;
    Pending p{};
    p.format = f + 4;
    p.base = from;
    if (b.before && from) p.before = b.before + (from - b.memory);
    if (b.memory) {
        p.slot = b.memory + in_memory + memory_step;
        p.value = load(p.slot);
    }
    if (op_ == Op::unmarshal) return push(p);
    if (from_memory() && !p.value) {
        if (p.format[0] == fc_rp && op_ != Op::free) return Status::null_ref_pointer;
    }
    bool first = true;
    if (from_memory() && p.value) {
        if (p.format[0] == fc_fp) RPC_TRY(full_pointer_seen(message_, op_, p.value, p.id, first));
        else if (op_ == Op::marshal) p.id = next_id();
    }
    if (op_ != Op::size && op_ != Op::free) {
        uint8_t* at = on_wire < size ? b.wire : b.wire_array;
        if (!at) return Status::internal_error;
        at += (on_wire < size ? on_wire : on_wire - size) + wire_step;
        if (at < (b.wire ? b.wire : b.wire_array) || at + 4 > b.wire_end) return Status::internal_error;
        if (op_ == Op::marshal) {
            std::memcpy(at, &p.id, 4);
        } else {
            std::memcpy(&p.id, at, 4);
            return reached(p);
        }
    }
    return p.value && first ? push(p) : Status::ok;
}

Status Walker::pointers(Format pp, const Block& b, Part part) {
    if (pointer_size() != 4) return Status::internal_error;
    for (Format f = pp + 2; f[0] != fc_end;) {
        if (f[0] == fc_no_repeat) {
            if (part != Part::elements) RPC_TRY(instance(f + 2, b, 0, 0, b.memory));
            f += 10;
            continue;
        }
        bool fixed = f[0] == fc_fixed_repeat;
        if (!fixed && f[0] != fc_variable_repeat) return Status::bad_stub_data;
        bool wanted = part == Part::all || (part == Part::fields) == fixed;
        uint32_t count = fixed ? u16_at(f + 2) : b.count;
        uint32_t skip = !fixed && f[1] == fc_variable_offset ? b.first : 0;
        Format list = fixed ? f + 4 : f + 2;
        int64_t step = u16_at(list);
        size_t to_array = u16_at(list + 2);
        unsigned each = u16_at(list + 4);
        list += 6;
        for (uint32_t i = 0; wanted && each != 0 && i < count; ++i)
            for (unsigned k = 0; k < each; ++k) {
                int64_t at = step * (static_cast<int64_t>(i) + skip);
                uint8_t* from = b.memory ? b.memory + to_array + at : nullptr;
                RPC_TRY(instance(list + 8 * k, b, at, step * i, from));
            }
        f = list + 8 * each;
    }
    return Status::ok;
}

Status Walker::adopt_pointers(size_t mark) {
    size_t kept = mark, end = count_;
    for (size_t i = mark; i < end; ++i) {
        std::memcpy(&pending_[i].id, pending_[i].slot, 4);
        store(pending_[i].slot, pending_[i].value);
    }
    for (size_t i = mark; i < end; ++i) {
        Pending p = pending_[i];
        bool keep = false;
        RPC_TRY(settle(p, keep));
        if (keep) pending_[kept++] = p;
    }
    count_ = kept;
    return Status::ok;
}

}  // namespace rpc::ndr
