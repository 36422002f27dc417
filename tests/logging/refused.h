#pragma once
#include <windows.h>
#include <rpc.h>

// Calls whose parameters are [system_handle]s and arrays of [cs_char], of which nothing public says how they are described or sent: refused
// with RPC_X_BAD_STUB_DATA by a client before it sends anything, and by a server. Then the log says which character stands where in the
// side's own types. `check` is told what held.
struct Refused {
    const char* line;  // of the log
    const char* what;
};
extern const Refused refused_lines[4];
void meet_refused_types(void (*check)(bool holds, const char* what));
