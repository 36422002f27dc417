#include "io/http_win.h"

#include "base/log.h"
#include "base/os.h"
#include "io/http_options.h"
#include "io/http_stream_win.h"
#include "wire/tower.h"

namespace rpc::io {
namespace {

// RPCRT4_HTTP_IN_CHANNEL: content length of an IN channel, for RPC proxies that take no request of 2 GiB.
uint32_t in_channel_lifetime() {
    char text[16];
    uint64_t bytes = 0;
    if (os::environment("RPCRT4_HTTP_IN_CHANNEL", text, sizeof text) == 0) return VirtualConnection::in_channel_lifetime;
    for (const char* c = text; *c != 0; ++c) bytes = *c >= '0' && *c <= '9' && bytes < UINT32_MAX ? bytes * 10 + (*c - '0') : UINT32_MAX;
    if (bytes >= VirtualConnection::min_in_channel_lifetime && bytes <= VirtualConnection::in_channel_lifetime)
        return static_cast<uint32_t>(bytes);
    RPC_LOG(warn, "RPCRT4_HTTP_IN_CHANNEL=%s is no length of an IN channel", text);
    return VirtualConnection::in_channel_lifetime;
}

}  // namespace

bool http_endpoint_valid(std::string_view endpoint) {
    uint16_t port = 0;
    return wire::parse_port(endpoint, port) && port != 0;
}

bool http_options_valid(std::string_view options) {
    HttpOptions ignored;
    return !failed(parse_http_options(options, ignored));
}

namespace {

Status connect_as(const WinHttp& http, const Address& address, const HttpLogin& login, uint32_t timeout_ms, Ref<HttpStream>& stream) {
    auto route = make_ref<HttpRoute>();
    if (!route) return Status::out_of_memory;
    RPC_TRY(route->set(address));
    stream = make_ref<HttpStream>(http, std::move(route), login);
    if (!stream) return Status::out_of_memory;
    return stream->open(in_channel_lifetime(), timeout_ms);
}

// NTLM tells nobody the password.
uint32_t best_scheme(uint32_t schemes) {
    return schemes & http_scheme::ntlm ? http_scheme::ntlm : schemes & http_scheme::basic;
}

// After a refusal: whether there is a login that the proxy in question would take and that was not tried.
bool choose_login(Status refusal, uint32_t wanted, HttpLogin& login) {
    const uint32_t target = refusal == Status::access_denied ? http_target::server : http_target::proxy;
    if ((refusal != Status::access_denied && refusal != Status::proxy_access_denied) || !login.who) return false;
    const uint32_t scheme = best_scheme(wanted & login.who->schemes);
    if ((login.who->targets & target) == 0 || login.at(target) != 0 || scheme == 0) return false;
    login.at(target) = scheme;
    return true;
}

}  // namespace

Status http_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    if (!http_endpoint_valid(address.endpoint.view())) return Status::invalid_endpoint_format;
    const WinHttp* http = winhttp();
    if (!http) return Status::out_of_resources;
    HttpLogin login{address.http.get()};
    // Without an order to the contrary a proxy is asked first what it wants, and a password goes only where one is wanted.
    if (login.who && login.who->only_scheme != 0)
        for (uint32_t target : {http_target::server, http_target::proxy})
            if (login.who->targets & target) login.at(target) = login.who->only_scheme;
    Ref<HttpStream> made;
    Status status;
    do status = connect_as(*http, address, login, timeout_ms, made);
    while (failed(status) && made && choose_login(status, made->schemes_wanted(), login));
    if (!failed(status)) stream = std::move(made);
    // Who is known by the cookie alone was refused for it.
    return status == Status::access_denied && address.cookie && !login.who ? Status::cookie_auth_failed : status;
}

}  // namespace rpc::io
