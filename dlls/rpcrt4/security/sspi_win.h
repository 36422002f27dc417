#pragma once
// secur32, loaded on first use: rpcrt4 is loaded by nearly every program, and few of them authenticate.
#define SECURITY_WIN32
#include <windows.h>

#include <sspi.h>

#include <secext.h>

#include "base/status.h"

namespace rpc::security {

struct Sspi {
    const SecurityFunctionTableW* table;
    decltype(&GetUserNameExW) get_user_name;
};
// Null when secur32 cannot be loaded.
const Sspi* sspi();

// What a failure of SSPI is to a caller of RPC: access_denied for credentials that were refused, sec_pkg_error for what
// has no name of its own. A success is ok.
Status status_of(SECURITY_STATUS status);

// The package of an RPC_C_AUTHN_x; null for one that is not served.
const wchar_t* package_of(unsigned service);

}  // namespace rpc::security
