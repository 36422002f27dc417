#pragma once
// The argument slots of entries that are variadic in C.
#include <cstdarg>

#include "stub/invoke.h"

namespace rpc::abi {

// The arguments themselves follow the fixed ones, in the slots that va_list walks: x64, and x86's entries of a later number.
inline stub::Slot* following(va_list list) { return reinterpret_cast<stub::Slot*>(list); }

// Of an entry that both have by one name: x86 stubs pass the address of their own first argument there.
inline stub::Slot* arguments_of(va_list& list) {
#ifdef _WIN64
    return following(list);
#else
    return va_arg(list, stub::Slot*);
#endif
}

}  // namespace rpc::abi
