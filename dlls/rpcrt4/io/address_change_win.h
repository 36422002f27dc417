#pragma once
// Hears of changes of this machine's IP addresses.
#include "base/status.h"

namespace rpc::io {

// Has `changed` called on a pool thread, unlocked, after every change from now on, until the process ends; several changes may
// be one call. The first call says who hears of it. out_of_resources: Winsock or the pool is not there, or the system does
// not tell. Not under the loader lock.
Status watch_addresses(void (*changed)());

}  // namespace rpc::io
