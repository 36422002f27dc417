#pragma once
// The one guard for user code: manager routines, callbacks, notifications, rundowns, allocators.
#include <memory>
#include <type_traits>

#include "base/arch/primitives.h"
#include "base/status.h"

namespace rpc {

// Whether an exception code is the process's own business: a bug or a debugger's event, which no RPC layer may swallow. The
// list is that of the documentation page of RpcExceptionFilter.
constexpr bool is_fatal_exception(uint32_t code) {
    switch (code) {
    case 0x80000001:  // STATUS_GUARD_PAGE_VIOLATION
    case 0x80000002:  // STATUS_DATATYPE_MISALIGNMENT
    case 0x80000003:  // STATUS_BREAKPOINT
    case 0xC0000005:  // STATUS_ACCESS_VIOLATION
    case 0xC0000006:  // STATUS_IN_PAGE_ERROR
    case 0xC000001D:  // STATUS_ILLEGAL_INSTRUCTION
    case 0xC0000096:  // STATUS_PRIVILEGED_INSTRUCTION
    case 0xC00000AA:  // STATUS_INSTRUCTION_MISALIGNMENT
    case 0xC00000FD:  // STATUS_STACK_OVERFLOW
    case 0xC0000194:  // STATUS_POSSIBLE_DEADLOCK
    case 0xC0000235:  // STATUS_HANDLE_NOT_CLOSABLE
    case 0xC00002C9:  // STATUS_REG_NAT_CONSUMPTION
    case 0xC0000409:  // STATUS_STACK_BUFFER_OVERRUN
    case 0xC0000420:  // STATUS_ASSERTION_FAILURE
        return true;
    }
    return false;
}

// What came of guarded user code.
struct [[nodiscard]] GuardResult {
    bool raised = false;     // it left by an exception, which may carry any code, 0 too
    Status code = Status::ok;  // the exception's code when raised
};

// Runs `f` under the filter that every piece of user code gets: fatal exceptions (above) continue the search, so the process
// decides; anything else, C++ throws included, is caught. When a fatal one ends the process or the thread, `f` never comes
// back: hold no lock and keep no owner on this thread's C++ stack that others wait for. Destructors of objects inside `f` do
// not run on an exception. Costs 5-22 ns, a caught exception microseconds.
template <class F>
GuardResult guarded(F&& f) {
    struct Frame {
        std::remove_reference_t<F>* body;
        GuardResult result;
    } frame{std::addressof(f), {}};
    int caught = rpc_seh_try(
        [](void* p) { (*static_cast<Frame*>(p)->body)(); }, &frame,
        [](EXCEPTION_POINTERS* exception, void* p) -> int {
            uint32_t code = exception->ExceptionRecord->ExceptionCode;
            if (is_fatal_exception(code)) return EXCEPTION_CONTINUE_SEARCH;
            static_cast<Frame*>(p)->result.code = static_cast<Status>(code);
            return EXCEPTION_EXECUTE_HANDLER;
        });
    frame.result.raised = caught != 0;
    return frame.result;
}

// Runs `f`, which touches memory that a caller handed us and may be garbage: false when that faulted. Catches access
// violations, in-page errors, guard pages and misalignment only.
template <class F>
[[nodiscard]] bool probed(F&& f) {
    auto* body = std::addressof(f);
    return !rpc_seh_try([](void* p) { (*static_cast<decltype(body)>(p))(); }, body,
                        [](EXCEPTION_POINTERS* exception, void*) -> int {
                            switch (exception->ExceptionRecord->ExceptionCode) {
                            case 0x80000001: case 0x80000002: case 0xC0000005: case 0xC0000006:
                                return EXCEPTION_EXECUTE_HANDLER;
                            }
                            return EXCEPTION_CONTINUE_SEARCH;
                        });
}

}  // namespace rpc
