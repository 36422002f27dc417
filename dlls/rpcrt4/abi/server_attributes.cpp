// RpcServerInqCallAttributes, versions 1 to 3: documentation pages of the function, of RPC_CALL_ATTRIBUTES_V2 and of
// RPC_CALL_LOCAL_ADDRESS_V1. A name that the
// security provider does not tell has length 0; identifiers of clients none tells.
#include "abi/export.h"
#include "abi/host_address.h"
#include "abi/server_call_handle.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/server.h"
#include "runtime/server_security.h"

using namespace rpc;
using abi::to_rpc;

namespace {

constexpr unsigned long protseq_tcp = 1, protseq_np = 2, protseq_lrpc = 3;  // RPC_PROTSEQ_x of rpcdce.h

unsigned long protocol_number(const io::Protocol& protocol) {
    if (protocol.local_only) return protseq_lrpc;
    return std::string_view(protocol.name) == "ncacn_np" ? protseq_np : protseq_tcp;
}

// `length` is in bytes, the terminator included. more_data: it is too short, and is now what would do.
template <class T>
Status give_name(std::string_view name, T* buffer, unsigned long& length) {
    if (length != 0 && !buffer) return Status::invalid_arg;
    const unsigned long room = std::exchange(length, 0);
    if (name.empty()) return Status::ok;  // it cannot be told
    T* text = nullptr;
    RPC_TRY(abi::write_text(name, &text));
    while (text[length] != 0) ++length;
    length = static_cast<unsigned long>((length + 1) * sizeof(T));
    Status status = room < length ? Status::more_data : Status::ok;
    if (!failed(status) && !copy_guarded(buffer, text, length)) status = Status::invalid_arg;
    RPC_TRY(abi::free_text(reinterpret_cast<void**>(&text)));
    return status;
}

template <class Attributes>
Status fill_v1(call::ServerCall& call, Attributes& a) {
    const bool server = (a.Flags & RPC_QUERY_SERVER_PRINCIPAL_NAME) != 0, client = (a.Flags & RPC_QUERY_CLIENT_PRINCIPAL_NAME) != 0;
    a.AuthenticationLevel = RPC_C_AUTHN_LEVEL_NONE;
    a.AuthenticationService = RPC_C_AUTHN_NONE;
    a.NullSession = FALSE;
    runtime::ClientIdentity identity;
    const Status known = runtime::client_identity(&call, identity);
    if (known != Status::binding_has_no_auth) {
        RPC_TRY(known);
        a.AuthenticationLevel = identity.level;
        a.AuthenticationService = identity.service;
    }
    Status told = Status::ok;
    if (server) told = give_name(identity.server.view(), a.ServerPrincipalName, a.ServerPrincipalNameBufferLength);
    if (failed(told) && told != Status::more_data) return told;
    if (!client) return told;
    const Status second = give_name(identity.client.view(), a.ClientPrincipalName, a.ClientPrincipalNameBufferLength);
    return failed(second) ? second : told;
}

// Into the caller's structure; more_data as for a name.
template <class Address>
Status give_local_address(const io::Stream& stream, Address* given) {
    Address copy;
    if (!given || !copy_guarded(&copy, given, sizeof copy) || copy.Version != 1) return Status::invalid_arg;
    unsigned long format = rlafInvalid;
    const Status told = abi::give_address(stream.own_host(), copy.Buffer, copy.BufferSize, format);
    if (failed(told) && told != Status::more_data) return told;
    copy.AddressFormat = static_cast<RpcLocalAddressFormat>(format);
    return copy_guarded(given, &copy, sizeof copy) ? told : Status::invalid_arg;
}

template <class Attributes>
Status fill_v2(call::ServerCall& call, Attributes& a) {
    Status told = fill_v1(call, a);
    if (failed(told) && told != Status::more_data) return told;
    const io::Stream& stream = call.connection->stream();
    const io::Protocol& protocol = call.connection->protocol();
    if ((a.Flags & RPC_QUERY_CALL_LOCAL_ADDRESS) != 0) {
        const Status address = give_local_address(stream, a.CallLocalAddress);
        if (failed(address) && address != Status::more_data) return address;
        if (failed(address)) told = address;
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
    return told;
}

template <class Attributes>
Status fill_v3(call::ServerCall& call, Attributes& a) {
    const Status told = fill_v2(call, a);
    if ((failed(told) && told != Status::more_data) || (a.Flags & RPC_QUERY_CLIENT_ID) == 0) return told;
    if (a.ClientIdentifierBufferLength != 0 && !a.ClientIdentifier) return Status::invalid_arg;
    a.ClientIdentifierBufferLength = 0;
    return told;
}

// Works on a copy: the structure is the caller's.
template <class Attributes>
Status with_copy(call::ServerCall& call, void* given, Status (*fill)(call::ServerCall&, Attributes&)) {
    Attributes copy;
    if (!copy_guarded(&copy, given, sizeof copy)) return Status::invalid_arg;
    const Status status = fill(call, copy);
    if (failed(status) && status != Status::more_data) return status;
    return copy_guarded(given, &copy, sizeof copy) ? status : Status::invalid_arg;
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
