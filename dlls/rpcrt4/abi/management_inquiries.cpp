// Questions to servers about themselves: this process (a NULL binding) or any other. Sources: the documentation page of
// each function.
#include "abi/binding_vector.h"
#include "abi/text.h"
#include "base/guard.h"
#include "runtime/management.h"
#include "runtime/server.h"

using namespace rpc;
using abi::to_rpc;
namespace management = runtime::management;

namespace {

constexpr size_t ids_at = offsetof(RPC_IF_ID_VECTOR, IfId);
constexpr size_t stats_at = offsetof(RPC_STATS_VECTOR, Stats);

// Runs `here` for NULL, `there` for a server's binding.
template <class Here, class There>
Status ask(RPC_BINDING_HANDLE handle, Here here, There there) {
    if (!handle) return here();
    Ref<runtime::Binding> server;
    RPC_TRY(abi::client_binding(handle, server));
    return there(*server);
}

// One block: the vector, then what it points to.
Status write_ids(const Vector<wire::SyntaxId>& ids, RPC_IF_ID_VECTOR** out) {
    const size_t pointers = ids_at + ids.size() * sizeof(RPC_IF_ID*);
    auto made = static_cast<RPC_IF_ID_VECTOR*>(mem_alloc_zeroed(pointers + ids.size() * sizeof(RPC_IF_ID)));
    if (!made) return Status::out_of_memory;
    auto* id = reinterpret_cast<RPC_IF_ID*>(reinterpret_cast<uint8_t*>(made) + pointers);
    made->Count = static_cast<unsigned long>(ids.size());
    for (size_t i = 0; i < ids.size(); ++i, ++id) {
        std::memcpy(&id->Uuid, &ids[i].uuid, sizeof id->Uuid);
        id->VersMajor = ids[i].major;
        id->VersMinor = ids[i].minor;
        made->IfId[i] = id;
    }
    if (copy_guarded(static_cast<void*>(out), &made, sizeof made)) return Status::ok;
    mem_free(made);
    return Status::invalid_arg;
}

Status write_statistics(const management::Statistics& statistics, RPC_STATS_VECTOR** out) {
    auto made = static_cast<RPC_STATS_VECTOR*>(mem_alloc(stats_at + sizeof statistics.values));
    if (!made) return Status::out_of_memory;
    made->Count = management::statistics_count;
    std::memcpy(&made->Stats, statistics.values, sizeof statistics.values);
    if (copy_guarded(static_cast<void*>(out), &made, sizeof made)) return Status::ok;
    mem_free(made);
    return Status::invalid_arg;
}

template <class Vector>
RPC_STATUS free_vector(Vector** variable) {
    Vector* vector = nullptr;
    if (!copy_guarded(static_cast<void*>(&vector), variable, sizeof vector)) return RPC_S_INVALID_ARG;
    mem_free(vector);
    *variable = nullptr;
    return RPC_S_OK;
}

template <class Char>
Status principal(RPC_BINDING_HANDLE handle, unsigned long service, Char** name) {
    Str text;
    // No security provider tells this process a name yet.
    RPC_TRY(ask(
        handle, [] { return Status::unknown_authn_service; },
        [&](runtime::Binding& server) { return management::inquire_principal(server, service, text); }));
    return abi::write_text(text.view(), name);
}

}  // namespace

RPC_EXPORT(RPC_STATUS, RpcMgmtInqIfIds)(RPC_BINDING_HANDLE Binding, RPC_IF_ID_VECTOR** IfIdVector) {
    Vector<wire::SyntaxId> ids;
    const Status status = ask(
        Binding, [&] { return runtime::Server::instance().interface_ids(ids); },
        [&](runtime::Binding& server) { return management::inquire_interfaces(server, ids); });
    return to_rpc(failed(status) ? status : write_ids(ids, IfIdVector));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtInqStats)(RPC_BINDING_HANDLE Binding, RPC_STATS_VECTOR** Statistics) {
    management::Statistics statistics{};
    const Status status = ask(
        Binding, [&] { return statistics = management::statistics(), Status::ok; },
        [&](runtime::Binding& server) { return management::inquire_statistics(server, statistics); });
    return to_rpc(failed(status) ? status : write_statistics(statistics, Statistics));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtStatsVectorFree)(RPC_STATS_VECTOR** StatsVector) {
    return free_vector(StatsVector);
}

RPC_EXPORT(RPC_STATUS, RpcMgmtIsServerListening)(RPC_BINDING_HANDLE Binding) {
    return to_rpc(ask(
        Binding, [] { return runtime::Server::instance().listening() ? Status::ok : Status::not_listening; },
        management::is_listening));
}
// Another server must have allowed it (RpcMgmtSetAuthorizationFn).
RPC_EXPORT(RPC_STATUS, RpcMgmtStopServerListening)(RPC_BINDING_HANDLE Binding) {
    return to_rpc(ask(
        Binding, [] { return runtime::Server::instance().stop_listening(); }, management::stop_listening));
}

RPC_EXPORT(RPC_STATUS, RpcMgmtInqServerPrincNameA)
(RPC_BINDING_HANDLE Binding, unsigned long AuthnSvc, RPC_CSTR* ServerPrincName) {
    return to_rpc(principal(Binding, AuthnSvc, ServerPrincName));
}
RPC_EXPORT(RPC_STATUS, RpcMgmtInqServerPrincNameW)
(RPC_BINDING_HANDLE Binding, unsigned long AuthnSvc, RPC_WSTR* ServerPrincName) {
    return to_rpc(principal(Binding, AuthnSvc, ServerPrincName));
}

// NULL: the defaults, under which a client may ask everything and stop nothing.
RPC_EXPORT(RPC_STATUS, RpcMgmtSetAuthorizationFn)(RPC_MGMT_AUTHORIZATION_FN AuthorizationFn) {
    management::set_authorization(reinterpret_cast<management::Authorization>(AuthorizationFn));
    return RPC_S_OK;
}
