#pragma once
// How an export reports an error that has no return value: a structured exception whose code is the RPC status.
#include "base/status.h"

namespace rpc::abi {

// Raises the status as a structured exception (documentation page of RpcRaiseException). C++ destructors do not run in the
// unwind, so this is the last statement of an export, when every owner is gone. Any code is raised as it is, 0 as well.
[[noreturn]] void raise(Status status);

// Raises unless the status is ok.
inline void raise_if_failed(Status status) {
    if (failed(status)) raise(status);
}

}  // namespace rpc::abi
