#include "runtime/handle_table.h"

#include "base/mutex.h"

namespace rpc::runtime::handle_table {
namespace {

// Open addressing; a shard's lock is held for a few probes only.
struct Shard {
    struct Entry {
        const void* handle;
        HandleKind kind;
    };
    Mutex mutex;
    Entry* entries GUARDED_BY(mutex) = nullptr;
    size_t capacity GUARDED_BY(mutex) = 0;  // a power of two, or 0
    size_t used GUARDED_BY(mutex) = 0;      // entries and tombs

    static size_t hash(const void* handle) {
        return static_cast<size_t>((reinterpret_cast<uintptr_t>(handle) * 0x9E3779B97F4A7C15ull) >> 20);
    }
    Entry* find(const void* handle) REQUIRES(mutex) {
        if (capacity == 0 || !handle) return nullptr;
        for (size_t i = hash(handle);; ++i) {
            Entry& e = entries[i & (capacity - 1)];
            if (e.handle == handle) return &e;
            if (!e.handle) return nullptr;
        }
    }
    void put(const void* handle, HandleKind kind) REQUIRES(mutex) {
        size_t i = hash(handle);
        while (entries[i & (capacity - 1)].handle) ++i;
        entries[i & (capacity - 1)] = {handle, kind};
        ++used;
    }
    // A tomb is needed only where a probe for another handle may pass by.
    void bury(Entry& entry) REQUIRES(mutex);
    bool grow() REQUIRES(mutex);
};

const char g_tomb = 0;  // its address marks a removed entry
constexpr size_t shard_count = 16;
constinit Shard g_shards[shard_count];

Shard& shard_of(const void* handle) { return g_shards[(reinterpret_cast<uintptr_t>(handle) >> 5) % shard_count]; }

void Shard::bury(Entry& entry) {
    entry = {&g_tomb, HandleKind::none};
    size_t i = static_cast<size_t>(&entry - entries);
    if (entries[(i + 1) & (capacity - 1)].handle) return;
    for (; entries[i & (capacity - 1)].handle == &g_tomb; --i, --used) entries[i & (capacity - 1)].handle = nullptr;
}

bool Shard::grow() {
    size_t live = 0;
    for (size_t i = 0; i < capacity; ++i) live += entries[i].handle && entries[i].handle != &g_tomb;
    size_t size = 16;
    while (size < live * 4) size *= 2;
    auto made = static_cast<Entry*>(mem_alloc_zeroed(size * sizeof(Entry)));
    if (!made) return false;
    Entry* old = entries;
    size_t old_capacity = capacity;
    entries = made;
    capacity = size;
    used = 0;
    for (size_t i = 0; i < old_capacity; ++i)
        if (old[i].handle && old[i].handle != &g_tomb) put(old[i].handle, old[i].kind);
    mem_free(old);
    return true;
}

}  // namespace

Status add(const void* handle, HandleKind kind) {
    Shard& shard = shard_of(handle);
    Guard g(shard.mutex);
    if ((shard.used + 1) * 2 > shard.capacity && !shard.grow()) return Status::out_of_memory;
    shard.put(handle, kind);
    return Status::ok;
}

bool remove(const void* handle) {
    Shard& shard = shard_of(handle);
    Guard g(shard.mutex);
    Shard::Entry* entry = shard.find(handle);
    if (!entry) return false;
    shard.bury(*entry);
    return true;
}

HandleKind kind_of(const void* handle) {
    Shard& shard = shard_of(handle);
    Guard g(shard.mutex);
    Shard::Entry* entry = shard.find(handle);
    return entry ? entry->kind : HandleKind::none;
}

bool with(const void* handle, HandleKind kind, bool (*take)(const void* handle)) {
    Shard& shard = shard_of(handle);
    Guard g(shard.mutex);
    Shard::Entry* entry = shard.find(handle);
    return entry && entry->kind == kind && take(handle);
}

}  // namespace rpc::runtime::handle_table
