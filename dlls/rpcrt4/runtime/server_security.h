#pragma once
// Which authentication services this server accepts (RpcServerRegisterAuthInfo), and what a server call's client
// proved. Sources: the documentation pages of RpcServerRegisterAuthInfo, RpcBindingInqAuthClient, RpcImpersonateClient.
#include "call/server_call.h"
#include "security/providers.h"

namespace rpc::runtime {

// RpcServerRegisterAuthInfo. A principal name that is empty is the service's default one. A second registration with
// the same service takes the place of the first. unknown_authn_service, out_of_memory, sec_pkg_error.
Status register_auth(uint32_t service, std::string_view principal);

// The principal name that the service was registered with, or its default; unknown_authn_service, out_of_memory.
Status registered_principal(uint32_t service, Str& name);

// The server's half of a new context; unknown_authn_service for what is not registered.
Status accept_context(uint8_t service, security::Level level, Ref<security::Context>& context);

// How a server call's client is known.
struct ClientIdentity {
    Str client;  // DOMAIN\user; empty when it cannot be told
    Str server;  // the principal name that the client authenticated against
    uint32_t level = 0;
    uint32_t service = 0;
};
// `call_handle`: null for the call of this thread. no_call_active, invalid_binding, binding_has_no_auth.
Status client_identity(void* call_handle, ClientIdentity& out);

// The call behind a server call's handle, or of this thread for null. no_call_active; invalid_binding,
// wrong_kind_of_binding for a client's.
Status server_call_of(void* call_handle, Ref<call::ServerCall>& call);

// RpcImpersonateClient: the thread acts for the call's client, as its security context or its pipe knows it.
// cannot_support where neither does, no_context_available, and as server_call_of.
Status impersonate_client(void* call_handle);
// RpcRevertToSelf(Ex): ends what impersonate_client began, if it did. As server_call_of.
Status revert_to_self(void* call_handle);
// A pool thread goes back as it came.
void end_impersonation();

// The client's name in UTF-16 as RpcBindingInqAuthClient hands it out: the call's, and valid as long as it. Null when
// it cannot be told.
const void* client_privileges(call::ServerCall& call, std::string_view name);

}  // namespace rpc::runtime
