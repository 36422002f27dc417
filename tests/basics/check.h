#pragma once
// Counts and prints failed checks.
#include <stdio.h>

#include <initializer_list>

inline int g_checks, g_failures;

inline void check(bool ok, const char* file, int line, const char* what) {
    ++g_checks;
    if (ok) return;
    ++g_failures;
    printf("%s:%d: FAILED %s\n", file, line, what);
}
#define CHECK(x) check((x), __FILE__, __LINE__, #x)
#define CHECK_EQ(a, b)                                                                                                 \
    do {                                                                                                               \
        long long a_ = (long long)(a), b_ = (long long)(b);                                                            \
        check(a_ == b_, __FILE__, __LINE__, #a " == " #b);                                                             \
        if (a_ != b_) printf("    %lld (0x%llx), expected %lld (0x%llx)\n", a_, a_, b_, b_);                           \
    } while (0)
