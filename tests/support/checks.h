#pragma once
// What a program asserts, counted; any thread may. A failure is a line, and goes on.
#include <windows.h>
#include <stdio.h>
#include <string.h>

namespace checks {

inline volatile LONG made, failed;

inline void note(bool good, const char* file, int line, const char* what) {
    InterlockedIncrement(&made);
    if (good) return;
    InterlockedIncrement(&failed);
    const char* const folder = strrchr(file, '/');
    printf("FAIL %s:%d: %s\n", folder ? folder + 1 : file, line, what);
    fflush(stdout);
}

// Prints the sum. What main() returns.
inline int report(const char* program) {
    printf("%s: %ld checks, %ld failures\n", program, static_cast<long>(made), static_cast<long>(failed));
    fflush(stdout);
    return failed != 0;
}

}  // namespace checks

#define CHECK(what) checks::note(static_cast<bool>(what), __FILE__, __LINE__, #what)
