#pragma once
#include "case.h"
#include "srv.h"

// A binding named `name` to this process's server, or the case fails.
#define BIND(name, protocol)                  \
    handle_t name = srv::bind(protocol);      \
    EXPECT(name, "no binding: %s", srv::why().c_str())
// Issues a Hold on `call` and waits until its manager has parked it as `parked`.
#define HOLD(call, binding, parked)                                     \
    srv::Parked parked;                                                 \
    const long parked##_key = srv::next_key();                          \
    EXPECT_IS((call).hold(binding, parked##_key), 0);                   \
    EXPECT(srv::wait_parked(parked##_key, &parked), "the manager was not called")
