#pragma once
// What the interpreter needs of the machine: a call whose arguments are an array, and a clean-up that also runs when an
// exception passes.
#include <cstddef>
#include <cstdint>

namespace rpc::stub {

using Slot = uintptr_t;

enum class ResultKind : uint8_t { integer, float32, float64 };

// Calls `fn` (stdcall or cdecl) with `count` slots. The result's bits, in the low bytes. On the host at most 16 integer slots and no
// floating arguments or results.
uint64_t invoke(void* fn, const Slot* slots, size_t count, ResultKind kind);

// body(context), then cleanup(context); an exception that leaves the body passes on after cleanup ran. Nothing else is
// destroyed in that case: `body` may keep no owner on its stack.
void run_with_cleanup(void (*body)(void*), void (*cleanup)(void*), void* context);

}  // namespace rpc::stub
