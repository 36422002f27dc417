#pragma once
// Every handle that a program holds is registered here, so that garbage, freed and foreign handles are told apart
// without touching the memory they point to. Any thread.
#include "base/ref.h"
#include "base/status.h"

namespace rpc::runtime {

enum class HandleKind : uint8_t {
    none,
    binding,
    client_call,
    server_call,
    memory_environment,
    pickle,
    endpoint_inquiry,
    error_enumeration,
    pipe,
    interface_group,
    callback,
    served_callback,
};

namespace handle_table {

// out_of_memory. A handle is registered once.
Status add(const void* handle, HandleKind kind);
// Nothing happens for a handle that is not there. True for the one who took it out.
bool remove(const void* handle);
HandleKind kind_of(const void* handle);
// Runs `take(handle)` under the table's lock when the handle is there and of that kind; its answer, else false.
bool with(const void* handle, HandleKind kind, bool (*take)(const void* handle));

}  // namespace handle_table

// The object behind a handle, or null when it is not a live handle of T's kind.
template <class T>
Ref<T> from_handle(const void* handle, HandleKind kind) {
    bool found =
        handle_table::with(handle, kind, [](const void* h) { return static_cast<const T*>(h)->try_add_ref(); });
    return found ? Ref<T>::adopt(const_cast<T*>(static_cast<const T*>(handle))) : nullptr;
}

}  // namespace rpc::runtime
