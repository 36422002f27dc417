#pragma once
// What the two halves of the interpreter share: the stub message's set-up, simple types, where a parameter's memory is.
#include "base/abi_types.h"
#include "base/status.h"
#include "stub/procedure.h"

namespace rpc::stub {

// RPC_X_WRONG_STUB_VERSION for a stub that needs a later NDR than this one (MIDL_STUB_DESC::Version, "NDR version required for the stub").
// Compilers write 1.1 to 6.1; what lies a little beyond passes, since what it describes in a new way is refused by its format characters.
Status check_version(const MIDL_STUB_DESC& desc);

// NdrClientInitializeNew: `message` and `stub` are reset.
void client_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc, unsigned int number);

// NdrServerInitializeNew: `stub` is reset and reads message.Buffer.
void server_initialize(RPC_MESSAGE& message, MIDL_STUB_MESSAGE& stub, const MIDL_STUB_DESC& desc);

// What the header says of correlation descriptors and the like.
void apply_procedure(const Procedure& procedure, MIDL_STUB_MESSAGE& stub);

// Whether the interpreter can do it at all: COM's procedures have a channel and are stub/proxy's.
Status check_supported(const Procedure& procedure);
// The same for COM's procedures.
Status check_object_supported(const Procedure& procedure);

// Points the stub at the `size` bytes of message.Buffer, for reading or writing.
void attach_buffer(MIDL_STUB_MESSAGE& stub, RPC_MESSAGE& message, size_t size);

// runtime::get_buffer for stub.BufferLength bytes, and attach_buffer.
Status get_buffer(MIDL_STUB_MESSAGE& stub, RPC_MESSAGE& message);

bool is_big_endian(const RPC_MESSAGE& message);

// Turns a foreign sender's data, of the parameters with `direction` (Parameter::in or out), into our representation, in place;
// stub.Buffer stays. message.DataRepresentation still says what context handles' bytes were.
Status convert_parameters(MIDL_STUB_MESSAGE& stub, const Procedure& procedure, uint16_t direction);

// Simple types, by format character: bytes on the wire (which are its alignment too) and in memory; 0 for no simple type.
size_t simple_wire_size(uint8_t type);
size_t simple_memory_size(uint8_t type);
// The value at `memory` as an argument slot holds it: signed types extended.
uintptr_t simple_slot_value(uint8_t type, const uint8_t* memory);

// Moves stub.Buffer to the alignment; bad_stub_data when fewer than `need` bytes are left then.
Status align_buffer(MIDL_STUB_MESSAGE& stub, size_t alignment, size_t need);
void align_length(MIDL_STUB_MESSAGE& stub, size_t alignment);

constexpr uint8_t fc_bind_context = 0x30, fc_ip = 0x2f, fc_range = 0xb7, fc_pipe = 0xb5, fc_rp = 0x11, fc_op = 0x13, fc_fp = 0x14, fc_float = 0x0a,
                  fc_double = 0x0c, fc_enum16 = 0x0d;

// Parameters whose type description stands for a context handle; its flags, and whether the argument points at the handle.
inline bool is_pointer_type(uint8_t type) { return type >= fc_rp && type <= fc_fp; }
inline bool is_context(const Parameter& p) { return p.type && p.type[0] == fc_bind_context; }
inline bool context_by_pointer(const Parameter& p) { return (p.type[1] & context_via_pointer) != 0; }

// Bytes in memory of a type passed by value, 0 when it is none that can be.
size_t value_size(const uint8_t* type, size_t correlation_size);

// Whether a value of that size stands in the argument slots themselves rather than behind a pointer (x64: 1, 2, 4 and 8
// bytes do; x86: always).
constexpr bool value_in_slots(size_t size) {
    return sizeof(void*) == 4 || size == 1 || size == 2 || size == 4 || size == 8;
}
// The same for a result: in registers on both.
constexpr bool result_in_registers(size_t size) { return size == 1 || size == 2 || size == 4 || size == 8; }

// Whether the argument is the address of a pointer variable while the type describes that pointer. MIDL describes the
// reference too (FC_RP); widl 7 leaves it out for [out, string] char**, and the server's share tells.
inline bool pointer_by_reference(const Parameter& p) {
    return p.type && is_pointer_type(p.type[0]) && !p.is(Parameter::returned) &&
           (p.is(Parameter::simple_ref) || (p.server_alloc_size() != 0 && p.type[0] != fc_rp));
}

// What a pointer's description describes (documentation page "Pointers (RPC)").
inline const uint8_t* pointee_of(const uint8_t* type) {
    constexpr uint8_t pointer_simple = 0x08;
    return type[1] & pointer_simple ? type + 2 : type + 2 + static_cast<int16_t>(type[2] | type[3] << 8);
}

// The return value. Structures and unions come in registers where the calling convention has them there, else through memory
// whose address the caller passes ahead of the arguments.
struct Result {
    size_t size = 0;         // bytes in memory; 0: there is none
    bool in_memory = false;
};
// bad_stub_data for a type that no function can return.
Status result_of(const Procedure& procedure, Result& result);

// Whether the argument is the value itself, of a described type.
inline bool passed_by_value(const Parameter& p) {
    return p.is(Parameter::by_value) || (p.type && p.type[0] == fc_range && !p.is(Parameter::simple_ref));
}

}  // namespace rpc::stub
