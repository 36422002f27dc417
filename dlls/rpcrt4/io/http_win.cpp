#include "io/http_win.h"

#include "base/error_record.h"
#include "base/log.h"
#include "io/http_options.h"
#include "io/http_stream_win.h"
#include "io/wide_text_win.h"
#include "wire/tower.h"

namespace rpc::io {
namespace {

constexpr int connect_wait_ms = 60000;  // WinHTTP's own, for a resolution or a connection that hangs
const wchar_t* accept_types[] = {L"application/rpc", nullptr};
constexpr wchar_t headers[] = L"Cache-Control: no-cache\r\nPragma: No-cache\r\n";

class Connector {
public:
    explicit Connector(const WinHttp& http) : http_(http) {}
    ~Connector() { handles_.close(http_); }

    Status prepare(const Address& address, const HttpLogin& login) {
        HttpOptions options;
        RPC_TRY(parse_http_options(address.options.view(), options));
        const std::string_view server = address.network_address.empty() ? "localhost" : address.network_address.view();
        const std::string_view rpc_proxy = options.rpc_proxy.empty() ? server : options.rpc_proxy;
        WideText host, path, proxy;
        if (!host.append(rpc_proxy) || !path.append("/rpc/rpcproxy.dll?") || !path.append(server) || !path.append(":") ||
            !path.append(address.endpoint.view()) || !proxy.append(options.http_proxy))
            return Status::out_of_memory;
        const bool ssl = login.who && login.who->ssl;
        const INTERNET_PORT port = options.rpc_proxy_port != 0 ? options.rpc_proxy_port
                                   : ssl                       ? INTERNET_DEFAULT_HTTPS_PORT
                                                               : INTERNET_DEFAULT_HTTP_PORT;
        const bool made = open_session(options.http_proxy.empty() ? nullptr : proxy.c_str()) &&
                          (handles_.server = http_.WinHttpConnect(handles_.session, host.c_str(), port, 0)) != nullptr &&
                          open_request(L"RPC_IN_DATA", path.c_str(), login.who, handles_.in) &&
                          open_request(L"RPC_OUT_DATA", path.c_str(), login.who, handles_.out);
        if (made) return Status::ok;
        const DWORD error = GetLastError();
        RPC_LOG(warn, "a request over HTTP cannot be made: error %lu", error);
        note_error(ErrorComponent::runtime, error, detected::none);
        return error == ERROR_NOT_ENOUGH_MEMORY ? Status::out_of_memory : Status::out_of_resources;
    }
    HttpHandles give() { return std::exchange(handles_, {}); }

private:
    // A session for each connection: WinHTTP keeps its HTTP connections apart by it, and with them who is logged in.
    bool open_session(const wchar_t* proxy) {
        const DWORD access = proxy ? WINHTTP_ACCESS_TYPE_NAMED_PROXY : WINHTTP_ACCESS_TYPE_NO_PROXY;
        handles_.session = http_.WinHttpOpen(L"MSRPC", access, proxy, nullptr, WINHTTP_FLAG_ASYNC);
        // Requests stay open as long as there is nothing to say.
        return handles_.session && http_.WinHttpSetTimeouts(handles_.session, 0, connect_wait_ms, 0, 0);
    }
    bool open_request(const wchar_t* method, const wchar_t* path, const HttpCredentials* who, HINTERNET& request) {
        const bool ssl = who && who->ssl;
        request = http_.WinHttpOpenRequest(handles_.server, method, path, nullptr, nullptr, accept_types, ssl ? WINHTTP_FLAG_SECURE : 0);
        // Logins are made here, and for nobody who did not ask for one.
        DWORD off = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_AUTHENTICATION;
        DWORD ignored = SECURITY_FLAG_IGNORE_CERT_CN_INVALID;
        return request && http_.WinHttpSetOption(request, WINHTTP_OPTION_DISABLE_FEATURE, &off, sizeof off) &&
               (!ssl || !who->any_host_name || http_.WinHttpSetOption(request, WINHTTP_OPTION_SECURITY_FLAGS, &ignored, sizeof ignored)) &&
               http_.WinHttpAddRequestHeaders(request, headers, static_cast<DWORD>(-1), WINHTTP_ADDREQ_FLAG_ADD);
    }

    const WinHttp& http_;
    HttpHandles handles_;
};

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
    Connector connector(http);
    RPC_TRY(connector.prepare(address, login));
    stream = make_ref<HttpStream>(http);
    if (!stream) return Status::out_of_memory;
    stream->take(connector.give());
    return stream->open(login, timeout_ms);
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
    return status;
}

}  // namespace rpc::io
