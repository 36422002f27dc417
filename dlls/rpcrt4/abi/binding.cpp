// Family binding: binding handles. Sources: the documentation page of each function.
#include "runtime/binding.h"
#include "abi/binding_vector.h"
#include "abi/export.h"
#include "base/guard.h"
#include "call/server_call.h"
#include "runtime/convert.h"
#include "runtime/message.h"

using namespace rpc;
using abi::client_binding;
using abi::to_rpc;
using runtime::Binding;

// Calls that are out go on to their end. The variable becomes NULL.
RPC_EXPORT(RPC_STATUS, RpcBindingFree)(RPC_BINDING_HANDLE* BindingVariable) {
    if (!BindingVariable) return RPC_S_INVALID_BINDING;
    Ref<Binding> binding;
    if (Status status = client_binding(*BindingVariable, binding); failed(status)) return to_rpc(status);
    return to_rpc(Binding::free_handle(BindingVariable));
}

RPC_EXPORT(RPC_STATUS, RpcBindingCopy)(RPC_BINDING_HANDLE SourceBinding, RPC_BINDING_HANDLE* DestinationBinding) {
    Ref<Binding> source;
    if (Status status = client_binding(SourceBinding, source); failed(status)) return to_rpc(status);
    return to_rpc(runtime::binding_copy(SourceBinding, DestinationBinding));
}

// Forgets the endpoint: the binding is partially bound again.
RPC_EXPORT(RPC_STATUS, RpcBindingReset)(RPC_BINDING_HANDLE Handle) {
    Ref<Binding> binding;
    if (Status status = client_binding(Handle, binding); failed(status)) return to_rpc(status);
    return to_rpc(binding->reset());
}

RPC_EXPORT(RPC_STATUS, RpcBindingSetObject)(RPC_BINDING_HANDLE Handle, UUID* ObjectUuid) {
    Ref<Binding> binding;
    if (Status status = client_binding(Handle, binding); failed(status)) return to_rpc(status);
    binding->set_object(ObjectUuid ? runtime::to_uuid(*ObjectUuid) : Uuid{});
    return RPC_S_OK;
}

RPC_EXPORT(RPC_STATUS, RpcBindingInqObject)(RPC_BINDING_HANDLE Handle, UUID* ObjectUuid) {
    Ref<Binding> binding;
    Uuid object;
    if (auto call = runtime::from_handle<call::ServerCall>(Handle, runtime::HandleKind::server_call)) {
        object = call->object;
    } else {
        if (Status status = client_binding(Handle, binding); failed(status)) return to_rpc(status);
        object = binding->object();
    }
    std::memcpy(ObjectUuid, &object, sizeof object);
    return RPC_S_OK;
}

// The id of an interface structure, a client's or a server's.
RPC_EXPORT(RPC_STATUS, RpcIfInqId)(RPC_IF_HANDLE RpcIfHandle, RPC_IF_ID* RpcIfId) {
    auto spec = static_cast<const RPC_SERVER_INTERFACE*>(RpcIfHandle);
    RpcIfId->Uuid = spec->InterfaceId.SyntaxGUID;
    RpcIfId->VersMajor = spec->InterfaceId.SyntaxVersion.MajorVersion;
    RpcIfId->VersMinor = spec->InterfaceId.SyntaxVersion.MinorVersion;
    return RPC_S_OK;
}

// The vector is one block (RpcMgmtInqIfIds). The variable becomes NULL.
RPC_EXPORT(RPC_STATUS, RpcIfIdVectorFree)(RPC_IF_ID_VECTOR** IfIdVector) {
    RPC_IF_ID_VECTOR* vector = nullptr;
    if (!copy_guarded(static_cast<void*>(&vector), IfIdVector, sizeof vector)) return RPC_S_INVALID_ARG;
    mem_free(vector);
    *IfIdVector = nullptr;
    return RPC_S_OK;
}
