#include "io/http_channel_win.h"

#include <cwchar>
#include <utility>

#include "base/error_record.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "base/vector.h"
#include "io/http_options.h"
#include "io/http_stream_win.h"

namespace rpc::io {
namespace {

constexpr int connect_wait_ms = 60000;  // WinHTTP's own, for a resolution or a connection that hangs
const wchar_t* accept_types[] = {L"application/rpc", nullptr};
constexpr std::string_view headers = "Cache-Control: no-cache\r\nPragma: No-cache\r\n";

// Whose logins are under way.
struct Turns {
    Mutex mutex;
    Condition changed;
    Vector<const HttpRoute*> routes GUARDED_BY(mutex);
};
constinit Turns g_turns;

}  // namespace

void HttpHandles::close(const WinHttp& http) {
    for (HINTERNET* handle : {&request, &server, &session})
        if (*handle) http.WinHttpCloseHandle(std::exchange(*handle, nullptr));
}

Status HttpRoute::set(const Address& address) {
    HttpOptions options;
    RPC_TRY(parse_http_options(address.options.view(), options));
    const std::string_view server = address.network_address.empty() ? "localhost" : address.network_address.view();
    const std::string_view rpc_proxy = options.rpc_proxy.empty() ? server : options.rpc_proxy;
    if (!host_.append(rpc_proxy) || !path_.append("/rpc/rpcproxy.dll?") || !path_.append(server) || !path_.append(":") ||
        !path_.append(address.endpoint.view()) || !proxy_.append(options.http_proxy) || !headers_.append(headers))
        return Status::out_of_memory;
    if (address.cookie && (!headers_.append("Cookie: ") || !headers_.append(address.cookie->text.view()) || !headers_.append("\r\n")))
        return Status::out_of_memory;
    by_proxy_ = !options.http_proxy.empty();
    ssl_ = address.http && address.http->ssl;
    any_host_name_ = ssl_ && address.http->any_host_name;
    port_ = options.rpc_proxy_port != 0 ? options.rpc_proxy_port : ssl_ ? INTERNET_DEFAULT_HTTPS_PORT : INTERNET_DEFAULT_HTTP_PORT;
    return Status::ok;
}

bool HttpRoute::try_open(const WinHttp& http, bool is_in, HttpHandles& handles) const {
    const DWORD access = by_proxy_ ? WINHTTP_ACCESS_TYPE_NAMED_PROXY : WINHTTP_ACCESS_TYPE_NO_PROXY;
    handles.session = http.WinHttpOpen(L"MSRPC", access, by_proxy_ ? proxy_.c_str() : nullptr, nullptr, WINHTTP_FLAG_ASYNC);
    // Requests stay open as long as there is nothing to say.
    if (!handles.session || !http.WinHttpSetTimeouts(handles.session, 0, connect_wait_ms, 0, 0)) return false;
    handles.server = http.WinHttpConnect(handles.session, host_.c_str(), port_, 0);
    if (!handles.server) return false;
    handles.request = http.WinHttpOpenRequest(handles.server, is_in ? L"RPC_IN_DATA" : L"RPC_OUT_DATA", path_.c_str(), nullptr, nullptr,
                                              accept_types, ssl_ ? WINHTTP_FLAG_SECURE : 0);
    // Logins are made here, and for nobody who did not ask for one.
    DWORD off = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_AUTHENTICATION;
    DWORD ignored = SECURITY_FLAG_IGNORE_CERT_CN_INVALID;
    return handles.request && http.WinHttpSetOption(handles.request, WINHTTP_OPTION_DISABLE_FEATURE, &off, sizeof off) &&
           (!any_host_name_ || http.WinHttpSetOption(handles.request, WINHTTP_OPTION_SECURITY_FLAGS, &ignored, sizeof ignored)) &&
           http.WinHttpAddRequestHeaders(handles.request, headers_.c_str(), static_cast<DWORD>(-1), WINHTTP_ADDREQ_FLAG_ADD);
}

Status HttpRoute::open(const WinHttp& http, bool is_in, HttpHandles& handles) const {
    if (try_open(http, is_in, handles)) return Status::ok;
    const DWORD error = GetLastError();
    handles.close(http);
    RPC_LOG(warn, "a request over HTTP cannot be made: error %lu", error);
    note_error(ErrorComponent::runtime, error, detected::none);
    return error == ERROR_NOT_ENOUGH_MEMORY ? Status::out_of_memory : Status::out_of_resources;
}

bool HttpRoute::same_server(const HttpRoute& other) const {
    return port_ == other.port_ && ssl_ == other.ssl_ && std::wcscmp(host_.c_str(), other.host_.c_str()) == 0 &&
           std::wcscmp(proxy_.c_str(), other.proxy_.c_str()) == 0;
}

Status HttpRoute::begin_turn(bool takes_turn, uint64_t until) const {
    Guard g(g_turns.mutex);
    for (size_t i = 0; i < g_turns.routes.size();) {
        if (!same_server(*g_turns.routes[i])) {
            ++i;
            continue;
        }
        const uint64_t now = os::now_ms();
        if (now >= until) return Status::server_unavailable;
        g_turns.changed.wait(g_turns.mutex, until - now < 60000 ? static_cast<uint32_t>(until - now) : 60000);
        i = 0;
    }
    return !takes_turn || g_turns.routes.push_back(this) ? Status::ok : Status::out_of_memory;
}

void HttpRoute::end_turn() const {
    Guard g(g_turns.mutex);
    for (size_t i = 0; i < g_turns.routes.size(); ++i)
        if (g_turns.routes[i] == this) {
            g_turns.routes.erase(i);
            break;
        }
    g_turns.changed.wake_all();
}

bool HttpChannel::listen(WINHTTP_STATUS_CALLBACK callback) {
    auto context = reinterpret_cast<DWORD_PTR>(this);
    if (!http.WinHttpSetOption(handles.request, WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof context)) return false;
    add_ref();
    stream->add_ref();
    if (http.WinHttpSetStatusCallback(handles.request, callback, WINHTTP_CALLBACK_FLAG_ALL_NOTIFICATIONS, 0) !=
        WINHTTP_INVALID_STATUS_CALLBACK)
        return true;
    stream->release();
    release();
    return false;
}

}  // namespace rpc::io
