// What the parts of this program share.
#pragma once
#include <windows.h>
#include <rpc.h>
#include <stdio.h>
#include <string.h>

extern int failures, checks;
extern volatile long allocations, rundowns, last_rundown;
extern const char* pairing;
// Blocks that the server stub at hand forgets: widl's inline ones never free an [in, out] enum's memory (in `basics`), nor, on
// x86, the block of an array that has pointers and could not stay in the request (in `arrays`).
extern long widl_leaves;
// The server stub at hand was told of ranges, which -Oi has no way to say.
inline bool knows_ranges = true;
// The other program runs on Wine's own rpcrt4, whose encapsulated unions with pointers do not travel: its client raises before it
// sends anything, its server replies without the discriminant.
inline bool peer_is_builtin = false;

#define CHECK(what)                                                                     \
    do {                                                                                \
        ++checks;                                                                       \
        if (!(what)) {                                                                  \
            ++failures;                                                                 \
            printf("FAIL %s: %s:%d: %s\n", pairing, __FILE__, __LINE__, #what);         \
            fflush(stdout);                                                             \
        }                                                                               \
    } while (0)

char* copy_text(const char* text);

void run_interpreted(handle_t h);
void run_inline(handle_t h);
void run_all(handle_t h);  // x64
void run_oi(handle_t h);   // x86
void* open_interpreted(handle_t h, long value);
void* open_inline(handle_t h, long value);
