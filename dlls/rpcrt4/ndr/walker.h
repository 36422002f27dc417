#pragma once
// The one walker: a format string, a message, and an operation. Each type has one function (types.h) that does all six
// operations with the primitives here; table.cpp has a row for every format character.
//
// Pointees never recurse: a pointer met in flat data becomes a Pending on a stack of this object's own, and drain() works
// that stack off in the order that C706 14.3.12.3 asks for (depth first, in order of occurrence).
#include <cstring>

#include "base/alloc.h"
#include "ndr/format.h"
#include "ndr/ndr.h"
#include "ndr/notes.h"
#include "ndr/plan.h"
#include "ndr/representation.h"

namespace rpc::ndr {

struct FullPointee;

// A pointee still to be done.
struct Pending {
    enum Kind : uint8_t { pointer, alias, block, user, object, planned };
    Format format;   // of the pointer
    uint8_t* value;  // the pointee's memory; when unmarshalling what was there before, may be null
    uint8_t* slot;   // where the pointer is stored
    uint8_t* base;   // the structure that the pointer is a field of: sizes are found from there
    uint8_t* before; // a client's structure as it was: what its sizes promised of the memory at `value`
    uint32_t id;     // referent id on the wire
    Kind kind;       // the first one is what zeros say
    bool native;     // the slot holds a pointer of this build whatever the width in memory
};

// What is left of planned structures that stand one behind the other.
struct Planned {
    Plan* plan;
    uint8_t* memory;         // the next one
    uint8_t* end;            // of the last one
    uint8_t* wire;           // the next one's data, where there is a buffer
    Plan::Pointer* pointer;  // its first pointer to be done
    bool ours;               // free: it is freed behind its pointers; unmarshal: there were no pointers before
};

class Walker {
public:
    static constexpr unsigned max_dimensions = 16;
    static constexpr unsigned max_nesting = 100;  // format strings nest types, data do not

    Walker(MIDL_STUB_MESSAGE& message, Op op);
    ~Walker();
    Walker(const Walker&) = delete;
    Walker& operator=(const Walker&) = delete;

    // --- whole operations (ndr.h); the first statement of each is begin() ---
    Status run(uint8_t* memory, Format f);                                  // size, marshal, free
    Status run_unmarshal(uint8_t** memory, Format f, bool must_alloc);
    Status run_wire(Format f);                                              // memory_size, convert
    Status run_simple(uint8_t* memory, uint8_t fc);
    uint64_t memory_total() const { return memory_total_; }

    // --- state that types need ---
    Op op() const { return op_; }
    bool is(Op op) const { return op_ == op; }
    // Data are read from the buffer.
    bool reads() const { return op_ == Op::unmarshal || op_ == Op::memory_size || op_ == Op::convert; }
    // Memory is the source.
    bool from_memory() const { return op_ == Op::size || op_ == Op::marshal || op_ == Op::free; }
    MIDL_STUB_MESSAGE& message() { return message_; }
    unsigned pointer_size() const { return narrow_ ? 4 : sizeof(void*); }

    // --- wire ---
    // To a multiple of mask + 1; the gap is zeroed when marshalling.
    Status align(unsigned mask);
    // `n` bytes that are the same on the wire and in memory. With convert they stay as they are.
    Status bytes(uint8_t* memory, uint64_t n);
    // `n` elements of base type `fc`, the same on the wire and in memory; convert does each. Aligned already.
    Status values(uint8_t* memory, uint64_t n, uint8_t fc);
    // An aligned 32-bit number that is not in memory: written when marshalling, read when reading.
    Status number(uint32_t& value);
    Status simple(uint8_t* memory, uint8_t fc);
    uint64_t left() const { return static_cast<uint64_t>(end_ - at_); }
    size_t room() const { return static_cast<size_t>(end_ - at_); }  // the same where both sides are narrow
    uint8_t* position() const { return at_; }
    // Fewer than n bytes left is an error when reading or marshalling.
    Status need(uint64_t n) const;

    // --- types ---
    // Around what descends into a type within another: internal_error for a description that seems to have no end.
    Status nest() {
        if (nesting_ == max_nesting) return Status::internal_error;
        ++nesting_;
        return Status::ok;
    }
    void unnest() { --nesting_; }
    // What no row of the table describes: bad_stub_data, and the log says where it stands.
    Status unknown(Format f) const;
    // A type embedded in another (or a pointee whose header is done).
    Status flat(uint8_t* memory, Format f);
    // A pointee or parameter that is no pointer: maxima first, then flat. from_memory and wire operations.
    Status object(uint8_t* memory, Format f);
    // The same for unmarshalling: finds memory when there is none; tells `slot`.
    Status unmarshal_object(uint8_t*& memory, Format f, uint8_t* slot, bool native);
    // The same into `room` bytes of memory: invalid_bound for what needs more.
    Status bounded_object(uint8_t* memory, Format f, uint64_t room);

    // --- pointers ---
    // A pointer field, array element or union arm: 4 bytes on the wire and a Pending.
    Status embedded_pointer(uint8_t* slot, Format f);
    // A pointer that is a parameter or a pointee: [ref] takes no room on the wire.
    Status plain_pointer(uint8_t* slot, Format f, bool native);
    // The pointers that an FC_PP layout describes: in a block-copied structure of `size` bytes at `memory`, and in the array
    // that follows it, of which elements from `first` on `count` travel. `wire` and `wire_array` are where the two are in
    // the buffer. Marshalling, wire operations: called after the copy. Unmarshalling: before the copy, which overwrites what
    // the pointers were; after it adopt_pointers(mark), with mark = pending_mark() before, takes the referent ids from memory.
    struct Block {
        uint8_t* memory;
        size_t size;
        uint8_t* wire;
        uint8_t* wire_array;
        uint8_t* wire_end;
        uint32_t count;
        uint32_t first;
        uint8_t* before;  // the copy of memory, or null
    };
    enum class Part : uint8_t { all, fields, elements };
    Status pointers(Format pp, const Block& block, Part part);
    Status adopt_pointers(size_t mark);
    size_t pending_mark() const { return count_; }
    Status push(const Pending& p);
    // FC_IP at `slot` (null for wire operations); interface_pointer.cpp.
    Status object_pointer(uint8_t* slot, Format f, bool native);
    uint8_t* load(const uint8_t* slot, bool native = false) const;
    void store(uint8_t* slot, uint8_t* value, bool native = false) const;
    // Windows numbers referents of unique pointers like this; the peer only asks whether it is 0.
    static uint32_t id_of(uint32_t count) { return 0x20000u + 4u * count; }
    uint32_t next_id() { return id_of(message_.UniquePtrCount++); }

    // --- plans; planned.cpp ---
    // `count` structures `f` in a row. `done` tells whether there is a plan; nothing was done without one.
    Status planned_elements(uint8_t* memory, Format f, uint32_t count, bool& done);
    // What an FC_PP layout says of an array `to_array` bytes into what it describes: null when it has no plan. With one, after
    // the elements are copied, from or to `wire`, their pointers.
    Plan* plan_of_layout(Format pp, uint32_t count, size_t to_array);
    Status planned_pointers(uint8_t* memory, Plan& plan, uint32_t count, uint8_t* wire);

    // --- arrays ---
    // Conformance and variance of the dimensions at hand, by nesting level.
    struct Dimension {
        uint32_t max;
        uint32_t first;
        uint32_t actual;
    };
    Status dimension(unsigned level, Dimension*& d);
    unsigned next_level = 0;       // first level not in use
    // What of the object at hand was read or written ahead of its data, in the levels from 0 on: an array's header, or the
    // maxima of the conformant array that a structure ends with (until its elements are done).
    enum class Header : uint8_t { none, array, hoisted };
    Header header = Header::none;
    bool pointers_described = false;  // the array at hand belongs to a structure whose layout has its pointers
    // Unmarshalling into a client's own memory: keeps a copy of `size` bytes of it as they were, for as long as the walker
    // lives. Null (and ok) for memory of our own, which promised nothing.
    Status remember(const uint8_t* memory, size_t size, uint8_t*& copy);
    uint8_t* base = nullptr;       // the innermost enclosing structure
    uint8_t* before = nullptr;     // its copy, or null
    size_t base_size = 0;

    // --- correlation ---
    Status correlate(Format descriptor, uint8_t* memory, bool variance, int64_t& value, uint32_t* first = nullptr);
    Status correlate_count(Format descriptor, uint8_t* memory, bool variance, uint32_t& value, uint32_t* first = nullptr);
    // Unmarshalled `value` against what the descriptor says of memory; late ones are noted for correlation_pass. Memory may
    // say anything from `least` to `limit` where the descriptor has no robust flags.
    Status verify(Format descriptor, uint8_t* memory, uint32_t value, uint32_t least, uint32_t limit, bool variance);
    // The same for a union's discriminant, which may come before or after the field or parameter that it must equal.
    Status verify_tag(Format descriptor, uint8_t* memory, uint32_t value, uint32_t mask);
    Status check_late(const LateCheck& c);
    // A pointer that was null on the wire, a field of the structure at `from`: whether its description allows that.
    Status null_allowed(Format pointer, uint8_t* from);
    Status check_range(Format descriptor, uint32_t value) const;
    // The IID of an FC_IP.
    Status interface_id(Format f, uint8_t* memory, const void*& iid);

    // --- memory ---
    // From pfnAllocate (or the current all_nodes block), remembered for a roll-back that nulls `slot`.
    Status allocate(uint64_t size, bool zero, uint8_t* slot, bool native, uint8_t*& memory);
    Status release(uint8_t* block);
    bool in_buffer(const uint8_t* p) const {
        return message_.BufferStart && p >= message_.BufferStart && p < message_.BufferEnd;
    }

    // Inside another type, not a parameter or pointee itself. For type functions.
    bool embedded() const { return nesting_ > 1; }

    // --- user code that moves the buffer itself: between these, message().Buffer (or BufferLength) is the position ---
    void lend();
    Status take_back();

private:
    Status begin();
    void commit();
    Status drain();
    Status process(const Pending& p);
    Status process_alias(const Pending& p);
    Status alias_allowed(const Pending& p, const FullPointee& pointee);
    Status alias_of_array(const Pending& p, Format array, uint64_t bytes);
    Status process_unmarshal(const Pending& p);
    Status process_free(const Pending& p);
    Status all_nodes(const Pending& p);
    Status fits(uint8_t* memory, Format f);
    Status start_pointer(uint8_t* slot, Format f, bool native);
    Status settle(Pending& p, bool& keep);
    Status process_object(const Pending& p);
    Status release_pointer(const Pending& p);
    Status write_object(const Pending& p, unsigned counts);
    Status read_object(Pending& p);
    Status read_counted_object(const Pending& p);
    Status read_bytes(const Pending& p, uint32_t count);
    Status locate(Format descriptor, uint8_t* memory, bool variance, const uint8_t*& at);
    Status reached(Pending& p);
    Status instance(Format f, const Block& block, int64_t memory_step, int64_t wire_step, uint8_t* from);
    void reverse(size_t mark);
    Status finish(Status s);
    Plan* plan_of(Format f);
    template <Op op>
    Status align_planned(unsigned mask);
    Status count_planned(unsigned mask, uint32_t size);
    template <Op op>
    Status flat_planned(const Plan& plan, uint8_t* memory, uint8_t*& wire);
    template <Op op, size_t each>
    Status text_planned(uint8_t* slot, uint8_t* value, bool ours);
    template <Op op>
    Status leaf_planned(const Plan::Pointer& p, uint8_t* slot, uint8_t* value, bool ours);
    template <Op op>
    Status follow(Planned now);
    template <Op op>
    Status flat_elements(const Planned& all);
    void write_ids(const Plan& plan, const uint8_t* memory, uint8_t* wire);
    Status check_nulls(const Plan& plan, uint8_t* memory, const uint8_t* wire);
    Status planned_memory(size_t size, uint8_t* slot, bool ours, bool in_place, uint8_t*& memory);
    Status planned_release(uint8_t* block);
    Status run_planned(const Planned& now);
    Status push_planned(const Planned& p);
    Status start_planned(const Pending& p, bool& done);
    Status next_planned(const Pending& p);
    static Planned planned_of(const Pending& rest);
    // Room for one more, which is not filled in; null when memory is out.
    Pending* grow() { return count_ != capacity_ || grow_pending() ? &pending_[count_++] : nullptr; }
    bool grow_pending();

    MIDL_STUB_MESSAGE& message_;
    Op op_;
    bool narrow_;
    Representation sender_;  // convert
    bool in_place_ = true;  // a server may leave data in the request
    uint8_t nesting_ = 0;
    uint8_t* at_ = nullptr;   // in the buffer
    uint8_t* end_ = nullptr;
    uint64_t length_ = 0;     // sizing
    uint64_t memory_total_ = 0;
    Dimension dimensions_[max_dimensions];

    struct Copy {
        Copy* next;
    };
    Copy* copies_ = nullptr;
    bool callers_memory_ = false;  // the object at hand was there before

    Pending* pending_ = inline_;
    size_t count_ = 0;
    size_t capacity_ = inline_capacity;
    static constexpr size_t inline_capacity = 16;

    Notes* notes_ = nullptr;  // allocations and late checks; the message's or own_
    Notes::Mark notes_mark_;
    Notes own_;

    uint8_t* arena_ = nullptr;  // the current all_nodes block
    uint8_t* arena_end_ = nullptr;
    size_t arena_mark_ = 0;

    Pending inline_[inline_capacity];
    Vector<Pending> aliases_;  // of what was still to come
    uint64_t object_bytes_ = 0;  // of the pointee that was unmarshalled last

    static constexpr unsigned max_plans = 8;
    bool plans_;
    unsigned plans_made_ = 0;
    Plan plan_[max_plans];
};

inline uint8_t* Walker::load(const uint8_t* slot, bool native) const {
    if (narrow_ && !native) {
        uint32_t low;
        std::memcpy(&low, slot, sizeof low);
        return reinterpret_cast<uint8_t*>(static_cast<uintptr_t>(low));
    }
    uint8_t* p;
    std::memcpy(&p, slot, sizeof p);
    return p;
}

inline void Walker::store(uint8_t* slot, uint8_t* value, bool native) const {
    if (!slot) return;
    if (narrow_ && !native) {
        auto low = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(value));
        std::memcpy(slot, &low, sizeof low);
        return;
    }
    std::memcpy(slot, &value, sizeof value);
}

inline Status Walker::align(unsigned mask) {
    if (op_ == Op::size) {
        length_ = (length_ + mask) & ~static_cast<uint64_t>(mask);
        return length_ > INT32_MAX ? Status::invalid_bound : Status::ok;
    }
    if (op_ == Op::free) return Status::ok;
    size_t gap = (0 - reinterpret_cast<uintptr_t>(at_)) & mask;
    if (gap == 0) return Status::ok;
    if (gap > left()) return Status::bad_stub_data;
    if (op_ == Op::marshal) std::memset(at_, 0, gap);
    at_ += gap;
    return Status::ok;
}

}  // namespace rpc::ndr
