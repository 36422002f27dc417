#pragma once
// What a program gave for its logins at the RPC proxy and the HTTP proxy, and the header fields that carry them; constant. Sources:
// documentation pages of RPC_HTTP_TRANSPORT_CREDENTIALS and RPC_C_OPT_COOKIE_AUTH_DESCRIPTOR; RFC 7617 (Basic); [MS-NTHT] 2.2 (NTLM).
#include "base/ref.h"
#include "base/str.h"
#include "security/provider.h"

namespace rpc::io {

// RPC_C_HTTP_AUTHN_SCHEME_x.
namespace http_scheme {
constexpr uint32_t basic = 1, ntlm = 2;
}  // namespace http_scheme

// RPC_C_HTTP_AUTHN_TARGET_x: the RPC proxy, and an HTTP proxy before it.
namespace http_target {
constexpr uint32_t server = 1, proxy = 2;
}  // namespace http_target

class HttpCredentials final : public RefCounted<HttpCredentials> {
public:
    HttpCredentials() = default;
    ~HttpCredentials();  // wipes the password
    bool operator==(const HttpCredentials& other) const;

    Str user;  // DOMAIN\user, or the user alone: of Basic
    Str password;
    Ref<const security::ClientAuth> ntlm;  // null: no login by NTLM
    uint32_t schemes = 0;     // those that may be used, or-ed
    uint32_t only_scheme = 0;  // RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME: this one, without asking the proxy; else 0
    uint32_t targets = http_target::server;  // those to log in at, or-ed
    bool ssl = false;
    bool any_host_name = false;  // RPC_C_HTTP_FLAG_IGNORE_CERT_CN_INVALID: the certificate need not be for the host that was named
    Str certificate_subject;     // the RPC proxy's principal name (msstd:x), or empty
};

// A cookie that every request carries; it may be a secret, and is wiped.
class HttpCookie final : public RefCounted<HttpCookie> {
public:
    ~HttpCookie();
    bool operator==(const HttpCookie& other) const { return text == other.text; }

    Str text;  // the field's value: NAME=VALUE, and more behind semicolons
};
// Whether the text can be one: visible ASCII and spaces, and something.
bool cookie_valid(std::string_view text);

// Whether the text can be a user of Basic: no colon, no control character.
bool basic_user_valid(std::string_view user);
// The header field of a login by Basic, "Authorization: Basic ..." or "Proxy-Authorization: ...", and the end of its line; `out` is a
// secret. out_of_memory.
Status basic_authorization(const HttpCredentials& credentials, uint32_t target, Str& out);
// The same of a leg by NTLM. out_of_memory.
Status ntlm_authorization(ByteView token, uint32_t target, Str& out);
// The token of a challenge, which is the value of a field WWW-Authenticate or Proxy-Authenticate. False: it is none of NTLM's, or
// has no token, which is what a refusal looks like. Status: out_of_memory.
Status ntlm_challenge(std::string_view field, Buffer& token, bool& found);

}  // namespace rpc::io
