#include "../programs/common.h"
#include "Oi/stubs.h"
#define M(name) Oi_s_##name
#include "../programs/managers.inc"
