#pragma once
// What unmarshalling writes down: blocks it allocated, and sizes that can be checked only later.
#include "base/vector.h"
#include "ndr/block_list.h"
#include "ndr/format.h"
#include "ndr/ndr.h"

namespace rpc::ndr {

struct Allocation {
    uint8_t* block;  // or the interface pointer
    uint8_t* slot;  // where the pointer to it was stored; null when nowhere yet
    bool native;
    bool object = false;  // an interface pointer: released, not freed
};

// A value from the wire that a parameter read later must agree with.
struct LateCheck {
    Format descriptor;
    uint8_t* memory;  // where the descriptor's offsets count from
    uint32_t value;
    enum Kind : uint8_t { size, length, tag, null, alias } kind;  // alias: the value is room
    uint32_t least, limit;  // what will do without robust flags; limit of a tag: the bits that travelled
};

struct Notes : Brief {
    struct Mark {
        size_t allocations = 0, inner = 0;
    };
    Mark mark() const { return {allocations.size(), inner.size()}; }
    void forget() {
        allocations.clear();
        inner.clear();
    }

    Vector<Allocation> allocations;
    BlockList inner;  // blocks that nothing but blocks of this list or of the other leads to
    Vector<LateCheck> checks;
    Vector<LateCheck> nulls;  // of parameters that were null
    bool keep_allocations = false;
    bool keep_checks = false;
    bool keep_nulls = false;
};

// The message's own notes (pMemoryList), or null. Made by track_allocations and correlation_init.
inline Notes* notes_of(MIDL_STUB_MESSAGE& m) { return static_cast<Notes*>(m.pMemoryList); }

// Nulls the pointers to the allocations from `mark` on, frees them and forgets them.
void roll_back(MIDL_STUB_MESSAGE& message, Notes& notes, Notes::Mark mark);

// Releases an interface pointer; what it raises is nobody's to tell.
void release_object(MIDL_STUB_MESSAGE& message, void* object);

// Bits of MIDL_STUB_MESSAGE.fUnused that are ours.
enum : int { private_range_on_conformance = 1, private_narrow_pointers = 2, private_no_plans = 4 };
inline bool private_flag(const MIDL_STUB_MESSAGE& m, int flag) { return (m.fUnused & flag) != 0; }

}  // namespace rpc::ndr
