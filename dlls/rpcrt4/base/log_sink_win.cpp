#include <windows.h>

#include "base/log.h"
#include "base/log_sink.h"
#include "base/os.h"
#include "base/version.h"

extern "C" IMAGE_DOS_HEADER __ImageBase;

namespace rpc::log {
namespace {

std::atomic<HANDLE> g_file{nullptr};
std::atomic<HANDLE> g_turn{nullptr};  // a mutex that every process of the session shares

constexpr DWORD turn_patience_ms = 1000;  // a suspended writer must not stop the others

HANDLE open_sink() {
    char path[MAX_PATH];
    if (os::environment("RPCRT4_LOG_PATH", path, sizeof path) == 0) return GetStdHandle(STD_ERROR_HANDLE);
    return CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                       OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
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

// Wine appends in two steps, finding the end and writing there: lines of two writers could land on one place. False:
// written without a turn.
bool take_turn(HANDLE& turn) {
    turn = g_turn.load();
    if (!turn) {
        HANDLE opened = CreateMutexW(nullptr, FALSE, L"rpcrt4-log");
        if (!opened) return false;
        if (g_turn.compare_exchange_strong(turn, opened))
            turn = opened;
        else
            CloseHandle(opened);
    }
    const DWORD waited = WaitForSingleObject(turn, turn_patience_ms);
    return waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED;
}

}  // namespace

void sink_banner() {
    char path[MAX_PATH] = "?";
    GetModuleFileNameA(reinterpret_cast<HMODULE>(&__ImageBase), path, MAX_PATH);
    write(Level::info, "rpcrt4 " RPCRT4_VERSION " %s %s", sizeof(void*) == 8 ? "x64" : "x86", path);
}

void sink_write(const char* line, size_t length) {
    HANDLE file = sink(), turn;
    if (file == INVALID_HANDLE_VALUE) return;
    const DWORD error = GetLastError();  // a log line changes nothing that a program can see
    const bool mine = take_turn(turn);
    DWORD written;
    WriteFile(file, line, static_cast<DWORD>(length), &written, nullptr);
    if (mine) ReleaseMutex(turn);
    SetLastError(error);
}

}  // namespace rpc::log
