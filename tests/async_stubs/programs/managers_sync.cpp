// tests/stubs' manager routines behind synchronous server stubs.
#include "stubs/programs/common.h"
#include "sync_stubs_server/stubs.h"
#define M(name) sync_s_##name
#include "stubs/programs/managers.inc"
