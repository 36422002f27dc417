#pragma once
// What a walker makes of a structure that it meets again and again in one operation: where its values and pointers are, so
// that the next one is done without looking at its description. A plan is the walker's own and ends with the operation; so
// threads share none, and the format string may change, move or be unloaded between two operations.
//
// Planned are structures of fixed size whose values have one form on the wire and in memory, and their pointers, as far as no
// size, discriminant or table of full pointers is asked for. Everything else goes the walker's common way.
#include <cstddef>
#include <cstdint>

#include "ndr/format.h"

namespace rpc::ndr {

class Walker;

struct Plan {
    enum State : uint8_t { met, made, refused };
    enum Target : uint8_t { other, text, wide_text, value, structure };
    struct Copy {
        uint16_t memory, wire, size;
    };
    struct Gap {  // between values, on the wire
        uint16_t wire, size;
    };
    struct Pointer {
        Format format;
        Format target;
        Plan* plan;  // of a structure, once found
        uint16_t memory, wire;
        Target kind;
        uint8_t size;  // of a value
    };
    static constexpr unsigned max_copies = 6, max_gaps = 4, max_pointers = 6;

    Format format;
    State state;
    uint8_t mask;      // alignment on the wire, less one
    uint16_t memory;   // bytes
    uint16_t wire;     // bytes from an aligned place on
    uint16_t stride;   // from one to the next on the wire, in an array
    uint8_t copies, gaps, pointers;
    bool alone;        // nothing it leads to asks for sizes that this structure has
    bool may_be_wrong_null;  // a pointer that must not be null where its size is not 0
    Copy copy[max_copies];
    Gap gap[max_gaps];
    Pointer pointer[max_pointers];

    // False for a type that is not to be planned.
    bool make(Walker& w, Format f);
    // Of the elements that an FC_PP layout with one FC_VARIABLE_REPEAT describes, once they are copied. They begin at `to_array`.
    bool make_of_layout(Walker& w, Format pp, size_t to_array);

private:
    bool add_members(Walker& w, Format m, Format layout, uint32_t& at, uint32_t& on_wire, unsigned depth);
    bool add_value(uint32_t memory, uint32_t wire, uint32_t size);
    bool add_pointer(Walker& w, Format f, uint32_t memory, uint32_t wire, bool embedded = false);
};

}  // namespace rpc::ndr
