#pragma once
// The example's server, in this process; the stubs of its procedures are what tools/async-stubs makes of desk_calls.idl.
#include "desk_calls.h"

namespace desk {

handle_t connect();  // a binding to the server, which is started; NULL when it cannot be

constexpr long abort = 4;  // an action

bool wait_held(long key);            // until the Hold is in its manager
void release(long key, long value);  // *value = value; returns value + 1

}  // namespace desk
