#include "abi/binding_vector.h"

#include "base/guard.h"
#include "runtime/convert.h"

namespace rpc::abi {
namespace {

constexpr size_t handles_at = offsetof(RPC_BINDING_VECTOR, BindingH);

void free_vector(RPC_BINDING_VECTOR* vector) {
    for (unsigned long i = 0; i < vector->Count; ++i)
        if (vector->BindingH[i])
            (void)failed(runtime::Binding::free_handle(&vector->BindingH[i]));  // freed by hand already
    mem_free(vector);
}

}  // namespace

Status client_binding(RPC_BINDING_HANDLE handle, Ref<runtime::Binding>& binding) {
    binding = runtime::Binding::from_handle(handle);
    if (binding) return Status::ok;
    return runtime::handle_table::kind_of(handle) == runtime::HandleKind::server_call ? Status::wrong_kind_of_binding
                                                                                      : Status::invalid_binding;
}

Status read_binding_vector(const RPC_BINDING_VECTOR* vector, Vector<Ref<runtime::Binding>>& out) {
    unsigned long count = 0;
    if (!vector) return Status::no_bindings;
    if (!copy_guarded(&count, &vector->Count, sizeof count)) return Status::invalid_arg;
    if (count == 0) return Status::no_bindings;
    for (unsigned long i = 0; i < count; ++i) {
        RPC_BINDING_HANDLE handle = nullptr;
        Ref<runtime::Binding> binding;
        if (!copy_guarded(static_cast<void*>(&handle), &vector->BindingH[i], sizeof handle)) return Status::invalid_arg;
        if (!handle) continue;  // taken out by the program, which may (documentation page of RPC_BINDING_VECTOR)
        RPC_TRY(client_binding(handle, binding));
        if (!out.push_back(std::move(binding))) return Status::out_of_memory;
    }
    return out.empty() ? Status::no_bindings : Status::ok;
}

Status write_binding_vector(Vector<Ref<runtime::Binding>> bindings, RPC_BINDING_VECTOR** out) {
    auto made =
        static_cast<RPC_BINDING_VECTOR*>(mem_alloc_zeroed(handles_at + bindings.size() * sizeof(RPC_BINDING_HANDLE)));
    if (!made) return Status::out_of_memory;
    for (auto& binding : bindings) {
        Status status = runtime::Binding::to_handle(std::move(binding), &made->BindingH[made->Count]);
        if (failed(status)) {
            free_vector(made);
            return status;
        }
        ++made->Count;
    }
    if (copy_guarded(static_cast<void*>(out), &made, sizeof made)) return Status::ok;
    free_vector(made);
    return Status::invalid_arg;
}

Status read_uuid_vector(const UUID_VECTOR* vector, Vector<Uuid>& out) {
    unsigned long count = 0;
    if (!vector) return Status::ok;
    if (!copy_guarded(&count, &vector->Count, sizeof count)) return Status::invalid_arg;
    for (unsigned long i = 0; i < count; ++i) {
        UUID* at = nullptr;
        UUID value;
        if (!copy_guarded(static_cast<void*>(&at), &vector->Uuid[i], sizeof at) ||
            !copy_guarded(&value, at, sizeof value))
            return Status::invalid_arg;
        if (!out.push_back(runtime::to_uuid(value))) return Status::out_of_memory;
    }
    return Status::ok;
}

}  // namespace rpc::abi

using namespace rpc;

// Frees the handles, those that the program set to NULL left out, and the vector. The variable becomes NULL.
RPC_EXPORT(RPC_STATUS, RpcBindingVectorFree)(RPC_BINDING_VECTOR** BindingVector) {
    RPC_BINDING_VECTOR* vector = nullptr;
    if (!copy_guarded(static_cast<void*>(&vector), BindingVector, sizeof vector) || !vector) return RPC_S_INVALID_ARG;
    abi::free_vector(vector);
    *BindingVector = nullptr;
    return RPC_S_OK;
}
