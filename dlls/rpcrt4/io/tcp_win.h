#pragma once
// ncacn_ip_tcp: the endpoint is a port in decimal; IPv4 and IPv6.
#include "io/protocols.h"

namespace rpc::io {

bool tcp_endpoint_valid(std::string_view endpoint);
Status tcp_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
Status tcp_listen(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor);

}  // namespace rpc::io
