#include <windows.h>

#include "base/append_file.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "base/os.h"
#include "base/version.h"

extern "C" IMAGE_DOS_HEADER __ImageBase;

namespace rpc::log {
namespace {

constinit AppendFile g_file;

bool open_file() {
    char path[MAX_PATH];
    return g_file.open(os::environment("RPCRT4_LOG_PATH", path, sizeof path) != 0 ? path : nullptr);
}

}  // namespace

void sink_banner() {
    char path[MAX_PATH] = "?", program[MAX_PATH] = "?";
    GetModuleFileNameA(reinterpret_cast<HMODULE>(&__ImageBase), path, MAX_PATH);
    GetModuleFileNameA(nullptr, program, MAX_PATH);
    write(Level::info, "rpcrt4 " RPCRT4_VERSION " %s %s in %s", sizeof(void*) == 8 ? "x64" : "x86", path, program);
}

void sink_write(const char* line, size_t length) {
    if (open_file()) g_file.append({reinterpret_cast<const uint8_t*>(line), length});
}

}  // namespace rpc::log
