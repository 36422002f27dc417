#include "abi/http_credentials.h"

#include "base/guard.h"
#include "security/providers.h"

namespace rpc::abi {
namespace {

constexpr unsigned long first_version_with_http = 2;
constexpr unsigned long max_schemes = 16;
constexpr unsigned long max_text = 32767;
constexpr unsigned long known_flags = RPC_C_HTTP_FLAG_USE_SSL | RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME | RPC_C_HTTP_FLAG_IGNORE_CERT_CN_INVALID;

// A counted text of a SEC_WINNT_AUTH_IDENTITY, of either form.
template <class Char>
Status read_counted(const void* text, unsigned long length, Str& out) {
    Buffer copy;
    if (length > max_text) return Status::invalid_auth_identity;
    if (!copy.resize((length + 1) * sizeof(Char))) return Status::out_of_memory;
    std::memset(copy.data(), 0, copy.size());
    if (text && length != 0 && !copy_guarded(copy.data(), text, length * sizeof(Char))) return Status::invalid_auth_identity;
    const Status status = read_text(reinterpret_cast<const Char*>(copy.data()), out);
    SecureZeroMemory(copy.data(), copy.size());
    return status;
}

Status read_counted(const void* text, unsigned long length, bool ansi, Str& out) {
    return ansi ? read_counted<unsigned char>(text, length, out) : read_counted<unsigned short>(text, length, out);
}

// The two forms of the structure differ in nothing but the type of what the pointers point to.
Status read_identity(const void* identity, io::HttpCredentials& out) {
    SEC_WINNT_AUTH_IDENTITY_W raw;
    if (!identity || !copy_guarded(&raw, identity, sizeof raw)) return Status::invalid_auth_identity;
    if (raw.Flags != SEC_WINNT_AUTH_IDENTITY_ANSI && raw.Flags != SEC_WINNT_AUTH_IDENTITY_UNICODE) return Status::invalid_auth_identity;
    const bool ansi = raw.Flags == SEC_WINNT_AUTH_IDENTITY_ANSI;
    Str domain, user;
    RPC_TRY(read_counted(raw.Domain, raw.DomainLength, ansi, domain));
    RPC_TRY(read_counted(raw.User, raw.UserLength, ansi, user));
    RPC_TRY(read_counted(raw.Password, raw.PasswordLength, ansi, out.password));
    Buffer whole;
    auto add = [&](std::string_view text) { return whole.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); };
    const bool has_domain = !domain.empty();
    if ((has_domain && !(add(domain.view()) && add("\\"))) || !add(user.view()) ||
        !out.user.assign({reinterpret_cast<const char*>(whole.data()), whole.size()}))
        return Status::out_of_memory;
    return io::basic_user_valid(out.user.view()) ? Status::ok : Status::invalid_auth_identity;
}

Status read_schemes(const RPC_HTTP_TRANSPORT_CREDENTIALS_W& raw, io::HttpCredentials& out) {
    unsigned long schemes[max_schemes];
    const unsigned long count = raw.NumberOfAuthnSchemes;
    if (count == 0 || count > max_schemes || !copy_guarded(schemes, raw.AuthnSchemes, count * sizeof *schemes)) return Status::invalid_arg;
    for (unsigned long i = 0; i < count; ++i) out.schemes |= static_cast<uint32_t>(schemes[i]);
    out.schemes &= io::http_scheme::basic | io::http_scheme::ntlm;
    if (raw.Flags & RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME) {
        out.only_scheme = static_cast<uint32_t>(schemes[0]);
        out.schemes &= out.only_scheme;
    }
    return out.schemes != 0 ? Status::ok : Status::cannot_support;
}

// Who logs in: the identity that is given, or by NTLM the calling thread's. A system without NTLM still has Basic.
Status read_login(const RPC_HTTP_TRANSPORT_CREDENTIALS_W& raw, io::HttpCredentials& out) {
    if (!raw.TransportCredentials) {
        out.schemes &= ~io::http_scheme::basic;
        if (out.schemes == 0) return Status::invalid_auth_identity;
    } else {
        RPC_TRY(read_identity(raw.TransportCredentials, out));
    }
    if ((out.schemes & io::http_scheme::ntlm) == 0) return Status::ok;
    security::ClientRequest request;
    request.service = security::authn::winnt;
    request.identity = raw.TransportCredentials;
    Ref<security::ClientAuth> ntlm;
    const Status status = security::make_client_auth(request, ntlm);
    if (failed(status)) {
        out.schemes &= ~io::http_scheme::ntlm;
        return out.schemes != 0 && status != Status::out_of_memory ? Status::ok : status;
    }
    out.ntlm = std::move(ntlm);
    return Status::ok;
}

// Neither form of the structure says of which form this text is: it is the function's that is called.
Status read_subject(const void* text, bool ansi, Str& out) {
    if (!text) return Status::ok;
    return ansi ? read_text(static_cast<const unsigned char*>(text), out) : read_text(static_cast<const unsigned short*>(text), out);
}

}  // namespace

Status read_http_credentials(const RPC_SECURITY_QOS* qos, bool ansi, Ref<const io::HttpCredentials>& out) {
    out.reset();
    unsigned long version;
    if (!qos) return Status::ok;
    if (!copy_guarded(&version, &qos->Version, sizeof version)) return Status::invalid_arg;
    if (version < first_version_with_http) return Status::ok;
    RPC_SECURITY_QOS_V2_W v2;
    if (!copy_guarded(&v2, qos, sizeof v2)) return Status::invalid_arg;
    if (v2.AdditionalSecurityInfoType == 0) return Status::ok;
    if (v2.AdditionalSecurityInfoType != RPC_C_AUTHN_INFO_TYPE_HTTP) return Status::invalid_arg;
    RPC_HTTP_TRANSPORT_CREDENTIALS_W raw;
    if (!copy_guarded(&raw, v2.u.HttpCredentials, sizeof raw)) return Status::invalid_arg;
    constexpr unsigned long targets = RPC_C_HTTP_AUTHN_TARGET_SERVER | RPC_C_HTTP_AUTHN_TARGET_PROXY;
    if ((raw.Flags & ~known_flags) != 0 || raw.AuthenticationTarget == 0 || (raw.AuthenticationTarget & ~targets) != 0)
        return Status::invalid_arg;
    auto made = make_ref<io::HttpCredentials>();
    if (!made) return Status::out_of_memory;
    made->targets = static_cast<uint32_t>(raw.AuthenticationTarget);
    made->ssl = (raw.Flags & RPC_C_HTTP_FLAG_USE_SSL) != 0;
    made->any_host_name = (raw.Flags & RPC_C_HTTP_FLAG_IGNORE_CERT_CN_INVALID) != 0;
    // The way through an HTTP proxy is a tunnel then, which WinHTTP asks for and cannot be given a login of ours for.
    if (made->ssl && (made->targets & io::http_target::proxy) != 0) return Status::cannot_support;
    if (made->ssl) RPC_TRY(read_subject(raw.ServerCertificateSubject, ansi, made->certificate_subject));
    RPC_TRY(read_schemes(raw, *made));
    RPC_TRY(read_login(raw, *made));
    out = std::move(made);
    return Status::ok;
}

}  // namespace rpc::abi
