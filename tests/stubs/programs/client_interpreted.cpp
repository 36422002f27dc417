#include "common.h"
#include "Oicf/stubs.h"
#include <rpctry.h>
#define BEFORE (ULONG_PTR)0x1  // what an [out] variable holds means nothing
#define C(name) Oicf_c_##name
#include "cases.inc"

void run_interpreted(handle_t h) { run(h); }
void* open_interpreted(handle_t h, long value) {
    Context c = nullptr;
    C(open)(h, value, &c);
    return c;
}
