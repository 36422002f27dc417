#pragma once
// Client connections that nobody uses (RpcMgmtEnableIdleCleanup). Off until it is asked for, then on for good.
#include "base/status.h"

namespace rpc::runtime {

// From now on a connection that was not used for 20 to 40 seconds is closed, but for one of each mode to each server
// (documentation page "Managing Network Connection Sets": the target period is 20 seconds). Any thread. Out of resources: the system's
// refusal, and a later call tries again.
Status enable_idle_cleanup();

}  // namespace rpc::runtime
