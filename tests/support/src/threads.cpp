#include "support/threads.h"

static DWORD WINAPI run(void* context) {
    auto* work = static_cast<std::function<void()>*>(context);
    (*work)();
    delete work;
    return 0;
}

HANDLE run_on_thread(std::function<void()> work) {
    return CreateThread(nullptr, 0, run, new std::function<void()>(std::move(work)), 0, nullptr);
}

void run_detached(std::function<void()> work) {
    if (HANDLE thread = run_on_thread(std::move(work))) CloseHandle(thread);
}

bool run_elsewhere(std::function<void()> work, unsigned milliseconds) {
    HANDLE thread = run_on_thread(std::move(work));
    if (!thread) return false;
    const bool ended = WaitForSingleObject(thread, milliseconds) == WAIT_OBJECT_0;
    CloseHandle(thread);
    return ended;
}
