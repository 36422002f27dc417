#pragma once
// What a program asserts, counted; any thread may. A failure is a line, and goes on.
#include <windows.h>
#include <stdio.h>

namespace checks {

inline volatile LONG made, failed;

inline void note(bool good, int line, const char* what) {
    InterlockedIncrement(&made);
    if (good) return;
    InterlockedIncrement(&failed);
    printf("FAIL line %d: %s\n", line, what);
    fflush(stdout);
}

// Prints the sum. What main() returns.
inline int report(const char* program) {
    printf("%s: %ld checks, %ld failures\n", program, static_cast<long>(made), static_cast<long>(failed));
    fflush(stdout);
    return failed != 0;
}

}  // namespace checks

#define CHECK(what) checks::note(static_cast<bool>(what), __LINE__, #what)
