// A stub's own allocations.
#include "abi/export.h"
#include "abi/raise.h"
#include "ndr/ndr.h"

using namespace rpc;

RPC_EXPORT(void*, NdrAllocate)(PMIDL_STUB_MESSAGE pStubMsg, size_t Len) {
    void* memory = nullptr;
    abi::raise_if_failed(ndr::allocate(*pStubMsg, Len, &memory));
    return memory;
}
