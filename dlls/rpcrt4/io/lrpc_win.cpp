#include "io/lrpc_win.h"

#include "base/error_record.h"
#include "io/pipe_stream_win.h"

namespace rpc::io {
namespace {

Status path_of(std::string_view endpoint, WidePath& path) {
    if (!lrpc_endpoint_valid(endpoint)) return Status::invalid_endpoint_format;
    return path.append("\\\\.\\pipe\\lrpc\\") && path.append(endpoint) ? Status::ok : Status::out_of_memory;
}

}  // namespace

// Backslashes are no stranger than other characters: COM under Wine listens on ncalrpc:[\pipe\OLE_...].
bool lrpc_endpoint_valid(std::string_view endpoint) {
    return !endpoint.empty() && endpoint.size() <= 200 && endpoint.find('\0') == endpoint.npos;
}

Status lrpc_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    WidePath path;
    RPC_TRY(path_of(address.endpoint.view(), path));
    uint32_t error = 0;
    const Status status = pipe_connect(path.c_str(), true, timeout_ms, stream, error);
    if (failed(status))
        note_error(ErrorComponent::runtime, code(status),
                   status == Status::server_unavailable ? detected::lrpc_unavailable : detected::lrpc_connect, {error});
    return status;
}

Status lrpc_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor) {
    char dynamic[] = "LRPC-0123456789abcdef01";
    if (endpoint.empty()) {
        if (!random_digits(dynamic + 5, sizeof dynamic - 6)) return Status::cant_create_endpoint;
        endpoint = dynamic;
    }
    WidePath path;
    RPC_TRY(path_of(endpoint, path));
    return pipe_listen(path.c_str(), endpoint, {.local_only = true}, options, sink, acceptor);
}

}  // namespace rpc::io
