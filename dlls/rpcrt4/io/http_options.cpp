#include "io/http_options.h"

#include "wire/tower.h"

namespace rpc::io {
namespace {

using std::string_view;

bool same_text(string_view a, string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

// host[:port]; an IPv6 address with a port stands in brackets, which the host keeps.
bool split_host(string_view text, string_view& host, uint16_t& port) {
    const size_t colon = text.rfind(':');
    const bool bare_v6 = text.find(':') != colon && !text.empty() && text.front() != '[';
    const bool inside = colon != text.npos && text.find(']', colon) != text.npos;
    if (colon == text.npos || bare_v6 || inside) {
        host = text;
        return !text.empty();
    }
    host = text.substr(0, colon);
    return !host.empty() && wire::parse_port(text.substr(colon + 1), port) && port != 0;
}

bool set_option(string_view name, string_view value, HttpOptions& out) {
    string_view host;
    uint16_t port = 0;
    if (same_text(name, "RpcProxy") && out.rpc_proxy.empty()) return split_host(value, out.rpc_proxy, out.rpc_proxy_port);
    if (same_text(name, "HttpProxy") && out.http_proxy.empty()) {
        out.http_proxy = value;
        return split_host(value, host, port);
    }
    if (same_text(name, "HttpConnectionOption") && !out.use_http_proxy) {
        out.use_http_proxy = true;
        return same_text(value, "UseHttpProxy");
    }
    return false;
}

}  // namespace

Status parse_http_options(string_view options, HttpOptions& out) {
    out = {};
    while (!options.empty()) {
        const size_t comma = options.find(',');
        const string_view one = options.substr(0, comma);
        const size_t equals = one.find('=');
        if (equals == one.npos || !set_option(one.substr(0, equals), one.substr(equals + 1), out)) return Status::invalid_network_options;
        options = comma == options.npos ? string_view() : options.substr(comma + 1);
    }
    return Status::ok;
}

}  // namespace rpc::io
