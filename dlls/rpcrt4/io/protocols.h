#pragma once
// THE table of protocol sequences: a transport is one file and one row here.
#include "io/http_credentials.h"
#include "io/transport.h"

namespace rpc::io {

struct Address {
    Str network_address;  // "" = this machine
    Str endpoint;
    Str options;  // as in a string binding
    Ref<const HttpCredentials> http;  // for the login at an RPC proxy; null: none
    Ref<const HttpCookie> cookie;     // of every request to it; null: none

    // False when memory is out.
    [[nodiscard]] bool assign(std::string_view to_network_address, std::string_view to_endpoint, std::string_view to_options = {}) {
        return network_address.assign(to_network_address) && endpoint.assign(to_endpoint) && options.assign(to_options);
    }
};

struct Protocol {
    const char* name;  // as string bindings spell it: "ncalrpc", "ncacn_np", "ncacn_ip_tcp", "ncacn_http"
    bool local_only;   // ncalrpc: no network address
    // Whether the text can be an endpoint of this protocol (RPC_S_INVALID_ENDPOINT_FORMAT otherwise).
    bool (*endpoint_valid)(std::string_view endpoint);
    // Connects, waiting at most `timeout_ms`. server_unavailable when nobody listens there, server_too_busy when the
    // endpoint is out of instances, invalid_net_addr for an address that cannot be, access_denied. What the system said is
    // noted (base/error_record.h).
    Status (*connect)(const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
    // Listens. An empty endpoint asks for a dynamic one. duplicate_endpoint when it is taken, cant_create_endpoint,
    // invalid_endpoint_format. `sink` must outlive the acceptor's close(). Needs start_executor(). `acceptor` is
    // set before the first on_accept comes, which may be before this returns. Null: for clients alone.
    Status (*listen)(std::string_view endpoint, const ListenOptions& options, AcceptSink& sink, Ref<Acceptor>& acceptor);
    // Whether the text can be the options of this protocol (RPC_S_INVALID_NETWORK_OPTIONS otherwise). Null: it has none that mean
    // anything here, and takes any.
    bool (*options_valid)(std::string_view options) = nullptr;
    bool takes_http_credentials = false;
    // The largest fragment that a client offers here, in bytes; a multiple of 8.
    uint16_t largest_fragment = 0xFFF8;
};

// Null when the name is not a protocol sequence that this build carries. Case does not matter.
const Protocol* find_protocol(std::string_view name);
// protocol.connect, the stream being captured where that is asked for (io/capture.h).
Status connect(const Protocol& protocol, const Address& address, uint32_t timeout_ms, Ref<Stream>& stream);
// Row by row, for those who list them; null past the last.
const Protocol* protocol_at(size_t index);

}  // namespace rpc::io
