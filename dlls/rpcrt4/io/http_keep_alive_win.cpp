#include "io/http_keep_alive_win.h"

#include "base/module.h"
#include "base/os.h"

namespace rpc::io {
namespace {

// A quarter of the shortest connection time-out that there may be: a ping goes out before half of it is over.
constexpr uint32_t look_every_ms = 30000;

struct Table {
    Mutex mutex;
    Condition changed;
    List<HttpStream, InKeepAlive> streams GUARDED_BY(mutex);
    bool running GUARDED_BY(mutex) = false;
};
constinit Table g_table;

void look_at_all() {
    Guard g(g_table.mutex);
    const size_t count = g_table.streams.count();
    g.unlock();
    for (size_t i = 0; i < count; ++i) {
        Ref<HttpStream> stream;
        {
            Guard turn(g_table.mutex);
            HttpStream* first = g_table.streams.pop_front();
            if (!first) return;
            g_table.streams.push_back(first);
            if (first->try_add_ref()) stream = Ref<HttpStream>::adopt(first);
        }
        if (stream) stream->keep_alive();
    }
}

void keeper(void*) {
    for (;;) {
        {
            Guard g(g_table.mutex);
            while (g_table.streams.empty()) g_table.changed.wait(g_table.mutex);
        }
        os::sleep_ms(look_every_ms);
        look_at_all();
    }
}

}  // namespace

Status begin_keep_alive(HttpStream& stream) {
    RPC_TRY(pin_module());  // before the thread: it never ends
    Guard g(g_table.mutex);
    if (!g_table.running) RPC_TRY(os::start_thread(keeper, nullptr));
    g_table.running = true;
    g_table.streams.push_back(&stream);
    g_table.changed.wake_all();
    return Status::ok;
}

void forget_keep_alive(HttpStream& stream) {
    Guard g(g_table.mutex);
    if (stream.ListLink<InKeepAlive>::linked()) g_table.streams.remove(&stream);
}

}  // namespace rpc::io
