#include "io/http_win.h"

#include "base/error_record.h"
#include "base/log.h"
#include "base/utf.h"
#include "io/http_options.h"
#include "io/http_stream_win.h"
#include "wire/tower.h"

namespace rpc::io {
namespace {

constexpr int connect_wait_ms = 60000;  // WinHTTP's own, for a resolution or a connection that hangs
const wchar_t* accept_types[] = {L"application/rpc", nullptr};
constexpr char headers[] = "Cache-Control: no-cache\r\nPragma: No-cache\r\n";

// Text that WinHTTP takes; it may be a secret.
class Wide {
public:
    [[nodiscard]] bool append(std::string_view text) {
        const size_t before = size_;
        if (!bytes_.resize((before + text.size() + 1) * sizeof(char16_t))) return false;
        size_ = before + utf16_from_utf8(text, data() + before);
        data()[size_] = 0;
        return true;
    }
    ~Wide() {
        if (!bytes_.empty()) SecureZeroMemory(bytes_.data(), bytes_.size());
    }
    const wchar_t* c_str() const { return reinterpret_cast<const wchar_t*>(bytes_.data()); }

private:
    char16_t* data() { return reinterpret_cast<char16_t*>(bytes_.data()); }
    Buffer bytes_;
    size_t size_ = 0;
};

class Connector {
public:
    explicit Connector(const WinHttp& http) : http_(http) {}
    ~Connector() { handles_.close(http_); }

    // `login`: header fields, or empty.
    Status prepare(const Address& address, std::string_view login) {
        HttpOptions options;
        RPC_TRY(parse_http_options(address.options.view(), options));
        const std::string_view server = address.network_address.empty() ? "localhost" : address.network_address.view();
        const std::string_view rpc_proxy = options.rpc_proxy.empty() ? server : options.rpc_proxy;
        Wide host, path, proxy, fields;
        if (!fields.append(headers) || !fields.append(login) || !host.append(rpc_proxy) || !path.append("/rpc/rpcproxy.dll?") || !path.append(server) || !path.append(":") ||
            !path.append(address.endpoint.view()) || !proxy.append(options.http_proxy))
            return Status::out_of_memory;
        const bool made = open_session(options.http_proxy.empty() ? nullptr : proxy.c_str()) &&
                          (handles_.server = http_.WinHttpConnect(handles_.session, host.c_str(), options.rpc_proxy_port, 0)) != nullptr &&
                          open_request(L"RPC_IN_DATA", path.c_str(), fields.c_str(), handles_.in) &&
                          open_request(L"RPC_OUT_DATA", path.c_str(), fields.c_str(), handles_.out);
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
    bool open_request(const wchar_t* method, const wchar_t* path, const wchar_t* fields, HINTERNET& request) {
        request = http_.WinHttpOpenRequest(handles_.server, method, path, nullptr, nullptr, accept_types, 0);
        DWORD off = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES;
        return request && http_.WinHttpSetOption(request, WINHTTP_OPTION_DISABLE_FEATURE, &off, sizeof off) &&
               http_.WinHttpAddRequestHeaders(request, fields, static_cast<DWORD>(-1), WINHTTP_ADDREQ_FLAG_ADD);
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

Status connect_as(const WinHttp& http, const Address& address, std::string_view login, uint32_t timeout_ms, Ref<HttpStream>& stream) {
    Connector connector(http);
    RPC_TRY(connector.prepare(address, login));
    stream = make_ref<HttpStream>(http);
    if (!stream) return Status::out_of_memory;
    stream->take(connector.give());
    return stream->open(timeout_ms);
}

}  // namespace

Status http_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    if (!http_endpoint_valid(address.endpoint.view())) return Status::invalid_endpoint_format;
    const WinHttp* http = winhttp();
    if (!http) return Status::out_of_resources;
    const HttpCredentials* credentials = address.http.get();
    const bool at_once = credentials && credentials->only_scheme == http_scheme::basic;
    const bool may_login = credentials && (credentials->schemes & http_scheme::basic) != 0;
    Ref<HttpStream> made;
    Status status = Status::access_denied;
    // Without an order to the contrary the proxy is asked first what it wants, and a password goes only where one is wanted.
    if (!at_once) status = connect_as(*http, address, {}, timeout_ms, made);
    if (at_once || (status == Status::access_denied && may_login && (made->schemes_wanted() & http_scheme::basic) != 0)) {
        Str login;
        RPC_TRY(basic_authorization(*credentials, login));
        status = connect_as(*http, address, login.view(), timeout_ms, made);
        SecureZeroMemory(const_cast<char*>(login.c_str()), login.size());
    }
    if (!failed(status)) stream = std::move(made);
    return status;
}

}  // namespace rpc::io
