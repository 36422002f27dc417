// One row for every format character that is a type.
#include "ndr/types.h"

namespace rpc::ndr {

namespace {

constexpr Type base_type(uint8_t wire, uint8_t memory) { return {wire, memory, nullptr, nullptr, nullptr}; }

constexpr std::array<Type, 256> make_table() {
    std::array<Type, 256> t{};
    t[fc_byte] = t[fc_char] = t[fc_small] = t[fc_usmall] = base_type(1, 1);
    t[fc_wchar] = t[fc_short] = t[fc_ushort] = base_type(2, 2);
    t[fc_long] = t[fc_ulong] = t[fc_float] = t[fc_enum32] = t[fc_error_status_t] = base_type(4, 4);
    t[fc_hyper] = t[fc_double] = base_type(8, 8);
    t[fc_enum16] = base_type(2, 4);
    t[fc_int3264] = t[fc_uint3264] = base_type(4, pointer_wide);
    t[fc_ignore] = {0, 0, ignored_pointer, nullptr, pointer_size};
    t[fc_rp] = t[fc_up] = t[fc_op] = t[fc_fp] = {0, 0, nullptr, nullptr, pointer_size};
    t[fc_pointer] = {0, 0, nullptr, nullptr, pointer_size};

    t[fc_struct] = t[fc_pstruct] = {0, 0, simple_struct, nullptr, struct_size};
    t[fc_cstruct] = t[fc_cpstruct] = t[fc_cvstruct] = {0, 0, conformant_struct, struct_header, struct_size};
    t[fc_bogus_struct] = {0, 0, complex_struct, struct_header, struct_size};
    t[fc_hard_struct] = {0, 0, hard_struct, nullptr, struct_size};

    for (unsigned fc = fc_carray; fc <= fc_wstring; ++fc) t[fc] = {0, 0, array_flat, array_header, array_size};

    t[fc_encapsulated_union] = {0, 0, encapsulated_union, nullptr, encapsulated_union_size};
    t[fc_non_encapsulated_union] = {0, 0, non_encapsulated_union, nullptr, non_encapsulated_union_size};

    t[fc_range] = {0, 0, range, nullptr, range_size};
    t[fc_user_marshal] = {0, 0, user_marshal, nullptr, user_marshal_size};
    t[fc_transmit_as] = t[fc_represent_as] = {0, 0, transmit_as, nullptr, transmit_as_size};
    t[fc_transmit_as_ptr] = t[fc_represent_as_ptr] = {0, 0, transmit_as, nullptr, transmit_as_size};
    t[fc_bind_context] = {0, 0, context_handle, nullptr, pointer_size};
    t[fc_ip] = {0, 0, interface_pointer, nullptr, pointer_size};
    t[fc_byte_count_pointer] = {0, 0, byte_count_pointer, nullptr, byte_count_size};
    t[fc_pipe] = {0, 0, not_built, nullptr, pointer_size};
    return t;
}

}  // namespace

constinit const std::array<Type, 256> type_table = make_table();

}  // namespace rpc::ndr
