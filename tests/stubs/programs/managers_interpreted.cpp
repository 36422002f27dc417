#include "common.h"
#include "Oicf/stubs.h"
#define M(name) Oicf_s_##name
#include "managers.inc"
