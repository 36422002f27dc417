#include "runtime/callback.h"

#include <utility>

#include "base/error_record.h"
#include "base/guard.h"
#include "runtime/convert.h"
#include "runtime/handle_table.h"
#include "runtime/server.h"
#include "runtime/thread_state.h"

namespace rpc::runtime::callback {
namespace {

constexpr uint32_t little_endian_ascii_ieee = 0x10;

// A server's: from its buffer to the end of its reply.
struct Outgoing final : RefCounted<Outgoing> {
    Ref<call::ServerCall> call;
    link::OutgoingBody body;
    link::CallbackReply reply;
    uint16_t opnum = 0;
};

// A client's, while its procedure runs: what the message's handle stands for.
struct Served final : RefCounted<Served> {
    RPC_MESSAGE message{};
    link::OutgoingBody reply;
};

Ref<Outgoing> outgoing(const RPC_MESSAGE& message) {
    return from_handle<Outgoing>(message.ReservedForRuntime, HandleKind::callback);
}

bool same_interface(const call::ServerCall& call, const RPC_MESSAGE& message) {
    auto* spec = static_cast<const RPC_SERVER_INTERFACE*>(message.RpcInterfaceInformation);
    return spec && to_syntax(spec->InterfaceId) == static_cast<const Interface&>(*call.iface).id;
}

class Procedures final : public call::CallbackServer {
    Status serve(const void* iface, link::CallbackRequest& request, link::OutgoingBody& reply, bool& executed) override;
};
constinit Procedures g_procedures;

Status run(RPC_DISPATCH_FUNCTION routine, const RPC_CLIENT_INTERFACE& iface, link::CallbackRequest& request, Served& served) {
    RPC_MESSAGE& m = served.message;
    m.Handle = &served;
    m.DataRepresentation = request.data_representation;
    m.Buffer = request.stub.data();
    m.BufferLength = static_cast<unsigned>(request.stub.size());
    m.ProcNum = request.opnum;
    m.TransferSyntax = const_cast<RPC_SYNTAX_IDENTIFIER*>(&iface.TransferSyntax);
    m.RpcInterfaceInformation = const_cast<RPC_CLIENT_INTERFACE*>(&iface);  // up to its flags the layout is RPC_SERVER_INTERFACE's
    const uint32_t raised = call_guarded([&] { routine(&m); });
    if (raised != 0) return static_cast<Status>(raised);
    if (served.reply.allocated() && m.Buffer == served.reply.data() && m.BufferLength <= served.reply.size())
        served.reply.shrink(m.BufferLength);
    else
        served.reply.reset();  // nothing was asked for: an empty reply
    return Status::ok;
}

Status Procedures::serve(const void* p, link::CallbackRequest& request, link::OutgoingBody& reply, bool& executed) {
    const auto& iface = *static_cast<const RPC_CLIENT_INTERFACE*>(p);
    const RPC_DISPATCH_TABLE& table = *iface.DispatchTable;
    if (request.opnum >= table.DispatchTableCount || !table.DispatchTable[request.opnum]) return Status::procnum_out_of_range;
    auto served = make_ref<Served>();
    if (!served) return Status::out_of_memory;
    CallbackScope scope;
    if (!scope.entered()) return Status::server_too_busy;
    Status status = handle_table::add(served.get(), HandleKind::served_callback);
    if (!failed(status)) {
        executed = true;
        status = run(table.DispatchTable[request.opnum], iface, request, *served);
        (void)handle_table::remove(served.get());
        reply = std::move(served->reply);
    }
    scope.leave();
    return status;
}

}  // namespace

void mark_dispatched(call::ServerCall& call) { call.message.ReservedForRuntime = &call; }

bool is_outgoing(const call::ServerCall& call, const RPC_MESSAGE& message) {
    return &message != &call.message && message.ReservedForRuntime != &call;
}

Ref<call::ServerCall> implied_call(const RPC_MESSAGE& message) {
    if (message.Handle) return nullptr;
    auto call = current_call();
    return call && same_interface(*call, message) ? call : nullptr;
}

Status get_buffer(Ref<call::ServerCall> call, RPC_MESSAGE& message) {
    if (!same_interface(*call, message)) return Status::wrong_kind_of_binding;
    clear_thread_errors();
    (void)free_buffer(message);
    auto made = make_ref<Outgoing>();
    if (!made) return Status::out_of_memory;
    made->opnum = static_cast<uint16_t>(message.ProcNum);
    RPC_TRY(made->body.allocate(message.BufferLength, false));
    RPC_TRY(handle_table::add(made.get(), HandleKind::callback));
    made->call = std::move(call);
    message.Handle = made->call.get();
    message.Buffer = made->body.data();
    message.DataRepresentation = little_endian_ascii_ieee;
    message.ReservedForRuntime = made.detach();
    return Status::ok;
}

bool send_receive(RPC_MESSAGE& message, Status& status) {
    auto callback = outgoing(message);
    if (!callback) return false;
    status = Status::invalid_arg;
    if (!callback->body.allocated() || message.Buffer != callback->body.data() || message.BufferLength > callback->body.size()) return true;
    callback->body.shrink(message.BufferLength);
    status = callback->call->call_back(callback->opnum, std::move(callback->body), callback->reply);
    if (failed(status)) {
        (void)free_buffer(message);
        return true;
    }
    message.Buffer = callback->reply.stub.data();
    message.BufferLength = static_cast<unsigned>(callback->reply.stub.size());
    message.DataRepresentation = callback->reply.data_representation;
    return true;
}

bool free_buffer(RPC_MESSAGE& message) {
    auto callback = outgoing(message);
    if (!callback) return false;
    message.Buffer = nullptr;
    if (handle_table::remove(std::exchange(message.ReservedForRuntime, nullptr))) callback->release();  // the message's
    return true;
}

bool reply_buffer(RPC_MESSAGE& message, Status& status) {
    auto served = from_handle<Served>(message.Handle, HandleKind::served_callback);
    if (!served) return false;
    served->reply.reset();
    status = served->reply.allocate(message.BufferLength, false);
    if (!failed(status)) message.Buffer = served->reply.data();
    return true;
}

bool free_reply_buffer(RPC_MESSAGE& message) {
    auto served = from_handle<Served>(message.Handle, HandleKind::served_callback);
    if (!served) return false;
    served->reply.reset();
    message.Buffer = nullptr;
    return true;
}

void offer(call::ClientCall& call, const RPC_CLIENT_INTERFACE& iface) {
    if (iface.DispatchTable && iface.DispatchTable->DispatchTable) call.set_callbacks(g_procedures, &iface);
}

}  // namespace rpc::runtime::callback
