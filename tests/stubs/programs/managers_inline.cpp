#include "common.h"
#include "Os/stubs.h"
#define M(name) Os_s_##name
#include "managers.inc"
