#pragma once
// For tests and a fuzzer of COM's asynchronous halves: an interface with an asynchronous twin, described as widl does for 64 bits, a server
// with call objects, the event of a client's call object, and a channel in memory.
#include <atomic>
#include <cstdlib>
#include <utility>
#include <vector>

#include "stub/proxy/calls.h"
#include "stub/proxy/factory.h"
#include "stub/proxy/proxy.h"
#include "stub/proxy/stub_buffer.h"

namespace rpc::com::async_rig {

using stub::Slot;

// ISlow: 3 Add(a, b, sum), 4 Mix([in, out] value, count, [size_is(count)] values, [string] text, [out, string] copy).
// AsyncISlow: 3 Begin_Add(a, b), 4 Finish_Add(sum), 5 Begin_Mix(value, count, values, text), 6 Finish_Mix(value, copy).
constexpr GUID iid_slow = {0x20, 0, 0, {}}, iid_async_slow = {0x21, 0, 0, {}}, clsid_rig = {0x22, 0, 0, {}};

inline std::atomic<long> allocations;  // of the stubs' allocator, alive
inline void* take(size_t size) {
    ++allocations;
    return std::malloc(size);
}
inline void give(void* p) {
    if (p) --allocations;
    std::free(p);
}

// --- what a compiler writes

#define RIG_SHORT(n) static_cast<uint8_t>((n)&0xff), static_cast<uint8_t>((n) >> 8)
// 0x64: with a result, of an asynchronous interface; 2 more and 1 more where the client, the server has to be asked for sizes.
#define RIG_METHOD(number, slots, flags, count)                                                                      \
    0x33, 0x6c, 0, 0, 0, 0, RIG_SHORT(number), RIG_SHORT((slots)*8), RIG_SHORT(16), RIG_SHORT(16), flags, count, 10, \
        0, 0, 0, 0, 0, 0, 0, 0, 0
#define RIG_PARAMETER(flags, slot, type) RIG_SHORT(flags), RIG_SHORT((slot)*8), RIG_SHORT(type)
constexpr uint8_t strings[] = {
    RIG_METHOD(3, 5, 0x44, 4),   RIG_PARAMETER(0x48, 1, 8),    RIG_PARAMETER(0x48, 2, 8),
    RIG_PARAMETER(0x2150, 3, 8), RIG_PARAMETER(0x70, 4, 8),  // Add, 50 bytes
    RIG_METHOD(4, 7, 0x47, 6),   RIG_PARAMETER(0x158, 1, 8),   RIG_PARAMETER(0x48, 2, 8),
    RIG_PARAMETER(0x10b, 3, 2),  RIG_PARAMETER(0x10b, 4, 12),  RIG_PARAMETER(0x2013, 5, 14),
    RIG_PARAMETER(0x70, 6, 8),  // Mix, 62
    RIG_METHOD(3, 4, 0x64, 3),   RIG_PARAMETER(0x48, 1, 8),    RIG_PARAMETER(0x48, 2, 8),
    RIG_PARAMETER(0x70, 3, 8),  // Begin_Add, 44
    RIG_METHOD(4, 3, 0x64, 2),   RIG_PARAMETER(0x2150, 1, 8),  RIG_PARAMETER(0x70, 2, 8),  // Finish_Add, 38
    RIG_METHOD(5, 6, 0x66, 5),   RIG_PARAMETER(0x148, 1, 8),   RIG_PARAMETER(0x48, 2, 8),
    RIG_PARAMETER(0x10b, 3, 2),  RIG_PARAMETER(0x10b, 4, 12),  RIG_PARAMETER(0x70, 5, 8),  // Begin_Mix, 56
    RIG_METHOD(6, 4, 0x65, 3),   RIG_PARAMETER(0x2150, 1, 8),  RIG_PARAMETER(0x2013, 2, 14),
    RIG_PARAMETER(0x70, 3, 8)};
constexpr uint16_t none = 0xffff;
constexpr uint16_t slow_offsets[] = {none, none, none, 0, 50};
constexpr uint16_t async_offsets[] = {none, none, none, 112, 156, 194, 250};
// 2: short[], by parameter `count`; 12: a string of UTF-16; 14: a pointer to one
constexpr uint8_t types[] = {0, 0, 0x1b, 1, 2, 0, 0x28, 0, 0x10, 0, 6, 0x5b, 0x25, 0x5c, 0x13, 8, 0x25, 0x5c, 0};

inline MIDL_STUB_DESC make_desc() {
    MIDL_STUB_DESC d{};
    d.pfnAllocate = take;
    d.pfnFree = give;
    d.pFormatTypes = types;
    d.fCheckBounds = 1;
    d.Version = 0x50002;
    return d;
}
inline const MIDL_STUB_DESC desc = make_desc();
inline const MIDL_STUBLESS_PROXY_INFO slow_info = {&desc, strings, slow_offsets, nullptr, 0, nullptr};
inline const MIDL_STUBLESS_PROXY_INFO async_info = {&desc, strings, async_offsets, nullptr, 0, nullptr};
inline const MIDL_SERVER_INFO slow_server = {&desc, nullptr, strings, slow_offsets, nullptr, nullptr, 0, nullptr};
inline const MIDL_SERVER_INFO async_server = {&desc, nullptr, strings, async_offsets, nullptr, nullptr, 0, nullptr};

template <size_t Methods>
struct ProxyVtbl {
    const MIDL_STUBLESS_PROXY_INFO* info;
    const GUID* iid;
    void* methods[Methods];
};
inline void* const stubless = reinterpret_cast<void*>(~uintptr_t{0});
inline const ProxyVtbl<5> slow_proxy = {&slow_info, &iid_slow, {nullptr, nullptr, nullptr, stubless, stubless}};
inline const ProxyVtbl<7> async_proxy = {
    &async_info, &iid_async_slow, {nullptr, nullptr, nullptr, stubless, stubless, stubless, stubless}};
inline uint32_t dll_release(void* self) {
    return release_stub(*static_cast<StubBuffer*>(self), std_stub(self).factory);
}
constexpr StubBufferVtbl stub_vtbl = {{stub_query, stub_add_ref, dll_release},
                                      stub_connect,
                                      stub_disconnect,
                                      stub_invoke,
                                      stub_is_iid_supported,
                                      stub_count_refs,
                                      stub_debug_query,
                                      stub_debug_release};
inline const StubTable slow_stub = {{&iid_slow, &slow_server, 5, nullptr}, stub_vtbl};
inline const StubTable async_stub = {{&iid_async_slow, &async_server, 7, nullptr}, stub_vtbl};
inline const void* const proxies[] = {&slow_proxy, &async_proxy, nullptr};
inline const StubTable* const stubs[] = {&slow_stub, &async_stub, nullptr};
inline const char* const names[] = {"ISlow", "AsyncISlow", nullptr};
inline const GUID* const async_iids[] = {&iid_async_slow, reinterpret_cast<const GUID*>(~uintptr_t{0}), nullptr};
inline const ProxyFile file = {proxies, stubs, names, nullptr, nullptr, 2, 6, async_iids, {}};
inline const ProxyFile* const files[] = {&file, nullptr};

// --- the client's event, aggregated

struct Event {
    const UnknownVtbl* inner;
    const SynchronizeVtbl* face;
    Unknown* outer;
    int32_t refs = 1;
    std::atomic<bool> is_set = false;
};
inline Event& event_of_face(void* self) {
    return *reinterpret_cast<Event*>(static_cast<uint8_t*>(self) - offsetof(Event, face));
}
inline Hresult event_query(void* self, const GUID* iid, void** object) {
    auto& e = *static_cast<Event*>(self);
    *object = same(*iid, iid_unknown) ? self : same(*iid, iid_synchronize) ? static_cast<void*>(&e.face) : nullptr;
    if (!*object) return e_nointerface;
    static_cast<Unknown*>(*object)->add_ref();
    return s_ok;
}
inline uint32_t event_add_ref(void* self) {
    return static_cast<uint32_t>(increment(static_cast<Event*>(self)->refs));
}
inline uint32_t event_release(void* self) {
    auto* e = static_cast<Event*>(self);
    int32_t left = decrement(e->refs);
    if (left == 0) delete e;
    return static_cast<uint32_t>(left);
}
inline Hresult face_query(void* self, const GUID* iid, void** object) {
    return event_of_face(self).outer->query(*iid, object);
}
inline uint32_t face_add_ref(void* self) {
    return event_of_face(self).outer->add_ref();
}
inline uint32_t face_release(void* self) {
    return event_of_face(self).outer->release();
}
inline Hresult face_wait(void* self, uint32_t, uint32_t) {
    return event_of_face(self).is_set ? s_ok : rpc_s_call_pending;
}
inline Hresult face_signal(void* self) {
    event_of_face(self).is_set = true;
    return s_ok;
}
inline Hresult face_reset(void* self) {
    event_of_face(self).is_set = false;
    return s_ok;
}
constexpr UnknownVtbl event_vtbl = {event_query, event_add_ref, event_release};
constexpr SynchronizeVtbl face_vtbl = {{face_query, face_add_ref, face_release}, face_wait, face_signal, face_reset};

// For set_synchronizer.
inline Hresult make_event(Unknown* outer, Unknown** inner) {
    *inner = reinterpret_cast<Unknown*>(new Event{&event_vtbl, &face_vtbl, outer});
    return s_ok;
}

// --- a server

enum class When { in_begin, later };

// ISlow and ICallFactory; its call objects are aggregated by stubs.
struct Server {
    Server();
    void* const* slow;
    CallFactory factory;
    int32_t refs = 1;
    std::atomic<int> call_objects = 0, begun = 0, finished = 0, synchronous = 0;  // call_objects: alive
    When signal = When::in_begin;
    Hresult begin_answer = s_ok;
    Synchronize* to_signal = nullptr;  // When::later: of the call that is out, counted
    Unknown* face() { return reinterpret_cast<Unknown*>(this); }
    Hresult complete() {
        Synchronize* done = std::exchange(to_signal, nullptr);
        Hresult h = done->vtbl->Signal(done);
        drop(done);
        return h;
    }
};

struct CallObject {
    const UnknownVtbl* inner;
    void* const* halves;  // AsyncISlow
    Server* server;
    Unknown* outer;
    int32_t refs = 1, value = 0;
    std::vector<char16_t> text{};
};
inline CallObject& of_halves(void* self) {
    return *reinterpret_cast<CallObject*>(static_cast<uint8_t*>(self) - offsetof(CallObject, halves));
}

inline std::vector<char16_t> copy_of(const char16_t* text) {
    std::vector<char16_t> copy;
    do copy.push_back(*text);
    while (*text++);
    return copy;
}
inline char16_t* give_text(const std::vector<char16_t>& text) {
    auto* given = static_cast<char16_t*>(take(text.size() * sizeof(char16_t)));
    std::memcpy(given, text.data(), text.size() * sizeof(char16_t));
    return given;
}

inline Hresult call_query(void* self, const GUID* iid, void** object) {
    auto& c = *static_cast<CallObject*>(self);
    *object = same(*iid, iid_unknown) ? self : same(*iid, iid_async_slow) ? static_cast<void*>(&c.halves) : nullptr;
    if (!*object) return e_nointerface;
    static_cast<Unknown*>(*object)->add_ref();
    return s_ok;
}
inline uint32_t call_add_ref(void* self) {
    return static_cast<uint32_t>(increment(static_cast<CallObject*>(self)->refs));
}
inline uint32_t call_release(void* self) {
    auto* c = static_cast<CallObject*>(self);
    int32_t left = decrement(c->refs);
    if (left == 0) {
        --c->server->call_objects;
        delete c;
    }
    return static_cast<uint32_t>(left);
}
inline Hresult halves_query(void* self, const GUID* iid, void** object) {
    return of_halves(self).outer->query(*iid, object);
}
inline uint32_t halves_add_ref(void* self) {
    return of_halves(self).outer->add_ref();
}
inline uint32_t halves_release(void* self) {
    return of_halves(self).outer->release();
}
inline Hresult begin(CallObject& c) {
    Server& s = *c.server;
    ++s.begun;
    if (bad(s.begin_answer)) return s.begin_answer;
    void* found = nullptr;
    if (Hresult h = c.outer->query(iid_synchronize, &found); bad(h)) return h;
    auto* done = static_cast<Synchronize*>(found);
    if (s.signal == When::later) {
        s.to_signal = done;
        return s_ok;
    }
    done->vtbl->Signal(done);
    drop(done);
    return s_ok;
}
inline int32_t sum_of(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
inline Hresult begin_add(void* self, int32_t a, int32_t b) {
    of_halves(self).value = sum_of(a, b);
    return begin(of_halves(self));
}
inline Hresult finish_add(void* self, int32_t* sum) {
    *sum = of_halves(self).value;
    ++of_halves(self).server->finished;
    return s_ok;
}
inline int32_t total(int32_t value, int32_t count, const int16_t* values) {
    for (int32_t i = 0; i < count; ++i) value = sum_of(value, values[i]);
    return value;
}
inline Hresult begin_mix(void* self, int32_t* value, int32_t count, int16_t* values, const char16_t* text) {
    of_halves(self).value = total(*value, count, values);
    of_halves(self).text = copy_of(text);
    return begin(of_halves(self));
}
inline Hresult finish_mix(void* self, int32_t* value, char16_t** copy) {
    *value = of_halves(self).value;
    *copy = give_text(of_halves(self).text);
    ++of_halves(self).server->finished;
    return s_ok;
}
constexpr UnknownVtbl call_vtbl = {call_query, call_add_ref, call_release};
inline void* const halves_vtbl[] = {
    reinterpret_cast<void*>(halves_query), reinterpret_cast<void*>(halves_add_ref), reinterpret_cast<void*>(halves_release),
    reinterpret_cast<void*>(begin_add),    reinterpret_cast<void*>(finish_add),     reinterpret_cast<void*>(begin_mix),
    reinterpret_cast<void*>(finish_mix)};

inline Hresult server_query(void* self, const GUID* iid, void** object) {
    auto& s = *static_cast<Server*>(self);
    *object = same(*iid, iid_unknown) || same(*iid, iid_slow) ? self
              : same(*iid, iid_call_factory)                  ? static_cast<void*>(&s.factory)
                                                              : nullptr;
    if (!*object) return e_nointerface;
    increment(s.refs);
    return s_ok;
}
inline uint32_t server_add_ref(void* self) {
    return static_cast<uint32_t>(increment(static_cast<Server*>(self)->refs));
}
inline uint32_t server_release(void* self) {
    return static_cast<uint32_t>(decrement(static_cast<Server*>(self)->refs));
}
inline Hresult server_add(void* self, int32_t a, int32_t b, int32_t* sum) {
    ++static_cast<Server*>(self)->synchronous;
    *sum = sum_of(a, b);
    return s_ok;
}
inline Hresult server_mix(void* self, int32_t* value, int32_t count, int16_t* values, const char16_t* text, char16_t** copy) {
    ++static_cast<Server*>(self)->synchronous;
    *value = total(*value, count, values);
    *copy = give_text(copy_of(text));
    return s_ok;
}
inline Server& of_factory(void* self) {
    return *reinterpret_cast<Server*>(static_cast<uint8_t*>(self) - offsetof(Server, factory));
}
inline Hresult factory_query(void* self, const GUID* iid, void** object) {
    return server_query(&of_factory(self), iid, object);
}
inline uint32_t factory_add_ref(void* self) {
    return server_add_ref(&of_factory(self));
}
inline uint32_t factory_release(void* self) {
    return server_release(&of_factory(self));
}
inline Hresult create_call(void* self, const GUID* iid, Unknown* outer, const GUID*, void** object) {
    *object = nullptr;
    if (!same(*iid, iid_async_slow) || !outer) return e_nointerface;
    ++of_factory(self).call_objects;
    *object = new CallObject{&call_vtbl, halves_vtbl, &of_factory(self), outer};
    return s_ok;
}
inline void* const slow_vtbl[] = {reinterpret_cast<void*>(server_query), reinterpret_cast<void*>(server_add_ref),
                                  reinterpret_cast<void*>(server_release), reinterpret_cast<void*>(server_add),
                                  reinterpret_cast<void*>(server_mix)};
constexpr CallFactoryVtbl factory_vtbl = {{factory_query, factory_add_ref, factory_release}, create_call};
inline Server::Server() : slow(slow_vtbl), factory{&factory_vtbl} {}

// --- the channel

// Every buffer is as large as its content, so that ASan sees its end.
struct Wire {
    Wire();
    const AsyncChannelVtbl* vtbl;
    int32_t refs = 1;
    StubBuffer *stub = nullptr, *call = nullptr;  // call: of the server's call object, where calls go when there is one
    bool async_capable = true;
    std::atomic<int> buffers = 0;
    std::vector<uint8_t> request, reply;
    void (*spoil_request)(std::vector<uint8_t>&, void*) = nullptr;
    void (*spoil_reply)(std::vector<uint8_t>&, void*) = nullptr;
    void* spoiler = nullptr;
    uint32_t method = 0;
    Hresult invoked = s_ok;
    std::atomic<bool> answered = false;
    Synchronize* done = nullptr;  // the client's, counted
    Channel* face() { return reinterpret_cast<Channel*>(this); }
    void give_up();  // no reply will come: a real channel learns it from its server's last reference
};
inline Wire& of_wire(void* self) {
    return *static_cast<Wire*>(self);
}
inline Hresult wire_query(void* self, const GUID* iid, void** object) {
    *object = nullptr;
    if (same(*iid, iid_async_rpc_channel_buffer) && !of_wire(self).async_capable) return e_nointerface;
    increment(of_wire(self).refs);
    *object = self;
    return s_ok;
}
inline uint32_t wire_add_ref(void* self) {
    return static_cast<uint32_t>(increment(of_wire(self).refs));
}
inline uint32_t wire_release(void* self) {
    return static_cast<uint32_t>(decrement(of_wire(self).refs));
}
inline Hresult wire_get(void* self, RPC_MESSAGE* m, const GUID*) {
    m->Buffer = std::malloc(m->BufferLength ? m->BufferLength : 1);
    std::memset(m->Buffer, 0, m->BufferLength);
    ++of_wire(self).buffers;
    return s_ok;
}
inline Hresult wire_free(void* self, RPC_MESSAGE* m) {
    if (m->Buffer) --of_wire(self).buffers;
    std::free(m->Buffer);
    m->Buffer = nullptr;
    return s_ok;
}
inline void take_reply(Wire& w, RPC_MESSAGE& m) {
    auto* bytes = static_cast<uint8_t*>(m.Buffer);
    w.reply.assign(bytes, bytes + m.BufferLength);
    wire_free(&w, &m);
    if (w.spoil_reply) w.spoil_reply(w.reply, w.spoiler);
    w.answered = true;
}
inline void finish(Wire& w) {
    if (Synchronize* done = std::exchange(w.done, nullptr)) {
        done->vtbl->Signal(done);
        drop(done);
    }
}
inline void deliver(Wire& w) {
    std::vector<uint8_t> bytes = w.request;
    if (w.spoil_request) w.spoil_request(bytes, w.spoiler);
    void* copy = std::malloc(bytes.empty() ? 1 : bytes.size());
    if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
    RPC_MESSAGE m{};
    m.Buffer = copy;
    m.BufferLength = static_cast<unsigned int>(bytes.size());
    m.ProcNum = w.method;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    StubBuffer* to = w.call ? w.call : w.stub;
    w.invoked = to->vtbl->Invoke(to, &m, w.face());
    if (m.Buffer != copy && !bad(w.invoked)) take_reply(w, m);
    if (m.Buffer != copy && m.Buffer) wire_free(&w, &m);
    std::free(copy);
    if (w.answered || bad(w.invoked)) finish(w);
}
inline Hresult wire_send(void* self, RPC_MESSAGE* m, Synchronize* done, uint32_t*) {
    Wire& w = of_wire(self);
    if (!done) {  // a server's reply
        take_reply(w, *m);
        finish(w);
        return s_ok;
    }
    w.method = method_of(*m);
    auto* bytes = static_cast<uint8_t*>(m->Buffer);
    w.request.assign(bytes, bytes + m->BufferLength);
    w.answered = false;
    wire_free(self, m);
    w.done = done;
    done->vtbl->unknown.AddRef(done);
    deliver(w);
    return s_ok;
}
inline Hresult wire_receive(void* self, RPC_MESSAGE* m, uint32_t*) {
    Wire& w = of_wire(self);
    if (bad(w.invoked)) return w.invoked;
    if (!w.answered.exchange(false)) return rpc_s_call_pending;
    m->BufferLength = static_cast<unsigned int>(w.reply.size());
    wire_get(self, m, nullptr);
    if (!w.reply.empty()) std::memcpy(m->Buffer, w.reply.data(), w.reply.size());
    m->DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    return s_ok;
}
inline Hresult wire_send_receive(void*, RPC_MESSAGE*, uint32_t*) {
    return e_notimpl;
}
inline Hresult wire_context(void*, uint32_t* context, void** data) {
    *context = 3;
    if (data) *data = nullptr;
    return s_ok;
}
inline Hresult wire_context_ex(void* self, RPC_MESSAGE*, uint32_t* context, void** data) {
    return wire_context(self, context, data);
}
inline Hresult wire_connected(void*) {
    return s_ok;
}
inline Hresult wire_version(void*, uint32_t* version) {
    *version = 5;
    return s_ok;
}
constexpr AsyncChannelVtbl wire_vtbl = {{{wire_query, wire_add_ref, wire_release},
                                         wire_get,
                                         wire_send_receive,
                                         wire_free,
                                         wire_context,
                                         wire_connected,
                                         wire_version},
                                        wire_send,
                                        wire_receive,
                                        wire_context_ex};
inline Wire::Wire() : vtbl(&wire_vtbl) {}
inline void Wire::give_up() {
    if (!done) return;
    invoked = rpc_e_server_fault;
    finish(*this);
}

// --- both ends, connected

// What could not be made is null; the end gives everything back.
struct Pair {
    StdFactory factory_memory{};
    Server server;
    Wire wire;
    ProxyBuffer* buffer = nullptr;
    void *proxy = nullptr, *call = nullptr;  // ISlow; AsyncISlow of a call object
    Synchronize* done = nullptr;             // of that one

    Hresult make() {
        set_synchronizer(make_event);
        void* found = nullptr;
        if (Hresult h = get_class_object(clsid_rig, iid_ps_factory_buffer, &found, files, &clsid_rig, factory_memory); bad(h))
            return h;
        auto* factory = static_cast<FactoryBuffer*>(found);
        Hresult h = factory->vtbl->CreateProxy(factory, nullptr, &iid_slow, &buffer, &proxy);
        if (!bad(h)) h = buffer->vtbl->Connect(buffer, wire.face());
        if (!bad(h)) h = factory->vtbl->CreateStub(factory, &iid_slow, server.face(), &wire.stub);
        factory->unknown()->release();
        if (!bad(h)) h = create(wire.stub->unknown(), iid_rpc_stub_buffer, &found);
        if (!bad(h)) wire.call = static_cast<StubBuffer*>(found);
        if (!bad(h)) h = create(static_cast<Unknown*>(proxy), iid_async_slow, &call);
        if (bad(h)) return h;
        h = static_cast<Unknown*>(call)->query(iid_synchronize, &found);
        if (!bad(h)) done = static_cast<Synchronize*>(found);
        return h;
    }
    static Hresult create(Unknown* of, const GUID& wanted, void** object) {
        void* found = nullptr;
        if (Hresult h = of->query(iid_call_factory, &found); bad(h)) return h;
        auto* calls = static_cast<CallFactory*>(found);
        Hresult h = calls->vtbl->CreateCall(calls, &iid_async_slow, nullptr, &wanted, object);
        drop(calls);
        return h;
    }
    void drop_call() {
        drop(done);
        if (Unknown* was = static_cast<Unknown*>(std::exchange(call, nullptr))) was->release();
    }
    ~Pair() {
        drop_call();
        if (proxy) static_cast<Unknown*>(proxy)->release();
        if (buffer) {
            buffer->vtbl->Disconnect(buffer);
            buffer->unknown()->release();
        }
        if (wire.call) wire.call->unknown()->release();
        if (wire.stub) wire.stub->unknown()->release();
    }

    // A method of the call object.
    Hresult half(uint32_t method, std::vector<Slot> arguments) {
        arguments.insert(arguments.begin(), reinterpret_cast<Slot>(call));
        arguments.push_back(0);
        StublessResult result{};
        Status status = stubless_call(method, arguments.data(), nullptr, result);
        return failed(status) ? to_hresult(status) : static_cast<Hresult>(result.value);
    }
    Hresult begin_add(int32_t a, int32_t b) { return half(3, {static_cast<Slot>(a), static_cast<Slot>(b)}); }
    Hresult finish_add(int32_t* sum) { return half(4, {reinterpret_cast<Slot>(sum)}); }
    Hresult begin_mix() {
        int32_t value = 4000;
        int16_t values[3] = {1, 20, 300};
        return half(5, {reinterpret_cast<Slot>(&value), 3, reinterpret_cast<Slot>(values), reinterpret_cast<Slot>(u"a text")});
    }
    Hresult finish_mix(int32_t* value, char16_t** copy) {
        return half(6, {reinterpret_cast<Slot>(value), reinterpret_cast<Slot>(copy)});
    }
};

}  // namespace rpc::com::async_rig
