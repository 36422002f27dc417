#pragma once
// Threads of the tests' own.
#include <windows.h>
#include <functional>

// Runs `work` on a new thread; the handle is the caller's to close. NULL when the system refused.
HANDLE run_on_thread(std::function<void()> work);
void run_detached(std::function<void()> work);
// Runs `work` on another thread and waits for it. False when it did not end in time.
bool run_elsewhere(std::function<void()> work, unsigned milliseconds = 10000);
