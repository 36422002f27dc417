#include "abi/raise.h"

#include <windows.h>

namespace rpc::abi {

void raise(Status status) {
    RaiseException(code(status), EXCEPTION_NONCONTINUABLE, 0, nullptr);
    __builtin_unreachable();
}

}  // namespace rpc::abi
