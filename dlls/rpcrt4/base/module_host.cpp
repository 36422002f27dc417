#include <pthread.h>

#include <atomic>

#include "base/module.h"

namespace rpc {
namespace {

std::atomic<void (*)(void*)> g_release[thread_slots];  // every thread stores the same
pthread_key_t g_key[thread_slots];
pthread_once_t g_once = PTHREAD_ONCE_INIT;

template <size_t slot>
void release(void* value) {
    if (auto function = g_release[slot].load(std::memory_order_acquire)) function(value);
}

void make_keys() {
    pthread_key_create(&g_key[0], release<0>);
    pthread_key_create(&g_key[1], release<1>);
}

}  // namespace

Status pin_module() { return Status::ok; }
bool module_attach() { return true; }
void module_thread_detach() {}
void module_detach() {}

void* thread_slot(ThreadSlot slot) {
    pthread_once(&g_once, make_keys);
    return pthread_getspecific(g_key[static_cast<size_t>(slot)]);
}

bool set_thread_slot(ThreadSlot slot, void* value) {
    pthread_once(&g_once, make_keys);
    return pthread_setspecific(g_key[static_cast<size_t>(slot)], value) == 0;
}

void set_thread_exit(ThreadSlot slot, void (*release)(void*)) {
    g_release[static_cast<size_t>(slot)].store(release, std::memory_order_release);
}

}  // namespace rpc
