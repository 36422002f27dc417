// Processes of their own that cases start: conformance --role NAME ARG...
#include "runner.h"
#include <stdio.h>

int play_role(const char* name, int, char**) {
    fprintf(stderr, "no such role: %s\n", name);
    return 2;
}
