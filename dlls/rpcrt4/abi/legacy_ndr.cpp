// -Os stubs' data representation, and the structure category that only old compilers make.
#include "abi/export.h"
#include "abi/raise.h"
#include "ndr/ndr.h"

using namespace rpc;

RPC_EXPORT(void, NdrConvert)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat) {
    abi::raise_if_failed(ndr::convert(*pStubMsg, pFormat));
}
