// Family memory: allocators. Sources: headers (rpcdcep.h) for I_RpcAllocate and I_RpcFree, which no page describes.
#include "abi/export.h"
#include "base/alloc.h"

// Memory of the process heap; null when there is none. Freed by I_RpcFree.
RPC_EXPORT(void*, I_RpcAllocate)(unsigned int Size) { return rpc::mem_alloc(Size); }
RPC_EXPORT(void, I_RpcFree)(void* Object) { rpc::mem_free(Object); }
