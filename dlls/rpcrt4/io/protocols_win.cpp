#include "io/protocol_rows.h"

namespace rpc::io {

std::span<const Protocol> protocol_rows() { return {}; }

}  // namespace rpc::io
