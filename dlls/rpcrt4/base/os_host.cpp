#include "base/os.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/alloc.h"
#include "base/mutex.h"

namespace rpc {

bool Condition::wait(Mutex& m, uint32_t timeout_ms) {
    if (timeout_ms == wait_forever) return pthread_cond_wait(&condition_, &m.lock_) == 0;
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += static_cast<long>(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        ++until.tv_sec;
    }
    return pthread_cond_timedwait(&condition_, &m.lock_, &until) == 0;
}
void Condition::wake_one() { pthread_cond_signal(&condition_); }
void Condition::wake_all() { pthread_cond_broadcast(&condition_); }

namespace os {

uint64_t now_ms() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1000 + static_cast<uint64_t>(t.tv_nsec) / 1000000;
}

uint64_t now_us() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

uint64_t system_time() {
    constexpr uint64_t seconds_1601_to_1970 = 11644473600;
    timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (static_cast<uint64_t>(t.tv_sec) + seconds_1601_to_1970) * 10000000 + static_cast<uint64_t>(t.tv_nsec) / 100;
}

void sleep_ms(uint32_t ms) { usleep(ms * 1000); }
size_t computer_name(char16_t* out, size_t capacity) {
    char name[256];
    if (gethostname(name, sizeof name) != 0) return 0;
    name[strcspn(name, ".")] = 0;
    const size_t length = strlen(name);
    if (length >= capacity) return 0;
    for (size_t i = 0; i <= length; ++i) out[i] = static_cast<unsigned char>(name[i]);
    return length;
}
uint32_t process_id() { return static_cast<uint32_t>(getpid()); }
uint32_t thread_id() { return static_cast<uint32_t>(syscall(SYS_gettid)); }
bool random_bytes(void* out, size_t n) { return getrandom(out, n, 0) == static_cast<ssize_t>(n); }

namespace {
struct Start {
    void (*entry)(void*);
    void* arg;
};
void* thread_main(void* p) {
    Start start = *static_cast<Start*>(p);
    mem_free(p);
    start.entry(start.arg);
    return nullptr;
}
}  // namespace

bool holds_loader_lock() { return false; }
Status start_thread(void (*entry)(void*), void* arg, size_t) {
    Start* start = make<Start>(Start{entry, arg});
    if (!start) return Status::out_of_memory;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, thread_main, start) != 0) {
        mem_free(start);
        return Status::out_of_memory;
    }
    pthread_detach(thread);
    return Status::ok;
}

size_t environment(const char* name, char* out, size_t capacity) {
    const char* value = getenv(name);
    size_t n = value ? strlen(value) : 0;
    if (n == 0 || n >= capacity) return 0;
    memcpy(out, value, n + 1);
    return n;
}

}  // namespace os
}  // namespace rpc
