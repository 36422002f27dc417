// Endpoints of a server: usable at once, also by interfaces that listen by themselves. Sources: the documentation page
// of each function. Every form is one of three: a dynamic endpoint, the caller's, or what the interface names.
#include "abi/export.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/server.h"

using namespace rpc;
using abi::to_rpc;

namespace {

// RPC_POLICY: internet or intranet ports come from a registry setting that names ranges, and network cards can be
// chosen; Wine has neither, where Windows' default is any port on all cards. What is checked is that it is a policy.
Status check_policy(const RPC_POLICY* policy) {
    RPC_POLICY copy;
    constexpr unsigned long known = RPC_C_USE_INTERNET_PORT | RPC_C_USE_INTRANET_PORT | RPC_C_DONT_FAIL;
    if (!policy) return Status::ok;
    if (!copy_guarded(&copy, policy, sizeof copy) || copy.Length < sizeof copy || (copy.EndpointFlags & ~known) != 0)
        return Status::invalid_arg;
    return Status::ok;
}

struct Options {
    unsigned max_calls;  // TCP's backlog, and nothing elsewhere; the runtime may take more. Wine's services pass 0: the default
    const void* security_descriptor;
    const RPC_POLICY* policy = nullptr;
};

Status use(std::string_view protocol, std::string_view endpoint, const Options& o) {
    RPC_TRY(check_policy(o.policy));
    const uint32_t backlog = o.max_calls != 0 ? o.max_calls : RPC_C_PROTSEQ_MAX_REQS_DEFAULT;
    return runtime::Server::instance().use_endpoint(protocol, endpoint, backlog, o.security_descriptor);
}

template <class Char>
RPC_STATUS use_dynamic(const Char* protocol, const Options& o) {
    Str name;
    const Status status = abi::read_text(protocol, name);
    return to_rpc(failed(status) ? status : use(name.view(), {}, o));
}

template <class Char>
RPC_STATUS use_endpoint(const Char* protocol, const Char* endpoint, const Options& o) {
    Str name, place;
    if (Status status = abi::read_text(protocol, name); failed(status)) return to_rpc(status);
    if (Status status = abi::read_text(endpoint, place); failed(status)) return to_rpc(status);
    return place.empty() ? RPC_S_INVALID_ENDPOINT_FORMAT : to_rpc(use(name.view(), place.view(), o));
}

Status read_spec(RPC_IF_HANDLE spec, RPC_CLIENT_INTERFACE& out) {
    return copy_guarded(&out, spec, sizeof out) ? Status::ok : Status::invalid_arg;
}

template <class Char>
RPC_STATUS use_interface(const Char* protocol, RPC_IF_HANDLE spec, const Options& o) {
    Str name;
    RPC_CLIENT_INTERFACE iface;
    if (Status status = abi::read_text(protocol, name); failed(status)) return to_rpc(status);
    if (Status status = read_spec(spec, iface); failed(status)) return to_rpc(status);
    const io::Protocol* known = io::find_protocol(name.view());
    if (!known || !known->listen) return to_rpc(use(name.view(), {}, o));  // says why not
    const std::string_view endpoint = runtime::own_endpoint(iface, name.view());
    return endpoint.empty() ? RPC_S_PROTSEQ_NOT_FOUND : to_rpc(use(name.view(), endpoint, o));
}

// Dynamic endpoints for all that this build can listen on; RPC_S_OK when one of them could be had.
RPC_STATUS use_all(const Options& o) {
    Status first = Status::no_protseqs;
    bool any = false;
    for (size_t i = 0; const io::Protocol* p = io::protocol_at(i); ++i) {
        if (!p->listen) continue;
        const Status status = use(p->name, {}, o);
        any = any || !failed(status);
        if (i == 0) first = status;
    }
    return any ? RPC_S_OK : to_rpc(first);
}

// The interface's own, those left out that this build does not listen on. The first failure ends it, as documented for one
// endpoint.
RPC_STATUS use_all_of(RPC_IF_HANDLE spec, const Options& o) {
    RPC_CLIENT_INTERFACE iface;
    if (Status status = read_spec(spec, iface); failed(status)) return to_rpc(status);
    Status status = Status::no_protseqs;
    for (unsigned i = 0; iface.RpcProtseqEndpoint && i < iface.RpcProtseqEndpointCount; ++i) {
        const auto& own = iface.RpcProtseqEndpoint[i];
        const std::string_view protocol(reinterpret_cast<const char*>(own.RpcProtocolSequence));
        const io::Protocol* known = io::find_protocol(protocol);
        if (!known || !known->listen) continue;
        status = use(protocol, reinterpret_cast<const char*>(own.Endpoint), o);
        if (failed(status)) break;
    }
    return to_rpc(status);
}

// ---- protocol sequences ----

template <class Char>
RPC_STATUS protocol_valid(const Char* protocol) {
    Str name;
    if (Status status = abi::read_text(protocol, name); failed(status)) return to_rpc(status);
    if (io::find_protocol(name.view())) return RPC_S_OK;
    return name.view().starts_with("nc") ? RPC_S_PROTSEQ_NOT_SUPPORTED : RPC_S_INVALID_RPC_PROTSEQ;
}

template <class Vector>
void free_protocols(Vector* vector) {
    for (unsigned i = 0; i < vector->Count; ++i)
        (void)failed(abi::free_text(reinterpret_cast<void**>(&vector->Protseq[i])));
    mem_free(vector);
}

template <class Vector>
Status list_protocols(Vector** out) {
    size_t count = 0, rows = 0;
    for (; const io::Protocol* p = io::protocol_at(rows); ++rows) count += p->listen != nullptr;  // a server asks, to listen on them
    auto made = static_cast<Vector*>(mem_alloc_zeroed(offsetof(Vector, Protseq) + count * sizeof(void*)));
    if (!made) return Status::out_of_memory;
    Status status = count != 0 ? Status::ok : Status::no_protseqs;
    for (size_t i = 0; i < rows && !failed(status); ++i) {
        const io::Protocol& row = *io::protocol_at(i);
        if (!row.listen) continue;
        status = abi::write_text(row.name, &made->Protseq[made->Count]);
        if (!failed(status)) ++made->Count;
    }
    if (!failed(status) && copy_guarded(static_cast<void*>(out), &made, sizeof made)) return Status::ok;
    free_protocols(made);
    return failed(status) ? status : Status::invalid_arg;
}

template <class Vector>
RPC_STATUS free_protocol_vector(Vector** variable) {
    Vector* vector = nullptr;
    if (!copy_guarded(static_cast<void*>(&vector), variable, sizeof vector)) return RPC_S_INVALID_ARG;
    if (vector) free_protocols(vector);
    *variable = nullptr;
    return RPC_S_OK;
}

}  // namespace

// ---- the caller's endpoint ----

RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpA)
(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_CSTR Endpoint, void* SecurityDescriptor) {
    return use_endpoint(Protseq, Endpoint, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpW)
(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_WSTR Endpoint, void* SecurityDescriptor) {
    return use_endpoint(Protseq, Endpoint, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpExA)
(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_CSTR Endpoint, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_endpoint(Protseq, Endpoint, {MaxCalls, SecurityDescriptor, Policy});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqEpExW)
(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_WSTR Endpoint, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_endpoint(Protseq, Endpoint, {MaxCalls, SecurityDescriptor, Policy});
}

// ---- a dynamic one ----

RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqA)(RPC_CSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor) {
    return use_dynamic(Protseq, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqW)(RPC_WSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor) {
    return use_dynamic(Protseq, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqExA)
(RPC_CSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_dynamic(Protseq, {MaxCalls, SecurityDescriptor, Policy});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqExW)
(RPC_WSTR Protseq, unsigned int MaxCalls, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_dynamic(Protseq, {MaxCalls, SecurityDescriptor, Policy});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseAllProtseqs)(unsigned int MaxCalls, void* SecurityDescriptor) {
    return use_all({MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseAllProtseqsEx)(unsigned int MaxCalls, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_all({MaxCalls, SecurityDescriptor, Policy});
}

// ---- the interface's ----

RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqIfA)
(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor) {
    return use_interface(Protseq, IfSpec, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqIfW)
(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor) {
    return use_interface(Protseq, IfSpec, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqIfExA)
(RPC_CSTR Protseq, unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_interface(Protseq, IfSpec, {MaxCalls, SecurityDescriptor, Policy});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseProtseqIfExW)
(RPC_WSTR Protseq, unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_interface(Protseq, IfSpec, {MaxCalls, SecurityDescriptor, Policy});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseAllProtseqsIf)
(unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor) {
    return use_all_of(IfSpec, {MaxCalls, SecurityDescriptor});
}
RPC_EXPORT(RPC_STATUS, RpcServerUseAllProtseqsIfEx)
(unsigned int MaxCalls, RPC_IF_HANDLE IfSpec, void* SecurityDescriptor, PRPC_POLICY Policy) {
    return use_all_of(IfSpec, {MaxCalls, SecurityDescriptor, Policy});
}

// ---- what there is ----

RPC_EXPORT(RPC_STATUS, RpcNetworkIsProtseqValidA)(RPC_CSTR Protseq) {
    return protocol_valid(Protseq);
}
RPC_EXPORT(RPC_STATUS, RpcNetworkIsProtseqValidW)(RPC_WSTR Protseq) {
    return protocol_valid(Protseq);
}
RPC_EXPORT(RPC_STATUS, RpcNetworkInqProtseqsA)(RPC_PROTSEQ_VECTORA** ProtseqVector) {
    return to_rpc(list_protocols(ProtseqVector));
}
RPC_EXPORT(RPC_STATUS, RpcNetworkInqProtseqsW)(RPC_PROTSEQ_VECTORW** ProtseqVector) {
    return to_rpc(list_protocols(ProtseqVector));
}
RPC_EXPORT(RPC_STATUS, RpcProtseqVectorFreeA)(RPC_PROTSEQ_VECTORA** ProtseqVector) {
    return free_protocol_vector(ProtseqVector);
}
RPC_EXPORT(RPC_STATUS, RpcProtseqVectorFreeW)(RPC_PROTSEQ_VECTORW** ProtseqVector) {
    return free_protocol_vector(ProtseqVector);
}
