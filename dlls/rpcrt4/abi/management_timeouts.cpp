// What a client says of its bindings and of its connections. Sources: the documentation page of each function.
#include "abi/binding_vector.h"
#include "base/guard.h"

using namespace rpc;
using abi::client_binding;
using abi::to_rpc;

// A hint on a scale from 0 to 10; ncalrpc ignores it.
RPC_EXPORT(RPC_STATUS, RpcMgmtSetComTimeout)(RPC_BINDING_HANDLE Binding, unsigned int Timeout) {
    Ref<runtime::Binding> binding;
    Status status = client_binding(Binding, binding);
    return to_rpc(failed(status) ? status : binding->set_com_timeout(Timeout));
}

RPC_EXPORT(RPC_STATUS, RpcMgmtInqComTimeout)(RPC_BINDING_HANDLE Binding, unsigned int* Timeout) {
    Ref<runtime::Binding> binding;
    if (Status status = client_binding(Binding, binding); failed(status)) return to_rpc(status);
    const unsigned value = binding->com_timeout();
    return copy_guarded(Timeout, &value, sizeof value) ? RPC_S_OK : RPC_S_INVALID_ARG;
}
