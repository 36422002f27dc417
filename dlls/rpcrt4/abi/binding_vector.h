#pragma once
// Vectors of binding handles and of UUIDs across the ABI.
#include "abi/export.h"
#include "base/vector.h"
#include "runtime/binding.h"

namespace rpc::abi {

// The client binding behind a handle; wrong_kind_of_binding for a server call's, invalid_binding for anything else.
Status client_binding(RPC_BINDING_HANDLE handle, Ref<runtime::Binding>& binding);

// The bindings of a caller's vector. no_bindings: there is none, or it is empty; invalid_arg: it cannot be read.
Status read_binding_vector(const RPC_BINDING_VECTOR* vector, Vector<Ref<runtime::Binding>>& out);

// A new vector of new handles, the caller's until RpcBindingVectorFree. On failure nothing is left behind.
Status write_binding_vector(Vector<Ref<runtime::Binding>> bindings, RPC_BINDING_VECTOR** out);

// The UUIDs of a caller's vector; NULL: none. invalid_arg: it cannot be read.
Status read_uuid_vector(const UUID_VECTOR* vector, Vector<Uuid>& out);

}  // namespace rpc::abi
