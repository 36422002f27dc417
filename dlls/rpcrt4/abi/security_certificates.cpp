// Principal names of certificates. Sources: the documentation pages "Principal Names" and RpcCertGeneratePrincipalName; of
// RpcCertMatchPrincipalName the header alone, so that what it answers is inferred from the first.
#include "abi/export.h"
#include "abi/text.h"
#include "base/certificate_win.h"

#include <rpcssl.h>

using namespace rpc;
using abi::to_rpc;

namespace {

// The form fullsic has no published grammar that could be told apart from others.
template <class T>
Status generate(PCCERT_CONTEXT certificate, DWORD flags, T** out) {
    if (!certificate || !out || (flags & ~DWORD{RPC_C_FULL_CERT_CHAIN}) != 0) return Status::invalid_arg;
    if (flags != 0) return Status::cannot_support;
    Str name;
    RPC_TRY(principal_name(certificate, name));
    return abi::write_text(name.view(), out);
}

Status match(PCCERT_CONTEXT certificate, const unsigned short* text) {
    Str name;
    if (!certificate || !text) return Status::invalid_arg;
    RPC_TRY(abi::read_text(text, name));
    return match_principal_name(certificate, name.view());
}

}  // namespace

// The name is the caller's, to be freed by RpcStringFree.
RPC_EXPORT(RPC_STATUS, RpcCertGeneratePrincipalNameA)(PCCERT_CONTEXT Context, DWORD Flags, RPC_CSTR* pBuffer) {
    return to_rpc(generate(Context, Flags, pBuffer));
}
RPC_EXPORT(RPC_STATUS, RpcCertGeneratePrincipalNameW)(PCCERT_CONTEXT Context, DWORD Flags, RPC_WSTR* pBuffer) {
    return to_rpc(generate(Context, Flags, pBuffer));
}
// RPC_S_OK, or ERROR_ACCESS_DENIED where the name is another one's.
RPC_EXPORT(RPC_STATUS, RpcCertMatchPrincipalName)(PCCERT_CONTEXT Context, RPC_WSTR PrincipalName) {
    return to_rpc(match(Context, PrincipalName));
}
