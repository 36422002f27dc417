// Family pickling: handles. Sources: the documentation pages of midles.h.
// midles.h needs rpc.h before it.
// clang-format off
#include <rpc.h>
#include <midles.h>
// clang-format on

#include "abi/export.h"
#include "stub/pickle.h"

using namespace rpc;
using abi::to_rpc;
namespace pickle = stub::pickle;

namespace {

pickle::Action action(MIDL_ES_CODE code) {
    return static_cast<pickle::Action>(code);
}

}  // namespace

RPC_EXPORT(RPC_STATUS, MesEncodeIncrementalHandleCreate)
(void* UserState, MIDL_ES_ALLOC AllocFn, MIDL_ES_WRITE WriteFn, handle_t* pHandle) {
    return to_rpc(pickle::encode_incremental(UserState, AllocFn, WriteFn, pHandle));
}

RPC_EXPORT(RPC_STATUS, MesDecodeIncrementalHandleCreate)(void* UserState, MIDL_ES_READ ReadFn, handle_t* pHandle) {
    return to_rpc(pickle::decode_incremental(UserState, ReadFn, pHandle));
}

RPC_EXPORT(RPC_STATUS, MesIncrementalHandleReset)
(handle_t Handle, void* UserState, MIDL_ES_ALLOC AllocFn, MIDL_ES_WRITE WriteFn, MIDL_ES_READ ReadFn,
 MIDL_ES_CODE Operation) {
    return to_rpc(pickle::reset_incremental(Handle, UserState, AllocFn, WriteFn, ReadFn, action(Operation)));
}

RPC_EXPORT(RPC_STATUS, MesEncodeFixedBufferHandleCreate)
(char* pBuffer, unsigned long BufferSize, unsigned long* pEncodedSize, handle_t* pHandle) {
    return to_rpc(pickle::encode_fixed_buffer(pBuffer, BufferSize, pEncodedSize, pHandle));
}

RPC_EXPORT(RPC_STATUS, MesEncodeDynBufferHandleCreate)(char** pBuffer, unsigned long* pEncodedSize, handle_t* pHandle) {
    return to_rpc(pickle::encode_dynamic_buffer(pBuffer, pEncodedSize, pHandle));
}

RPC_EXPORT(RPC_STATUS, MesDecodeBufferHandleCreate)(char* pBuffer, unsigned long BufferSize, handle_t* pHandle) {
    return to_rpc(pickle::decode_buffer(pBuffer, BufferSize, pHandle));
}

RPC_EXPORT(RPC_STATUS, MesBufferHandleReset)
(handle_t Handle, unsigned long HandleStyle, MIDL_ES_CODE Operation, char** pBuffer, unsigned long BufferSize,
 unsigned long* pEncodedSize) {
    auto style = static_cast<pickle::HandleStyle>(HandleStyle);
    return to_rpc(pickle::reset_buffer(Handle, style, action(Operation), pBuffer, BufferSize, pEncodedSize));
}

RPC_EXPORT(RPC_STATUS, MesHandleFree)(handle_t Handle) {
    return to_rpc(pickle::free_handle(Handle));
}

RPC_EXPORT(RPC_STATUS, MesInqProcEncodingId)
(handle_t Handle, PRPC_SYNTAX_IDENTIFIER pInterfaceId, unsigned long* pProcNum) {
    return to_rpc(pickle::encoding_id(Handle, pInterfaceId, pProcNum));
}
