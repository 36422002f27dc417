#pragma once
// The rows behind io/protocols.h: protocols_win.cpp or protocols_host.cpp.
#include <span>

#include "io/protocols.h"

namespace rpc::io {

// Names in lower case.
std::span<const Protocol> protocol_rows();

}  // namespace rpc::io
