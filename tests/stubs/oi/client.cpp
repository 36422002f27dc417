#include "../programs/common.h"
#include "Oi/stubs.h"
#include <rpctry.h>
#define BEFORE (ULONG_PTR)0x1  // what an [out] variable holds means nothing
#define C(name) Oi_c_##name
#include "../programs/cases.inc"

void run_oi(handle_t h) { run(h); }
