#include <windows.h>

#include "base/log.h"
#include "base/log_sink.h"
#include "base/os.h"
#include "base/version.h"

extern "C" IMAGE_DOS_HEADER __ImageBase;

namespace rpc::log {
namespace {

std::atomic<HANDLE> g_file{nullptr};

HANDLE open_sink() {
    char path[MAX_PATH];
    if (os::environment("RPCRT4_LOG_PATH", path, sizeof path) == 0) return GetStdHandle(STD_ERROR_HANDLE);
    return CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, nullptr);
}

HANDLE sink() {
    HANDLE file = g_file.load();
    if (file) return file;
    HANDLE opened = open_sink();
    if (!opened) opened = INVALID_HANDLE_VALUE;
    if (g_file.compare_exchange_strong(file, opened)) return opened;
    if (opened != INVALID_HANDLE_VALUE && opened != GetStdHandle(STD_ERROR_HANDLE)) CloseHandle(opened);
    return file;
}

}  // namespace

void sink_banner() {
    char path[MAX_PATH] = "?";
    GetModuleFileNameA(reinterpret_cast<HMODULE>(&__ImageBase), path, MAX_PATH);
    write(Level::info, "rpcrt4 " RPCRT4_VERSION " %s %s", sizeof(void*) == 8 ? "x64" : "x86", path);
}

void sink_write(const char* line, size_t length) {
    HANDLE file = sink();
    DWORD written;
    if (file != INVALID_HANDLE_VALUE) WriteFile(file, line, static_cast<DWORD>(length), &written, nullptr);
}

}  // namespace rpc::log
