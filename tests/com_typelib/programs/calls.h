#pragma once
#include "types.h"

// Calls every method of the object's every interface.
void calls(ITypes* types);
