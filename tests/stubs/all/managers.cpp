#include "../programs/common.h"
#include "All/stubs.h"
#define M(name) All_s_##name
#include "../programs/managers.inc"
