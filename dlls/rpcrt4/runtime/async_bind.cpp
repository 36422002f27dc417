#include "runtime/async_bind.h"

#include "base/guard.h"
#include "call/client_call.h"
#include "runtime/convert.h"

namespace rpc::runtime {
namespace {

constexpr ULong32 async_signature = 0x43595341;  // "ASYC"

struct AsyncBind final : io::Work {
    void run() override {
        const Status status = binding->bind(syntaxes.abstract_syntax, syntaxes.transfer_syntax, own_endpoint.view());
        call->on_end(status);
        // Cancelled in the meantime: the program takes it for unbound.
        if (!failed(status) && failed(call->status())) (void)!failed(binding->unbind());
        destroy(this);
    }
    Ref<Binding> binding;
    Ref<call::ClientCall> call;
    link::Syntaxes syntaxes;
    Str own_endpoint;
};

}  // namespace

Status bind_async(RPC_ASYNC_STATE* state, Ref<Binding> binding, const RPC_CLIENT_INTERFACE& iface) {
    if (!binding->protocol().local_only) return Status::cannot_support;
    RPC_ASYNC_STATE copy;
    if (!copy_guarded(&copy, state, sizeof copy)) return Status::invalid_async_handle;
    if (copy.Size != sizeof copy || copy.Signature != async_signature) return Status::invalid_async_handle;
    auto other = from_handle<call::ClientCall>(copy.RuntimeInfo, HandleKind::client_call);
    if (other && other->async_state() == state) return Status::invalid_async_call;
    call::Notification notification;
    RPC_TRY(notification.capture(copy));
    RPC_TRY(io::start_executor());
    Owned<AsyncBind> work(make<AsyncBind>());
    if (!work) return Status::out_of_memory;
    work->binding = std::move(binding);
    work->syntaxes = {to_syntax(iface.InterfaceId), to_syntax(iface.TransferSyntax)};
    if (!work->own_endpoint.assign(own_endpoint(iface, work->binding->protocol().name))) return Status::out_of_memory;
    auto call = make_ref<call::ClientCall>(nullptr, work->syntaxes, uint16_t{0}, uint8_t{0}, nullptr);
    if (!call) return Status::out_of_memory;
    work->call = call;
    call->tie(state, std::move(notification), nullptr);
    call->begin();
    RPC_TRY(handle_table::add(call.get(), HandleKind::client_call));
    void* const handle = call.get();
    (void)call.detach();  // the handle's, until it is collected
    if (!copy_guarded(&state->RuntimeInfo, &handle, sizeof handle)) {
        if (handle_table::remove(handle)) static_cast<call::ClientCall*>(handle)->release();
        return Status::invalid_async_handle;
    }
    io::submit(*work.release());
    return Status::ok;
}

}  // namespace rpc::runtime
