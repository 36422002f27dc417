#pragma once
// What a request of RPC over HTTP needs before it can be sent: its logins, and the look at the RPC proxy's certificate. Legs of
// NTLM, and that look, are small requests of their own on the connection that the request itself then takes. Blocking; any thread,
// but one at a time for each request. Sources: [MS-NTHT] 2.2, 3; [MS-RPCH] 2.1.2.1.5 (echo requests); the documentation page of
// RPC_HTTP_TRANSPORT_CREDENTIALS.
#include "io/http_credentials.h"
#include "io/winhttp_win.h"

namespace rpc::io {

// How a connection's requests log in: an http_scheme at either proxy, or 0.
struct HttpLogin {
    const HttpCredentials* who = nullptr;
    uint32_t at_server = 0;
    uint32_t at_proxy = 0;

    uint32_t& at(uint32_t target) { return target == http_target::proxy ? at_proxy : at_server; }
    // Whether anything goes out ahead of the request.
    bool has_legs() const {
        return at_server == http_scheme::ntlm || at_proxy == http_scheme::ntlm || (who && who->ssl && !who->certificate_subject.empty());
    }
};

// What an answer says, whose header fields are here: ok, access_denied (401, 403), proxy_access_denied (407), what the RPC proxy says
// of its server, else server_unavailable. `schemes`: with 401 and 407, the schemes that are wanted, or-ed.
Status http_answer(const WinHttp& http, HINTERNET request, uint32_t& schemes);

// To be called before a request is sent that has no callback yet. Leaves it with the header fields of its logins and nothing going on.
// access_denied also: the certificate is somebody else's. call_cancelled: `until` (os::now_ms) has come; the request is not to be used.
// `schemes`: of a refusal, as http_answer.
Status begin_login(const WinHttp& http, HINTERNET request, const HttpLogin& login, uint64_t until, uint32_t& schemes);

// Of a request that was sent and is encrypted: whether the other side is whom the credentials name. access_denied.
Status check_certificate(const WinHttp& http, HINTERNET request, const HttpCredentials& who);

}  // namespace rpc::io
