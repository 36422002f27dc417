#pragma once
// What a program gave for the RPC proxy's login; constant. Sources: documentation page of RPC_HTTP_TRANSPORT_CREDENTIALS; RFC 7617.
#include "base/ref.h"
#include "base/str.h"

namespace rpc::io {

// RPC_C_HTTP_AUTHN_SCHEME_x.
namespace http_scheme {
constexpr uint32_t basic = 1, ntlm = 2;
}  // namespace http_scheme

class HttpCredentials final : public RefCounted<HttpCredentials> {
public:
    HttpCredentials() = default;
    ~HttpCredentials();  // wipes the password
    bool operator==(const HttpCredentials& other) const;

    Str user;  // DOMAIN\user, or the user alone
    Str password;
    uint32_t schemes = 0;     // those that may be used, or-ed
    uint32_t only_scheme = 0;  // RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME: this one, without asking the proxy; else 0
};

// Whether the text can be a user of Basic: no colon, no control character.
bool basic_user_valid(std::string_view user);
// The header field of a login by Basic, "Authorization: Basic ..." and the end of its line; `out` is a secret. out_of_memory.
Status basic_authorization(const HttpCredentials& credentials, Str& out);

}  // namespace rpc::io
