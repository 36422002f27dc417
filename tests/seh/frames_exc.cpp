#define NAME frames_with_exceptions
#include "frames.inc"
