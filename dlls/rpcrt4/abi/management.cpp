// Family management: a server's own state. Questions to other processes (a binding that is not NULL) are not built.
// Sources: the documentation page of each function.
#include "abi/export.h"
#include "runtime/binding.h"
#include "runtime/server.h"

using namespace rpc;
using abi::to_rpc;

namespace {

// What a function answers that only knows this process: ok to go on for NULL.
Status local_only(RPC_BINDING_HANDLE binding) {
    if (!binding) return Status::ok;
    return runtime::Binding::from_handle(binding) ? Status::cannot_support : Status::invalid_binding;
}

}  // namespace

RPC_EXPORT(RPC_STATUS, RpcMgmtWaitServerListen)(void) { return to_rpc(runtime::Server::instance().wait_listen()); }

RPC_EXPORT(RPC_STATUS, RpcMgmtStopServerListening)(RPC_BINDING_HANDLE Binding) {
    if (Status status = local_only(Binding); failed(status)) return to_rpc(status);
    return to_rpc(runtime::Server::instance().stop_listening());
}

RPC_EXPORT(RPC_STATUS, RpcMgmtIsServerListening)(RPC_BINDING_HANDLE Binding) {
    if (Status status = local_only(Binding); failed(status)) return to_rpc(status);
    return runtime::Server::instance().listening() ? RPC_S_OK : RPC_S_NOT_LISTENING;
}
