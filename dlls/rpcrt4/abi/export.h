#pragma once
// How an export comes to be real.
//
// exports.tsv lists every name. tools/gen-exports looks for the macros below at the start of a line in abi/*.cpp: a name
// that one of them defines is real, every other name gets a declining stub, so there is no second list to keep. A new export
// is therefore its function in abi/<family>.cpp (or abi/<family>_<part>.cpp; the table's column says which family) and
// nothing else:
//
//     RPC_EXPORT(RPC_STATUS, UuidCreateNil)(UUID* Uuid) {
//         ...
//     }
//
// The generator refuses a name that the table does not have, in another family's file, defined twice, or of another kind.
// The x86 link refuses a function whose parameters do not add up to the table's argument bytes. Names that the table marks
// as aliases follow their target by themselves. tools/where NAME prints the place; tools/check-exports compares the built
// DLLs with the table.
//
// An export takes 3-10 lines: checks what only the ABI can check, calls the core, and answers its status with to_rpc. Only
// here may anything raise, and only as the last statement, when every owner is gone (abi/raise.h). User code is called
// through base/guard.h or base/seh.h.
#include <windows.h>
#include <rpc.h>

#include "base/status.h"

#if !defined(_RPCRT4_)
#error "_RPCRT4_ must be defined for the whole DLL: without it the headers declare our own exports as imports"
#endif

// A function; stdcall on x86.
#define RPC_EXPORT(type, name) extern "C" type RPC_ENTRY name
// A function that the table calls varargs; cdecl on x86.
#define RPC_EXPORT_CDECL(type, name) extern "C" type RPC_VAR_ENTRY name
// A constant object; `RPC_EXPORT_DATA(unsigned char, Name)[4] = {...};`
#define RPC_EXPORT_DATA(type, name) extern "C" const type name

namespace rpc::abi {

constexpr RPC_STATUS to_rpc(Status s) { return static_cast<RPC_STATUS>(code(s)); }

}  // namespace rpc::abi
