#pragma once
// A small harness: each test is a function, each failed check is a line, the exit status counts the failed tests.
#include <windows.h>

#include <cstdio>

#include "io/protocols.h"

struct Test {
    Test(const char* n, void (*r)(const rpc::io::Protocol&), bool p) : name(n), run(r), per_protocol(p), next(first) {
        first = this;
    }
    const char* name;
    void (*run)(const rpc::io::Protocol&);
    bool per_protocol;
    Test* next;
    static inline Test* first = nullptr;
    static inline volatile LONG failures = 0;
};

// A test that runs once for every row of the protocol table.
#define EVERY_PROTOCOL(name)                        \
    void name(const rpc::io::Protocol& protocol);   \
    static Test test_##name(#name, name, true);     \
    void name([[maybe_unused]] const rpc::io::Protocol& protocol)
#define ONCE(name)                                  \
    void name(const rpc::io::Protocol&);            \
    static Test test_##name(#name, name, false);    \
    void name(const rpc::io::Protocol&)

#define CHECK(what)                                                              \
    do {                                                                         \
        if (!(what)) {                                                           \
            InterlockedIncrement(&Test::failures);                               \
            printf("    %s:%d: not so: %s\n", __FILE__, __LINE__, #what);        \
        }                                                                        \
    } while (0)
#define CHECK_STATUS(expression, expected)                                                                   \
    do {                                                                                                     \
        const rpc::Status check_status_ = (expression);                                                      \
        if (check_status_ != (expected)) {                                                                   \
            InterlockedIncrement(&Test::failures);                                                           \
            printf("    %s:%d: %s is %u\n", __FILE__, __LINE__, #expression, rpc::code(check_status_));      \
        }                                                                                                    \
    } while (0)
// For what the rest of a test cannot do without.
#define NEED(what)                                                               \
    do {                                                                         \
        CHECK(what);                                                             \
        if (!(what)) return;                                                     \
    } while (0)
