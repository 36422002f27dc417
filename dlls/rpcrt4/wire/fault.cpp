#include "wire/fault.h"

namespace rpc::wire {
namespace {

struct Mapping {
    uint32_t fault;
    Status status;
    bool sent;  // whether a server sends `fault` for `status`; one row per status
};

constexpr Mapping mappings[] = {
    {nca::s_comm_failure, Status::comm_failure, true},
    {nca::op_rng_error, Status::procnum_out_of_range, true},
    {nca::unk_if, Status::unknown_if, true},
    {nca::s_you_crashed, Status::call_failed, false},
    {nca::proto_error, Status::protocol_error, true},
    {nca::out_args_too_big, Status::server_out_of_memory, false},
    {nca::server_too_busy, Status::server_too_busy, true},
    {nca::unsupported_type, Status::unsupported_type, true},
    {nca::s_fault_int_div_by_zero, Status::zero_divide, true},
    {nca::s_fault_addr_error, Status::address_error, true},
    {nca::s_fault_fp_div_zero, Status::fp_div_zero, true},
    {nca::s_fault_fp_underflow, Status::fp_underflow, true},
    {nca::s_fault_fp_overflow, Status::fp_overflow, true},
    {nca::s_fault_invalid_tag, Status::invalid_tag, true},
    {nca::s_fault_invalid_bound, Status::invalid_bound, true},
    {nca::rpc_version_mismatch, Status::protocol_error, false},
    {nca::unspec_reject, Status::call_failed, false},
    {nca::s_bad_actid, Status::call_failed_dne, false},
    {nca::who_are_you_failed, Status::call_failed, false},
    {nca::manager_not_entered, Status::call_failed_dne, true},
    {nca::s_fault_cancel, Status::call_cancelled, true},
    {nca::s_fault_ill_inst, Status::address_error, false},
    {nca::s_fault_fp_error, Status::fp_overflow, false},
    {nca::s_fault_int_overflow, Status::address_error, false},
    {nca::s_fault_unspec, Status::call_failed, true},
    {nca::s_fault_pipe_empty, Status::pipe_empty, true},
    {nca::s_fault_pipe_closed, Status::pipe_closed, true},
    {nca::s_fault_pipe_order, Status::wrong_pipe_order, true},
    {nca::s_fault_pipe_discipline, Status::pipe_discipline_error, true},
    {nca::s_fault_pipe_comm_error, Status::comm_failure, false},
    // Not for every lack of memory: the code is about pipes.
    {nca::s_fault_pipe_memory, Status::out_of_memory, false},
    {nca::s_fault_context_mismatch, Status::invalid_handle, true},
    {nca::s_fault_remote_no_memory, Status::server_out_of_memory, true},
};

struct Forbidden {
    uint32_t status;
    uint32_t instead;
};

// The exception codes of a crash. What tells the client most without being one of them.
constexpr Forbidden forbidden[] = {
    {0x00000000, nca::s_fault_unspec},      // success
    {0x80000001, nca::s_fault_unspec},      // guard page
    {0x80000002, nca::s_fault_addr_error},  // data type misalignment
    {0x80000003, nca::s_fault_unspec},      // breakpoint
    {0xC0000005, nca::s_fault_addr_error},  // access violation
    {0xC0000006, nca::s_fault_addr_error},  // in-page error
    {0xC000001D, nca::s_fault_ill_inst},    // illegal instruction
    {0xC0000096, nca::s_fault_ill_inst},    // privileged instruction
    {0xC00000AA, nca::s_fault_addr_error},  // instruction misalignment
    {0xC00000FD, nca::s_fault_unspec},      // stack overflow
    {0xC0000194, nca::s_fault_unspec},      // possible deadlock
    {0xC0000235, nca::s_fault_unspec},      // handle not closable
    {0xC0000409, nca::s_fault_unspec},      // stack buffer overrun
    {0xC0000420, nca::s_fault_unspec},      // assertion failure
};

}  // namespace

Status status_from_fault(uint32_t fault) {
    if (fault == 0) return Status::protocol_error;
    for (const Mapping& m : mappings)
        if (m.fault == fault) return m.status;
    return static_cast<Status>(fault);
}

uint32_t fault_from_status(Status status) {
    for (const Forbidden& f : forbidden)
        if (f.status == code(status)) return f.instead;
    for (const Mapping& m : mappings)
        if (m.sent && m.status == status) return m.fault;
    return code(status);
}

bool forbidden_fault(uint32_t fault) {
    for (const Forbidden& f : forbidden)
        if (f.status == fault) return true;
    return false;
}

}  // namespace rpc::wire
