#pragma once
// [comm_status] and [fault_status] (documentation pages of the two attributes, and of NdrMapCommAndFaultStatus).
#include "base/status.h"

namespace rpc::stub {

// In COMM_FAULT_OFFSETS: the return value takes the status; anything else below 0: nobody does.
constexpr short comm_fault_is_result = -1;

// Whether a status tells of the communication rather than of the called procedure.
bool is_comm_status(Status status);

}  // namespace rpc::stub
