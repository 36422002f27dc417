#include "runtime/object_map.h"

#include <atomic>

#include "base/guard.h"
#include "base/mutex.h"
#include "base/vector.h"
#include "runtime/convert.h"

namespace rpc::runtime::object_map {
namespace {

struct Entry {
    Uuid object;
    Uuid type;
};

struct Map {
    Mutex mutex;
    Vector<Entry> entries GUARDED_BY(mutex);
};
constinit Map g_map;
constinit std::atomic<Inquiry> g_inquiry{nullptr};

bool find(const Uuid& object, Uuid& type) {
    Guard g(g_map.mutex);
    for (const Entry& e : g_map.entries)
        if (e.object == object) {
            type = e.type;
            return true;
        }
    return false;
}

}  // namespace

Status set_type(const Uuid& object, const Uuid& type) {
    if (object == Uuid{}) return Status::invalid_object;
    Guard g(g_map.mutex);
    for (size_t i = 0; i < g_map.entries.size(); ++i) {
        if (!(g_map.entries[i].object == object)) continue;
        if (!(type == Uuid{})) return Status::already_registered;
        g_map.entries.erase(i);
        return Status::ok;
    }
    if (type == Uuid{}) return Status::ok;
    return g_map.entries.push_back({object, type}) ? Status::ok : Status::out_of_memory;
}

void set_inquiry(Inquiry inquiry) {
    g_inquiry = inquiry;
}

Status inquire_type(const Uuid& object, Uuid& type) {
    type = Uuid{};
    if (object == Uuid{}) return Status::ok;
    if (find(object, type)) return Status::ok;
    const Inquiry inquiry = g_inquiry;
    if (!inquiry) return Status::object_not_found;
    GUID asked, answer{};
    std::memcpy(static_cast<void*>(&asked), &object, sizeof asked);
    RPC_STATUS status = 0;
    const uint32_t raised = call_guarded([&] { inquiry(&asked, &answer, &status); });
    if (raised != 0) return static_cast<Status>(raised);
    if (status == 0) type = to_uuid(answer);
    return static_cast<Status>(status);
}

}  // namespace rpc::runtime::object_map
