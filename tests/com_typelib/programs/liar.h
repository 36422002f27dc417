#pragma once
#include "types.h"

// Type descriptions that lie, handed to what makes proxies and stubs of them: a failure code, and nothing is made.
void liars(ITypeLib* library);
