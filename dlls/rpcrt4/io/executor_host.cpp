#include "io/executor_host.h"

#include <pthread.h>

#include "base/mutex.h"
#include "io/deliver.h"

namespace rpc::io {
namespace {

constexpr unsigned max_threads = 256;

struct Pool {
    Mutex mutex;
    Condition wake;
    WorkList queue GUARDED_BY(mutex);
    unsigned threads GUARDED_BY(mutex) = 0;
    unsigned waiting GUARDED_BY(mutex) = 0;
    bool stopping GUARDED_BY(mutex) = false;
    bool held GUARDED_BY(mutex) = false;
    pthread_t ids[max_threads] GUARDED_BY(mutex);
};

Pool& pool() {
    static Pool* p = new Pool;  // never destroyed: a thread may outlive main
    return *p;
}

void* worker(void*);

// Whoever is about to run something makes sure that another thread waits.
Status add_waiter(Pool& p) REQUIRES(p.mutex) {
    if (p.waiting != 0 || p.threads == max_threads) return Status::ok;
    if (pthread_create(&p.ids[p.threads], nullptr, worker, nullptr) != 0)
        return p.threads == 0 ? Status::out_of_resources : Status::ok;
    ++p.threads;
    ++p.waiting;
    return Status::ok;
}

void* worker(void*) {
    Pool& p = pool();
    p.mutex.lock();
    for (;;) {  // counted as waiting here
        while (p.queue.empty() && !(p.stopping && p.waiting == p.threads)) p.wake.wait(p.mutex);
        Work* work = p.queue.pop_front();
        if (!work) break;  // stopping, and nobody runs anything that could submit
        --p.waiting;
        (void)add_waiter(p);
        p.mutex.unlock();
        work->run();
        p.mutex.lock();
        ++p.waiting;
        if (p.stopping) p.wake.wake_all();
    }
    p.mutex.unlock();
    return nullptr;
}

}  // namespace

Status start_executor() {
    Pool& p = pool();
    Guard g(p.mutex);
    return p.threads != 0 || p.held ? Status::ok : add_waiter(p);
}

void submit(Work& work) {
    Pool& p = pool();
    Guard g(p.mutex);
    p.queue.push_back(&work);
    p.wake.wake_one();
}

void set_thread_stack(size_t) {}  // the host's threads have what pthreads gives them

void about_to_wait() {}  // another thread waits already whenever one runs

void run_later(WorkList& later) {
    Work* last = later.pop_front();
    while (Work* work = later.pop_front()) submit(*work);
    if (last) last->run();
}

void stop_executor() {
    Pool& p = pool();
    unsigned joined = 0;
    p.mutex.lock();
    p.stopping = true;
    p.wake.wake_all();
    while (joined < p.threads) {  // draining the queue may start more
        pthread_t next = p.ids[joined++];
        p.mutex.unlock();
        pthread_join(next, nullptr);
        p.mutex.lock();
    }
    p.threads = p.waiting = 0;
    p.stopping = p.held = false;
    p.mutex.unlock();
}

void hold_submitted() {
    stop_executor();
    Pool& p = pool();
    Guard g(p.mutex);
    p.held = true;
}

void run_submitted() {
    Pool& p = pool();
    for (;;) {
        Work* work;
        {
            Guard g(p.mutex);
            work = p.queue.pop_front();
        }
        if (!work) return;
        work->run();
    }
}

unsigned executor_threads() {
    Pool& p = pool();
    Guard g(p.mutex);
    return p.threads;
}

}  // namespace rpc::io
