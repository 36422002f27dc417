#pragma once
// What a procedure's format string says: the header and the parameter descriptors that MIDL and widl write. Sources: the
// documentation pages "Procedure Header Descriptor", "Handles", "The Header" and "Parameter Descriptors".
//
// A format string is the caller's own constant data and has no length, so it cannot be checked against its end; what it says
// is checked: kinds, offsets against the stack size, sizes.
#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace rpc::stub {

using Format = const uint8_t*;

// The size of an argument slot; every stack offset is a multiple of it.
constexpr size_t slot_size = sizeof(void*);

// FC_BIND_*, as the header's first byte (implicit) or at the explicit handle's description.
enum class HandleKind : uint8_t {
    none = 0,
    context = 0x30,
    generic = 0x31,
    primitive = 0x32,
    automatic = 0x33,
    callback = 0x34,
};

// A procedure's way to its binding.
struct HandleInfo {
    HandleKind kind = HandleKind::none;
    bool is_explicit = false;  // a parameter at `offset`, else desc.IMPLICIT_HANDLE_INFO
    bool via_pointer = false;
    uint8_t flags = 0;         // context handles: handle_param_* and context_*
    uint8_t size = 0;          // generic: of the caller's type, 1, 2, 4 or 8
    uint8_t index = 0;         // generic: binding routine pair; context: rundown routine
    uint16_t offset = 0;
};

// Flags of a context handle's description.
constexpr uint8_t context_via_pointer = 0x80, context_in = 0x40, context_out = 0x20, context_return = 0x21,
                  context_strict = 0x08, context_no_serialize = 0x04, context_serialize = 0x02,
                  context_cannot_be_null = 0x01;

// Oi_flags
constexpr uint8_t oi_full_pointers = 0x01, oi_rpcss_alloc = 0x02, oi_object_proc = 0x04, oi_has_rpc_flags = 0x08,
                  oi_has_comm_or_fault = 0x20, oi_new_init_routines = 0x40;

// INTERPRETER_OPT_FLAGS and INTERPRETER_OPT_FLAGS2
constexpr uint8_t opt_server_must_size = 0x01, opt_client_must_size = 0x02, opt_has_return = 0x04, opt_has_pipes = 0x08,
                  opt_has_async_uuid = 0x20, opt_has_extensions = 0x40, opt_has_async_handle = 0x80;
constexpr uint8_t opt2_new_correlation = 0x01, opt2_client_check = 0x02, opt2_server_check = 0x04, opt2_notify = 0x08,
                  opt2_notify2 = 0x10, opt2_complex_return = 0x20, opt2_range_on_conformance = 0x40;

struct Parameter {
    // PARAM_ATTRIBUTES
    enum : uint16_t {
        must_size = 0x0001, must_free = 0x0002, pipe = 0x0004, in = 0x0008, out = 0x0010, returned = 0x0020,
        base_type = 0x0040, by_value = 0x0080, simple_ref = 0x0100, dont_call_free_inst = 0x0200, partial_ignore = 0x0800,
        force_allocate = 0x1000,
    };
    uint16_t attributes = 0;
    uint16_t stack_offset = 0;
    uint8_t simple_type = 0;   // base types: the format character
    Format type = nullptr;     // others: the type's description

    bool is(uint16_t attribute) const { return (attributes & attribute) != 0; }
    // Bytes that the server interpreter itself provides for the referent; 0: none.
    size_t server_alloc_size() const { return static_cast<size_t>(attributes >> 13) * 8; }
};

// Which descriptors follow the header: those of -Oi alone, or those of -Oif and its successors.
enum class Style : uint8_t { oi, oif };

struct Procedure {
    Style style = Style::oif;
    HandleInfo handle;
    uint8_t oi_flags = 0;
    uint32_t rpc_flags = 0;
    uint16_t number = 0;
    uint16_t stack_size = 0;             // bytes, every argument and the return slot
    uint16_t client_buffer_hint = 0;     // what the compiler could tell of the request's size
    uint16_t server_buffer_hint = 0;
    uint8_t opt_flags = 0;
    uint8_t opt_flags2 = 0;
    uint16_t notify_index = 0;           // of MIDL_STUB_DESC.NotifyRoutineTable
    uint16_t float_mask = 0;
    uint16_t parameter_count = 0;
    bool has_pipes = false;
    Format parameters = nullptr;         // the first descriptor
    Format types = nullptr;              // the type format string

    bool is_async() const { return (opt_flags & opt_has_async_handle) != 0; }
    bool is_object() const { return (oi_flags & oi_object_proc) != 0; }
    // Bytes of arguments before the return slot.
    size_t arguments_size = 0;
    // -Oi: stack offset of the first described parameter.
    uint16_t first_offset = 0;
};

// Reads a header and checks every descriptor. `always_rpc_flags`: the asynchronous interpreters' headers hold rpc_flags
// whatever the flag says. bad_stub_data for what makes no sense.
Status parse_procedure(Format format, Format types, Style style, bool always_rpc_flags, Procedure& procedure);

// Walks the parameters of a parsed procedure in order, skipping what is no parameter: a primitive handle that widl describes
// like a base type.
class ParameterCursor {
public:
    explicit ParameterCursor(const Procedure& p) : procedure_(p), at_(p.parameters), left_(p.parameter_count),
                                                   offset_(p.first_offset) {}
    bool next(Parameter& parameter);

private:
    friend Status parse_procedure(Format, Format, Style, bool, Procedure&);
    bool next_oif(Parameter& parameter);
    bool next_oi(Parameter& parameter);
    const Procedure& procedure_;
    Format at_;
    uint16_t left_;
    uint32_t offset_;
    bool bad_ = false;
};

}  // namespace rpc::stub
