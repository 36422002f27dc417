// What rpcdcep.h declares of servers, without a page: what each does is inferred from its name and parameters.
// mingw-w64 declares one so that its calling convention is lost, which x86 minds.
#include <atomic>

#define I_RpcServerInqAddressChangeFn I_RpcServerInqAddressChangeFn_as_declared
#include "abi/server_call_handle.h"
#undef I_RpcServerInqAddressChangeFn
#include "base/guard.h"
#include "base/log.h"
#include "io/address_change_win.h"
#include "stub/context_handle.h"

using namespace rpc;

namespace {

constinit std::atomic<RPC_ADDRESS_CHANGE_FN*> g_address_change{nullptr};

void addresses_changed() {
    RPC_ADDRESS_CHANGE_FN* const function = g_address_change.load();
    if (!function) return;
    if (uint32_t code = call_guarded([&] { function(nullptr); }); code != 0)
        RPC_LOG(error, "the address change function raised 0x%x", code);
}

}  // namespace

// The function that is called, with NULL and on a thread of the pool, when this machine's addresses change; one a process, NULL:
// none any more. RPC_S_OUT_OF_RESOURCES: the system does not tell.
RPC_EXPORT(RPC_STATUS, I_RpcServerSetAddressChangeFn)(RPC_ADDRESS_CHANGE_FN* pAddressChangeFn) {
    if (pAddressChangeFn)
        if (const Status status = io::watch_addresses(&addresses_changed); failed(status)) return abi::to_rpc(status);
    g_address_change.store(pAddressChangeFn);
    return RPC_S_OK;
}
using AddressChangeFunction = RPC_ADDRESS_CHANGE_FN*;
RPC_EXPORT(AddressChangeFunction, I_RpcServerInqAddressChangeFn)(void) { return g_address_change.load(); }

// Makes every context handle of this process's servers strict, as [strict_context_handle] makes those of one interface.
RPC_EXPORT(void, I_RpcSessionStrictContextHandle)(void) { stub::set_contexts_always_strict(true); }

#ifndef _WIN64  // only x86 exports them

namespace {

// Ends with the client's association, or when it is stopped.
class Monitor final : public link::AssociationData {
public:
    Monitor(PRPC_RUNDOWN routine, void* context) : routine_(routine), context_(context) {}
    ~Monitor() override {
        if (!routine_) return;
        if (uint32_t code = call_guarded([&] { routine_(context_); }); code != 0)
            RPC_LOG(error, "the rundown routine of an association raised 0x%x", code);
    }
    void stop() { routine_ = nullptr; }

private:
    PRPC_RUNDOWN routine_;
    void* const context_;
};

}  // namespace

// The routine is called with the context, once and on any thread, when the client of the call has closed its last connection and no
// call of its runs any more. One an association: RPC_S_ALREADY_REGISTERED. `Handle` NULL: the call of this thread.
RPC_EXPORT(RPC_STATUS, I_RpcMonitorAssociation)(RPC_BINDING_HANDLE Handle, PRPC_RUNDOWN RundownRoutine, void* Context) {
    Ref<call::ServerCall> call;
    if (!RundownRoutine) return RPC_S_INVALID_ARG;
    if (const Status status = abi::server_call(Handle, call); failed(status)) return abi::to_rpc(status);
    auto monitor = make_ref<Monitor>(RundownRoutine, Context);
    if (!monitor) return RPC_S_OUT_OF_MEMORY;
    const Status status = call->connection->association()->watch(monitor);
    if (failed(status)) monitor->stop();
    return abi::to_rpc(status);
}
// It is not called any more. RPC_S_INVALID_BINDING where none was to be.
RPC_EXPORT(RPC_STATUS, I_RpcStopMonitorAssociation)(RPC_BINDING_HANDLE Handle) {
    Ref<call::ServerCall> call;
    if (const Status status = abi::server_call(Handle, call); failed(status)) return abi::to_rpc(status);
    const Ref<link::AssociationData> watch = call->connection->association()->unwatch();
    if (!watch) return RPC_S_INVALID_BINDING;
    static_cast<Monitor&>(*watch).stop();
    return RPC_S_OK;
}

#endif
