#pragma once
// The options of a string binding for ncacn_http. Pure; any thread. Source: documentation page "Using HTTP as an RPC Transport".
#include <string_view>

#include "base/status.h"

namespace rpc::io {

struct HttpOptions {
    std::string_view rpc_proxy;  // RpcProxy=host[:port]: the host; empty: the server's own machine
    uint16_t rpc_proxy_port = 0;  // 0: HTTP's or HTTPS' own
    std::string_view http_proxy;  // HttpProxy=host[:port], whole; empty: none
    bool use_http_proxy = false;  // HttpConnectionOption=UseHttpProxy: through the HTTP proxy even where a direct way was found
};

// `options` as a string binding has them: name=value, a comma between two; names without case. The result points into it.
// invalid_network_options: an unknown name, a name twice, an empty value, a port that is none.
Status parse_http_options(std::string_view options, HttpOptions& out);

}  // namespace rpc::io
