#include "base/append_file.h"

#include <windows.h>

namespace rpc {
namespace {

constexpr DWORD turn_patience_ms = 1000;  // a suspended writer must not stop the others

// A mutex that every process of the session shares.
constinit std::atomic<HANDLE> g_turn{nullptr};

// Wine appends in two steps, finding the end and writing there: what two writers append could land on one place. False:
// written without a turn.
bool take_turn(HANDLE& turn) {
    turn = g_turn.load();
    if (!turn) {
        HANDLE opened = CreateMutexW(nullptr, FALSE, L"rpcrt4-append");
        if (!opened) return false;
        if (g_turn.compare_exchange_strong(turn, opened))
            turn = opened;
        else
            CloseHandle(opened);
    }
    const DWORD waited = WaitForSingleObject(turn, turn_patience_ms);
    return waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED;
}

HANDLE open_file(const char* path) {
    if (!path) return GetStdHandle(STD_ERROR_HANDLE);
    wchar_t wide[MAX_PATH];
    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, MAX_PATH) == 0) return INVALID_HANDLE_VALUE;
    return CreateFileW(wide, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, nullptr);
}

}  // namespace

bool AppendFile::open(const char* path) {
    HANDLE file = file_.load();
    if (!file) {
        HANDLE opened = open_file(path);
        if (!opened) opened = INVALID_HANDLE_VALUE;
        if (file_.compare_exchange_strong(file, opened))
            file = opened;
        else if (path && opened != INVALID_HANDLE_VALUE)
            CloseHandle(opened);
    }
    return file != INVALID_HANDLE_VALUE;
}

void AppendFile::append(ByteView bytes) {
    HANDLE file = file_.load(), turn;
    if (!file || file == INVALID_HANDLE_VALUE) return;
    const DWORD error = GetLastError();
    const bool mine = take_turn(turn);
    DWORD written;
    WriteFile(file, bytes.data(), static_cast<DWORD>(bytes.size()), &written, nullptr);
    if (mine) ReleaseMutex(turn);
    SetLastError(error);
}

}  // namespace rpc
