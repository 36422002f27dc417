#include "stub/rpcss_memory.h"

#include <utility>

namespace rpc::stub::rpcss {

namespace {

using runtime::MemoryEnvironment;
using runtime::ThreadMemory;

// The environment that this thread has and that did not end, or null.
Ref<MemoryEnvironment> current() {
    ThreadMemory* memory = runtime::thread_memory(false);
    if (!memory || !memory->environment() || memory->environment()->ended()) return nullptr;
    return memory->environment();
}

void* __RPC_API allocate_here(size_t size) {
    void* memory = nullptr;
    return failed(allocate(size, memory)) ? nullptr : memory;
}

// What a manager put into its parameters from elsewhere is not the package's to free.
void __RPC_API free_here(void* memory) {
    if (failed(free(memory))) return;
}

void allocate_in_environment(MIDL_STUB_MESSAGE& message) {
    message.pfnAllocate = allocate_here;
    message.pfnFree = free_here;
}

// What a client stub uses while the thread has no pair of its own.
void* __RPC_API default_allocate(size_t size) {
    if (Ref<MemoryEnvironment> environment = current()) {
        void* memory = nullptr;
        return failed(environment->allocate(size, memory)) ? nullptr : memory;
    }
    return mem_alloc(size);
}

// Memory may be older than the environment.
void __RPC_API default_free(void* memory) {
    Ref<MemoryEnvironment> environment = current();
    if (memory && environment && environment->free(memory)) return;
    mem_free(memory);
}

}  // namespace

Status enable() {
    ThreadMemory* memory = runtime::thread_memory(true);
    if (!memory) return Status::out_of_memory;
    if (memory->environment() && memory->environment()->enable()) return Status::ok;
    auto environment = make_ref<MemoryEnvironment>();
    if (!environment) return Status::out_of_memory;
    memory->use(std::move(environment));
    return Status::ok;
}

void disable() {
    ThreadMemory* memory = runtime::thread_memory(false);
    if (!memory || !memory->environment()) return;
    memory->environment()->disable();
    if (memory->environment()->ended()) memory->use(nullptr);
}

Status allocate(size_t size, void*& memory) {
    memory = nullptr;
    Ref<MemoryEnvironment> environment = current();
    return environment ? environment->allocate(size, memory) : Status::invalid_arg;
}

Status free(void* memory) {
    if (!memory) return Status::ok;
    Ref<MemoryEnvironment> environment = current();
    return environment && environment->free(memory) ? Status::ok : Status::invalid_arg;
}

Status thread_handle(void*& handle) {
    handle = nullptr;
    Ref<MemoryEnvironment> environment = current();
    return environment ? environment->publish(handle) : Status::ok;
}

Status set_thread_handle(void* handle) {
    Ref<MemoryEnvironment> environment;
    if (handle) {
        environment = MemoryEnvironment::from_handle(handle);
        if (!environment || environment->ended()) return Status::invalid_arg;
    }
    ThreadMemory* memory = runtime::thread_memory(handle != nullptr);
    if (!memory) return handle ? Status::out_of_memory : Status::ok;
    memory->use(std::move(environment));
    return Status::ok;
}

// --- client stubs ---------------------------------------------------------------------------------------------------

Status swap_client_alloc_free(Allocate allocate, Free free, Allocate* old_allocate, Free* old_free) {
    if (!allocate || !free) return Status::invalid_arg;
    ThreadMemory* memory = runtime::thread_memory(true);
    if (!memory) return Status::out_of_memory;
    if (old_allocate) *old_allocate = memory->client_allocate ? memory->client_allocate : default_allocate;
    if (old_free) *old_free = memory->client_free ? memory->client_free : default_free;
    bool is_default = allocate == default_allocate && free == default_free;
    memory->client_allocate = is_default ? nullptr : allocate;
    memory->client_free = is_default ? nullptr : free;
    return Status::ok;
}

void* __RPC_API client_allocate(size_t size) {
    ThreadMemory* memory = runtime::thread_memory(false);
    return memory && memory->client_allocate ? memory->client_allocate(size) : default_allocate(size);
}

void __RPC_API client_free(void* node) {
    ThreadMemory* memory = runtime::thread_memory(false);
    if (memory && memory->client_free)
        memory->client_free(node);
    else
        default_free(node);
}

void set_client_to_osf(MIDL_STUB_MESSAGE& message) {
    message.pfnAllocate = client_allocate;
    message.pfnFree = client_free;
}

void sensitize_client(MIDL_STUB_MESSAGE& message) {
    ThreadMemory* memory = runtime::thread_memory(false);
    if (memory && (memory->client_allocate || current())) set_client_to_osf(message);
}

// --- server stubs ---------------------------------------------------------------------------------------------------

Status enable_for(MIDL_STUB_MESSAGE& message) {
    RPC_TRY(enable());
    allocate_in_environment(message);
    return Status::ok;
}

Status establish(MIDL_STUB_MESSAGE& message, Ref<MemoryEnvironment>& environment) {
    environment = make_ref<MemoryEnvironment>();
    if (!environment) return Status::out_of_memory;
    environment->attach();
    allocate_in_environment(message);
    return Status::ok;
}

Status ThreadScope::enter(Ref<MemoryEnvironment> environment) {
    if (!environment) return Status::ok;
    ThreadMemory* memory = runtime::thread_memory(true);
    if (!memory) return Status::out_of_memory;
    // Kept attached, or the thread's own environment would seem abandoned by a user that ends meanwhile.
    outer_ = memory->environment();
    if (outer_) outer_->attach();
    memory->use(std::move(environment));
    entered_ = true;
    return Status::ok;
}

void ThreadScope::leave() {
    if (!std::exchange(entered_, false)) return;
    ThreadMemory* memory = runtime::thread_memory(false);
    Ref<MemoryEnvironment> outer = std::exchange(outer_, nullptr);
    if (memory) memory->use(outer);
    if (outer) outer->detach(false);
}

}  // namespace rpc::stub::rpcss
