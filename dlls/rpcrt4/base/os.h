#pragma once
// The operating system, as portable rooms see it. Implementations: os_win.cpp and os_host.cpp. Any thread.
#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace rpc::os {

// Milliseconds since some fixed moment; never goes back.
uint64_t now_ms();
// Microseconds since some fixed moment of the machine, the same for all its processes; never goes back.
uint64_t now_us();
// 100 ns units since 1601-01-01 UTC (FILETIME).
uint64_t system_time();
void sleep_ms(uint32_t ms);
// This machine's unqualified DNS name in UTF-16, terminated, and its length without the terminator; 0 when it is not known or
// does not fit.
size_t computer_name(char16_t* out, size_t capacity);
uint32_t process_id();
uint32_t thread_id();
// Bytes nobody can predict. False when the system has no such source.
[[nodiscard]] bool random_bytes(void* out, size_t n);
// Whether the calling thread is inside of the loader, in a DllMain for instance: no thread that it starts runs before it has left.
bool holds_loader_lock();
// Runs `entry(arg)` on a detached thread, whose stack may grow to `stack_size` bytes; 0: the program's default. The thread runs when this
// returns, except under the loader lock. Out of resources: Status::out_of_memory.
[[nodiscard]] Status start_thread(void (*entry)(void*), void* arg, size_t stack_size = 0);
// Copies the variable's value (UTF-8, terminated) to `out`; the length without the terminator, 0 when unset or it does
// not fit.
size_t environment(const char* name, char* out, size_t capacity);

}  // namespace rpc::os
