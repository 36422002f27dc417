#pragma once
// What C++ cannot say: structured exception handling and calls whose arguments are an array. One implementation for each
// architecture, arch/x64.S and arch/x86.S. Nothing else in the DLL depends on a calling convention.
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

namespace rpc {

// One argument slot of the native calling convention: 8 bytes on x64, 4 on x86.
using Slot = uintptr_t;

extern "C" {

// Calls body(ctx). When an exception leaves it, filter(exception, ctx) decides, before anything is unwound:
// EXCEPTION_EXECUTE_HANDLER (any value > 0) unwinds to here and answers 1, EXCEPTION_CONTINUE_SEARCH (0) lets it pass on,
// EXCEPTION_CONTINUE_EXECUTION (any value < 0) resumes it. Answers 0 when body returned. The exception's code is the
// filter's to keep: at the landing it is not reliable (under Wine on x64 it is lost).
int rpc_seh_try(void (*body)(void*), void* ctx, int (*filter)(EXCEPTION_POINTERS*, void*));

// Calls body(ctx) and then cleanup(0, ctx); when an exception unwinds past it, cleanup(1, ctx) during the unwind.
void rpc_seh_finally(void (*body)(void*), void* ctx, void (*cleanup)(int abnormal, void*));

// Calls fn with `count` slots as its arguments: stdcall or cdecl on x86; on x64 the first four go to the integer and to the
// xmm registers alike. The result is rax, or edx:eax. Non-null fp_result receives the floating-point result; it must be null
// on x86 when fn returns none.
uint64_t rpc_call_slots(void* fn, const Slot* slots, size_t count, double* fp_result);

}  // extern "C"
}  // namespace rpc
