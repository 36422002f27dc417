#pragma once
// Where log lines go: the platform half of log.h.
#include <cstddef>

namespace rpc::log {

// The first line of a process: version, arch and path of the DLL, and the program.
void sink_banner();
// One whole line, written in one piece so that processes sharing a file do not mix. Never fails loudly.
void sink_write(const char* line, size_t length);

}  // namespace rpc::log
