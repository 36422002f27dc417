// Family server: interfaces and listening. Sources: the documentation page of each function.
#include "runtime/server.h"
#include "abi/export.h"
#include "abi/registration.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/object_map.h"
#include "stub/context_handle.h"

using namespace rpc;
using abi::to_rpc;
namespace object_map = runtime::object_map;

Status abi::read_registration(const RegisterArguments& a, runtime::Server::Registration& r) {
    uint32_t length = 0;
    GUID type{};
    r.spec = static_cast<RPC_SERVER_INTERFACE*>(a.spec);
    if (!copy_guarded(&length, &r.spec->Length, sizeof length) || length != sizeof(RPC_SERVER_INTERFACE))
        return Status::invalid_arg;
    if (a.manager_type && !copy_guarded(&type, a.manager_type, sizeof type)) return Status::invalid_arg;
    r.manager_type = runtime::to_uuid(type);
    r.manager_epv = a.manager_epv;
    r.flags = a.flags;
    r.max_calls = a.max_calls;
    r.max_rpc_size = a.max_rpc_size;
    r.callback = a.callback;
    if (!a.security_descriptor) return Status::ok;
    Ref<security::AccessList> access;
    RPC_TRY(security::AccessList::create(a.security_descriptor, access));
    r.access = std::move(access);
    return Status::ok;
}

namespace {

using abi::RegisterArguments;

Status register_interface(const RegisterArguments& a) {
    runtime::Server::Registration r;
    RPC_TRY(abi::read_registration(a, r));
    return runtime::Server::instance().register_interface(r);
}

Status unregister_interface(RPC_IF_HANDLE spec, const UUID* manager_type, bool wait) {
    Uuid type;
    if (manager_type) type = runtime::to_uuid(*manager_type);
    return runtime::Server::instance().unregister_interface(static_cast<RPC_SERVER_INTERFACE*>(spec),
                                                            manager_type ? &type : nullptr, wait);
}

}  // namespace

// ---- interfaces; IfSpec stays the program's and must live until it is unregistered ----

RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv}));
}
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIfEx)
(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags, unsigned int MaxCalls,
 RPC_IF_CALLBACK_FN* IfCallback) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, UINT_MAX, IfCallback}));
}
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf2)
(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags, unsigned int MaxCalls,
 unsigned int MaxRpcSize, RPC_IF_CALLBACK_FN* IfCallbackFn) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, MaxRpcSize, IfCallbackFn}));
}
// The security descriptor is copied; a malformed one is RPC_S_INVALID_ARG.
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf3)
(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags, unsigned int MaxCalls,
 unsigned int MaxRpcSize, RPC_IF_CALLBACK_FN* IfCallback, void* SecurityDescriptor) {
    return to_rpc(
        register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, MaxRpcSize, IfCallback, SecurityDescriptor}));
}
RPC_EXPORT(RPC_STATUS, RpcServerUnregisterIf)
(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, unsigned int WaitForCallsToComplete) {
    return to_rpc(unregister_interface(IfSpec, MgrTypeUuid, WaitForCallsToComplete != 0));
}
// Waits for the interface's calls in any case (documentation page): what comes behind it may unload the code.
RPC_EXPORT(RPC_STATUS, RpcServerUnregisterIfEx)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, int RundownContextHandles) {
    const Status status = unregister_interface(IfSpec, MgrTypeUuid, true);
    if (!failed(status)) stub::server_contexts_leave(IfSpec, RundownContextHandles != 0);
    return to_rpc(status);
}
// A NULL type is the nil one.
RPC_EXPORT(RPC_STATUS, RpcServerInqIf)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV** MgrEpv) {
    RPC_SERVER_INTERFACE spec;
    if (!copy_guarded(&spec, IfSpec, sizeof spec)) return RPC_S_UNKNOWN_IF;
    return to_rpc(runtime::Server::instance().inquire_interface(
        spec, MgrTypeUuid ? runtime::to_uuid(*MgrTypeUuid) : Uuid{}, *MgrEpv));
}

// ---- objects: which manager serves calls for one ----

RPC_EXPORT(RPC_STATUS, RpcObjectSetType)(UUID* ObjUuid, UUID* TypeUuid) {
    if (!ObjUuid) return RPC_S_INVALID_OBJECT;
    return to_rpc(object_map::set_type(runtime::to_uuid(*ObjUuid), TypeUuid ? runtime::to_uuid(*TypeUuid) : Uuid{}));
}
RPC_EXPORT(RPC_STATUS, RpcObjectInqType)(UUID* ObjUuid, UUID* TypeUuid) {
    Uuid type;
    const Status status = object_map::inquire_type(ObjUuid ? runtime::to_uuid(*ObjUuid) : Uuid{}, type);
    if (TypeUuid) std::memcpy(TypeUuid, &type, sizeof *TypeUuid);
    return to_rpc(status);
}
RPC_EXPORT(RPC_STATUS, RpcObjectSetInqFn)(RPC_OBJECT_INQ_FN* InquiryFn) {
    object_map::set_inquiry(reinterpret_cast<object_map::Inquiry>(InquiryFn));
    return RPC_S_OK;
}

// ---- listening ----

RPC_EXPORT(RPC_STATUS, RpcServerListen)(unsigned int MinimumCallThreads, unsigned int MaxCalls, unsigned int DontWait) {
    return to_rpc(runtime::Server::instance().listen(MinimumCallThreads, MaxCalls, DontWait != 0));
}

// The documented use is of systems that share their threads out by hand: here other threads run anyway.
RPC_EXPORT(void, RpcServerYield)(void) {
    SwitchToThread();
}
