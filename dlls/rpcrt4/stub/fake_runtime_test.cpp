#include "stub/fake_runtime.inc"
