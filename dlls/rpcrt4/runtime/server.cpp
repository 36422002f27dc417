#include "runtime/server.h"

#include <cstring>

#include "base/error_record.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/os.h"
#include "runtime/callback.h"
#include "runtime/convert.h"
#include "runtime/handle_table.h"
#include "runtime/management.h"
#include "runtime/object_map.h"
#include "runtime/server_security.h"
#include "runtime/thread_state.h"
#include "runtime/transfer.h"

namespace rpc::runtime {
namespace {

// RPC_IF_x of the headers.
constexpr uint32_t if_autolisten = 0x1;
constexpr uint32_t if_ole = 0x2;
constexpr uint32_t if_allow_secure_only = 0x8;
constexpr uint32_t if_allow_callbacks_with_no_auth = 0x10;
constexpr uint32_t if_allow_local_only = 0x20;
constexpr uint32_t buffer_partial = 0x2000;  // RPC_BUFFER_PARTIAL

constinit Server g_server;

// The dispatch routine of a call, null for a number that the interface does not have. COM's interfaces have one routine, which finds
// the method itself.
RPC_DISPATCH_FUNCTION routine_of(const RPC_SERVER_INTERFACE& spec, uint32_t flags, uint32_t opnum) {
    const RPC_DISPATCH_TABLE* table = spec.DispatchTable;
    if (flags & if_ole) opnum = 0;
    return table && opnum < table->DispatchTableCount ? table->DispatchTable[opnum] : nullptr;
}

constinit std::atomic<StreamsTest> g_streams_test{nullptr};

// Which of an interface's procedures are streamed. COM's are found by an object, not here.
Status find_streamed(const RPC_SERVER_INTERFACE& spec, uint32_t flags, Buffer& streamed) {
    const StreamsTest test = g_streams_test.load(std::memory_order_acquire);
    constexpr uint32_t most = 0x10000;  // an opnum has 16 bits
    if (!test || !spec.InterpreterInfo || !spec.DispatchTable || (flags & if_ole)) return Status::ok;
    for (uint32_t i = 0; i < spec.DispatchTable->DispatchTableCount && i < most; ++i) {
        if (!spec.DispatchTable->DispatchTable[i] || !test(spec, i)) continue;
        const size_t known = streamed.size();
        if (!streamed.resize(i + 1)) return Status::out_of_memory;
        std::memset(streamed.data() + known, 0, i - known);
        streamed.data()[i] = 1;
    }
    return Status::ok;
}

// C706 chapter 6.1.2: the same UUID and major version, and a minor version at least the client's.
bool compatible(const wire::SyntaxId& offered, const wire::SyntaxId& wanted) {
    return offered.uuid == wanted.uuid && offered.major == wanted.major && offered.minor >= wanted.minor;
}

}  // namespace

void set_streams_test(StreamsTest test) { g_streams_test.store(test, std::memory_order_release); }

Server& Server::instance() { return g_server; }

// ---- interfaces ----

Status Server::register_interface(const Registration& r) {
    if (!r.spec) return Status::invalid_arg;
    auto made = make_ref<Interface>();
    if (!made) return Status::out_of_memory;
    made->spec = r.spec;
    made->id = to_syntax(r.spec->InterfaceId);
    made->manager_type = r.manager_type;
    made->manager_epv = r.manager_epv;
    made->flags = r.flags;
    made->max_calls = r.max_calls;
    made->max_request = r.max_rpc_size;
    made->callback = r.callback;
    RPC_TRY(find_streamed(*r.spec, r.flags, made->streamed));
    made->access = r.access;
    made->group = Ref<ServerGroup>::share(r.group);
    Guard g(mutex_);
    for (Interface* i = interfaces_.front(); i; i = interfaces_.next(i))
        if (i->id == made->id && i->manager_type == made->manager_type && i->group == made->group) return Status::type_already_registered;
    interfaces_.push_back(made.detach());
    return Status::ok;
}

Status Server::unregister_interface(RPC_SERVER_INTERFACE* spec, const Uuid* manager_type, bool wait) {
    wire::SyntaxId id;
    if (spec) id = to_syntax(spec->InterfaceId);
    Vector<Ref<Interface>> removed;
    Guard g(mutex_);
    bool known = false;
    for (Interface* i = interfaces_.front(); i;) {
        Interface* next = interfaces_.next(i);
        const bool chosen = !i->group && (spec ? i->id == id : (i->flags & if_autolisten) == 0);
        known = known || (spec && chosen);
        if (chosen && (!manager_type || i->manager_type == *manager_type)) {
            if (!removed.reserve(removed.size() + 1)) return Status::out_of_memory;
            interfaces_.remove(i);
            i->registered = false;
            (void)removed.push_back(Ref<Interface>::adopt(i));
        }
        i = next;
    }
    if (removed.empty()) return spec && !known ? Status::unknown_if : Status::unknown_mgr_type;
    if (wait)
        for (auto& i : removed)
            while (i->active_calls != 0) changed_.wait(mutex_);
    return Status::ok;
}

void Server::unregister_group(const ServerGroup& group) {
    Guard g(mutex_);
    for (Interface* i = interfaces_.front(); i;) {
        Interface* next = interfaces_.next(i);
        if (i->group.get() == &group) {
            interfaces_.remove(i);
            i->registered = false;
            i->release();
        }
        i = next;
    }
}

Status Server::inquire_interface(const RPC_SERVER_INTERFACE& spec, const Uuid& manager_type, RPC_MGR_EPV*& epv) {
    const wire::SyntaxId id = to_syntax(spec.InterfaceId);
    Status status = Status::unknown_if;
    Guard g(mutex_);
    for (Interface* i = interfaces_.front(); i; i = interfaces_.next(i)) {
        if (i->group || !(i->id == id)) continue;
        status = Status::unknown_mgr_type;
        if (!(i->manager_type == manager_type)) continue;
        epv = i->manager_epv ? i->manager_epv : i->spec->DefaultManagerEpv;
        return Status::ok;
    }
    return status;
}

Status Server::interface_ids(Vector<wire::SyntaxId>& out) {
    Guard g(mutex_);
    for (Interface* i = interfaces_.front(); i; i = interfaces_.next(i)) {
        bool known = i->spec == management::server_interface();
        for (const wire::SyntaxId& id : out) known = known || id == i->id;
        if (!known && !out.push_back(i->id)) return Status::out_of_memory;
    }
    return out.empty() ? Status::no_interfaces : Status::ok;
}

Ref<link::ServerInterface> Server::find_interface(const wire::SyntaxId& abstract_syntax,
                                                  const wire::SyntaxId& transfer_syntax, wire::ProviderReason& why) {
    return find_group_interface(nullptr, abstract_syntax, transfer_syntax, why);
}

// A server's management interface is offered everywhere.
Ref<link::ServerInterface> Server::find_group_interface(const ServerGroup* group, const wire::SyntaxId& abstract_syntax,
                                                        const wire::SyntaxId& transfer_syntax, wire::ProviderReason& why) {
    Guard g(mutex_);
    why = wire::ProviderReason::abstract_syntax_not_supported;
    for (Interface* i = interfaces_.front(); i; i = interfaces_.next(i)) {
        if (!compatible(i->id, abstract_syntax)) continue;
        if (i->group.get() != group && i->spec != management::server_interface()) continue;
        if (to_syntax(i->spec->TransferSyntax) == transfer_syntax) return Ref<Interface>::share(i);
        why = wire::ProviderReason::proposed_transfer_syntaxes_not_supported;
    }
    return nullptr;
}

// ---- listening ----

Status Server::listen(uint32_t minimum_threads, uint32_t max_calls, bool dont_wait) {
    if (max_calls == 0) return Status::max_calls_too_small;
    if (minimum_threads > max_calls) return Status::invalid_arg;
    {
        Guard g(mutex_);
        if (listening_) return Status::already_listening;
        if (endpoints_.empty()) return Status::no_protseqs_registered;
        listening_ = to_wait_for_ = true;
        max_calls_ = max_calls;
    }
    return dont_wait ? Status::ok : wait_listen();
}

Status Server::wait_listen() {
    Guard g(mutex_);
    if (waited_for_) return Status::already_listening;
    if (!to_wait_for_) return Status::not_listening;
    waited_for_ = true;
    while (listening_ || active_calls_ != 0) changed_.wait(mutex_);
    waited_for_ = to_wait_for_ = false;
    return Status::ok;
}

Status Server::stop_listening() {
    Guard g(mutex_);
    if (!listening_) return Status::not_listening;
    listening_ = false;
    changed_.wake_all();
    return Status::ok;
}

bool Server::listening() {
    Guard g(mutex_);
    return listening_;
}

// ---- calls ----

namespace {

// The one line of a call, when it was answered or refused.
void log_call(call::ServerCall& call) {
    if (!log::enabled(log::Level::debug)) return;
    const Uuid& iface = static_cast<Interface&>(*call.iface).id.uuid;
    RPC_LOG(debug, "server call %08x-%04x-%04x opnum %u, %s%s: status %u, %u ms", iface.data1, iface.data2, iface.data3,
            call.opnum, call.connection->protocol().name, call.async_state() ? ", asynchronous" : "",
            code(call.outcome()), call.started_ms ? static_cast<unsigned>(os::now_ms() - call.started_ms) : 0);
}

}  // namespace

// Whether the client is known: proven by a security context, or by ncalrpc itself.
static bool authenticated(const call::ServerCall& call) { return call.security || call.connection->protocol().local_only; }

Status Server::accept_security(uint8_t service, security::Level level, Ref<security::Context>& context) {
    return accept_context(service, level, context);
}

Ref<link::InboundCall> Server::make_call() { return make_ref<call::ServerCall>(*this); }

// A refusal, for the client's extended error information.
static Status noted(Status why, uint16_t location, std::initializer_list<NotedParam> params = {}) {
    note_error(ErrorComponent::runtime, code(why), location, params);
    return why;
}

// The manager of the object's type, and of no other (documentation page "Registering Interfaces").
Status Server::find_registration(call::ServerCall& call, const Uuid& type, Ref<Interface>& iface) {
    bool offered = false;
    const auto& bound = static_cast<Interface&>(*call.iface);
    for (Interface* i = interfaces_.front(); i; i = interfaces_.next(i)) {
        if (!(i->id == bound.id) || !(i->group == bound.group)) continue;
        offered = true;
        if (!(i->manager_type == type)) continue;
        iface = Ref<Interface>::share(i);
        return Status::ok;
    }
    return offered ? noted(Status::unsupported_type, detected::no_type) : noted(Status::unknown_if, detected::interface_unregistered);
}

// A network protocol is not local, whoever uses it, but for named pipes (documentation page "Interface Registration Flags").
static bool is_local_pipe(const call::ServerCall& call) {
    return std::string_view(call.connection->protocol().name) == "ncacn_np" && call.connection->stream().peer_is_local();
}

Status Server::admit(call::ServerCall& call, Ref<Interface>& iface) {
    Uuid type;
    if (call.has_object) {
        const Status known = object_map::inquire_type(call.object, type);
        if (failed(known) && known != Status::object_not_found) return Status::unsupported_type;
    }
    Guard g(mutex_);
    RPC_TRY(find_registration(call, type, iface));
    const bool autolisten = (iface->flags & if_autolisten) != 0;
    if (!autolisten && !listening_) return noted(Status::server_too_busy, detected::not_listening);
    if (autolisten && iface->max_calls != 0 && iface->counted_calls >= iface->max_calls)
        return noted(Status::server_too_busy, detected::interface_calls, {iface->counted_calls, iface->max_calls});
    const bool local = call.connection->protocol().local_only;
    if ((iface->flags & if_allow_local_only) && !local && !is_local_pipe(call)) return Status::access_denied;
    if ((iface->flags & if_allow_secure_only) && !authenticated(call)) return Status::access_denied;
    if (!local && call.stub.size() > iface->max_request) return Status::access_denied;
    if (!routine_of(*iface->spec, iface->flags, call.opnum)) return noted(Status::procnum_out_of_range, detected::no_procedure);
    RPC_TRY(handle_table::add(&call, HandleKind::server_call));
    call.add_ref();  // the handle's, until call_ended
    call.iface = iface;
    ++iface->active_calls;
    ++iface->counted_calls;
    call.counted = true;
    if (!autolisten) ++active_calls_;
    if (iface->group) iface->group->call_begins();
    return Status::ok;
}

void Server::uncount(call::ServerCall& call) {
    if (call.counted) --static_cast<Interface&>(*call.iface).counted_calls;
    call.counted = false;
}

void Server::make_room(call::ServerCall& call) {
    Guard g(mutex_);
    uncount(call);
}

void Server::call_ended(call::ServerCall& call) {
    if (!handle_table::remove(&call)) return;
    log_call(call);
    auto& iface = static_cast<Interface&>(*call.iface);
    {
        Guard g(mutex_);
        --iface.active_calls;
        uncount(call);
        if ((iface.flags & if_autolisten) == 0) --active_calls_;
        changed_.wake_all();
    }
    if (iface.group) iface.group->call_ended();
    call.release();
}

// Before the callback (documentation page of RpcServerRegisterIf3).
Status Server::check_access(call::ServerCall& call, Interface& iface) {
    if (!iface.access) return Status::ok;
    const Status known = impersonate_client(&call);
    if (known == Status::cannot_support && !call.security) return iface.access->admits_anonymous();
    if (failed(known)) return Status::access_denied;
    const Status status = iface.access->admits_thread();
    end_impersonation();
    return status;
}

Status Server::ask_callback(call::ServerCall& call, Interface& iface) {
    if (!iface.callback) return Status::ok;
    if (!authenticated(call) && !(iface.flags & if_allow_callbacks_with_no_auth)) return Status::access_denied;
    RPC_STATUS answer = 0;
    uint32_t raised = call_guarded([&] { answer = iface.callback(iface.spec, &call); });
    end_impersonation();
    if (raised == 0 && answer == 0) return Status::ok;
    return noted(Status::access_denied, detected::security_callback, {raised != 0 ? raised : static_cast<uint32_t>(answer)});
}

void Server::dispatch(call::ServerCall& call) {
    auto keep = Ref<call::ServerCall>::share(&call);
    call.trace.step("dispatched", static_cast<Interface&>(*call.iface).id.uuid, call.opnum, call.connection->protocol().name, "",
                    "", false);
    clear_thread_errors();  // the pool's thread has served others
    Ref<Interface> iface;
    calls_received_.fetch_add(1, std::memory_order_relaxed);
    Status status = call.disconnected() ? Status::call_failed : admit(call, iface);
    if (failed(status)) {
        call.fault(status, true);
        return log_call(call);
    }
    status = check_access(call, *iface);
    if (!failed(status)) status = ask_callback(call, *iface);
    if (failed(status)) {
        make_room(call);
        call.fault(status, true);
        return call_ended(call);
    }
    run_manager(call, *iface);
}

void Server::run_manager(call::ServerCall& call, Interface& iface) {
    CallScope scope(call);
    if (!scope.entered()) {
        make_room(call);
        call.fault(Status::out_of_memory, true);
        return call_ended(call);
    }
    RPC_SERVER_INTERFACE* spec = iface.spec;
    RPC_MESSAGE& m = call.message;
    m.Handle = &call;
    callback::mark_dispatched(call);
    m.DataRepresentation = call.data_representation;
    m.Buffer = call.stub.data();
    m.BufferLength = static_cast<unsigned>(call.stub.size());
    m.ProcNum = call.opnum;
    m.RpcFlags = call.streamed() ? buffer_partial : 0;
    m.TransferSyntax = &spec->TransferSyntax;
    m.RpcInterfaceInformation = spec;
    m.ManagerEpv = iface.manager_epv ? iface.manager_epv : spec->DefaultManagerEpv;
    if (log::enabled(log::Level::debug)) call.started_ms = os::now_ms();
    const auto routine = routine_of(*spec, iface.flags, call.opnum);
    const uint32_t raised = call_guarded([&] { routine(&m); });
    scope.leave();
    end_impersonation();
    // A detached call may have been answered, and another thread may own its message by now.
    const bool detached = call.detached();
    if (raised != 0) {
        Owned<call::AsyncStub> stub;
        if (!call.claim(stub)) return;  // completed or aborted before it raised: the answer stands
        if (stub) stub->discard();
        make_room(call);
        call.fault(static_cast<Status>(raised), false);
        return call_ended(call);
    }
    if (detached) return;
    if (call.body.allocated() && m.Buffer == call.body.data() && m.BufferLength <= call.body.size())
        call.body.shrink(m.BufferLength);
    else
        call.body.reset();  // nothing was asked for: an empty reply
    make_room(call);
    if (Status status = call.respond(); failed(status)) RPC_LOG(warn, "a reply was lost: status %u", code(status));
    call_ended(call);
}

}  // namespace rpc::runtime
