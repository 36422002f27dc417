#pragma once
// The principal name of a certificate, over crypt32, which is loaded on first use. Any thread; not under the loader lock. Sources: the
// documentation pages "Principal Names", RpcCertGeneratePrincipalName, CertGetNameString.
#include <windows.h>

#include <wincrypt.h>

#include "base/str.h"

namespace rpc {

// msstd:NAME, NAME being the certificate's e-mail name where it has one with an at sign, else its common name; backslashes are doubled.
// invalid_arg: it has neither. out_of_resources: no crypt32; out_of_memory.
Status principal_name(PCCERT_CONTEXT certificate, Str& name);
// ok: `name` is the certificate's, without regard to case. access_denied: it is not; invalid_arg: it is no name in the form msstd, with which
// alone there is a comparison. And what principal_name says.
Status match_principal_name(PCCERT_CONTEXT certificate, std::string_view name);
// What WinHTTP gave.
void free_certificate(PCCERT_CONTEXT certificate);

}  // namespace rpc
