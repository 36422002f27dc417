#pragma once
// What widl's stubs are built to use for COM's allocator: malloc and free, counted.
#include <windows.h>

extern "C" {
extern LONG allocations;  // blocks that are out
void* __stdcall test_allocate(size_t size);
void __stdcall test_free(void* block);
}
