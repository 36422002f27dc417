#pragma once
// Pointers that no caller should pass.
#include <windows.h>
#include <vector>

struct Garbage {
    const char* name;
    void* pointer;
};
// NULL, small numbers, unmapped, inaccessible and read-only pages, pages of zeros and of noise, the last bytes of a page,
// a misaligned address, code, the stack. The pages stay for the life of the process.
const std::vector<Garbage>& garbage();
// A page whose bytes are `fill`, or noise for -1.
unsigned char* page(int fill, DWORD protection = PAGE_READWRITE);
