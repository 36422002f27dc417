#pragma once
// What a program says of an interface that it offers.
#include "abi/export.h"
#include "runtime/server.h"

namespace rpc::abi {

struct RegisterArguments {
    RPC_IF_HANDLE spec;
    UUID* manager_type;
    RPC_MGR_EPV* manager_epv;
    unsigned flags = 0;
    unsigned max_calls = RPC_C_LISTEN_MAX_CALLS_DEFAULT;
    unsigned max_rpc_size = UINT_MAX;
    RPC_IF_CALLBACK_FN* callback = nullptr;
    const void* security_descriptor = nullptr;
};

// invalid_arg: something cannot be read, or the security descriptor is malformed. The descriptor is copied; the interface and the
// manager's entry points stay the program's.
Status read_registration(const RegisterArguments& arguments, runtime::Server::Registration& registration);

}  // namespace rpc::abi
