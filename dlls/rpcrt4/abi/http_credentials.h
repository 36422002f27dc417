#pragma once
// The transport credentials in a program's RPC_SECURITY_QOS. Sources: the documentation pages of RPC_SECURITY_QOS_V2 to _V5 and of
// RPC_HTTP_TRANSPORT_CREDENTIALS.
#include "abi/text.h"
#include "io/http_credentials.h"

namespace rpc::abi {

// Read now, everything being copied. Null where there are none. invalid_arg: what they say makes no sense or cannot be read;
// cannot_support: SSL by way of an HTTP proxy's login, or no scheme that this DLL has; invalid_auth_identity; out_of_memory; of NTLM alone
// also what security::make_client_auth says. `ansi`: texts are those of the function's A form.
Status read_http_credentials(const RPC_SECURITY_QOS* qos, bool ansi, Ref<const io::HttpCredentials>& out);

}  // namespace rpc::abi
