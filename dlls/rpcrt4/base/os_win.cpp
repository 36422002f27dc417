#include "base/os.h"

#include <windows.h>
#include <winternl.h>

#include <cstring>

#include "base/alloc.h"
#include "base/mutex.h"

extern "C" PEB* NTAPI RtlGetCurrentPeb(void);

namespace rpc {

bool Condition::wait(Mutex& m, uint32_t timeout_ms) {
    return SleepConditionVariableSRW(&condition_, &m.lock_, timeout_ms == wait_forever ? INFINITE : timeout_ms, 0);
}
void Condition::wake_one() { WakeConditionVariable(&condition_); }
void Condition::wake_all() { WakeAllConditionVariable(&condition_); }

namespace os {

uint64_t now_ms() { return GetTickCount64(); }

uint64_t now_us() {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    const auto ticks = static_cast<uint64_t>(count.QuadPart), second = static_cast<uint64_t>(frequency.QuadPart);
    return ticks / second * 1000000 + ticks % second * 1000000 / second;
}

uint64_t system_time() {
    FILETIME t;
    GetSystemTimeAsFileTime(&t);
    return static_cast<uint64_t>(t.dwHighDateTime) << 32 | t.dwLowDateTime;
}

void sleep_ms(uint32_t ms) { Sleep(ms); }
size_t computer_name(char16_t* out, size_t capacity) {
    auto size = static_cast<DWORD>(capacity);
    return GetComputerNameExW(ComputerNameDnsHostname, reinterpret_cast<wchar_t*>(out), &size) ? size : 0;
}
uint32_t process_id() { return GetCurrentProcessId(); }
uint32_t thread_id() { return GetCurrentThreadId(); }

namespace {
// Another thread may hold the loader lock, and wait for this one.
constexpr DWORD longest_start_ms = 1000;

struct Start {
    void (*entry)(void*);
    void* arg;
    HANDLE runs;
};
DWORD WINAPI thread_main(void* p) {
    Start start = *static_cast<Start*>(p);
    mem_free(p);
    if (start.runs) SetEvent(start.runs);  // its last use here: who waits closes it
    start.entry(start.arg);
    return 0;
}
}  // namespace

// PEB.LoaderLock, which winternl.h does not name.
bool holds_loader_lock() {
    constexpr size_t offset = sizeof(void*) == 8 ? 0x110 : 0xA0;
    auto* peb = reinterpret_cast<const uint8_t*>(RtlGetCurrentPeb());
    RTL_CRITICAL_SECTION* lock;
    std::memcpy(&lock, peb + offset, sizeof lock);
    return lock && lock->OwningThread == reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(GetCurrentThreadId()));
}

Status start_thread(void (*entry)(void*), void* arg, size_t stack_size) {
    // Wine crashes when a process ends while a thread of it comes into being, and a program may well end right behind this.
    HANDLE runs = nullptr;
    if (!holds_loader_lock() && !(runs = CreateEventW(nullptr, TRUE, FALSE, nullptr))) return Status::out_of_memory;
    Start* start = make<Start>(Start{entry, arg, runs});
    HANDLE thread = start ? CreateThread(nullptr, stack_size, thread_main, start, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr) : nullptr;
    const HANDLE either[] = {runs, thread};
    const bool late = thread && runs && WaitForMultipleObjects(2, either, FALSE, longest_start_ms) == WAIT_TIMEOUT;
    if (runs && !late) CloseHandle(runs);  // else it stays: the thread will set it
    if (!thread) {
        mem_free(start);
        return Status::out_of_memory;
    }
    CloseHandle(thread);
    return Status::ok;
}

size_t environment(const char* name, char* out, size_t capacity) {
    wchar_t wide_name[64], wide[512];
    if (MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 64) == 0) return 0;
    const DWORD n = GetEnvironmentVariableW(wide_name, wide, 512);
    if (n == 0 || n >= 512) return 0;
    const int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, static_cast<int>(capacity), nullptr, nullptr);
    return size > 0 ? static_cast<size_t>(size) - 1 : 0;
}

}  // namespace os
}  // namespace rpc
