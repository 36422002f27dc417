#include "counted_memory.h"

#include <stdlib.h>

LONG allocations;

void* __stdcall test_allocate(size_t size) {
    InterlockedIncrement(&allocations);
    return malloc(size);
}

void __stdcall test_free(void* block) {
    if (block) InterlockedDecrement(&allocations);
    free(block);
}
