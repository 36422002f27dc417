#include <pthread.h>

#include "base/module.h"

namespace rpc {
namespace {

void (*g_release)(void*);
pthread_key_t g_key;
pthread_once_t g_once = PTHREAD_ONCE_INIT;

void make_key() {
    pthread_key_create(&g_key, [](void* value) {
        if (g_release) g_release(value);
    });
}

}  // namespace

Status pin_module() { return Status::ok; }
bool module_attach() { return true; }
void module_thread_detach() {}
void module_detach() {}

void* thread_slot() {
    pthread_once(&g_once, make_key);
    return pthread_getspecific(g_key);
}

bool set_thread_slot(void* value) {
    pthread_once(&g_once, make_key);
    return pthread_setspecific(g_key, value) == 0;
}

void set_thread_exit(void (*release)(void*)) { g_release = release; }

}  // namespace rpc
