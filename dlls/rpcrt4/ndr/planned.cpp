// Structures that have a plan: the same data in the same order with the same checks as the common way, which is where everything
// goes that a plan does not say. The program's allocator is guarded here around many of its calls, as a guard costs more than
// a structure: nothing that is called has anything to clean up.
#include <cstring>

#include "base/guard.h"
#include "ndr/text.h"
#include "ndr/types.h"

// What is done for every structure or pointer of a planned operation becomes part of its loop: on x86, where arguments travel in
// memory, the calls took as long as the work.
#define PLANNED [[gnu::always_inline]] inline

namespace rpc::ndr {

namespace {

constexpr uint32_t few = 4;  // elements, which are not worth a plan

// In eights: for more at once x86 has `rep movs`, which takes longer to begin than a text to copy.
template <size_t size>
inline void copy_fixed(uint8_t* to, const uint8_t* from) {
    if constexpr (size > 8) {
        copy_fixed<size / 2>(to, from);
        copy_fixed<size / 2>(to + size / 2, from + size / 2);
    } else {
        std::memcpy(to, from, size);
    }
}

// The first and the last `half` bytes, which overlap or meet.
template <size_t half>
inline void copy_ends(uint8_t* to, const uint8_t* from, size_t size) {
    copy_fixed<half>(to, from);
    copy_fixed<half>(to + size - half, from + size - half);
}

// Texts and structures are short more often than not. On x86 the call took as long as the copy.
PLANNED void copy_text(uint8_t* to, const uint8_t* from, size_t size) {
    if (size > 64) std::memcpy(to, from, size);
    else if (size > 32) copy_ends<32>(to, from, size);
    else if (size > 16) copy_ends<16>(to, from, size);
    else if (size >= 8) copy_ends<8>(to, from, size);
    else if (size >= 4) copy_ends<4>(to, from, size);
    else if (size >= 2) copy_ends<2>(to, from, size);
    else if (size != 0) *to = *from;
}

// Not inline, so that what calls copy_value stays short.
[[gnu::noinline]] void copy_other(uint8_t* to, const uint8_t* from, size_t size) { copy_text(to, from, size); }

inline void copy_value(uint8_t* to, const uint8_t* from, unsigned size) {
    switch (size) {
    case 1: *to = *from; break;
    case 2: std::memcpy(to, from, 2); break;
    case 4: std::memcpy(to, from, 4); break;
    case 8: std::memcpy(to, from, 8); break;
    case 12:
        std::memcpy(to, from, 8);
        std::memcpy(to + 8, from + 8, 4);
        break;
    default: copy_other(to, from, size); break;
    }
}

inline uint32_t read_u32(const uint8_t* p) {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

}  // namespace

// A structure is planned when it is met for the second time: once is not worth it.
Plan* Walker::plan_of(Format f) {
    for (unsigned i = 0; i < plans_made_; ++i) {
        Plan& plan = plan_[i];
        if (plan.format != f) continue;
        if (plan.state == Plan::met) plan.state = plan.make(*this, f) ? Plan::made : Plan::refused;
        return plan.state == Plan::made ? &plan : nullptr;
    }
    if (plans_made_ == max_plans) return nullptr;
    plan_[plans_made_].format = f;
    plan_[plans_made_++].state = Plan::met;
    return nullptr;
}

// --- memory ---------------------------------------------------------------------------------------------------------

// Memory for what is next in the buffer, or that place itself. `slot` is in memory of ours or of the caller's.
PLANNED Status Walker::planned_memory(size_t size, uint8_t* slot, bool ours, bool in_place, uint8_t*& memory) {
    if (in_place && in_place_) {
        memory = at_;
    } else {
        if (!message_.pfnAllocate) return Status::internal_error;
        const bool room = ours ? notes_->inner.room() : notes_->allocations.reserve(notes_->allocations.size() + 1);
        if (!room) return Status::out_of_memory;
        memory = static_cast<uint8_t*>(message_.pfnAllocate(size));
        if (!memory) return Status::out_of_memory;
        if (ours) notes_->inner.push(memory);
        else if (!notes_->allocations.push_back({memory, slot, false})) return Status::out_of_memory;  // reserved: never
    }
    store(slot, memory);
    return Status::ok;
}

PLANNED Status Walker::planned_release(uint8_t* block) {
    if (in_buffer(block)) return Status::ok;
    if (!message_.pfnFree) return Status::internal_error;
    message_.pfnFree(block);
    return Status::ok;
}

// --- values ---------------------------------------------------------------------------------------------------------

// Walker::align of an operation that is known, and not to size.
template <Op op>
PLANNED Status Walker::align_planned(unsigned mask) {
    const size_t gap = (0 - reinterpret_cast<uintptr_t>(at_)) & mask;
    if (gap == 0) return Status::ok;
    if (gap > room()) return Status::bad_stub_data;
    if (op == Op::marshal) std::memset(at_, 0, gap);
    at_ += gap;
    return Status::ok;
}

// `size` bytes that are aligned. In 32 bits, which hold every length there can be, and the sum of two that are allowed: on x86 a
// length in 64 bits took as long as half the text that it counts.
PLANNED Status Walker::count_planned(unsigned mask, uint32_t size) {
    const auto before = static_cast<uint32_t>(length_);
    const uint32_t at = (before + mask) & ~mask;
    const uint32_t after = at + size;
    if ((before | at | size | after) > INT32_MAX) return Status::invalid_bound;
    length_ = after;
    return Status::ok;
}

PLANNED void Walker::write_ids(const Plan& plan, const uint8_t* memory, uint8_t* wire) {
    auto count = message_.UniquePtrCount;  // as next_id() counts
    for (unsigned i = 0; i < plan.pointers; ++i) {
        const Plan::Pointer& p = plan.pointer[i];
        uint32_t id = load(memory + p.memory) ? id_of(count++) : 0;
        std::memcpy(wire + p.wire, &id, sizeof id);
    }
    message_.UniquePtrCount = count;
}

// As the common way does: behind the values, before any pointee. What `follow` reaches again is the same.
Status Walker::check_nulls(const Plan& plan, uint8_t* memory, const uint8_t* wire) {
    for (unsigned i = 0; i < plan.pointers; ++i) {
        const Plan::Pointer& p = plan.pointer[i];
        if (p.kind == Plan::other && p.format[0] != fc_rp && read_u32(wire + p.wire) == 0)
            RPC_TRY(null_allowed(p.format, memory));
    }
    return Status::ok;
}

// The values of one structure; `wire` is where they are. Pointers that are null and must not be are found when they are followed.
template <Op op>
PLANNED Status Walker::flat_planned(const Plan& plan, uint8_t* memory, uint8_t*& wire) {
    if (op == Op::free) return Status::ok;
    if (op == Op::size) return count_planned(plan.mask, plan.wire);
    RPC_TRY(align_planned<op>(plan.mask));
    if (room() < plan.wire) return Status::bad_stub_data;
    wire = at_;
    at_ += plan.wire;
    for (unsigned i = 0; i < plan.copies; ++i) {
        const Plan::Copy& c = plan.copy[i];
        if (op == Op::marshal) copy_value(wire + c.wire, memory + c.memory, c.size);
        else copy_value(memory + c.memory, wire + c.wire, c.size);
    }
    if (op == Op::marshal) {
        for (unsigned i = 0; i < plan.gaps; ++i) std::memset(wire + plan.gap[i].wire, 0, plan.gap[i].size);
        write_ids(plan, memory, wire);
    }
    if (op == Op::unmarshal && plan.may_be_wrong_null) return check_nulls(plan, memory, wire);
    return Status::ok;
}

// --- what pointers lead to ------------------------------------------------------------------------------------------

// The position is kept in a register: what is stored through pointers to bytes may be the walker, as far as the compiler knows.
template <Op op, size_t each>
PLANNED Status Walker::text_planned(uint8_t* slot, uint8_t* value, bool ours) {
    uint32_t max = 0, first = 0, actual = 0;
    if (op != Op::unmarshal) {
        const size_t length = text_length<each>(value);
        if (length > INT32_MAX / each) return Status::invalid_bound;
        max = static_cast<uint32_t>(length);
    }
    if (op == Op::size) return count_planned(3, 12 + max * each);
    if (op == Op::marshal) {
        uint8_t* wire = at_;
        const size_t gap = (0 - reinterpret_cast<uintptr_t>(wire)) & 3;
        const size_t size = size_t{max} * each;  // fits: there are fewer than 2^31 bytes
        if (room() < gap + 12 + size) return Status::bad_stub_data;
        std::memset(wire, 0, 4);  // the gap, and what is written next
        wire += gap;
        std::memcpy(wire, &max, 4);
        std::memcpy(wire + 4, &first, 4);
        std::memcpy(wire + 8, &max, 4);
        copy_text(wire + 12, value, size);
        at_ = wire + 12 + size;
        return Status::ok;
    }
    RPC_TRY(align_planned<op>(3));
    if (room() < 12) {
        const bool absurd = room() >= 4 && read_u32(at_) > INT32_MAX;
        return absurd ? Status::invalid_bound : Status::bad_stub_data;
    }
    max = read_u32(at_);
    first = read_u32(at_ + 4);
    actual = read_u32(at_ + 8);
    if (max > INT32_MAX || first != 0 || actual > max) return Status::invalid_bound;
    const size_t size = size_t{actual} * each;  // fits: there are fewer than 2^31 characters
    if (room() - 12 < size) return Status::bad_stub_data;
    at_ += 12;
    if (actual == 0) return Status::invalid_bound;
    const uint8_t* last = at_ + size - each;
    if (last[0] != 0 || last[each - 1] != 0) return Status::bad_stub_data;
    RPC_TRY(planned_memory(size, slot, ours, actual == max, value));
    if (value != at_) copy_text(value, at_, size);
    at_ += size;
    return Status::ok;
}

template <Op op>
PLANNED Status Walker::leaf_planned(const Plan::Pointer& p, uint8_t* slot, uint8_t* value, bool ours) {
    if (op == Op::free) return planned_release(value);
    if (p.kind == Plan::text) return text_planned<op, 1>(slot, value, ours);
    if (p.kind == Plan::wide_text) return text_planned<op, 2>(slot, value, ours);
    if (op == Op::size) return count_planned(p.size - 1u, p.size);
    RPC_TRY(align_planned<op>(p.size - 1u));
    if (room() < p.size) return Status::bad_stub_data;
    if (op == Op::unmarshal) {
        RPC_TRY(planned_memory(p.size, slot, ours, true, value));
        if (value != at_) copy_value(value, at_, p.size);
    } else {
        copy_value(at_, value, p.size);
    }
    at_ += p.size;
    return Status::ok;
}

// What is left of them on the stack, where `format` is the pointer to be done, and `before` the plan.
PLANNED Status Walker::push_planned(const Planned& p) {
    Pending* rest = grow();
    if (!rest) return Status::out_of_memory;
    rest->kind = Pending::planned;
    rest->format = reinterpret_cast<Format>(p.pointer);
    rest->before = reinterpret_cast<uint8_t*>(p.plan);
    rest->value = p.memory;
    rest->slot = p.wire;
    rest->base = p.end;
    rest->native = p.ours;
    return Status::ok;
}

PLANNED Planned Walker::planned_of(const Pending& rest) {
    auto* plan = reinterpret_cast<Plan*>(rest.before);
    auto* pointer = reinterpret_cast<Plan::Pointer*>(const_cast<uint8_t*>(rest.format));
    return {plan, rest.value, rest.base, rest.slot, pointer, rest.native};
}

// Goes from pointer to pointer in the order of occurrence, down before on; what is left behind is pushed, and taken up again
// as long as the common way has nothing to do first.
// A function for each operation, as what is in registers is to be its own.
template <Op op>
[[gnu::noinline]] Status Walker::follow(Planned now) {
    Plan::Pointer* end = now.plan->pointer + now.plan->pointers;
    for (;;) {
        const Plan& plan = *now.plan;
        if (now.pointer == end) {
            if (op == Op::free && now.ours) RPC_TRY(planned_release(now.memory));
            now.memory += plan.memory;
            if (op == Op::unmarshal) now.wire += plan.stride;
            now.pointer = now.plan->pointer;
            if (now.memory != now.end && now.pointer != end) continue;
            if (count_ == 0 || pending_[count_ - 1].kind != Pending::planned) return Status::ok;
            now = planned_of(pending_[--count_]);
            end = now.plan->pointer + now.plan->pointers;
            continue;
        }
        Plan::Pointer& p = *now.pointer++;
        uint8_t* const slot = now.memory + p.memory;
        uint8_t* value = op == Op::unmarshal && now.ours ? nullptr : load(slot);
        uint32_t id = 0;
        if (op == Op::unmarshal) {
            id = read_u32(now.wire + p.wire);
            if (id == 0 && p.format[0] != fc_rp) {
                if (value && p.format[0] == fc_op && message_.IsClient) RPC_TRY(planned_release(value));
                store(slot, nullptr);
                continue;
            }
        } else if (!value) {
            if (op != Op::free && p.format[0] == fc_rp) return Status::null_ref_pointer;
            continue;
        }
        // Memory that is there already is the common way's.
        const bool simple = op != Op::unmarshal || !value;
        if (simple && p.kind != Plan::structure && p.kind != Plan::other) {
            RPC_TRY(leaf_planned<op>(p, slot, value, now.ours));
            continue;
        }
        if (simple && p.kind == Plan::structure && !p.plan) p.plan = plan_of(p.target);
        const bool down = simple && p.plan;
        const bool last = now.pointer == end && now.memory + plan.memory == now.end;
        uint8_t* const done = op == Op::free && last && now.ours ? now.memory : nullptr;
        // For the sake of what is left, or of the sizes in memory that is to be freed.
        if (!last || (done && !down)) RPC_TRY(push_planned(now));
        if (!down) {
            if (op == Op::unmarshal) store(slot, value);
            Pending other{};
            other.format = p.format;
            other.slot = slot;
            other.value = value;
            other.id = id;
            other.base = now.memory;
            return push(other);
        }
        if (op == Op::unmarshal) RPC_TRY(planned_memory(p.plan->memory, slot, now.ours, false, value));
        now = {p.plan, value, value + p.plan->memory, nullptr, p.plan->pointer, true};
        end = now.pointer + now.plan->pointers;
        if (done) RPC_TRY(planned_release(done));
        RPC_TRY(flat_planned<op>(*now.plan, value, now.wire));
    }
}

Status Walker::run_planned(const Planned& now) {
    Status s = Status::ok;
    const uint32_t raised = call_guarded([&] {
        switch (op_) {
        case Op::size: s = follow<Op::size>(now); break;
        case Op::marshal: s = follow<Op::marshal>(now); break;
        case Op::unmarshal: s = follow<Op::unmarshal>(now); break;
        default: s = follow<Op::free>(now); break;
        }
    });
    return raised ? static_cast<Status>(raised) : s;
}

Status Walker::next_planned(const Pending& p) { return run_planned(planned_of(p)); }

// A pointee that has a plan and no memory of the caller's.
Status Walker::start_planned(const Pending& p, bool& done) {
    done = false;
    if (!plans_ || arena_ || (p.format[1] & ~pointer_simple) || p.format[0] == fc_fp) return Status::ok;
    const Format target = pointee_of(p.format);
    if (target[0] != fc_bogus_struct && target[0] != fc_pstruct) return Status::ok;
    uint8_t* value = p.value;
    if (op_ == Op::unmarshal && value && !in_buffer(value)) return Status::ok;
    Plan* plan = plan_of(target);
    if (!plan) return Status::ok;
    done = true;
    if (op_ == Op::unmarshal) {
        RPC_TRY(allocate(plan->memory, false, p.slot, p.native, value));
        store(p.slot, value, p.native);
    }
    Planned now{plan, value, value + plan->memory, nullptr, plan->pointer, true};
    switch (op_) {
    case Op::size: RPC_TRY(flat_planned<Op::size>(*plan, value, now.wire)); break;
    case Op::marshal: RPC_TRY(flat_planned<Op::marshal>(*plan, value, now.wire)); break;
    case Op::unmarshal: RPC_TRY(flat_planned<Op::unmarshal>(*plan, value, now.wire)); break;
    default: break;
    }
    return run_planned(now);
}

// --- arrays ---------------------------------------------------------------------------------------------------------

template <Op op>
Status Walker::flat_elements(const Planned& all) {
    uint8_t* wire = nullptr;
    for (uint8_t* m = all.memory; m != all.end; m += all.plan->memory) RPC_TRY(flat_planned<op>(*all.plan, m, wire));
    return Status::ok;
}

Status Walker::planned_elements(uint8_t* memory, Format f, uint32_t count, bool& done) {
    done = false;
    if (!plans_ || arena_ || count < few) return Status::ok;
    Plan* plan = plan_of(f);
    if (!plan) plan = plan_of(f);
    if (!plan) return Status::ok;
    // What was there before is overwritten as a block, or has bounds that only the common way knows.
    if (op_ == Op::unmarshal && callers_memory_ && (!plan->alone || f[0] == fc_pstruct)) return Status::ok;
    done = true;
    Planned all{plan, memory, memory + size_t{plan->memory} * count, nullptr, plan->pointer,
                op_ == Op::unmarshal && !callers_memory_};
    if (op_ != Op::free) RPC_TRY(align(plan->mask));
    all.wire = at_;
    switch (op_) {
    case Op::size:
        length_ += uint64_t{plan->stride} * (count - 1) + plan->wire;
        if (length_ > INT32_MAX) return Status::invalid_bound;
        break;
    case Op::marshal: RPC_TRY(flat_elements<Op::marshal>(all)); break;
    case Op::unmarshal: RPC_TRY(flat_elements<Op::unmarshal>(all)); break;
    default: break;
    }
    return plan->pointers ? push_planned(all) : Status::ok;
}

Plan* Walker::plan_of_layout(Format pp, uint32_t count, size_t to_array) {
    if (!plans_ || arena_ || count < few || plans_made_ == max_plans) return nullptr;
    if (op_ == Op::unmarshal && callers_memory_) return nullptr;
    Plan* plan = &plan_[plans_made_];
    if (!plan->make_of_layout(*this, pp, to_array)) return nullptr;
    plan->format = pp;
    plan->state = Plan::made;
    ++plans_made_;
    return plan;
}

Status Walker::planned_pointers(uint8_t* memory, Plan& plan, uint32_t count, uint8_t* wire) {
    Planned all{&plan, memory, memory + size_t{plan.memory} * count, wire, plan.pointer, op_ == Op::unmarshal};
    if (op_ == Op::marshal)
        for (uint8_t* m = memory; m != all.end; m += plan.memory, wire += plan.stride) write_ids(plan, m, wire);
    if (op_ == Op::unmarshal && plan.may_be_wrong_null)
        for (uint8_t* m = memory; m != all.end; m += plan.memory, wire += plan.stride) RPC_TRY(check_nulls(plan, m, wire));
    return push_planned(all);
}

}  // namespace rpc::ndr
