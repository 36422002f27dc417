#include "base/os.h"

#include <windows.h>

#include "base/alloc.h"
#include "base/mutex.h"

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
struct Start {
    void (*entry)(void*);
    void* arg;
};
DWORD WINAPI thread_main(void* p) {
    Start start = *static_cast<Start*>(p);
    mem_free(p);
    start.entry(start.arg);
    return 0;
}
}  // namespace

Status start_thread(void (*entry)(void*), void* arg, size_t stack_size) {
    Start* start = make<Start>(Start{entry, arg});
    if (!start) return Status::out_of_memory;
    HANDLE thread = CreateThread(nullptr, stack_size, thread_main, start, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
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
