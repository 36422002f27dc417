// What the parts of the client program share.
#pragma once
#include "stubs/programs/common.h"
#include "support/guard.h"

// tests/stubs' cases, and a context handle left open at the end, by which the server knows that it may go.
void run_async(handle_t h, bool builtin);  // builtin: with Wine's own rpcrt4 on either side
void run_sync(handle_t h);
