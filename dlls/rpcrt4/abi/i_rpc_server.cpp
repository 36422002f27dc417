// What rpcdcep.h declares of servers, without a page: what each does is inferred from its name and parameters.
// mingw-w64 declares one so that its calling convention is lost, which x86 minds.
#include <atomic>

#define I_RpcServerInqAddressChangeFn I_RpcServerInqAddressChangeFn_as_declared
#include "abi/export.h"
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
