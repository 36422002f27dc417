// Correlation descriptors: sizes, lengths and discriminants that memory gives, and whether the wire agrees.
// Documentation page "Correlation Descriptors".
#include <cstring>

#include "base/guard.h"
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr uint8_t range_valid = 0x01;

template <class T>
T read(const uint8_t* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// False: no integer type.
bool read_value(uint8_t type, const uint8_t* p, int64_t& value) {
    switch (type) {
    case fc_byte: case fc_char: case fc_usmall: value = read<uint8_t>(p); return true;
    case fc_small: value = read<int8_t>(p); return true;
    case fc_short: value = read<int16_t>(p); return true;
    case fc_wchar: case fc_ushort: value = read<uint16_t>(p); return true;
    case fc_long: case fc_enum16: case fc_enum32: value = read<int32_t>(p); return true;
    case fc_ulong: value = read<uint32_t>(p); return true;
    case fc_hyper: value = read<int64_t>(p); return true;
    }
    return false;
}

// False: an operator that is not documented, as FC_SPLIT_*.
bool apply(uint8_t operation, int64_t& value) {
    switch (operation) {
    case fc_zero: case fc_dereference: return true;
    case fc_div_2: value /= 2; return true;
    case fc_mult_2: value *= 2; return true;
    case fc_add_1: value += 1; return true;
    case fc_sub_1: value -= 1; return true;
    }
    return false;
}

bool top_level(uint8_t kind) { return kind == top_level_conformance || kind == top_level_multid_conformance; }

}  // namespace

bool target_level_6(const MIDL_STUB_MESSAGE& m) {
    constexpr uint32_t since = 0x60000;
    return m.fHasNewCorrDesc && m.StubDesc && m.StubDesc->Version >= since;
}

size_t correlation_size(const MIDL_STUB_MESSAGE& m) {
    if (!m.fHasNewCorrDesc) return 4;
    return private_flag(m, private_range_on_conformance) ? 16 : 6;
}

static void set_flag(MIDL_STUB_MESSAGE& m, int flag, bool on) {
    int flags = m.fUnused & ~flag;
    m.fUnused = (flags | (on ? flag : 0)) & 0x7f;
}

void set_range_on_conformance(MIDL_STUB_MESSAGE& m, bool on) { set_flag(m, private_range_on_conformance, on); }
void set_narrow_pointers(MIDL_STUB_MESSAGE& m, bool on) { set_flag(m, private_narrow_pointers, on); }
void set_plans(MIDL_STUB_MESSAGE& m, bool on) { set_flag(m, private_no_plans, !on); }

// The evaluation routine sees StackTop as the place that its offsets count from, and answers in MaxCount and Offset.
static Status evaluate(MIDL_STUB_MESSAGE& m, unsigned index, uint8_t* from, int64_t& value, uint32_t* first) {
    const EXPR_EVAL* routines = m.StubDesc ? m.StubDesc->apfnExprEval : nullptr;
    if (!routines || !routines[index]) return Status::internal_error;
    uint8_t* stack = m.StackTop;
    auto max = m.MaxCount;
    auto offset = m.Offset;
    m.StackTop = from;
    m.Offset = 0;
    uint32_t code = call_guarded([&] { routines[index](&m); });
    value = static_cast<int64_t>(m.MaxCount);
    if (first) *first = m.Offset;
    m.StackTop = stack;
    m.MaxCount = max;
    m.Offset = offset;
    return static_cast<Status>(code);
}

// Where a descriptor's variable is.
Status Walker::locate(Format d, uint8_t* memory, bool variance, const uint8_t*& at) {
    uint8_t kind = d[0] & 0xf0;
    const uint8_t* from = top_level(kind) ? message_.StackTop : kind == normal_conformance ? memory : base;
    if (!from) return Status::internal_error;
    int offset = s16_at(d + 2);
    at = from + (top_level(kind) ? u16_at(d + 2) : offset);
    // Lengths of varying arrays within a structure: some compilers count from its end.
    if (variance && kind == normal_conformance && base && memory >= base && at < base) at = base + base_size + offset;
    if (d[1] != fc_dereference) return Status::ok;
    at = load(at);
    return at ? Status::ok : Status::null_ref_pointer;
}

Status Walker::correlate(Format d, uint8_t* memory, bool variance, int64_t& value, uint32_t* first) {
    uint8_t kind = d[0] & 0xf0, operation = d[1];
    if (first) *first = 0;
    if (u32_at(d) == 0xffffffff) return Status::internal_error;  // described as absent
    if (kind == constant_conformance) {
        value = d[1] << 16 | u16_at(d + 2);
        return Status::ok;
    }
    uint8_t* from = kind == normal_conformance ? memory : base;
    if (top_level(kind)) {
        from = message_.StackTop;
        if (!from) {  // -Os stubs
            value = variance ? static_cast<int64_t>(message_.ActualCount) : static_cast<int64_t>(message_.MaxCount);
            if (first && variance) *first = message_.Offset;
            return Status::ok;
        }
    }
    if (!from) return Status::internal_error;
    if (operation == fc_callback) return evaluate(message_, u16_at(d + 2), from, value, first);
    const uint8_t* at = nullptr;
    RPC_TRY(locate(d, memory, variance, at));
    if (!read_value(d[0] & 0x0f, at, value)) return unknown(d);
    return apply(operation, value) ? Status::ok : unknown(d + 1);
}

// FC_IP FC_CONSTANT_IID iid<16>, or FC_IP FC_PAD and a descriptor whose value is the address of the IID, whatever type it
// names (documentation page "Pointers (RPC)").
Status Walker::interface_id(Format f, uint8_t* memory, const void*& iid) {
    if (f[1] == fc_constant_iid) {
        iid = f + 2;
        return Status::ok;
    }
    Format d = f + 2;
    uint8_t kind = d[0] & 0xf0;
    if (d[1] == fc_callback) {
        int64_t value = 0;
        RPC_TRY(correlate(d, memory, false, value));
        iid = reinterpret_cast<const void*>(static_cast<uintptr_t>(value));
    } else if (top_level(kind) && !message_.StackTop) {
        iid = reinterpret_cast<const void*>(static_cast<uintptr_t>(message_.MaxCount));  // -Os stubs
    } else {
        const uint8_t* at = nullptr;
        RPC_TRY(locate(d, memory, false, at));
        iid = load(at);
    }
    return iid ? Status::ok : Status::null_ref_pointer;
}

Status Walker::check_range(Format d, uint32_t value) const {
    if (!message_.fHasNewCorrDesc || !private_flag(message_, private_range_on_conformance)) return Status::ok;
    if (!(d[6] & range_valid)) return Status::ok;
    return value < u32_at(d + 8) || value > u32_at(d + 12) ? Status::invalid_bound : Status::ok;
}

Status Walker::correlate_count(Format d, uint8_t* memory, bool variance, uint32_t& value, uint32_t* first) {
    int64_t wide = 0;
    RPC_TRY(correlate(d, memory, variance, wide, first));
    if (wide < 0 || wide > INT32_MAX) return Status::invalid_bound;
    value = static_cast<uint32_t>(wide);
    return check_range(d, value);
}

// Sizes that memory already holds are compared at once; parameters still to come are noted. Descriptors without robust flags
// do not say which is which, and their callers may count on less: there the wire must hold at least what memory promises.
Status Walker::verify(Format d, uint8_t* memory, uint32_t value, uint32_t least, uint32_t limit,
                      bool variance) {
    uint8_t kind = d[0] & 0xf0;
    bool robust = message_.fHasNewCorrDesc;
    auto kind_of = variance ? LateCheck::length : LateCheck::size;
    if (kind != constant_conformance) RPC_TRY(check_range(d, value));
    if (robust && (d[4] & (correlation_dont_check | correlation_iid_is))) return Status::ok;
    if (top_level(kind)) {
        if (!message_.StackTop) return Status::ok;
        if (!robust || !(d[4] & correlation_early)) {
            if (!notes_->keep_checks) return Status::ok;
            return notes_->checks.push_back({d, nullptr, value, kind_of, least, limit}) ? Status::ok : Status::out_of_memory;
        }
    } else if (kind == normal_conformance && !memory) {
        return Status::ok;
    } else if (kind != constant_conformance && robust && !(d[4] & correlation_early)) {
        uint8_t* from = kind == normal_conformance ? memory : base;
        return notes_->checks.push_back({d, from, value, kind_of, least, limit}) ? Status::ok : Status::out_of_memory;
    }
    int64_t expected = 0;
    if (robust || kind == constant_conformance) {
        RPC_TRY(correlate(d, memory, variance, expected));
        return expected == value ? Status::ok : Status::bad_stub_data;
    }
    // What cannot be told yet is not wrong.
    if (failed(correlate(d, memory, variance, expected))) return Status::ok;
    return expected >= least && expected <= limit ? Status::ok : Status::bad_stub_data;
}

Status Walker::verify_tag(Format d, uint8_t* memory, uint32_t value, uint32_t mask) {
    uint8_t kind = d[0] & 0xf0;
    if (u32_at(d) == 0xffffffff || kind == constant_conformance) return Status::ok;
    if (message_.fHasNewCorrDesc && (d[4] & correlation_dont_check)) return Status::ok;
    if (top_level(kind) && (!message_.StackTop || !notes_->keep_checks)) return Status::ok;
    uint8_t* from = kind == normal_conformance ? memory : kind == pointer_conformance ? base : nullptr;
    return notes_->checks.push_back({d, from, value, LateCheck::tag, 0, mask}) ? Status::ok : Status::out_of_memory;
}

// A size that was to be read through a null pointer is none.
Status Walker::null_allowed(Format pointer, uint8_t* from) {
    if (!target_level_6(message_)) return Status::ok;
    Format d = size_of_pointee(message_, pointee_of(pointer));
    if (!d || (d[4] & correlation_dont_check)) return Status::ok;
    const uint8_t kind = d[0] & 0xf0;
    const LateCheck check{d, top_level(kind) ? nullptr : from, 0, LateCheck::null, 0, 0};
    if (top_level(kind) ? !message_.StackTop : kind != pointer_conformance || !from) return Status::ok;
    if (d[4] & correlation_early) return check_late(check);
    if (top_level(kind) && !notes_->keep_nulls) return Status::ok;
    Vector<LateCheck>& later = top_level(kind) ? notes_->nulls : notes_->checks;
    return later.push_back(check) ? Status::ok : Status::out_of_memory;
}

Status Walker::check_late(const LateCheck& c) {
    int64_t expected = 0;
    uint8_t* outer = base;
    base = c.memory;
    Status s = correlate(c.descriptor, c.memory, c.kind == LateCheck::length, expected);
    base = outer;
    if (c.kind == LateCheck::alias)
        return failed(s) ? s : expected >= 0 && expected <= c.value ? Status::ok : Status::bad_stub_data;
    if (c.kind == LateCheck::null) {
        if (s == Status::null_ref_pointer) return Status::ok;
        return failed(s) ? s : expected == 0 ? Status::ok : Status::bad_stub_data;
    }
    RPC_TRY(s);
    bool agrees = expected == c.value;
    if (c.kind == LateCheck::tag) agrees = ((static_cast<uint32_t>(expected) ^ c.value) & c.limit) == 0;
    else if (!message_.fHasNewCorrDesc) agrees = expected >= c.least && expected <= c.limit;
    return agrees ? Status::ok : Status::bad_stub_data;
}

Status conformance(MIDL_STUB_MESSAGE& message, PFORMAT_STRING descriptor, uint64_t& value) {
    Walker w(message, Op::size);
    int64_t wide = 0;
    RPC_TRY(w.correlate(descriptor, nullptr, false, wide));
    value = static_cast<uint64_t>(wide);
    return Status::ok;
}

// --- what is kept over several calls --------------------------------------------------------------------------------

static Status own_notes(MIDL_STUB_MESSAGE& m) {
    if (!m.pMemoryList) m.pMemoryList = make<Notes>();
    return m.pMemoryList ? Status::ok : Status::out_of_memory;
}

static void drop_if_unused(MIDL_STUB_MESSAGE& m) {
    Notes* n = notes_of(m);
    if (!n || n->keep_allocations || n->keep_checks || n->keep_nulls) return;
    destroy(n);
    m.pMemoryList = nullptr;
}

Status correlation_init(MIDL_STUB_MESSAGE& m) {
    RPC_TRY(own_notes(m));
    notes_of(m)->keep_checks = notes_of(m)->keep_nulls = true;
    return Status::ok;
}

Status null_checks_init(MIDL_STUB_MESSAGE& m) {
    RPC_TRY(own_notes(m));
    notes_of(m)->keep_nulls = true;
    return Status::ok;
}

Status correlation_pass(MIDL_STUB_MESSAGE& m) {
    Notes* n = notes_of(m);
    if (!n) return Status::ok;
    Status result = Status::ok;
    Walker w(m, Op::size);
    for (const Vector<LateCheck>* all : {&n->checks, &n->nulls})
        for (const LateCheck& c : *all)
            if (!failed(result)) result = w.check_late(c);
    n->checks.clear();
    n->nulls.clear();
    return result;
}

void correlation_free(MIDL_STUB_MESSAGE& m) {
    Notes* n = notes_of(m);
    if (!n) return;
    n->checks.clear();
    n->nulls.clear();
    n->keep_checks = n->keep_nulls = false;
    drop_if_unused(m);
}

Status track_allocations(MIDL_STUB_MESSAGE& m) {
    RPC_TRY(own_notes(m));
    notes_of(m)->keep_allocations = true;
    return Status::ok;
}

void discard_tracked(MIDL_STUB_MESSAGE& m) {
    if (Notes* n = notes_of(m)) roll_back(m, *n, {});
    forget_tracked(m);
}

void forget_tracked(MIDL_STUB_MESSAGE& m) {
    Notes* n = notes_of(m);
    if (!n) return;
    n->forget();
    n->keep_allocations = false;
    drop_if_unused(m);
}

void roll_back(MIDL_STUB_MESSAGE& m, Notes& notes, Notes::Mark mark) {
    const auto release = [&](uint8_t* block) {
        if (m.pfnFree) (void)call_guarded([&] { m.pfnFree(block); });  // nothing is left to tell
    };
    bool narrow = private_flag(m, private_narrow_pointers);
    Vector<Allocation>& all = notes.allocations;
    for (size_t i = mark.allocations; i < all.size(); ++i)
        if (all[i].slot) std::memset(all[i].slot, 0, narrow && !all[i].native ? 4 : sizeof(void*));
    while (notes.inner.size() > mark.inner) release(notes.inner.pop());
    while (all.size() > mark.allocations) {
        Allocation a = all.pop_back();
        if (a.object) release_object(m, a.block);
        else release(a.block);
    }
    notes.checks.clear();
    notes.nulls.clear();
}

Status allocate(MIDL_STUB_MESSAGE& m, size_t size, void** memory) {
    *memory = nullptr;
    if (!m.pfnAllocate) return Status::internal_error;
    uint32_t code = call_guarded([&] { *memory = m.pfnAllocate(size); });
    if (code != 0) return static_cast<Status>(code);
    return *memory ? Status::ok : Status::out_of_memory;
}

Status allocate_tracked(MIDL_STUB_MESSAGE& m, size_t size, void** memory) {
    Notes* n = notes_of(m);
    if (!n || !n->keep_allocations) return allocate(m, size, memory);
    *memory = nullptr;
    if (!n->allocations.reserve(n->allocations.size() + 1)) return Status::out_of_memory;
    RPC_TRY(allocate(m, size, memory));
    return n->allocations.push_back({static_cast<uint8_t*>(*memory), nullptr, false}) ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::ndr
