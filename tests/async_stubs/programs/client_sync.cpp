// The same cases through synchronous stubs.
#include "client.h"

#include "sync_stubs_client/stubs.h"
#include <rpctry.h>
#define BEFORE (ULONG_PTR)0x1
#define C(name) sync_c_##name
#include "stubs/programs/cases.inc"

void run_sync(handle_t h) {
    run(h);
    Context left = nullptr;
    C(open)(h, 4711, &left);
    CHECK(left);
}
