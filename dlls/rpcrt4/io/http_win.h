#pragma once
// ncacn_http: RPC over HTTP v2 by way of an RPC proxy, the client's side. Sources: [MS-RPCH] 2.1.2.1, 2.2.2; documentation page "Using
// HTTP as an RPC Transport".
#include "io/protocols.h"

namespace rpc::io {

bool http_endpoint_valid(std::string_view endpoint);  // the TCP port at which the RPC proxy finds the server
bool http_options_valid(std::string_view options);
Status http_connect(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);

}  // namespace rpc::io
