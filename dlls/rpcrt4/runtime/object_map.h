#pragma once
// Which type an object has, and so which manager serves calls for it. Process-wide; any thread. Sources: documentation
// pages of RpcObjectSetType, RpcObjectInqType and RpcObjectSetInqFn.
#include "base/abi_types.h"
#include "base/status.h"
#include "base/uuid.h"

namespace rpc::runtime::object_map {

// RPC_OBJECT_INQ_FN.
using Inquiry = void(RPC_ENTRY*)(GUID* object, GUID* type, RPC_STATUS* status);

// Nil type: the object has none of its own again. invalid_object: the nil object; already_registered: it has a type.
Status set_type(const Uuid& object, const Uuid& type);
// Null: nobody is asked.
void set_inquiry(Inquiry inquiry);
// The registered type, else what the program's inquiry function says; object_not_found, with the nil type, where
// neither knows. Calls user code.
Status inquire_type(const Uuid& object, Uuid& type);

}  // namespace rpc::runtime::object_map
