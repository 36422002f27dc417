#pragma once
// The functions of the types, and the table that maps format characters to them.
#include <array>

#include "ndr/walker.h"

namespace rpc::ndr {

struct Type {
    uint8_t wire = 0;    // base types: bytes (and alignment) on the wire; 0 for all others
    uint8_t memory = 0;  // base types: bytes in memory; pointer_wide for the size of a pointer
    // The data themselves. `memory` is null for memory_size and convert.
    Status (*flat)(Walker& w, uint8_t* memory, Format f) = nullptr;
    // What precedes them where they are not embedded: maximum counts, of arrays and strings the variance too.
    Status (*header)(Walker& w, uint8_t* memory, Format f) = nullptr;
    // Bytes in memory without a conformant array at the end.
    Status (*size)(Walker& w, Format f, uint64_t& size) = nullptr;
};
constexpr uint8_t pointer_wide = 0xff;

// Whether the peer is on this machine, and may be one of Wine's own proxies and stubs: not MSHCTX_DIFFERENTMACHINE.
inline bool on_this_machine(const MIDL_STUB_MESSAGE& m) { return m.dwDestContext != 2; }

// A row for every character; those that are no type have no functions.
extern const std::array<Type, 256> type_table;
inline const Type& type_of(uint8_t fc) { return type_table[fc]; }

// Bytes in memory when embedded; out_of_range sizes are invalid_bound, unknown types bad_stub_data.
Status memory_size_of(Walker& w, Format f, uint64_t& size);
// Bytes of the object whose header was just read: with its conformant array.
Status object_size(Walker& w, Format f, uint64_t& size);
// At least this many bytes on the wire for one embedded instance.
uint64_t least_on_wire(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth = 0);
// The same for the object whose header was just read.
Status check_array_on_wire(Walker& w, Format f, unsigned level);
Status check_object_on_wire(Walker& w, Format f);
// Whether pointers may be found in it.
bool has_pointers(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth = 0);
// Whether its wire form is its memory form, so that a server may leave it in the buffer; header read.
bool usable_in_place(Walker& w, Format f);

// Arrays (array.cpp): three stages, so that structures can hoist the first.
bool is_array(uint8_t fc);  // strings included
Status array_maxima(Walker& w, uint8_t* memory, Format f, unsigned level, unsigned& levels);
Status array_variances(Walker& w, uint8_t* memory, Format f, unsigned level);
Status array_elements(Walker& w, uint8_t* memory, Format f, unsigned level);
// Bytes in memory of the array whose maxima are at `level`.
Status array_bytes(Walker& w, Format f, unsigned level, uint64_t& size);
// Bytes of `count` elements of a block-copied array or string.
size_t block_bytes(Format f, uint32_t count);
// Characters of a text without a size, its terminator included.
Status text_length(const uint8_t* p, size_t each, uint32_t& length);
// Client, memory of the caller's: whether what the peer sends fits what the caller's sizes say.
Status array_fits(Walker& w, uint8_t* memory, Format f, unsigned level);
// What tells the maximum count of a conformant array or a sized string without elements left out; null for every other type.
Format size_of_pointee(const MIDL_STUB_MESSAGE& m, Format f);
// Of an array of one dimension or a string, whatever its counts: what tells the maximum count (null: the description itself has the size, or
// the data have an end), and an element's bytes in memory; bad_stub_data for more dimensions.
Status array_extent(Walker& w, Format f, Format& count, uint64_t& each);
// The layout after an array's description, or null.
Format array_pointers(const MIDL_STUB_MESSAGE& m, Format f);
bool elements_have_pointers(const MIDL_STUB_MESSAGE& m, Format f, unsigned depth = 0);
Format array_element(const MIDL_STUB_MESSAGE& m, Format f);
// The conformant array of a structure, or null.
Format conformant_array_of(Format f);
// Where in the structure's memory it starts.
Status array_place(Walker& w, Format f, uint64_t& place);

// The rows' functions.
Status array_header(Walker& w, uint8_t* memory, Format f);
Status array_flat(Walker& w, uint8_t* memory, Format f);
Status array_size(Walker& w, Format f, uint64_t& size);
Status struct_header(Walker& w, uint8_t* memory, Format f);
Status struct_size(Walker& w, Format f, uint64_t& size);
Status simple_struct(Walker& w, uint8_t* memory, Format f);
Status conformant_struct(Walker& w, uint8_t* memory, Format f);
Status complex_struct(Walker& w, uint8_t* memory, Format f);
Status hard_struct(Walker& w, uint8_t* memory, Format f);
Status encapsulated_union(Walker& w, uint8_t* memory, Format f);
Status encapsulated_union_size(Walker& w, Format f, uint64_t& size);
Status non_encapsulated_union(Walker& w, uint8_t* memory, Format f);
Status non_encapsulated_union_size(Walker& w, Format f, uint64_t& size);
Status range(Walker& w, uint8_t* memory, Format f);
Status range_size(Walker& w, Format f, uint64_t& size);
Status ignored_pointer(Walker& w, uint8_t* memory, Format f);
Status pointer_size(Walker& w, Format f, uint64_t& size);
Status context_handle(Walker& w, uint8_t* memory, Format f);
Status interface_pointer(Walker& w, uint8_t* memory, Format f);
Status byte_count_pointer(Walker& w, uint8_t* memory, Format f);
Status user_marshal(Walker& w, uint8_t* memory, Format f);
Status user_marshal_data(Walker& w, uint8_t* memory, Format f);
Status byte_count_size(Walker& w, Format f, uint64_t& size);
Status not_built(Walker& w, uint8_t* memory, Format f);
Status user_marshal_size(Walker& w, Format f, uint64_t& size);
Status transmit_as(Walker& w, uint8_t* memory, Format f);
Status transmit_as_size(Walker& w, Format f, uint64_t& size);

Status members(Walker& w, uint8_t* memory, Format layout, Format pointer_layout);
Status member_step(Walker& w, Format& m, uint64_t& at, uint64_t& size);
Format skip_pointer_layout(Format pp);

}  // namespace rpc::ndr
