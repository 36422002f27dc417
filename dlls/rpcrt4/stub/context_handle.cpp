#include "stub/context_handle.h"

#include <atomic>
#include <cstring>

#include "base/guard.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "base/uuid.h"
#include "runtime/message.h"

namespace rpc::stub {

namespace {

constexpr uint32_t client_magic = 0x43435043;  // "CPCC"
constexpr uint32_t dead_magic = 0xDEADC0DE;

struct ClientContext {
    uint32_t magic = client_magic;
    void* binding = nullptr;
    uint8_t wire[context_wire_size] = {};
};

Uuid uuid_of(const uint8_t* wire, bool big_endian) {
    Reader r({wire, context_wire_size}, big_endian);
    (void)r.u32();
    Uuid id;
    id.data1 = r.u32();
    id.data2 = r.u16();
    id.data3 = r.u16();
    std::memcpy(id.data4, r.bytes(8).data(), 8);
    return id;
}

void put_uuid(const Uuid& id, uint8_t* wire) {
    std::memset(wire, 0, 4);
    std::memcpy(wire + 4, &id, sizeof id);
}

Status check_client(void* context, ClientContext*& out) {
    ClientContext copy;
    if (!copy_guarded(static_cast<void*>(&copy), context, sizeof copy) || copy.magic != client_magic)
        return Status::invalid_handle;
    out = static_cast<ClientContext*>(context);
    return Status::ok;
}

struct InterfaceId {
    uint8_t bytes[20] = {};
    bool operator==(const InterfaceId&) const = default;
};

InterfaceId interface_id(const void* owner) {
    InterfaceId id;
    // RPC_SERVER_INTERFACE and RPC_CLIENT_INTERFACE begin alike: Length, then the identifier.
    if (owner) std::memcpy(id.bytes, static_cast<const uint8_t*>(owner) + 4, sizeof id.bytes);
    return id;
}

}  // namespace

// --- client ---------------------------------------------------------------------------------------------------------

Status client_context_binding(void* context, void*& binding) {
    if (!context) return Status::ss_in_null_context;
    ClientContext* c = nullptr;
    RPC_TRY(check_client(context, c));
    binding = c->binding;
    return Status::ok;
}

Status client_context_marshal(void* context, uint8_t* wire) {
    if (!context) {
        std::memset(wire, 0, context_wire_size);
        return Status::ok;
    }
    ClientContext* c = nullptr;
    RPC_TRY(check_client(context, c));
    std::memcpy(wire, c->wire, context_wire_size);
    return Status::ok;
}

Status client_context_unmarshal(void*& context, void* binding, const uint8_t* wire, bool big_endian) {
    Uuid id = uuid_of(wire, big_endian);
    if (id == Uuid()) return context ? client_context_destroy(context) : Status::ok;
    ClientContext* c = nullptr;
    if (context) RPC_TRY(check_client(context, c));
    if (!c) {
        Owned<ClientContext> made(make<ClientContext>());
        if (!made) return Status::out_of_memory;
        RPC_TRY(runtime::binding_copy(binding, &made->binding));
        c = made.release();
        context = c;
    }
    put_uuid(id, c->wire);
    return Status::ok;
}

Status client_context_destroy(void*& context) {
    ClientContext* c = nullptr;
    if (!context) return Status::ss_in_null_context;
    RPC_TRY(check_client(context, c));
    c->magic = dead_magic;
    Status status = runtime::binding_free(&c->binding);
    destroy(c);
    context = nullptr;
    return status;
}

// --- server ---------------------------------------------------------------------------------------------------------

// What NDR_SCONTEXT points at.
struct ContextFace {
    void* pad[2] = {};
    void* user = nullptr;
};

struct ServerContext : ContextFace, ListLink<> {
    Uuid id;
    InterfaceId owner;
    NDR_RUNDOWN rundown = nullptr;
    ContextLock lock;
    bool listed = false;  // guarded by the table's lock
    std::atomic<uint32_t> references{1};
};

namespace {

class ContextTable;
struct InTables;  // the tag of the list of all tables

// Observed, not owned: each belongs to its association.
struct Tables {
    Mutex mutex;
    List<ContextTable, InTables> list GUARDED_BY(mutex);
};
constinit Tables g_tables;
constinit std::atomic<bool> g_always_strict{false};

void run_down(ServerContext& c) {
    NDR_RUNDOWN rundown = c.rundown;
    void* value = std::exchange(c.user, nullptr);
    if (!value || !rundown) return;
    RPC_LOG(debug, "context handle run down: value %p", value);
    if (uint32_t raised = call_guarded([=] { rundown(value); })) RPC_LOG(warn, "a rundown routine raised %08x", raised);
}

class ContextTable final : public runtime::AssociationData, public ListLink<InTables> {
public:
    ContextTable() {
        Guard g(g_tables.mutex);
        g_tables.list.push_back(this);
    }
    // The client is gone: every handle that is left goes with it.
    ~ContextTable() override {
        {
            Guard g(g_tables.mutex);
            g_tables.list.remove(this);
        }
        while (ServerContext* c = contexts_.pop_front()) {
            c->listed = false;
            run_down(*c);
            server_context_release(c);
        }
    }
    static runtime::AssociationData* create() { return make_ref<ContextTable>().detach(); }

    // One handle of the interface, off the table, with the table's reference; or null.
    ServerContext* take(const InterfaceId& owner) EXCLUDES(lock_) {
        Guard g(lock_);
        for (ServerContext* c = contexts_.front(); c; c = contexts_.next(c))
            if (c->owner == owner) {
                c->listed = false;
                contexts_.remove(c);
                return c;
            }
        return nullptr;
    }

    ServerContext* find(const Uuid& id) EXCLUDES(lock_) {
        Guard g(lock_);
        for (ServerContext* c = contexts_.front(); c; c = contexts_.next(c))
            if (c->id == id) {
                c->references.fetch_add(1, std::memory_order_relaxed);
                return c;
            }
        return nullptr;
    }
    void add(ServerContext& c) EXCLUDES(lock_) {
        Guard g(lock_);
        if (c.listed) return;
        c.listed = true;
        c.references.fetch_add(1, std::memory_order_relaxed);
        contexts_.push_back(&c);
    }
    void remove(ServerContext& c) EXCLUDES(lock_) {
        {
            Guard g(lock_);
            if (!c.listed) return;
            c.listed = false;
            contexts_.remove(&c);
        }
        server_context_release(&c);
    }

private:
    Mutex lock_;
    List<ServerContext> contexts_ GUARDED_BY(lock_);
};

Status table_of(void* call, Ref<runtime::AssociationData>& data, ContextTable*& table) {
    RPC_TRY(runtime::association_data(call, &ContextTable::create, data));
    table = static_cast<ContextTable*>(data.get());
    return Status::ok;
}

}  // namespace

void*& user_context(ServerContext& context) {
    return context.user;
}

ContextLock& lock_of(ServerContext& context) {
    return context.lock;
}

void* context_face(ServerContext& context) {
    return static_cast<ContextFace*>(&context);
}

ServerContext* context_of(void* face) {
    return static_cast<ServerContext*>(static_cast<ContextFace*>(face));
}

ServerContext* server_context_new() {
    return make<ServerContext>();
}

bool server_context_is_new(const ServerContext& context) {
    return context.id == Uuid();
}

void set_contexts_always_strict(bool on) {
    g_always_strict.store(on, std::memory_order_relaxed);
}

Status server_context_find(void* call, const uint8_t* wire, bool big_endian, const void* owner, bool strict,
                           ServerContext*& context) {
    Uuid id = uuid_of(wire, big_endian);
    if (id == Uuid()) {
        context = server_context_new();
        return context ? Status::ok : Status::out_of_memory;
    }
    Ref<runtime::AssociationData> data;
    ContextTable* table = nullptr;
    RPC_TRY(table_of(call, data, table));
    ServerContext* found = table->find(id);
    if (!found) return context_mismatch_fault;
    strict = strict || g_always_strict.load(std::memory_order_relaxed);
    if (strict && owner && found->owner != interface_id(owner)) {
        server_context_release(found);
        return context_mismatch_fault;
    }
    context = found;
    return Status::ok;
}

Status server_context_marshal(void* call, ServerContext& context, NDR_RUNDOWN rundown, const void* owner,
                              uint8_t* wire) {
    Ref<runtime::AssociationData> data;
    ContextTable* table = nullptr;
    if (!context.user) {
        std::memset(wire, 0, context_wire_size);
        if (server_context_is_new(context)) return Status::ok;
        RPC_TRY(table_of(call, data, table));
        table->remove(context);
        return Status::ok;
    }
    RPC_TRY(table_of(call, data, table));
    if (server_context_is_new(context)) {
        if (!os::random_bytes(&context.id, sizeof context.id)) return Status::out_of_resources;
        context.id.data3 = static_cast<uint16_t>((context.id.data3 & 0x0fff) | 0x4000);
        context.id.data4[0] = static_cast<uint8_t>((context.id.data4[0] & 0x3f) | 0x80);
        context.owner = interface_id(owner);
        context.rundown = rundown;
    }
    put_uuid(context.id, wire);
    table->add(context);
    return Status::ok;
}

void server_context_release(ServerContext* context) {
    if (context && context->references.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(context);
}

void server_contexts_leave(const void* owner, bool with_rundown) {
    const InterfaceId id = interface_id(owner);
    for (;;) {
        ServerContext* found = nullptr;
        {
            // Tables take themselves off under this lock before they die; their own lock is a leaf below it.
            Guard g(g_tables.mutex);
            for (ContextTable* t = g_tables.list.front(); t && !found; t = g_tables.list.next(t)) found = t->take(id);
        }
        if (!found) return;
        if (with_rundown) run_down(*found);
        server_context_release(found);
    }
}

void server_context_abandon(ServerContext& context, NDR_RUNDOWN rundown) {
    if (!server_context_is_new(context) || !context.user || !rundown) return;
    void* value = std::exchange(context.user, nullptr);
    if (uint32_t raised = call_guarded([=] { rundown(value); })) RPC_LOG(warn, "a rundown routine raised %08x", raised);
}

}  // namespace rpc::stub
