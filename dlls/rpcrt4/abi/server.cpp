// Family server: endpoints, interfaces, listening. Sources: the documentation page of each function.
#include "abi/export.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/server.h"

using namespace rpc;
using abi::to_rpc;

namespace {

// RPC_C_PROTSEQ_MAX_REQS_DEFAULT is 10; the runtime may take more than it is asked for.
template <class Char>
Status use_endpoint(const Char* protocol, unsigned max_calls, const Char* endpoint, const void* security_descriptor,
                    bool needs_endpoint) {
    Str name, place;
    RPC_TRY(abi::read_text(protocol, name));
    RPC_TRY(abi::read_text(endpoint, place));
    if (needs_endpoint && place.empty()) return Status::invalid_endpoint_format;
    if (max_calls == 0) return Status::max_calls_too_small;
    return runtime::Server::instance().use_endpoint(name.view(), place.view(), max_calls, security_descriptor);
}

struct RegisterArguments {
    RPC_IF_HANDLE spec;
    UUID* manager_type;
    RPC_MGR_EPV* manager_epv;
    unsigned flags = 0;
    unsigned max_calls = RPC_C_LISTEN_MAX_CALLS_DEFAULT;
    unsigned max_rpc_size = UINT_MAX;
    RPC_IF_CALLBACK_FN* callback = nullptr;
};

Status register_interface(const RegisterArguments& a) {
    runtime::Server::Registration r{static_cast<RPC_SERVER_INTERFACE*>(a.spec), {}, a.manager_epv, a.flags, a.max_calls,
                                    a.max_rpc_size, a.callback};
    uint32_t length = 0;
    GUID type{};
    if (!copy_guarded(&length, &r.spec->Length, sizeof length) || length != sizeof(RPC_SERVER_INTERFACE))
        return Status::invalid_arg;
    if (a.manager_type && !copy_guarded(&type, a.manager_type, sizeof type)) return Status::invalid_arg;
    r.manager_type = runtime::to_uuid(type);
    return runtime::Server::instance().register_interface(r);
}

template <class Char>
RPC_STATUS protocol_valid(const Char* protocol) {
    Str name;
    if (Status status = abi::read_text(protocol, name); failed(status)) return to_rpc(status);
    if (io::find_protocol(name.view())) return RPC_S_OK;
    return name.view().starts_with("nc") ? RPC_S_PROTSEQ_NOT_SUPPORTED : RPC_S_INVALID_RPC_PROTSEQ;
}

}  // namespace

// ---- endpoints: usable at once, also by interfaces that listen by themselves ----

RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpA)(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_CSTR Endpoint, void* SecurityDescriptor) {
    return to_rpc(use_endpoint(Protseq, MaxCalls, Endpoint, SecurityDescriptor, true));
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpW)(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_WSTR Endpoint, void* SecurityDescriptor) {
    return to_rpc(use_endpoint(Protseq, MaxCalls, Endpoint, SecurityDescriptor, true));
}
// The policy concerns dynamic ports and network cards, none of which an explicit endpoint asks for.
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpExA)(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_CSTR Endpoint, void* SecurityDescriptor,
                                                 PRPC_POLICY) {
    return to_rpc(use_endpoint(Protseq, MaxCalls, Endpoint, SecurityDescriptor, true));
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpExW)(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_WSTR Endpoint, void* SecurityDescriptor,
                                                 PRPC_POLICY) {
    return to_rpc(use_endpoint(Protseq, MaxCalls, Endpoint, SecurityDescriptor, true));
}
// A dynamic endpoint.
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqA)(RPC_CSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor) {
    return to_rpc(use_endpoint<unsigned char>(Protseq, MaxCalls, nullptr, SecurityDescriptor, false));
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqW)(RPC_WSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor) {
    return to_rpc(use_endpoint<unsigned short>(Protseq, MaxCalls, nullptr, SecurityDescriptor, false));
}
RPC_EXPORT(RPC_STATUS, RpcNetworkIsProtseqValidA)(RPC_CSTR Protseq) { return protocol_valid(Protseq); }
RPC_EXPORT(RPC_STATUS, RpcNetworkIsProtseqValidW)(RPC_WSTR Protseq) { return protocol_valid(Protseq); }

// ---- interfaces; IfSpec stays the program's and must live until it is unregistered ----

RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv}));
}
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIfEx)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags,
                                              unsigned int MaxCalls, RPC_IF_CALLBACK_FN* IfCallback) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, UINT_MAX, IfCallback}));
}
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf2)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags,
                                             unsigned int MaxCalls, unsigned int MaxRpcSize, RPC_IF_CALLBACK_FN* IfCallbackFn) {
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, MaxRpcSize, IfCallbackFn}));
}
// A security descriptor cannot be enforced yet, and is refused rather than ignored.
RPC_EXPORT(RPC_STATUS, RpcServerRegisterIf3)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, RPC_MGR_EPV* MgrEpv, unsigned int Flags,
                                             unsigned int MaxCalls, unsigned int MaxRpcSize, RPC_IF_CALLBACK_FN* IfCallback,
                                             void* SecurityDescriptor) {
    if (SecurityDescriptor) return RPC_S_CANNOT_SUPPORT;
    return to_rpc(register_interface({IfSpec, MgrTypeUuid, MgrEpv, Flags, MaxCalls, MaxRpcSize, IfCallback}));
}
RPC_EXPORT(RPC_STATUS, RpcServerUnregisterIf)(RPC_IF_HANDLE IfSpec, UUID* MgrTypeUuid, unsigned int WaitForCallsToComplete) {
    Uuid type;
    if (MgrTypeUuid) type = runtime::to_uuid(*MgrTypeUuid);
    return to_rpc(runtime::Server::instance().unregister_interface(static_cast<RPC_SERVER_INTERFACE*>(IfSpec),
                                                                   MgrTypeUuid ? &type : nullptr, WaitForCallsToComplete != 0));
}

// ---- listening ----

RPC_EXPORT(RPC_STATUS, RpcServerListen)(unsigned int MinimumCallThreads, unsigned int MaxCalls, unsigned int DontWait) {
    return to_rpc(runtime::Server::instance().listen(MinimumCallThreads, MaxCalls, DontWait != 0));
}
