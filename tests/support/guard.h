#pragma once
// Calls that may raise, for programs built with GCC: the outcome is a value, a raised exception included.
#include <windows.h>
#include <stdint.h>
#include <string>

// What a guarded call did: returned `value`, or raised an exception with code `raised` (0: none).
struct Outcome {
    unsigned raised = 0;
    int64_t value = 0;

    // Returned exactly this; a raised exception equals no value.
    bool operator==(long long expected) const { return !raised && value == expected; }
    bool is_error() const { return !raised && value != 0; }
    // The status either way, for cases where documentation allows both.
    unsigned status() const { return raised ? raised : static_cast<unsigned>(value); }
    std::string text() const;
};

// 0, or the code of the exception that left body(context).
unsigned guarded_call(void (*body)(void*), void* context);

// Runs `body` and reports what became of it. Destructors of frames that an exception leaves do not run.
template <class Body>
Outcome guarded(Body&& body) {
    struct Frame {
        Body* body;
        int64_t value;
    } frame{&body, 0};
    auto run = [](void* context) {
        auto* f = static_cast<Frame*>(context);
        if constexpr (__is_same(decltype((*f->body)()), void)) {
            (*f->body)();
        } else {
            f->value = static_cast<int64_t>((*f->body)());
        }
    };
    Outcome outcome;
    outcome.raised = guarded_call(run, &frame);
    outcome.value = frame.value;
    return outcome;
}
// The same for an expression.
#define GUARDED(expression) guarded([&] { return (expression); })
