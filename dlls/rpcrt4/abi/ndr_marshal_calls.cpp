// What inline stubs call between marshalling and unmarshalling, and for context handles.
#include <cstring>

#include "abi/export.h"
#include "abi/raise.h"
#include "base/abi_types.h"
#include "runtime/message.h"
#include "stub/call_message.h"
#include "stub/inline_contexts.h"

using namespace rpc;

// --- buffers --------------------------------------------------------------------------------------------------------

namespace {

unsigned char* take_buffer(PMIDL_STUB_MESSAGE pStubMsg, unsigned long BufferLength, RPC_BINDING_HANDLE Handle) {
    RPC_MESSAGE& message = *pStubMsg->RpcMsg;
    if (pStubMsg->IsClient) {
        message.Handle = Handle;
        pStubMsg->SavedHandle = Handle;
    }
    pStubMsg->BufferLength = BufferLength;
    unsigned char *start = pStubMsg->BufferStart, *end = pStubMsg->BufferEnd;
    abi::raise_if_failed(stub::get_buffer(*pStubMsg, message));
    if (!pStubMsg->IsClient) {
        // They still say which parameters lie in the request, where the stub's clean-up must not free them.
        pStubMsg->BufferStart = start;
        pStubMsg->BufferEnd = end;
    }
    return pStubMsg->Buffer;
}

unsigned char* exchange(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pBufferEnd) {
    RPC_MESSAGE& message = *pStubMsg->RpcMsg;
    auto* start = static_cast<unsigned char*>(message.Buffer);
    if (pBufferEnd < start || pBufferEnd > start + message.BufferLength) abi::raise(Status::bad_stub_data);
    message.BufferLength = static_cast<unsigned int>(pBufferEnd - start);
    Status status = runtime::send_receive(message);
    if (failed(status)) {
        // Everything is freed; what the stub's clean-up will do must find nothing.
        pStubMsg->fBufferValid = 0;
        abi::raise(status);
    }
    stub::attach_buffer(*pStubMsg, message, message.BufferLength);
    return pStubMsg->Buffer;
}

}  // namespace

RPC_EXPORT(unsigned char*, NdrGetBuffer)(PMIDL_STUB_MESSAGE pStubMsg, unsigned long BufferLength, RPC_BINDING_HANDLE Handle) {
    return take_buffer(pStubMsg, BufferLength, Handle);
}

RPC_EXPORT(unsigned char*, NdrSendReceive)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pBufferEnd) {
    return exchange(pStubMsg, pBufferEnd);
}

// [auto_handle] stubs. Without a name service there is no server to find for a handle that the program did not set, nor
// another one to try.
RPC_EXPORT(unsigned char*, NdrNsGetBuffer)(PMIDL_STUB_MESSAGE pStubMsg, unsigned long BufferLength, RPC_BINDING_HANDLE Handle) {
    if (!Handle) abi::raise(Status::name_service_unavailable);
    return take_buffer(pStubMsg, BufferLength, Handle);
}

RPC_EXPORT(unsigned char*, NdrNsSendReceive)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char* pBufferEnd, RPC_BINDING_HANDLE*) {
    return exchange(pStubMsg, pBufferEnd);
}

RPC_EXPORT(void, NdrFreeBuffer)(PMIDL_STUB_MESSAGE pStubMsg) {
    if (!pStubMsg->fBufferValid) return;
    pStubMsg->fBufferValid = 0;
    abi::raise_if_failed(runtime::free_buffer(*pStubMsg->RpcMsg));
}

// --- client context handles -----------------------------------------------------------------------------------------

namespace {

// Room for a context handle at the stub message's Buffer.
uint8_t* context_place(PMIDL_STUB_MESSAGE message) {
    uint8_t* from = message->Buffer;
    abi::raise_if_failed(stub::align_buffer(*message, 4, stub::context_wire_size));
    return from;
}

}  // namespace

RPC_EXPORT(RPC_BINDING_HANDLE, NDRCContextBinding)(NDR_CCONTEXT CContext) {
    void* binding = nullptr;
    abi::raise_if_failed(stub::client_context_binding(CContext, binding));
    return binding;
}

RPC_EXPORT(void, NDRCContextMarshall)(NDR_CCONTEXT CContext, void* pBuff) {
    abi::raise_if_failed(stub::client_context_marshal(CContext, static_cast<uint8_t*>(pBuff)));
}

RPC_EXPORT(void, NDRCContextUnmarshall)(NDR_CCONTEXT* pCContext, RPC_BINDING_HANDLE hBinding, void* pBuff,
                                        unsigned long DataRepresentation) {
    bool big_endian = (DataRepresentation & NDR_INT_REP_MASK) == NDR_BIG_ENDIAN;
    abi::raise_if_failed(
        stub::client_context_unmarshal(*pCContext, hBinding, static_cast<const uint8_t*>(pBuff), big_endian));
}

RPC_EXPORT(void, NdrClientContextMarshall)(PMIDL_STUB_MESSAGE pStubMsg, NDR_CCONTEXT ContextHandle, int fCheck) {
    if (fCheck && !ContextHandle) abi::raise(Status::ss_in_null_context);
    uint8_t* from = context_place(pStubMsg);
    std::memset(from, 0, static_cast<size_t>(pStubMsg->Buffer - from));
    abi::raise_if_failed(stub::client_context_marshal(ContextHandle, pStubMsg->Buffer));
    pStubMsg->Buffer += stub::context_wire_size;
}

RPC_EXPORT(void, NdrClientContextUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, NDR_CCONTEXT* pContextHandle,
                                             RPC_BINDING_HANDLE BindHandle) {
    context_place(pStubMsg);
    abi::raise_if_failed(stub::client_context_unmarshal(*pContextHandle, BindHandle, pStubMsg->Buffer,
                                                        stub::is_big_endian(*pStubMsg->RpcMsg)));
    pStubMsg->Buffer += stub::context_wire_size;
}

// --- server context handles -----------------------------------------------------------------------------------------

namespace {

// `flags`: of the handle's type format; 0 where the stub does not say it.
NDR_SCONTEXT find_context(RPC_BINDING_HANDLE call, const uint8_t* wire, bool big_endian, const void* owner, uint8_t flags) {
    stub::ServerContext* context = nullptr;
    abi::raise_if_failed(
        stub::server_context_find(call, wire, big_endian, owner, (flags & stub::context_strict) != 0, context));
    auto* face = static_cast<NDR_SCONTEXT>(stub::context_face(*context));
    if (!stub::server_context_is_new(*context)) abi::raise_if_failed(stub::use_context_in_stub(*context, stub::context_mode(flags)));
    return face;
}

void marshal_context(RPC_BINDING_HANDLE call, NDR_SCONTEXT context, NDR_RUNDOWN rundown, const void* owner, uint8_t* wire) {
    if (!context) {
        std::memset(wire, 0, stub::context_wire_size);
        return;
    }
    stub::ServerContext* c = stub::context_of(context);
    bool is_new = stub::server_context_is_new(*c);
    Status status = stub::server_context_marshal(call, *c, rundown, owner, wire);
    // A known one may be gone now; a new one is its table's from here on, or nobody's.
    if (is_new) stub::server_context_release(c);
    abi::raise_if_failed(status);
}

bool big_endian(unsigned long drep) { return (drep & NDR_INT_REP_MASK) == NDR_BIG_ENDIAN; }

NDR_SCONTEXT unmarshal_in_stub(PMIDL_STUB_MESSAGE message, uint8_t flags) {
    context_place(message);
    NDR_SCONTEXT context = find_context(message->RpcMsg->Handle, message->Buffer, stub::is_big_endian(*message->RpcMsg),
                                        message->RpcMsg->RpcInterfaceInformation, flags);
    message->Buffer += stub::context_wire_size;
    return context;
}

void marshal_in_stub(PMIDL_STUB_MESSAGE message, NDR_SCONTEXT context, NDR_RUNDOWN rundown) {
    uint8_t* from = context_place(message);
    std::memset(from, 0, static_cast<size_t>(message->Buffer - from));
    marshal_context(message->RpcMsg->Handle, context, rundown, message->RpcMsg->RpcInterfaceInformation, message->Buffer);
    message->Buffer += stub::context_wire_size;
}

}  // namespace

RPC_EXPORT(NDR_SCONTEXT, NdrContextHandleInitialize)(PMIDL_STUB_MESSAGE, PFORMAT_STRING) {
    stub::ServerContext* context = stub::server_context_new();
    if (!context) abi::raise(Status::out_of_memory);
    return static_cast<NDR_SCONTEXT>(stub::context_face(*context));
}

RPC_EXPORT(NDR_SCONTEXT, NdrServerContextUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg) { return unmarshal_in_stub(pStubMsg, 0); }

RPC_EXPORT(NDR_SCONTEXT, NdrServerContextNewUnmarshall)(PMIDL_STUB_MESSAGE pStubMsg, PFORMAT_STRING pFormat) {
    return unmarshal_in_stub(pStubMsg, pFormat[1]);
}

RPC_EXPORT(void, NdrServerContextMarshall)(PMIDL_STUB_MESSAGE pStubMsg, NDR_SCONTEXT ContextHandle, NDR_RUNDOWN RundownRoutine) {
    marshal_in_stub(pStubMsg, ContextHandle, RundownRoutine);
}

RPC_EXPORT(void, NdrServerContextNewMarshall)(PMIDL_STUB_MESSAGE pStubMsg, NDR_SCONTEXT ContextHandle,
                                              NDR_RUNDOWN RundownRoutine, PFORMAT_STRING) {
    marshal_in_stub(pStubMsg, ContextHandle, RundownRoutine);
}

RPC_EXPORT(void, NdrContextHandleSize)(PMIDL_STUB_MESSAGE pStubMsg, unsigned char*, PFORMAT_STRING) {
    stub::align_length(*pStubMsg, 4);
    pStubMsg->BufferLength += stub::context_wire_size;
}

RPC_EXPORT(void, NDRSContextMarshall)(NDR_SCONTEXT CContext, void* pBuff, NDR_RUNDOWN userRunDownIn) {
    marshal_context(nullptr, CContext, userRunDownIn, nullptr, static_cast<uint8_t*>(pBuff));
}

RPC_EXPORT(void, NDRSContextMarshallEx)(RPC_BINDING_HANDLE BindingHandle, NDR_SCONTEXT CContext, void* pBuff,
                                        NDR_RUNDOWN userRunDownIn) {
    marshal_context(BindingHandle, CContext, userRunDownIn, nullptr, static_cast<uint8_t*>(pBuff));
}

// The guard is the interface's identifier, or null.
RPC_EXPORT(void, NDRSContextMarshall2)(RPC_BINDING_HANDLE BindingHandle, NDR_SCONTEXT CContext, void* pBuff,
                                       NDR_RUNDOWN userRunDownIn, void*, unsigned long) {
    marshal_context(BindingHandle, CContext, userRunDownIn, nullptr, static_cast<uint8_t*>(pBuff));
}

RPC_EXPORT(NDR_SCONTEXT, NDRSContextUnmarshall)(void* pBuff, unsigned long DataRepresentation) {
    return find_context(nullptr, static_cast<uint8_t*>(pBuff), big_endian(DataRepresentation), nullptr, 0);
}

RPC_EXPORT(NDR_SCONTEXT, NDRSContextUnmarshallEx)(RPC_BINDING_HANDLE BindingHandle, void* pBuff,
                                                  unsigned long DataRepresentation) {
    return find_context(BindingHandle, static_cast<uint8_t*>(pBuff), big_endian(DataRepresentation), nullptr, 0);
}

RPC_EXPORT(NDR_SCONTEXT, NDRSContextUnmarshall2)(RPC_BINDING_HANDLE BindingHandle, void* pBuff,
                                                 unsigned long DataRepresentation, void*, unsigned long) {
    return find_context(BindingHandle, static_cast<uint8_t*>(pBuff), big_endian(DataRepresentation), nullptr, 0);
}
