#pragma once
// The bytes of MIDL's type format strings. Names and layouts: documentation pages "Type Format Strings" and below; values as
// MIDL's and widl's own output comments them.
#include <cstddef>
#include <cstdint>

namespace rpc::ndr {

using Format = const uint8_t*;

enum Fc : uint8_t {
    fc_zero = 0x00,
    fc_byte = 0x01,
    fc_char = 0x02,
    fc_small = 0x03,
    fc_usmall = 0x04,
    fc_wchar = 0x05,
    fc_short = 0x06,
    fc_ushort = 0x07,
    fc_long = 0x08,
    fc_ulong = 0x09,
    fc_float = 0x0a,
    fc_hyper = 0x0b,
    fc_double = 0x0c,
    fc_enum16 = 0x0d,
    fc_enum32 = 0x0e,
    fc_ignore = 0x0f,
    fc_error_status_t = 0x10,
    fc_rp = 0x11,
    fc_up = 0x12,
    fc_op = 0x13,
    fc_fp = 0x14,
    fc_struct = 0x15,
    fc_pstruct = 0x16,
    fc_cstruct = 0x17,
    fc_cpstruct = 0x18,
    fc_cvstruct = 0x19,
    fc_bogus_struct = 0x1a,
    fc_carray = 0x1b,
    fc_cvarray = 0x1c,
    fc_smfarray = 0x1d,
    fc_lgfarray = 0x1e,
    fc_smvarray = 0x1f,
    fc_lgvarray = 0x20,
    fc_bogus_array = 0x21,
    fc_c_cstring = 0x22,
    fc_c_bstring = 0x23,
    fc_c_sstring = 0x24,
    fc_c_wstring = 0x25,
    fc_cstring = 0x26,
    fc_bstring = 0x27,
    fc_sstring = 0x28,
    fc_wstring = 0x29,
    fc_encapsulated_union = 0x2a,
    fc_non_encapsulated_union = 0x2b,
    fc_byte_count_pointer = 0x2c,
    fc_transmit_as = 0x2d,
    fc_represent_as = 0x2e,
    fc_ip = 0x2f,
    fc_bind_context = 0x30,
    fc_pointer = 0x36,
    fc_alignm2 = 0x37,
    fc_alignm4 = 0x38,
    fc_alignm8 = 0x39,
    fc_alignb2 = 0x3a,
    fc_alignb8 = 0x3c,
    fc_structpad1 = 0x3d,
    fc_structpad7 = 0x43,
    fc_string_sized = 0x44,
    fc_no_repeat = 0x46,
    fc_fixed_repeat = 0x47,
    fc_variable_repeat = 0x48,
    fc_fixed_offset = 0x49,
    fc_variable_offset = 0x4a,
    fc_pp = 0x4b,
    fc_embedded_complex = 0x4c,
    fc_in_param = 0x4d,
    fc_in_param_basetype = 0x4e,
    fc_in_param_no_free_inst = 0x4f,
    fc_in_out_param = 0x50,
    fc_out_param = 0x51,
    fc_return_param = 0x52,
    fc_return_param_basetype = 0x53,
    fc_dereference = 0x54,
    fc_div_2 = 0x55,
    fc_mult_2 = 0x56,
    fc_add_1 = 0x57,
    fc_sub_1 = 0x58,
    fc_callback = 0x59,
    fc_constant_iid = 0x5a,
    fc_end = 0x5b,
    fc_pad = 0x5c,
    fc_hard_struct = 0xb1,
    fc_transmit_as_ptr = 0xb2,
    fc_represent_as_ptr = 0xb3,
    fc_user_marshal = 0xb4,
    fc_pipe = 0xb5,
    fc_range = 0xb7,
    fc_int3264 = 0xb8,
    fc_uint3264 = 0xb9,
    fc_structpadn = 0xbc,
};

// Where a correlation descriptor's value is found: the upper nibble of its first byte.
enum Conformance : uint8_t {
    normal_conformance = 0x00,
    pointer_conformance = 0x10,
    top_level_conformance = 0x20,
    constant_conformance = 0x40,
    top_level_multid_conformance = 0x80,
};

// Flags of robust correlation descriptors (byte 4).
enum : uint8_t { correlation_early = 0x01, correlation_iid_is = 0x04, correlation_dont_check = 0x08 };

// Pointer attributes.
enum : uint8_t {
    pointer_allocate_all_nodes = 0x01,
    pointer_dont_free = 0x02,
    pointer_alloced_on_stack = 0x04,
    pointer_simple = 0x08,
    pointer_deref = 0x10,
};

// Format strings are byte-aligned and little-endian.
inline uint16_t u16_at(Format f) { return static_cast<uint16_t>(f[0] | f[1] << 8); }
inline int16_t s16_at(Format f) { return static_cast<int16_t>(u16_at(f)); }
inline uint32_t u32_at(Format f) { return u16_at(f) | static_cast<uint32_t>(u16_at(f + 2)) << 16; }
// The description that the 2-byte offset at `f` leads to.
inline Format relative(Format f) { return f + s16_at(f); }
// What a pointer description describes.
inline Format pointee_of(Format f) { return f[1] & pointer_simple ? f + 2 : relative(f + 2); }
inline bool is_pointer(uint8_t fc) { return fc >= fc_rp && fc <= fc_fp; }

}  // namespace rpc::ndr
