#include "stub/proxy/async_stub.h"

#include <utility>

#include "base/alloc.h"
#include "base/guard.h"
#include "base/log.h"
#include "stub/proxy/factory.h"
#include "stub/proxy/guard.h"
#include "stub/server_message.h"

namespace rpc::com {

namespace {

using namespace rpc::stub;

// What a call holds from its Begin_ to its Finish_.
struct Pending {
    AsyncChannel* channel;
    Unknown* call_object;  // Disconnect may come meanwhile
    Unknown* server;
    RPC_MESSAGE message;
};

struct AsyncStub {
    enum : uint32_t { idle, beginning, signalled, begun, finishing };  // signalled: while Begin_ still runs
    StdStub std;            // IRpcStubBuffer; `server` is the call object's asynchronous interface, counted by `call_object`
    StubTable table;
    Unknown inner;          // its own IUnknown
    Unknown face;           // the IUnknown that the server's call object is aggregated by
    Synchronize done;       // what the server signals
    Unknown* outer;         // null: it stands alone
    Unknown* call_object;   // the server's, its inner IUnknown
    const GUID* sync_iid;
    uint32_t state;
    Pending pending;
};

AsyncStub& owner(void* part, size_t offset) {
    return *reinterpret_cast<AsyncStub*>(static_cast<uint8_t*>(part) - offset);
}

bool change(AsyncStub& s, uint32_t from, uint32_t to) {
    return std::atomic_ref<uint32_t>(s.state).compare_exchange_strong(from, to);
}

// The call is over, answered or not.
void end_call(AsyncStub& s) {
    Pending ended = std::exchange(s.pending, Pending{});
    std::atomic_ref<uint32_t>(s.state).store(AsyncStub::idle);
    drop(ended.channel);
    drop(ended.call_object);
    s.inner.release();
}

// --- Finish_
// ------------------------------------------------------------------------------------------------------------

struct Finish {
    AsyncStub* stub;
    uint32_t method;  // the synchronous one
    Status status = Status::ok;
    ObjectTarget target{};
    ServerMessage call{};

    Status run() {
        Pending& pending = stub->pending;
        RPC_MESSAGE& message = pending.message;
        target = {stub->table.header.server_info, pending.server, pending.channel->plain(), stub->sync_iid};
        message.ProcNum = begin_method(method) + 1;
        RPC_TRY(call.find(message, target, Style::oif));
        RPC_TRY(call.prepare_results());
        uint64_t result = 0;
        if (uint32_t raised = call_guarded([&] { result = call.call_manager(); })) {
            RPC_LOG(warn, "a Finish_ raised 0x%x", raised);
            result = static_cast<uint64_t>(static_cast<int64_t>(rpc_e_server_fault));
        }
        message.ProcNum = method;
        call.set_result(result);
        RPC_TRY(call.marshal());
        uint32_t ignored = 0;
        Hresult h = pending.channel->vtbl->Send(pending.channel, &message, nullptr, &ignored);
        return bad(h) ? to_status(h) : Status::ok;
    }
};

// On the thread of whoever comes second, Begin_'s return or the signal.
Hresult finish(AsyncStub& s) {
    Finish half{&s, method_of(s.pending.message)};
    uint32_t raised = call_guarded([&] {
        run_with_cleanup([](void* p) { static_cast<Finish*>(p)->status = static_cast<Finish*>(p)->run(); },
                         [](void* p) { static_cast<Finish*>(p)->call.release(); }, &half);
    });
    if (raised) half.status = static_cast<Status>(raised);
    // Without a reply the channel learns from its last reference that none will come.
    if (failed(half.status)) RPC_LOG(warn, "the reply of an asynchronous call failed: 0x%x", code(half.status));
    end_call(s);
    return to_hresult(half.status);
}

// --- Begin_
// -------------------------------------------------------------------------------------------------------------

struct Begin {
    AsyncStub* stub;
    uint32_t* phase;
    Status status = Status::ok;
    bool entered = false;
    ObjectTarget target{};
    RPC_MESSAGE message{};
    ServerMessage call{};

    Status run() {
        RPC_TRY(call.find(message, target, Style::oif));
        if (!(call.procedure().opt_flags & opt_has_async_uuid)) return Status::bad_stub_data;
        *phase = STUB_UNMARSHAL;
        RPC_TRY(call.unmarshal(nullptr));
        *phase = STUB_CALL_SERVER;
        auto answer = static_cast<Hresult>(call.call_manager());
        return bad(answer) ? to_status(answer) : Status::ok;
    }

    void release() {
        call.release();
        if (failed(status) || !entered) end_call(*stub);
    }
};

// Everything that the call will need, whoever finishes it. The stub holds itself meanwhile.
Status hold(AsyncStub& s, Channel& channel, RPC_MESSAGE& message) {
    Unknown* server = std::atomic_ref<Unknown*>(s.std.server).load();
    if (!server) return to_status(co_e_obj_not_connected);
    void* found = nullptr;
    if (Hresult h = channel.unknown()->query(iid_async_rpc_channel_buffer, &found); bad(h)) return to_status(h);
    s.pending = {static_cast<AsyncChannel*>(found), s.call_object, server, message};
    s.call_object->add_ref();
    s.inner.add_ref();
    return Status::ok;
}

// --- IRpcStubBuffer, and the stub's own IUnknown
// ------------------------------------------------------------------------

AsyncStub& of_inner(void* self) {
    return owner(self, offsetof(AsyncStub, inner));
}

Hresult RPC_ENTRY inner_query(void* self, const GUID* iid, void** object) {
    AsyncStub& s = of_inner(self);
    if (!object) return e_pointer;
    *object = nullptr;
    if (!iid) return e_invalidarg;
    if (same(*iid, iid_unknown)) {
        *object = self;
    } else if (same(*iid, iid_rpc_stub_buffer)) {
        *object = &s.std;
    } else if (same(*iid, iid_synchronize)) {
        *object = &s.done;
    } else {
        return e_nointerface;
    }
    static_cast<Unknown*>(*object)->add_ref();
    return s_ok;
}
uint32_t RPC_ENTRY inner_add_ref(void* self) {
    return static_cast<uint32_t>(increment(of_inner(self).std.refs));
}

void RPC_ENTRY async_disconnect(void* self) {
    auto& s = *static_cast<AsyncStub*>(self);
    std::atomic_ref<Unknown*>(s.std.server).store(nullptr);
    drop(s.call_object);
}

uint32_t RPC_ENTRY inner_release(void* self) {
    AsyncStub& s = of_inner(self);
    int32_t left = decrement(s.std.refs);
    if (left != 0) return static_cast<uint32_t>(left);
    s.std.refs = 1;  // what the call object's end does with its aggregate counts for nothing
    async_disconnect(&s);
    FactoryBuffer* factory = s.std.factory;
    mem_free(&s);
    factory->vtbl->unknown.Release(factory);
    return 0;
}
constexpr UnknownVtbl inner_vtbl = {inner_query, inner_add_ref, inner_release};

Unknown& controlling(void* self) {
    auto& s = *static_cast<AsyncStub*>(self);
    return s.outer ? *s.outer : s.inner;
}
Hresult RPC_ENTRY async_query(void* self, const GUID* iid, void** object) {
    return controlling(self).vtbl->QueryInterface(&controlling(self), iid, object);
}
uint32_t RPC_ENTRY async_add_ref(void* self) {
    return controlling(self).add_ref();
}
uint32_t RPC_ENTRY async_release(void* self) {
    return controlling(self).release();
}

void* RPC_ENTRY async_is_iid_supported(void* self, const GUID* iid) {
    if (!iid || !same(*iid, *static_cast<AsyncStub*>(self)->table.header.iid)) return nullptr;
    async_add_ref(self);
    return self;
}

Hresult RPC_ENTRY async_connect(void* self, Unknown* server) {
    auto& s = *static_cast<AsyncStub*>(self);
    if (!server) return e_invalidarg;
    void* found = nullptr;
    if (Hresult h = server->query(iid_call_factory, &found); bad(h)) return h;
    auto* factory = static_cast<CallFactory*>(found);
    void* made = nullptr;
    Hresult h = factory->vtbl->CreateCall(factory, s.table.header.iid, &s.face, &iid_unknown, &made);
    drop(factory);
    if (bad(h)) return h;
    auto* call_object = static_cast<Unknown*>(made);
    h = call_object->query(*s.table.header.iid, &found);
    if (bad(h)) {
        call_object->release();
        return h;
    }
    async_disconnect(self);
    s.call_object = call_object;
    auto* halves = static_cast<Unknown*>(found);
    std::atomic_ref<Unknown*>(s.std.server).store(halves);
    halves->release();  // what it counted is this aggregate
    return s_ok;
}

Hresult RPC_ENTRY async_invoke(void* self, RPC_MESSAGE* message, Channel* channel) {
    struct Invocation {
        StubBuffer* stub;
        RPC_MESSAGE* message;
        Channel* channel;
        uint32_t phase = STUB_UNMARSHAL;
        Status status = Status::ok;
    } call{static_cast<StubBuffer*>(self), message, channel};
    if (!message) return e_invalidarg;
    uint32_t raised = guard_invoke(
        [](void* p) {
            auto& c = *static_cast<Invocation*>(p);
            c.status = async_stub_call(*c.stub, c.channel, *c.message, &c.phase);
        },
        &call, &call.phase, channel);
    return to_hresult(raised ? static_cast<Status>(raised) : call.status);
}

constexpr StubBufferVtbl async_vtbl = {{async_query, async_add_ref, async_release},
                                       async_connect,
                                       async_disconnect,
                                       async_invoke,
                                       async_is_iid_supported,
                                       stub_count_refs,
                                       stub_debug_query,
                                       stub_debug_release};

// --- what the server's call object sees
// ---------------------------------------------------------------------------------

AsyncStub& of_face(void* self) {
    return owner(self, offsetof(AsyncStub, face));
}
Hresult RPC_ENTRY face_query(void* self, const GUID* iid, void** object) {
    AsyncStub& s = of_face(self);
    if (!object) return e_pointer;
    *object = nullptr;
    if (!iid) return e_invalidarg;
    if (same(*iid, iid_unknown)) {
        increment(s.std.refs);
        *object = self;
        return s_ok;
    }
    if (same(*iid, iid_synchronize)) {
        increment(s.std.refs);
        *object = &s.done;
        return s_ok;
    }
    return s.call_object ? s.call_object->query(*iid, object) : e_nointerface;
}
uint32_t RPC_ENTRY face_add_ref(void* self) {
    return of_face(self).inner.add_ref();
}
uint32_t RPC_ENTRY face_release(void* self) {
    return of_face(self).inner.release();
}
constexpr UnknownVtbl face_vtbl = {face_query, face_add_ref, face_release};

AsyncStub& of_done(void* self) {
    return owner(self, offsetof(AsyncStub, done));
}
Hresult RPC_ENTRY done_query(void* self, const GUID* iid, void** object) {
    return face_query(&of_done(self).face, iid, object);
}
uint32_t RPC_ENTRY done_add_ref(void* self) {
    return of_done(self).inner.add_ref();
}
uint32_t RPC_ENTRY done_release(void* self) {
    return of_done(self).inner.release();
}
// Nobody has to wait here: the signal is what goes on with the call.
Hresult RPC_ENTRY done_wait(void* self, uint32_t, uint32_t) {
    uint32_t state = std::atomic_ref<uint32_t>(of_done(self).state).load();
    return state == AsyncStub::beginning || state == AsyncStub::begun ? rpc_s_call_pending : s_ok;
}
Hresult RPC_ENTRY done_signal(void* self) {
    AsyncStub& s = of_done(self);
    if (change(s, AsyncStub::beginning, AsyncStub::signalled)) return s_ok;
    if (change(s, AsyncStub::begun, AsyncStub::finishing)) return finish(s);
    return std::atomic_ref<uint32_t>(s.state).load() == AsyncStub::idle ? rpc_e_call_complete : s_ok;
}
Hresult RPC_ENTRY done_reset(void*) {
    return s_ok;
}
constexpr SynchronizeVtbl done_vtbl = {{done_query, done_add_ref, done_release}, done_wait, done_signal, done_reset};

// --- ICallFactory of the synchronous interface's stub
// -------------------------------------------------------------------

StdStub& of_call_factory(void* self) {
    return *reinterpret_cast<StdStub*>(static_cast<uint8_t*>(self) - offsetof(StdStub, call_factory_vtbl));
}
Unknown& stub_of(void* self) {
    return reinterpret_cast<Unknown&>(of_call_factory(self));
}
Hresult RPC_ENTRY call_factory_query(void* self, const GUID* iid, void** object) {
    return stub_of(self).vtbl->QueryInterface(&stub_of(self), iid, object);
}
uint32_t RPC_ENTRY call_factory_add_ref(void* self) {
    return stub_of(self).add_ref();
}
uint32_t RPC_ENTRY call_factory_release(void* self) {
    return stub_of(self).release();
}

Hresult create_async_stub(const Interface& entry, Unknown* outer, Unknown& server, FactoryBuffer& factory,
                          Unknown** made) {
    auto* s = static_cast<AsyncStub*>(mem_alloc_zeroed(sizeof(AsyncStub)));
    if (!s) return e_out_of_memory;
    s->table = {entry.stub->header, async_vtbl};
    s->std.vtbl = &s->table.vtbl;
    s->std.refs = 1;
    s->std.factory = &factory;
    factory.vtbl->unknown.AddRef(&factory);
    s->inner.vtbl = &inner_vtbl;
    s->face.vtbl = &face_vtbl;
    s->done.vtbl = &done_vtbl;
    s->outer = outer;
    s->sync_iid = entry.sync_iid;
    Hresult h = async_connect(s, &server);
    if (bad(h))
        s->inner.release();
    else
        *made = &s->inner;
    return h;
}

Hresult RPC_ENTRY call_factory_create(void* self, const GUID* iid, Unknown* outer, const GUID* wanted, void** object) {
    StdStub& stub = of_call_factory(self);
    if (!object) return e_invalidarg;
    *object = nullptr;
    if (!iid || !wanted || (outer && !same(*wanted, iid_unknown))) return e_invalidarg;
    Unknown* server = std::atomic_ref<Unknown*>(stub.server).load();
    if (!server) return co_e_obj_not_connected;
    Interface entry;
    if (!same(*iid, *stub.async_iid) || !own_interface(*stub.factory, *iid, entry)) return e_nointerface;
    // Methods that another file's stub would have to do: such calls go on synchronously.
    if (entry.base || !entry.stub->header.server_info) return e_nointerface;
    Unknown* made = nullptr;
    if (Hresult h = create_async_stub(entry, outer, *server, *stub.factory, &made); bad(h)) return h;
    Hresult h = made->query(*wanted, object);
    made->release();
    return h;
}

}  // namespace

constexpr CallFactoryVtbl stub_call_factory_vtbl = {{call_factory_query, call_factory_add_ref, call_factory_release},
                                                    call_factory_create};

Status async_stub_call(StubBuffer& stub, Channel* channel, RPC_MESSAGE& message, uint32_t* phase) {
    if (stub.vtbl->Invoke != async_invoke || !channel) return Status::bad_stub_data;
    auto& s = reinterpret_cast<AsyncStub&>(stub);
    uint32_t method = method_of(message);
    if (method < 3 || begin_method(method) + 1 >= s.table.header.method_count) return Status::procnum_out_of_range;
    if (!change(s, AsyncStub::idle, AsyncStub::beginning)) return to_status(rpc_s_call_pending);
    if (Status status = hold(s, *channel, message); failed(status)) {
        std::atomic_ref<uint32_t>(s.state).store(AsyncStub::idle);
        return status;
    }
    s.pending.message.ProcNum = method;
    Begin half{&s, phase};
    half.target = {s.table.header.server_info, s.pending.server, channel, s.sync_iid};
    half.message = s.pending.message;
    half.message.ProcNum = begin_method(method);
    run_with_cleanup(
        [](void* p) {
            auto& b = *static_cast<Begin*>(p);
            b.status = b.run();
            b.entered = true;
        },
        [](void* p) { static_cast<Begin*>(p)->release(); }, &half);
    if (failed(half.status)) return half.status;
    if (change(s, AsyncStub::beginning, AsyncStub::begun)) return Status::ok;
    (void)finish(s);  // it is told to whoever signals later; here the reply is what tells
    return Status::ok;
}

}  // namespace rpc::com
