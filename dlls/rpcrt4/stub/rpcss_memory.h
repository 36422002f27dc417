#pragma once
// The RpcSs and RpcSm memory package in status form: RpcSs* raise what RpcSm* return. Sources: the documentation pages
// of RpcSsAllocate and its kin, of enable_allocate, and of "Procedure Header Descriptor" (Oi_RPCSS_ALLOC_USED). What
// they leave open:
//  - Pairs of enable and disable nest; memory is freed by the outermost disable.
//  - Allocating where no environment is established is invalid_arg.
//  - A thread that ends without having disabled its environment ends it, unless another thread shares it.
#include "base/abi_types.h"
#include "base/status.h"
#include "runtime/thread_state.h"

namespace rpc::stub::rpcss {

using Allocate = runtime::ThreadMemory::Allocate;
using Free = runtime::ThreadMemory::Free;

// --- this thread's environment --------------------------------------------------------------------------------------

Status enable();  // out_of_memory
void disable();   // nothing where none is established
Status allocate(size_t size, void*& memory);
// invalid_arg for what this thread's environment did not allocate; null is allowed.
Status free(void* memory);
// The handle is null where none is established.
Status thread_handle(void*& handle);
// Null: from now on none. invalid_arg for what is no environment's handle, or that of one that ended.
Status set_thread_handle(void* handle);

// --- what client stubs allocate by ----------------------------------------------------------------------------------

// RpcSsSwapClientAllocFree; the old pair may be set again. invalid_arg for a null routine.
Status swap_client_alloc_free(Allocate allocate, Free free, Allocate* old_allocate, Free* old_free);
// The thread's own pair, else the environment, else the process heap.
void* __RPC_API client_allocate(size_t size);  // null: out of memory
void __RPC_API client_free(void* memory);
// NdrRpcSmSetClientToOsf.
void set_client_to_osf(MIDL_STUB_MESSAGE& message);
// A client stub with Oi_RPCSS_ALLOC_USED: uses the package where that is enabled, the description's pair elsewhere.
void sensitize_client(MIDL_STUB_MESSAGE& message);

// --- server stubs ---------------------------------------------------------------------------------------------------

// NdrRpcSsEnableAllocate: enables the thread's environment and makes the message allocate there.
Status enable_for(MIDL_STUB_MESSAGE& message);

// An environment of a server call's own, where `message` allocates from now on. The call is one of its users.
Status establish(MIDL_STUB_MESSAGE& message, Ref<runtime::MemoryEnvironment>& environment);

// Makes a call's environment that of this thread, for a while. Plain members, so that an exception may pass; what is
// then left behind goes with the dispatch.
class ThreadScope {
public:
    // Null: nothing happens. out_of_memory.
    Status enter(Ref<runtime::MemoryEnvironment> environment);
    // Gives the thread back what it had. On the thread that entered, any number of times.
    void leave();

private:
    Ref<runtime::MemoryEnvironment> outer_;
    bool entered_ = false;
};

}  // namespace rpc::stub::rpcss
