#include "io/http_win.h"
#include "io/lrpc_win.h"
#include "io/named_pipe_win.h"
#include "io/protocol_rows.h"
#include "io/tcp_win.h"

namespace rpc::io {
namespace {

constexpr Protocol rows[] = {
    {"ncalrpc", true, lrpc_endpoint_valid, lrpc_connect, lrpc_listen},
    {"ncacn_np", false, named_pipe_endpoint_valid, named_pipe_connect, named_pipe_listen},
    {"ncacn_ip_tcp", false, tcp_endpoint_valid, tcp_connect, tcp_listen},
    // Half of the smallest window ([MS-RPCH] 2.2.3.5.1): a fragment that needs more room than a receiver acknowledges waits for ever.
    {"ncacn_http", false, http_endpoint_valid, http_connect, nullptr, http_options_valid, true, 4096},
};

}  // namespace

std::span<const Protocol> protocol_rows() { return rows; }

}  // namespace rpc::io
