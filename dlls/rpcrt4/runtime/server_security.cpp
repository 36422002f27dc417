#include "runtime/server_security.h"

#include "base/log.h"
#include "base/mutex.h"
#include "base/utf.h"
#include "base/vector.h"
#include "runtime/handle_table.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {
namespace {

struct Registered {
    uint32_t service;
    Str principal;
    Ref<security::ServerAuth> auth;
};
// A leaf lock, held for a look at the table.
struct Table {
    Mutex mutex;
    Vector<Registered> services GUARDED_BY(mutex);
};
constinit Table g_table;

}  // namespace

Status register_auth(uint32_t service, std::string_view principal) {
    if (service == security::authn::default_service) service = security::authn::winnt;
    Registered made{service, {}, {}};
    RPC_TRY(security::make_server_auth(service, principal, made.auth));
    if (!principal.empty()) {
        if (!made.principal.assign(principal)) return Status::out_of_memory;
    } else if (Status status = security::default_principal(service, made.principal);
               failed(status) && status != Status::cannot_support) {
        return status;
    }
    Registered replaced;
    Guard g(g_table.mutex);
    for (auto& r : g_table.services)
        if (r.service == service) {
            replaced = std::move(r);
            r = std::move(made);
            g.unlock();
            return Status::ok;
        }
    return g_table.services.push_back(std::move(made)) ? Status::ok : Status::out_of_memory;
}

Status registered_principal(uint32_t service, Str& name) {
    Guard g(g_table.mutex);
    for (auto& r : g_table.services)
        if (r.service == service) return name.assign(r.principal.view()) ? Status::ok : Status::out_of_memory;
    return Status::unknown_authn_service;
}

Status accept_context(uint8_t service, security::Level level, Ref<security::Context>& context) {
    Ref<security::ServerAuth> auth;
    {
        Guard g(g_table.mutex);
        for (auto& r : g_table.services)
            if (r.service == service) auth = r.auth;
    }
    return auth ? auth->new_context(level, context) : Status::unknown_authn_service;
}

Status server_call_of(void* call_handle, Ref<call::ServerCall>& call) {
    if (!call_handle) {
        call = current_call();
        return call ? Status::ok : Status::no_call_active;
    }
    call = from_handle<call::ServerCall>(call_handle, HandleKind::server_call);
    if (call) return Status::ok;
    return handle_table::kind_of(call_handle) == HandleKind::binding ? Status::wrong_kind_of_binding
                                                                     : Status::invalid_binding;
}

// ncalrpc: always WINNT at privacy, which the machine itself gives.
static Status local_identity(call::ServerCall& call, ClientIdentity& out) {
    out.service = security::authn::winnt;
    out.level = static_cast<uint32_t>(security::Level::privacy);
    if (!failed(call.connection->stream().impersonate_peer())) {
        Status named = security::default_principal(security::authn::winnt, out.client);
        RPC_TRY(security::revert_thread());
        if (named == Status::out_of_memory) return named;
        if (auto outer = impersonated()) RPC_TRY(impersonate_client(outer.get()));
    }
    Status named = security::default_principal(security::authn::winnt, out.server);
    return named == Status::out_of_memory ? named : Status::ok;
}

Status client_identity(void* call_handle, ClientIdentity& out) {
    Ref<call::ServerCall> call;
    RPC_TRY(server_call_of(call_handle, call));
    if (call->connection->protocol().local_only) return local_identity(*call, out);
    if (!call->security) return Status::binding_has_no_auth;
    const link::SecuritySession& session = *call->security;
    out.level = static_cast<uint32_t>(session.level);
    out.service = session.service;
    {
        Guard g(g_table.mutex);
        for (auto& r : g_table.services)
            if (r.service == session.service && !out.server.assign(r.principal.view())) return Status::out_of_memory;
    }
    Status status = session.context().client_name(out.client);
    return status == Status::out_of_memory ? status : Status::ok;
}

// ---- impersonation ----

Status impersonate_client(void* call_handle) {
    Ref<call::ServerCall> call;
    RPC_TRY(server_call_of(call_handle, call));
    RPC_TRY(set_impersonated(call));
    Status status =
        call->security ? call->security->context().impersonate() : call->connection->stream().impersonate_peer();
    if (failed(status)) RPC_TRY(set_impersonated(nullptr));
    return status;
}

Status revert_to_self(void* call_handle) {
    Ref<call::ServerCall> call;
    RPC_TRY(server_call_of(call_handle, call));
    end_impersonation();
    return Status::ok;
}

void end_impersonation() {
    Ref<call::ServerCall> call = impersonated();
    if (!call) return;
    Status status = call->security ? call->security->context().revert() : security::revert_thread();
    if (failed(status)) RPC_LOG(error, "a thread keeps its client's identity: status %u", code(status));
    (void)failed(set_impersonated(nullptr));
}

const void* client_privileges(call::ServerCall& call, std::string_view name) {
    if (name.empty()) return nullptr;
    Buffer wide;
    if (!wide.resize((name.size() + 1) * sizeof(char16_t))) return nullptr;
    auto units = reinterpret_cast<char16_t*>(wide.data());
    units[utf16_from_utf8(name, units)] = 0;
    return call.keep_client_name(std::move(wide));
}

}  // namespace rpc::runtime
