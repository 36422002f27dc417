#define NAME frames_without_exceptions
#include "frames.inc"
