#pragma once
// ncalrpc as Wine has it: the pipe \\.\pipe\lrpc\<endpoint>, carrying connection-oriented PDUs.
#include "io/protocols.h"

namespace rpc::io {

bool lrpc_endpoint_valid(std::string_view endpoint);
Status lrpc_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
Status lrpc_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor);

}  // namespace rpc::io
