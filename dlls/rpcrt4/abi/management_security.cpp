// Family management: what concerns authentication. Source: the documentation page of RpcMgmtInqDefaultProtectLevel,
// [MS-RPCE] 2.2.1.1.8.
#include "abi/export.h"
#include "base/guard.h"
#include "security/providers.h"

using namespace rpc;

// RPC_C_AUTHN_LEVEL_CONNECT for each service there is.
RPC_EXPORT(RPC_STATUS, RpcMgmtInqDefaultProtectLevel)(unsigned long AuthnSvc, unsigned long* AuthnLevel) {
    switch (AuthnSvc) {
        case RPC_C_AUTHN_DEFAULT:
        case security::authn::winnt:
        case security::authn::gss_negotiate:
        case security::authn::gss_kerberos:
            break;
        default:
            return RPC_S_UNKNOWN_AUTHN_SERVICE;
    }
    const unsigned long level = RPC_C_AUTHN_LEVEL_CONNECT;
    return copy_guarded(AuthnLevel, &level, sizeof level) ? RPC_S_OK : RPC_S_INVALID_ARG;
}
