#pragma once
// Interface pointers in a message, through COM (documentation pages of CoMarshalInterface, CoUnmarshalInterface and
// CoGetMarshalSizeMax). ole32 is loaded by the first one.
#include "ndr/ndr.h"

namespace rpc::stub {

// An ndr::InterfaceHook. HRESULTs that fail are the status; what ole32 or an object raises is too. cannot_support without ole32.
Status interface_pointer(ndr::Op op, MIDL_STUB_MESSAGE& message, const void* iid, void** object, uint32_t room);

}  // namespace rpc::stub
