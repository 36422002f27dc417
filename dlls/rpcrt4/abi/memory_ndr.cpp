// What stubs allocate by: headers (rpcndr.h) declare these; the pages of RpcSsSetClientAllocFree, enable_allocate and
// NdrOleAllocate say what they are for.
#include <atomic>

#include "abi/export.h"
#include "abi/raise.h"
#include "base/alloc.h"
#include "ndr/ndr.h"
#include "stub/rpcss_memory.h"

using namespace rpc;

RPC_EXPORT(void*, NdrAllocate)(PMIDL_STUB_MESSAGE pStubMsg, size_t Len) {
    void* memory = nullptr;
    abi::raise_if_failed(ndr::allocate(*pStubMsg, Len, &memory));
    return memory;
}

// A server stub's environment: the message allocates there until it is disabled.
RPC_EXPORT(void, NdrRpcSsEnableAllocate)(PMIDL_STUB_MESSAGE pMessage) {
    abi::raise_if_failed(stub::rpcss::enable_for(*pMessage));
}

RPC_EXPORT(void, NdrRpcSsDisableAllocate)(PMIDL_STUB_MESSAGE) {
    stub::rpcss::disable();
}

RPC_EXPORT(void, NdrRpcSmSetClientToOsf)(PMIDL_STUB_MESSAGE pMessage) {
    stub::rpcss::set_client_to_osf(*pMessage);
}

// What the client stubs of this thread allocate by.
RPC_EXPORT(void*, NdrRpcSmClientAllocate)(size_t Size) {
    void* memory = stub::rpcss::client_allocate(Size);
    if (!memory) abi::raise(Status::out_of_memory);
    return memory;
}

RPC_EXPORT(void, NdrRpcSmClientFree)(void* NodeToFree) {
    stub::rpcss::client_free(NodeToFree);
}

// malloc and free of the process heap; null when memory is out.
RPC_EXPORT(void*, NdrRpcSsDefaultAllocate)(size_t Size) {
    return mem_alloc(Size);
}
RPC_EXPORT(void, NdrRpcSsDefaultFree)(void* NodeToFree) {
    mem_free(NodeToFree);
}

// --- object interfaces: CoTaskMemAlloc and CoTaskMemFree ------------------------------------------------------------

namespace {

// ole32, on first use: it imports this DLL.
template <class F>
F ole_routine(const char* name) {
    static_assert(sizeof(F) == sizeof(FARPROC));
    HMODULE ole = LoadLibraryW(L"ole32.dll");
    return ole ? reinterpret_cast<F>(reinterpret_cast<void*>(GetProcAddress(ole, name))) : nullptr;
}

using TaskAllocate = void*(WINAPI*)(SIZE_T);
using TaskFree = void(WINAPI*)(void*);

constinit std::atomic<TaskAllocate> g_task_allocate{nullptr};
constinit std::atomic<TaskFree> g_task_free{nullptr};

}  // namespace

// Null when memory is out.
RPC_EXPORT(void*, NdrOleAllocate)(size_t Size) {
    TaskAllocate allocate = g_task_allocate.load(std::memory_order_relaxed);
    if (!allocate)
        g_task_allocate.store(allocate = ole_routine<TaskAllocate>("CoTaskMemAlloc"), std::memory_order_relaxed);
    return allocate ? allocate(Size) : nullptr;
}

RPC_EXPORT(void, NdrOleFree)(void* NodeToFree) {
    TaskFree free = g_task_free.load(std::memory_order_relaxed);
    if (!free) g_task_free.store(free = ole_routine<TaskFree>("CoTaskMemFree"), std::memory_order_relaxed);
    if (free) free(NodeToFree);
}
