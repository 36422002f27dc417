#pragma once
// Fault status values on the wire <-> Status. Sources: [MS-RPCE] 3.1.1.5.5 (what the client makes of a value), 3.3.3.5.1
// (what a server must not send), C706 appendices E and N.2 (the values).
#include <cstdint>

#include "base/status.h"

namespace rpc::wire {

// nca_* values, C706 N.2.
namespace nca {
constexpr uint32_t s_fault_int_div_by_zero = 0x1C000001;
constexpr uint32_t s_fault_addr_error = 0x1C000002;
constexpr uint32_t s_fault_fp_div_zero = 0x1C000003;
constexpr uint32_t s_fault_fp_underflow = 0x1C000004;
constexpr uint32_t s_fault_fp_overflow = 0x1C000005;
constexpr uint32_t s_fault_invalid_tag = 0x1C000006;
constexpr uint32_t s_fault_invalid_bound = 0x1C000007;
constexpr uint32_t rpc_version_mismatch = 0x1C000008;
constexpr uint32_t unspec_reject = 0x1C000009;
constexpr uint32_t s_bad_actid = 0x1C00000A;
constexpr uint32_t who_are_you_failed = 0x1C00000B;
constexpr uint32_t manager_not_entered = 0x1C00000C;
constexpr uint32_t s_fault_cancel = 0x1C00000D;
constexpr uint32_t s_fault_ill_inst = 0x1C00000E;
constexpr uint32_t s_fault_fp_error = 0x1C00000F;
constexpr uint32_t s_fault_int_overflow = 0x1C000010;
constexpr uint32_t s_fault_unspec = 0x1C000012;
constexpr uint32_t s_fault_remote_comm_failure = 0x1C000013;
constexpr uint32_t s_fault_pipe_empty = 0x1C000014;
constexpr uint32_t s_fault_pipe_closed = 0x1C000015;
constexpr uint32_t s_fault_pipe_order = 0x1C000016;
constexpr uint32_t s_fault_pipe_discipline = 0x1C000017;
constexpr uint32_t s_fault_pipe_comm_error = 0x1C000018;
constexpr uint32_t s_fault_pipe_memory = 0x1C000019;
constexpr uint32_t s_fault_context_mismatch = 0x1C00001A;
constexpr uint32_t s_fault_remote_no_memory = 0x1C00001B;
constexpr uint32_t s_comm_failure = 0x1C010001;
constexpr uint32_t op_rng_error = 0x1C010002;
constexpr uint32_t unk_if = 0x1C010003;
constexpr uint32_t wrong_boot_time = 0x1C010006;
constexpr uint32_t s_you_crashed = 0x1C010009;
constexpr uint32_t proto_error = 0x1C01000B;
constexpr uint32_t out_args_too_big = 0x1C010013;
constexpr uint32_t server_too_busy = 0x1C010014;
constexpr uint32_t unsupported_type = 0x1C010017;
}  // namespace nca

// What a fault's status means to the client. A value that the table does not list, or lists as not mapped, comes back as
// it is. 0, which no server may send, is protocol_error: a fault is never a success.
Status status_from_fault(uint32_t fault);

// What a server sends for the status that a call ended with: the nca value that says the same where there is one, else the
// status itself, and never a forbidden one. status_from_fault gives `status` back unless it was forbidden or is itself an
// nca value that the table maps.
uint32_t fault_from_status(Status status);

// Whether a server must not send this value.
bool forbidden_fault(uint32_t fault);

}  // namespace rpc::wire
