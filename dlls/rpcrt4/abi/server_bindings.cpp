// What a server is reached by. Sources: the documentation page of each function.
// mingw-w64 declares this one without its calling convention, which x86 minds.
#define RpcServerInqBindingHandle RpcServerInqBindingHandle_as_declared
#include "abi/binding_vector.h"
#undef RpcServerInqBindingHandle
#include "base/guard.h"
#include "runtime/server.h"
#include "runtime/thread_state.h"

using namespace rpc;
using abi::to_rpc;

namespace {

Status bindings_of_server(RPC_BINDING_VECTOR** out) {
    Vector<runtime::Server::EndpointName> names;
    Vector<Ref<runtime::Binding>> bindings;
    RPC_TRY(runtime::Server::instance().endpoints(names));
    for (auto& name : names) {
        Ref<runtime::Binding> binding;
        RPC_TRY(runtime::Binding::create({{}, name.protocol->name, {}, name.endpoint.view(), {}}, nullptr, binding));
        if (!bindings.push_back(std::move(binding))) return Status::out_of_memory;
    }
    return abi::write_binding_vector(std::move(bindings), out);
}

}  // namespace

// One binding an endpoint, dynamic ones included. RPC_S_NO_BINDINGS before the first.
RPC_EXPORT(RPC_STATUS, RpcServerInqBindings)(RPC_BINDING_VECTOR** BindingVector) {
    return to_rpc(bindings_of_server(BindingVector));
}

// `SecurityDescriptor`: bindings that it does not admit would be left out; every endpoint is one for all.
RPC_EXPORT(RPC_STATUS, RpcServerInqBindingsEx)(void*, RPC_BINDING_VECTOR** BindingVector) {
    return to_rpc(bindings_of_server(BindingVector));
}

// The call that this thread serves, for other threads to name.
RPC_EXPORT(RPC_STATUS, RpcServerInqBindingHandle)(RPC_BINDING_HANDLE* Binding) {
    void* const call = runtime::current_call().get();  // the dispatch keeps it
    if (!call) return RPC_S_NO_CALL_ACTIVE;
    return copy_guarded(static_cast<void*>(Binding), &call, sizeof call) ? RPC_S_OK : RPC_S_INVALID_ARG;
}
