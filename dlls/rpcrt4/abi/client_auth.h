#pragma once
// Authentication of client bindings, for the exports that set it.
#include "abi/export.h"
#include "runtime/binding.h"

namespace rpc::abi {

// As RpcBindingSetAuthInfoEx; `qos` null: the default. The identity and transport credentials are read now, texts in the latter as `ansi`
// says.
Status set_auth_info(runtime::Binding& binding, std::string_view principal, unsigned long level, unsigned long service, void* identity,
                     unsigned long authz, const RPC_SECURITY_QOS* qos, bool ansi);

}  // namespace rpc::abi
