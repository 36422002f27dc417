#pragma once
// The one way into user code. Windows: under the filter that the documentation page of RpcExceptionFilter describes, so a
// code that page leaves to the process passes through (nothing of ours unwinds then: no lock may be held and no owner may
// stand on the stack); every other exception, C++ ones included, ends here. Host: a plain call.
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rpc {

// 0 when `body` returned, else the code of the exception that was caught (never 0: a raised 0 is reported as
// STATUS_UNSUCCESSFUL, 0xC0000001).
[[nodiscard]] uint32_t call_guarded(void (*body)(void*), void* context);

template <class F>
[[nodiscard]] uint32_t call_guarded(F&& body) {
    return call_guarded([](void* p) { (*static_cast<std::remove_reference_t<F>*>(p))(); }, &body);
}

// Copies memory that a caller named and that may not be there (a garbage pointer, a freed page). False when it faulted.
[[nodiscard]] bool copy_guarded(void* to, const void* from, size_t size);

}  // namespace rpc
