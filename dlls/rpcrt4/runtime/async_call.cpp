#include "runtime/async_call.h"

#include <cstring>

#include "base/guard.h"
#include "base/log.h"
#include "call/client_call.h"
#include "runtime/handle_table.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {
namespace {

constexpr ULong32 async_signature = 0x43595341;  // "ASYC"

// The call behind a state: one of the two, or neither.
struct Found {
    Ref<call::ClientCall> client;
    Ref<call::ServerCall> server;
};

Status find(RPC_ASYNC_STATE* state, Found& found) {
    void* handle;
    if (!state || !copy_guarded(&handle, &state->RuntimeInfo, sizeof handle)) return Status::invalid_async_handle;
    found.client = from_handle<call::ClientCall>(handle, HandleKind::client_call);
    if (found.client && found.client->async_state() != state) found.client.reset();
    if (found.client) return Status::ok;
    found.server = from_handle<call::ServerCall>(handle, HandleKind::server_call);
    if (found.server && found.server->async_state() != state) found.server.reset();
    return Status::ok;
}

void clear_state(RPC_ASYNC_STATE* state) {
    void* const none = nullptr;
    if (!copy_guarded(&state->RuntimeInfo, &none, sizeof none) || !copy_guarded(&state->StubInfo, &none, sizeof none))
        RPC_LOG(warn, "async state %p vanished", static_cast<void*>(state));
}

// The call ends without its reply.
Status drop_client(RPC_ASYNC_STATE* state, call::ClientCall& call, Status why) {
    if (Status status = call.status(); status != Status::call_pending && failed(status)) why = status;
    call.cancel(true);  // nothing where it has ended
    if (!call.collect()) return Status::invalid_async_handle;
    clear_state(state);
    if (Owned<call::AsyncStub> stub = call.take_stub()) stub->discard();
    if (handle_table::remove(&call)) call.release();
    return why;
}

Status complete_client(RPC_ASYNC_STATE* state, call::ClientCall& call, void* reply) {
    Status status = call.status();
    if (status == Status::call_pending && call.request_goes_on()) return drop_client(state, call, Status::pipe_discipline_error);
    if (status == Status::call_pending) return status;
    if (!call.collect()) return Status::invalid_async_handle;  // another thread collects it
    clear_state(state);
    if (failed(status)) call.tell_errors(status);
    if (Owned<call::AsyncStub> stub = call.take_stub()) status = stub->complete(reply);
    if (handle_table::remove(&call)) call.release();
    return status;
}

Status complete_server(call::ServerCall& call, void* reply) {
    Owned<call::AsyncStub> stub;
    if (!call.claim(stub)) return Status::invalid_async_handle;
    // The state lives in the stub's block, or, without a stub, in the caller's hands.
    Status status = stub ? stub->complete(reply) : call.respond();
    if (failed(status)) {
        Server::instance().make_room(call);
        call.fault(status, false);
    }
    stub.reset();
    Server::instance().call_ended(call);
    return status;
}

}  // namespace

Status async_initialize(RPC_ASYNC_STATE* state, unsigned size) {
    if (size != sizeof(RPC_ASYNC_STATE)) return Status::invalid_arg;
    RPC_ASYNC_STATE fresh;
    if (!copy_guarded(&fresh, state, sizeof fresh)) return Status::invalid_async_handle;
    fresh.Size = sizeof fresh;
    fresh.Signature = async_signature;
    fresh.Lock = 0;
    fresh.Flags = 0;
    fresh.StubInfo = nullptr;
    fresh.RuntimeInfo = nullptr;
    std::memset(fresh.Reserved, 0, sizeof fresh.Reserved);
    return copy_guarded(state, &fresh, sizeof fresh) ? Status::ok : Status::invalid_async_handle;
}

Status async_status(RPC_ASYNC_STATE* state) {
    Found found;
    RPC_TRY(find(state, found));
    if (found.client) return found.client->status();
    return found.server ? Status::invalid_async_call : Status::invalid_binding;
}

Status async_complete(RPC_ASYNC_STATE* state, void* reply) {
    Found found;
    RPC_TRY(find(state, found));
    if (found.client) return complete_client(state, *found.client, reply);
    return found.server ? complete_server(*found.server, reply) : Status::invalid_async_handle;
}

Status async_cancel(RPC_ASYNC_STATE* state, bool abort) {
    Found found;
    RPC_TRY(find(state, found));
    if (!found.client) return found.server ? Status::invalid_async_call : Status::invalid_async_handle;
    found.client->cancel(abort);
    return Status::ok;
}

Status async_abort_call(RPC_ASYNC_STATE* state, uint32_t exception_code) {
    Found found;
    RPC_TRY(find(state, found));
    if (!found.server) return found.client ? Status::invalid_async_call : Status::invalid_async_handle;
    if (exception_code == 0) return Status::invalid_arg;
    Owned<call::AsyncStub> stub;
    if (!found.server->claim(stub)) return Status::invalid_async_handle;
    Server::instance().make_room(*found.server);
    found.server->fault(static_cast<Status>(exception_code), false);
    if (stub) stub->discard();
    stub.reset();
    Server::instance().call_ended(*found.server);
    return Status::ok;
}

Status async_register(RPC_ASYNC_STATE* state) {
    RPC_ASYNC_STATE copy;
    if (!state || !copy_guarded(&copy, state, sizeof copy)) return Status::invalid_async_handle;
    if (copy.Signature != async_signature || copy.Size != sizeof copy) return Status::invalid_async_handle;
    Found found;
    RPC_TRY(find(state, found));
    return found.server ? found.server->notify_transfer(copy) : Status::ok;
}

Status async_drop(RPC_ASYNC_STATE* state, Status why) {
    Found found;
    RPC_TRY(find(state, found));
    return found.client ? drop_client(state, *found.client, why) : why;
}

Status async_abort(RPC_ASYNC_STATE* state, uint32_t exception_code) { return async_abort_call(state, exception_code); }

Status server_test_cancel(void* call_handle) {
    auto call = call_handle ? from_handle<call::ServerCall>(call_handle, HandleKind::server_call) : current_call();
    if (!call) return call_handle ? Status::invalid_binding : Status::no_call_active;
    return call->cancelled() ? Status::ok : Status::call_in_progress;
}

}  // namespace rpc::runtime
