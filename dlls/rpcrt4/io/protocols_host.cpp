#include "io/loopback.h"
#include "io/protocol_rows.h"

namespace rpc::io {
namespace {

constexpr Protocol rows[] = {
    {"ncalrpc", true, loopback_endpoint_valid, loopback_connect, loopback_listen},
};

}  // namespace

std::span<const Protocol> protocol_rows() { return rows; }

}  // namespace rpc::io
