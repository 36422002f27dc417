#pragma once
// ncacn_np: the endpoint \pipe\NAME is the pipe \\.\pipe\NAME here and \\server\pipe\NAME elsewhere.
#include "io/protocols.h"

namespace rpc::io {

bool named_pipe_endpoint_valid(std::string_view endpoint);
Status named_pipe_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
Status named_pipe_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink,
                         Ref<Acceptor>& acceptor);

}  // namespace rpc::io
