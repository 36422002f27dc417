// RpcServerInqCallAttributes, versions 1 to 3: documentation pages of the function and of RPC_CALL_ATTRIBUTES_V2. Names
// and identifiers of clients are a security provider's to tell: none is told here.
#include "abi/export.h"
#include "abi/server_call_handle.h"
#include "base/guard.h"
#include "runtime/server.h"

using namespace rpc;
using abi::to_rpc;

namespace {

constexpr unsigned long protseq_tcp = 1, protseq_np = 2, protseq_lrpc = 3;  // RPC_PROTSEQ_x of rpcdce.h

unsigned long protocol_number(const io::Protocol& protocol) {
    if (protocol.local_only) return protseq_lrpc;
    return std::string_view(protocol.name) == "ncacn_np" ? protseq_np : protseq_tcp;
}

template <class Attributes>
Status fill_v1(call::ServerCall& call, Attributes& a) {
    if ((a.Flags & RPC_QUERY_SERVER_PRINCIPAL_NAME) != 0) {
        if (a.ServerPrincipalNameBufferLength != 0 && !a.ServerPrincipalName) return Status::invalid_arg;
        a.ServerPrincipalNameBufferLength = 0;
    }
    if ((a.Flags & RPC_QUERY_CLIENT_PRINCIPAL_NAME) != 0) {
        if (a.ClientPrincipalNameBufferLength != 0 && !a.ClientPrincipalName) return Status::invalid_arg;
        a.ClientPrincipalNameBufferLength = 0;
    }
    // The system vouches for clients of ncalrpc.
    const bool local = call.connection->protocol().local_only;
    a.AuthenticationLevel = local ? RPC_C_AUTHN_LEVEL_PKT_PRIVACY : RPC_C_AUTHN_LEVEL_NONE;
    a.AuthenticationService = local ? RPC_C_AUTHN_WINNT : RPC_C_AUTHN_NONE;
    a.NullSession = FALSE;
    return Status::ok;
}

template <class Attributes>
Status fill_v2(call::ServerCall& call, Attributes& a) {
    RPC_TRY(fill_v1(call, a));
    const io::Stream& stream = call.connection->stream();
    const io::Protocol& protocol = call.connection->protocol();
    if ((a.Flags & RPC_QUERY_CALL_LOCAL_ADDRESS) != 0) {
        if (!a.CallLocalAddress) return Status::invalid_arg;
        return Status::cannot_support;  // transports do not tell their own address
    }
    a.KernelModeCaller = FALSE;
    a.ProtocolSequence = protocol_number(protocol);
    a.IsClientLocal = stream.peer_is_local() ? rcclLocal : protocol.local_only ? rcclLocal : rcclRemote;
    const uint32_t process = protocol.local_only ? stream.peer_process() : 0;
    if ((a.Flags & RPC_QUERY_CLIENT_PID) != 0) a.ClientPID = reinterpret_cast<HANDLE>(static_cast<uintptr_t>(process));
    a.CallStatus = call.disconnected() ? RPC_CALL_STATUS_DISCONNECTED
                   : call.cancelled()  ? RPC_CALL_STATUS_CANCELLED
                                       : RPC_CALL_STATUS_IN_PROGRESS;
    a.CallType = rctNormal;
    a.OpNum = call.opnum;
    const Uuid& id = static_cast<runtime::Interface&>(*call.iface).id.uuid;
    std::memcpy(&a.InterfaceUuid, &id, sizeof a.InterfaceUuid);
    return Status::ok;
}

template <class Attributes>
Status fill_v3(call::ServerCall& call, Attributes& a) {
    RPC_TRY(fill_v2(call, a));
    if ((a.Flags & RPC_QUERY_CLIENT_ID) == 0) return Status::ok;
    if (a.ClientIdentifierBufferLength != 0 && !a.ClientIdentifier) return Status::invalid_arg;
    a.ClientIdentifierBufferLength = 0;
    return Status::ok;
}

// Works on a copy: the structure is the caller's.
template <class Attributes>
Status with_copy(call::ServerCall& call, void* given, Status (*fill)(call::ServerCall&, Attributes&)) {
    Attributes copy;
    if (!copy_guarded(&copy, given, sizeof copy)) return Status::invalid_arg;
    RPC_TRY(fill(call, copy));
    return copy_guarded(given, &copy, sizeof copy) ? Status::ok : Status::invalid_arg;
}

template <class V1, class V2, class V3>
Status inquire(RPC_BINDING_HANDLE handle, void* attributes) {
    Ref<call::ServerCall> call;
    unsigned version = 0;
    RPC_TRY(abi::server_call(handle, call));
    if (!copy_guarded(&version, attributes, sizeof version)) return Status::invalid_arg;
    switch (version) {
        case 1:
            return with_copy<V1>(*call, attributes, fill_v1<V1>);
        case 2:
            return with_copy<V2>(*call, attributes, fill_v2<V2>);
        case 3:
            return with_copy<V3>(*call, attributes, fill_v3<V3>);
    }
    return Status::invalid_arg;
}

}  // namespace

// `ClientBinding` NULL: the call that this thread serves; else any thread, while the call lives.
RPC_EXPORT(RPC_STATUS, RpcServerInqCallAttributesA)(RPC_BINDING_HANDLE ClientBinding, void* RpcCallAttributes) {
    return to_rpc(inquire<RPC_CALL_ATTRIBUTES_V1_A, RPC_CALL_ATTRIBUTES_V2_A, RPC_CALL_ATTRIBUTES_V3_A>(
        ClientBinding, RpcCallAttributes));
}
RPC_EXPORT(RPC_STATUS, RpcServerInqCallAttributesW)(RPC_BINDING_HANDLE ClientBinding, void* RpcCallAttributes) {
    return to_rpc(inquire<RPC_CALL_ATTRIBUTES_V1_W, RPC_CALL_ATTRIBUTES_V2_W, RPC_CALL_ATTRIBUTES_V3_W>(
        ClientBinding, RpcCallAttributes));
}
