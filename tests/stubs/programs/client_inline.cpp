#include "common.h"
#include "Os/stubs.h"
#include <rpctry.h>
#define BEFORE nullptr  // widl's inline stubs look at what an [out] variable holds
#define C(name) Os_c_##name
#include "cases.inc"

void run_inline(handle_t h) { run(h); }
void* open_inline(handle_t h, long value) {
    Context c = nullptr;
    C(open)(h, value, &c);
    return c;
}
