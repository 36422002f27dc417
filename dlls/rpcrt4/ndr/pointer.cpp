// Pointers: what they leave on the wire, and their pointees.
#include <cstring>

#include "ndr/full_pointer.h"
#include "ndr/types.h"

namespace rpc::ndr {

Status Walker::plain_pointer(uint8_t* slot, Format f, bool native) {
    if (f[0] != fc_rp) return start_pointer(slot, f, native);
    Pending p{};
    p.format = f;
    p.slot = slot;
    p.native = native;
    p.base = base;
    p.before = before;
    if (op_ != Op::memory_size && op_ != Op::convert) p.value = load(slot, native);
    if (from_memory() && !p.value) return op_ == Op::free ? Status::ok : Status::null_ref_pointer;
    return push(p);
}

Status Walker::embedded_pointer(uint8_t* slot, Format f) { return start_pointer(slot, f, false); }

Status Walker::start_pointer(uint8_t* slot, Format f, bool native) {
    Pending p{};
    p.format = f;
    p.slot = slot;
    p.native = native;
    p.base = base;
    p.before = before;
    if (slot) p.value = load(slot, native);
    if (from_memory()) {
        if (!p.value && f[0] == fc_rp && op_ != Op::free) return Status::null_ref_pointer;
        bool first = true;
        if (p.value && f[0] == fc_fp) RPC_TRY(full_pointer_seen(message_, op_, p.value, p.id, first));
        else if (p.value && op_ == Op::marshal) p.id = next_id();
        RPC_TRY(number(p.id));
        return p.value && first ? push(p) : Status::ok;
    }
    RPC_TRY(number(p.id));
    return reached(p);
}

// A pointer whose referent id was read: whether it is to be done later, and how.
Status Walker::settle(Pending& p, bool& keep) {
    uint8_t type = p.format[0];
    keep = false;
    if (p.id == 0 && type != fc_rp) {
        if (op_ == Op::unmarshal) RPC_TRY(null_allowed(p.format, p.base));
        // COM's rule for [in, out]: what the caller gave is released before it is replaced.
        if (type == fc_op && op_ == Op::unmarshal && message_.IsClient && p.value) RPC_TRY(release(p.value));
        store(p.slot, nullptr, p.native);
        return Status::ok;
    }
    bool first = true;
    if (type == fc_fp) RPC_TRY(full_pointer_read(message_, op_, p.id, first));
    // Its pointee may still be pending: the pointer is looked up when it is this one's turn.
    if (!first) p.kind = Pending::alias;
    keep = first || op_ == Op::unmarshal;
    return Status::ok;
}

Status Walker::reached(Pending& p) {
    bool keep = false;
    RPC_TRY(settle(p, keep));
    return keep ? push(p) : Status::ok;
}

Status Walker::process(const Pending& p) {
    if (p.kind == Pending::block) return release(p.value);
    if (p.kind == Pending::alias) {
        if (full_pointer_lookup(message_, p.id).memory) return process_alias(p);
        return aliases_.push_back(p) ? Status::ok : Status::out_of_memory;
    }
    base = p.base;
    before = p.before;
    if (p.kind == Pending::object) return process_object(p);
    if (p.kind == Pending::user) return user_marshal_data(*this, p.value, p.format);
    if (op_ == Op::free) return process_free(p);
    if (op_ == Op::unmarshal) return process_unmarshal(p);
    Format target = pointee_of(p.format);
    if (!is_pointer(target[0])) return object(p.value, target);
    if (op_ == Op::memory_size) memory_total_ += 8;
    return plain_pointer(p.value, target, false);
}

Status Walker::process_unmarshal(const Pending& p) {
    Format target = pointee_of(p.format);
    uint8_t* memory = p.value;
    if (memory && in_buffer(memory)) memory = nullptr;
    if ((p.format[1] & pointer_allocate_all_nodes) && !arena_ && !memory) RPC_TRY(all_nodes(p));
    if (!is_pointer(target[0])) {
        RPC_TRY(unmarshal_object(memory, target, p.slot, p.native));
    } else {
        if (!memory) {
            RPC_TRY(allocate(pointer_size(), true, p.slot, p.native, memory));
            store(p.slot, memory, p.native);
        }
        RPC_TRY(plain_pointer(memory, target, false));
    }
    if (p.format[0] != fc_fp || p.id == 0) return Status::ok;
    return full_pointer_adopt(message_, p.id, {memory, target, is_pointer(target[0]) ? pointer_size() : object_bytes_});
}

// --- full pointers to what another one has brought ---------------------------------------------------------------------

// What a pointee consists of: of an array its elements.
static Format contents_of(const MIDL_STUB_MESSAGE& m, Format f) {
    Format element = is_array(f[0]) ? array_element(m, f) : nullptr;
    if (!element) return f;
    return element[0] == fc_embedded_complex ? relative(element + 2) : element;
}

static bool same_contents(const MIDL_STUB_MESSAGE& m, Format a, Format b) {
    a = contents_of(m, a);
    b = contents_of(m, b);
    return a == b || (a[0] == b[0] && type_of(a[0]).wire != 0);
}

Status Walker::process_alias(const Pending& p) {
    const FullPointee pointee = full_pointer_lookup(message_, p.id);
    if (pointee.type) RPC_TRY(alias_allowed(p, pointee));
    store(p.slot, pointee.memory, p.native);
    return Status::ok;
}

// A peer may give one referent id to pointers of two types. Then the second must find what it expects: no pointer where there was
// none, and no more bytes than there are.
Status Walker::alias_allowed(const Pending& p, const FullPointee& pointee) {
    Format target = pointee_of(p.format);
    const auto leads_on = [this](Format f) { return is_pointer(f[0]) || has_pointers(message_, f); };
    if (!same_contents(message_, target, pointee.type) && (leads_on(target) || leads_on(pointee.type))) return Status::bad_stub_data;
    if (is_array(target[0])) return alias_of_array(p, target, pointee.bytes);
    if (conformant_array_of(target)) return target == pointee.type ? Status::ok : Status::bad_stub_data;  // its size is its own
    uint64_t need = pointer_size();
    if (!is_pointer(target[0])) RPC_TRY(memory_size_of(*this, target, need));
    return need <= pointee.bytes ? Status::ok : Status::bad_stub_data;
}

// Its count may be a parameter that is still to come.
Status Walker::alias_of_array(const Pending& p, Format array, uint64_t bytes) {
    Format count = nullptr;
    uint64_t each = 0, need = 0;
    RPC_TRY(array_extent(*this, array, count, each));
    if (!count && array[0] >= fc_c_cstring && array[0] <= fc_c_wstring) {
        const FullPointee pointee = full_pointer_lookup(message_, p.id);
        return pointee.type[0] == array[0] ? Status::ok : Status::bad_stub_data;  // which has an end
    }
    if (!count) {
        RPC_TRY(memory_size_of(*this, array, need));
        return need <= bytes ? Status::ok : Status::bad_stub_data;
    }
    const uint8_t kind = count[0] & 0xf0;
    const bool parameter = kind == top_level_conformance || kind == top_level_multid_conformance;
    const uint64_t room = each == 0 ? INT32_MAX : bytes / each;
    const LateCheck check{count, parameter ? nullptr : p.base, static_cast<uint32_t>(room < INT32_MAX ? room : INT32_MAX), LateCheck::alias, 0, 0};
    if (!parameter) return check_late(check);
    if (!message_.StackTop) return Status::ok;  // -Os stubs: their sizes are gone by now
    if (message_.fHasNewCorrDesc && (count[4] & correlation_early)) return check_late(check);
    if (!notes_->keep_checks) return Status::ok;
    return notes_->checks.push_back(check) ? Status::ok : Status::out_of_memory;
}

// allocate(all_nodes): one block for everything that this pointer leads to.
Status Walker::all_nodes(const Pending& p) {
    lend();
    Walker measure(message_, Op::memory_size);
    Status s = measure.begin();
    if (!failed(s)) {
        Pending again = p;
        again.slot = again.value = nullptr;
        s = measure.push(again);
    }
    FullPointerPause pause(message_);
    if (!failed(s)) s = measure.drain();
    if (failed(s)) return s;
    uint8_t* block = nullptr;
    RPC_TRY(allocate(measure.memory_total_, true, p.slot, p.native, block));
    arena_ = block;
    arena_end_ = block + measure.memory_total_;
    arena_mark_ = count_;
    return Status::ok;
}

Status Walker::process_free(const Pending& p) {
    if (p.format[1] & pointer_dont_free) return Status::ok;
    bool ours = !(p.format[1] & pointer_alloced_on_stack);
    if (p.format[1] & pointer_allocate_all_nodes) return ours ? release(p.value) : Status::ok;
    Format target = pointee_of(p.format);
    bool pointer = is_pointer(target[0]);
    if (!pointer && !has_pointers(message_, target)) return ours ? release(p.value) : Status::ok;
    RPC_TRY(pointer ? plain_pointer(p.value, target, false) : object(p.value, target));
    // After what it leads to: sizes and pointers are still read from it.
    Pending block{};
    block.kind = Pending::block;
    block.value = p.value;
    return ours ? push(block) : Status::ok;
}

}  // namespace rpc::ndr
