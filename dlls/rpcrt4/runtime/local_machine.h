#pragma once
// What the runtime asks of this machine beside its network. Implementations: local_machine_win.cpp and _host.cpp.
#include <string_view>

#include "base/status.h"

namespace rpc::runtime {

// Whether the network address (a host name or IP address) is one of this machine for certain. "" is.
bool is_this_machine(std::string_view network_address);

// Starts the service that serves the endpoint map (RpcSs) through the service manager and waits until it runs, at most
// half a minute. Once per process: later callers get the first one's answer, those meanwhile wait for it.
// server_unavailable: it does not run, or nothing was tried, as this process is the service manager or the calling
// thread holds the loader lock.
Status start_mapper_service();

}  // namespace rpc::runtime
