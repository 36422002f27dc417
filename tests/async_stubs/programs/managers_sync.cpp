// tests/stubs' manager routines behind widl's own, synchronous server stubs.
#include "stubs/programs/common.h"
#include "Oicf/stubs.h"
#define M(name) Oicf_s_##name
#include "stubs/programs/managers.inc"
