// Proxies and stubs through a channel in memory. The thunks themselves are assembly and are tested under Wine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "base/alloc.h"
#include "stub/proxy/calls.h"
#include "stub/proxy/factory.h"
#include "stub/proxy/messages.h"
#include "stub/proxy/proxy.h"
#include "stub/proxy/registry.h"
#include "stub/proxy/stub_buffer.h"
#include "stub/proxy/type_tables.h"

namespace rpc::com {
namespace {

using stub::Slot;

constexpr GUID iid_base = {1, 0, 0, {}}, iid_derived = {2, 0, 0, {}}, clsid = {3, 0, 0, {}};

// --- a server: methods 3 Add(a, b, sum), 4 Fail(code); derived: 5 Twice(a, b)
// -----------------------------------------------

struct Server {
    void* const* vtbl;
    int32_t refs = 1;
    bool knows_base = true;
};

Hresult server_query(void* self, const GUID* iid, void** object) {
    auto* s = static_cast<Server*>(self);
    *object = nullptr;
    if (!same(*iid, iid_derived) && !(s->knows_base && same(*iid, iid_base))) return e_nointerface;
    ++s->refs;
    *object = self;
    return s_ok;
}
uint32_t server_add_ref(void* self) {
    return static_cast<uint32_t>(++static_cast<Server*>(self)->refs);
}
uint32_t server_release(void* self) {
    return static_cast<uint32_t>(--static_cast<Server*>(self)->refs);
}
Hresult server_add(void*, int32_t a, int32_t b, int32_t* sum) {
    *sum = a + b;
    return s_ok;
}
Hresult server_fail(void*, int32_t code) {
    return code;
}
Hresult server_twice(void*, int32_t a, int32_t* b) {
    *b = 2 * a;
    return s_false;
}
void* const server_vtbl[] = {reinterpret_cast<void*>(server_query),   reinterpret_cast<void*>(server_add_ref),
                             reinterpret_cast<void*>(server_release), reinterpret_cast<void*>(server_add),
                             reinterpret_cast<void*>(server_fail),    reinterpret_cast<void*>(server_twice)};

// --- what a compiler would have written
// ---------------------------------------------------------------------------------

#define SHORT(n) static_cast<uint8_t>((n)&0xff), static_cast<uint8_t>((n) >> 8)
#define METHOD(number, slots, count)                                                                                  \
    0x33, 0x6c, 0, 0, 0, 0, SHORT(number), SHORT((slots)*8), SHORT(16), SHORT(16), 0x44, count, 10, 1, 0, 0, 0, 0, 0, \
        0, 0, 0
#define IN_LONG(slot) SHORT(0x48), SHORT((slot)*8), 8, 0
#define OUT_LONG(slot) SHORT(0x2150), SHORT((slot)*8), 8, 0
#define RESULT_LONG(slot) SHORT(0x70), SHORT((slot)*8), 8, 0
constexpr uint8_t strings[] = {METHOD(3, 5, 4), IN_LONG(1),      IN_LONG(2),  OUT_LONG(3),
                               RESULT_LONG(4),  METHOD(4, 3, 2), IN_LONG(1),  RESULT_LONG(2),
                               METHOD(5, 4, 3), IN_LONG(1),      OUT_LONG(2), RESULT_LONG(3)};
constexpr uint16_t own_offsets[] = {0xffff, 0xffff, 0xffff, 0, 26 + 24};
constexpr uint16_t derived_offsets[] = {0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 2 * 26 + 24 + 12};
constexpr uint8_t types[] = {0, 0};

void* take(size_t size) {
    return std::malloc(size);
}
void give(void* p) {
    std::free(p);
}

MIDL_STUB_DESC make_desc() {
    MIDL_STUB_DESC d{};
    d.pfnAllocate = take;
    d.pfnFree = give;
    d.pFormatTypes = types;
    d.Version = 0x50002;
    return d;
}
const MIDL_STUB_DESC desc = make_desc();
const MIDL_STUBLESS_PROXY_INFO base_info = {&desc, strings, own_offsets, nullptr, 0, nullptr};
const MIDL_STUBLESS_PROXY_INFO derived_info = {&desc, strings, derived_offsets, nullptr, 0, nullptr};
const MIDL_SERVER_INFO base_server = {&desc, nullptr, strings, own_offsets, nullptr, nullptr, 0, nullptr};
const MIDL_SERVER_INFO derived_server = {&desc, nullptr, strings, derived_offsets, nullptr, nullptr, 0, nullptr};

StdFactory factory_memory, other_factory_memory;
uint32_t dll_release(void* self) {
    return release_stub(*static_cast<StubBuffer*>(self), std_stub(self).factory);
}

struct ProxyOf {
    const MIDL_STUBLESS_PROXY_INFO* info;
    const GUID* iid;
    void* methods[6];
};
void* const mark = reinterpret_cast<void*>(~uintptr_t{0});
const ProxyOf base_proxy = {&base_info, &iid_base, {nullptr, nullptr, nullptr, mark, mark, nullptr}};
const ProxyOf derived_proxy = {&derived_info, &iid_derived, {nullptr, nullptr, nullptr, nullptr, nullptr, mark}};
const StubBufferVtbl whole_vtbl = {{stub_query, stub_add_ref, dll_release},
                                   stub_connect,
                                   stub_disconnect,
                                   stub_invoke,
                                   stub_is_iid_supported,
                                   stub_count_refs,
                                   stub_debug_query,
                                   stub_debug_release};
const StubBufferVtbl delegating_vtbl = {
    {nullptr, nullptr, dll_release}, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
const StubTable base_stub_table = {{&iid_base, &base_server, 5, nullptr}, whole_vtbl};

// NdrStubForwardingFunction's part.
void forward(StubBuffer* self, Channel* channel, RPC_MESSAGE* message, uint32_t*) {
    StubBuffer* base = base_stub(*self);
    ASSERT_TRUE(base);
    ASSERT_EQ(base->vtbl->Invoke(base, message, channel), s_ok);
}
void interpret(StubBuffer* self, Channel* channel, RPC_MESSAGE* message, uint32_t* phase) {
    ASSERT_EQ(stub_call(*self, channel, *message, phase), Status::ok);
}
const StubFunction derived_dispatch[] = {nullptr, nullptr, nullptr, forward, forward, interpret};
const StubTable derived_stub_table = {{&iid_derived, &derived_server, 6, derived_dispatch}, delegating_vtbl};

const void* const base_proxies[] = {&base_proxy, nullptr};
const void* const derived_proxies[] = {&derived_proxy, nullptr};
const StubTable* const base_stubs[] = {&base_stub_table, nullptr};
const StubTable* const derived_stubs[] = {&derived_stub_table, nullptr};
const char* const base_names[] = {"IBase", nullptr};
const char* const derived_names[] = {"IDerived", nullptr};
const GUID* const derived_bases[] = {&iid_base, nullptr};
const ProxyFile base_file = {base_proxies, base_stubs, base_names, nullptr, nullptr, 1, 2, nullptr, {}};
const ProxyFile derived_file = {
    derived_proxies, derived_stubs, derived_names, derived_bases, nullptr, 1, 2, nullptr, {}};
const ProxyFile* const both[] = {&base_file, &derived_file, nullptr};
const ProxyFile* const derived_only[] = {&derived_file, nullptr};
const ProxyFile* const base_only[] = {&base_file, nullptr};

// --- the channel
// ----------------------------------------------------------------------------------------------------------

struct TestChannel {
    const ChannelVtbl* vtbl;
    int32_t refs = 1;
    StubBuffer* stub = nullptr;
    int buffers = 0;
    GUID iid{};
    Hresult fail_get = s_ok, fail_send = s_ok, invoked = s_ok;
    unsigned truncate = ~0u;
    Channel* face() { return reinterpret_cast<Channel*>(this); }
};
TestChannel& of(void* self) {
    return *static_cast<TestChannel*>(self);
}
Hresult channel_query(void*, const GUID*, void** object) {
    *object = nullptr;
    return e_nointerface;
}
uint32_t channel_add_ref(void* self) {
    return static_cast<uint32_t>(++of(self).refs);
}
uint32_t channel_release(void* self) {
    return static_cast<uint32_t>(--of(self).refs);
}
Hresult channel_get(void* self, RPC_MESSAGE* m, const GUID* iid) {
    of(self).iid = *iid;
    if (bad(of(self).fail_get)) return of(self).fail_get;
    m->Buffer = std::calloc(1, m->BufferLength ? m->BufferLength : 1);
    ++of(self).buffers;
    return s_ok;
}
Hresult channel_free(void* self, RPC_MESSAGE* m) {
    std::free(m->Buffer);
    m->Buffer = nullptr;
    --of(self).buffers;
    return s_ok;
}
Hresult channel_send(void* self, RPC_MESSAGE* m, uint32_t*) {
    TestChannel& c = of(self);
    if (bad(c.fail_send)) return c.fail_send;
    RPC_MESSAGE request = *m;
    if (c.truncate < request.BufferLength) request.BufferLength = c.truncate;
    c.invoked = c.stub->vtbl->Invoke(c.stub, &request, c.face());
    if (request.Buffer != m->Buffer) channel_free(self, m);
    m->Buffer = request.Buffer;
    m->BufferLength = request.BufferLength;
    m->DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    return c.invoked;
}
Hresult channel_context(void*, uint32_t* context, void** data) {
    *context = 3;
    *data = nullptr;
    return s_ok;
}
Hresult channel_connected(void*) {
    return s_ok;
}
const ChannelVtbl channel_vtbl = {{channel_query, channel_add_ref, channel_release},
                                  channel_get,
                                  channel_send,
                                  channel_free,
                                  channel_context,
                                  channel_connected,
                                  nullptr};

// --- the tests
// ------------------------------------------------------------------------------------------------------------

FactoryBuffer* open(const ProxyFile* const* files, StdFactory& memory) {
    void* f = nullptr;
    memory = StdFactory();
    EXPECT_EQ(get_class_object(clsid, iid_ps_factory_buffer, &f, files, &clsid, memory), s_ok);
    return static_cast<FactoryBuffer*>(f);
}

struct Fixture {
    Server server{server_vtbl};
    TestChannel channel{&channel_vtbl};
    FactoryBuffer* factory;
    ProxyBuffer* buffer = nullptr;
    void* object = nullptr;
    StubBuffer* stub = nullptr;

    explicit Fixture(const GUID& iid, const ProxyFile* const* files = both) : factory(open(files, factory_memory)) {
        EXPECT_EQ(factory->vtbl->CreateProxy(factory, nullptr, &iid, &buffer, &object), s_ok);
        EXPECT_EQ(factory->vtbl->CreateStub(factory, &iid, reinterpret_cast<Unknown*>(&server), &stub), s_ok);
        EXPECT_EQ(buffer->vtbl->Connect(buffer, channel.face()), s_ok);
        channel.stub = stub;
    }
    ~Fixture() {
        EXPECT_EQ(channel.buffers, 0);
        EXPECT_EQ(object_release(object), 1u);
        buffer->vtbl->Disconnect(buffer);
        EXPECT_EQ(channel.refs, 1);
        EXPECT_EQ(buffer->unknown()->release(), 0u);
        stub->vtbl->Disconnect(stub);
        EXPECT_EQ(server.refs, 1);
        EXPECT_EQ(stub->unknown()->release(), 0u);
        EXPECT_EQ(factory->unknown()->release(), 0u);
        EXPECT_EQ(can_unload(factory_memory), s_ok);
    }
    Hresult call(uint32_t method, std::vector<Slot> more, void* on = nullptr) {
        std::vector<Slot> args{reinterpret_cast<Slot>(on ? on : object)};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(0);
        StublessResult result{};
        EXPECT_EQ(stubless_call(method, args.data(), nullptr, result), Status::ok);
        EXPECT_EQ(result.pop, (more.size() + 1) * 8);
        return static_cast<Hresult>(result.value);
    }
    Hresult add(int32_t a, int32_t b, int32_t* sum) {
        return call(3, {static_cast<Slot>(a), static_cast<Slot>(b), reinterpret_cast<Slot>(sum)});
    }
};

TEST(Proxy, ACallReachesTheObject) {
    Fixture f(iid_base);
    int32_t sum = 0;
    EXPECT_EQ(f.add(-5, 47, &sum), s_ok);
    EXPECT_EQ(sum, 42);
    EXPECT_TRUE(same(f.channel.iid, iid_base));
    EXPECT_EQ(f.call(4, {0x80070005}), hr(0x80070005));
}

TEST(Proxy, VtableIsOursAndCompleteAndTheDllsStaysAsItIs) {
    Fixture f(iid_derived);
    void** methods = *static_cast<void***>(f.object);
    EXPECT_NE(static_cast<const void*>(methods), derived_proxy.methods);
    EXPECT_EQ(methods[0], reinterpret_cast<void*>(object_query));
    EXPECT_EQ(methods[3], forwarding_thunk(3));
    EXPECT_EQ(methods[5], stubless_thunk(5));
}

TEST(Proxy, InheritedMethodsGoToTheBaseProxyOnTheDerivedInterface) {
    Fixture f(iid_derived);
    f.server.knows_base = false;
    int32_t out = 0;
    EXPECT_EQ(f.call(5, {21, reinterpret_cast<Slot>(&out)}), s_false);
    EXPECT_EQ(out, 42);
    void* base = proxy_of(f.object).base_object;  // where the forwarding thunk goes
    ASSERT_TRUE(base);
    EXPECT_EQ(f.call(3, {1, 2, reinterpret_cast<Slot>(&out)}, base), s_ok);
    EXPECT_EQ(out, 3);
    EXPECT_TRUE(same(f.channel.iid, iid_base));  // the reply's buffer is the base stub's
    EXPECT_TRUE(same(*proxy_of(base).wire_iid, iid_derived));
}

TEST(Proxy, BaseInterfaceComesFromWhoeverIsRegistered) {
    static int asked;
    asked = 0;
    FactoryBuffer* other = open(base_only, other_factory_memory);
    set_registered_factory([](const GUID& iid, FactoryBuffer** found) {
        ++asked;
        if (!same(iid, iid_base)) return e_nointerface;
        *found = reinterpret_cast<FactoryBuffer*>(&other_factory_memory);
        (*found)->unknown()->add_ref();
        return s_ok;
    });
    {
        Fixture f(iid_derived, derived_only);
        EXPECT_EQ(asked, 2);
        int32_t sum = 0;
        EXPECT_EQ(f.call(3, {1, 2, reinterpret_cast<Slot>(&sum)}, proxy_of(f.object).base_object), s_ok);
        EXPECT_EQ(sum, 3);
    }
    EXPECT_EQ(other->unknown()->release(), 0u);
    set_registered_factory(nullptr);
    FactoryBuffer* alone = open(derived_only, factory_memory);
    ProxyBuffer* buffer = nullptr;
    void* object = nullptr;
    EXPECT_EQ(alone->vtbl->CreateProxy(alone, nullptr, &iid_derived, &buffer, &object), e_nointerface);
    EXPECT_FALSE(buffer || object);
    EXPECT_EQ(alone->unknown()->release(), 0u);
}

TEST(Proxy, FailuresAreHresults) {
    Fixture f(iid_base);
    int32_t sum = 7;
    f.channel.fail_get = hr(0x80010108);
    EXPECT_EQ(f.add(1, 2, &sum), hr(0x80010108));
    f.channel.fail_get = s_ok;
    f.channel.fail_send = hr(0x80010002);
    EXPECT_EQ(f.add(1, 2, &sum), hr(0x80010002));
    f.channel.fail_send = s_ok;
    EXPECT_EQ(f.add(1, 2, nullptr), hr(0x80070000 | 1780));
    f.channel.truncate = 2;
    EXPECT_EQ(f.add(1, 2, &sum), hr(0x80070000 | 1783));
    f.channel.truncate = ~0u;
    f.buffer->vtbl->Disconnect(f.buffer);
    EXPECT_EQ(f.add(1, 2, &sum), co_e_obj_not_connected);
    EXPECT_EQ(f.buffer->vtbl->Connect(f.buffer, f.channel.face()), s_ok);
    f.stub->vtbl->Disconnect(f.stub);
    EXPECT_EQ(f.add(1, 2, &sum), co_e_obj_not_connected);
    EXPECT_EQ(f.stub->vtbl->Connect(f.stub, reinterpret_cast<Unknown*>(&f.server)), s_ok);
    EXPECT_EQ(f.add(1, 2, &sum), s_ok);
}

TEST(Proxy, AMethodThatIsNotThere) {
    Fixture f(iid_base);
    RPC_MESSAGE message{};
    for (unsigned method : {0u, 2u, 5u, 6u, 0x7fffu, 0x10003u}) {
        message.ProcNum = method;
        EXPECT_EQ(f.stub->vtbl->Invoke(f.stub, &message, f.channel.face()), rpc_e_invalid_method) << method;
    }
    Slot args[2] = {reinterpret_cast<Slot>(f.object), 0};
    StublessResult result{};
    EXPECT_EQ(stubless_call(0, args, nullptr, result), Status::procnum_out_of_range);
}

// Every allocation fails once.
TEST(Proxy, OutOfMemoryIsAnHresult) {
    FactoryBuffer* factory = open(both, factory_memory);
    Server server{server_vtbl};
    for (long n = 1;; ++n) {
        ProxyBuffer* buffer = nullptr;
        void* object = nullptr;
        mem_fail_nth(n);
        Hresult h = factory->vtbl->CreateProxy(factory, nullptr, &iid_derived, &buffer, &object);
        StubBuffer* stub = nullptr;
        Hresult h2 = factory->vtbl->CreateStub(factory, &iid_derived, reinterpret_cast<Unknown*>(&server), &stub);
        bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_EQ(bad(h) || bad(h2), !pending);
        if (bad(h)) EXPECT_EQ(h, e_out_of_memory);
        if (buffer) {
            object_release(object);
            buffer->unknown()->release();
        }
        if (stub) {
            stub->vtbl->Disconnect(stub);
            stub->unknown()->release();
        }
        EXPECT_EQ(server.refs, 1);
        if (pending) break;
    }
    EXPECT_EQ(factory->unknown()->release(), 0u);
}

TEST(Tables, BrokenOnesAreNotThere) {
    Interface found;
    EXPECT_TRUE(find_interface(both, iid_derived, found));
    EXPECT_EQ(found.method_count(), 6u);
    EXPECT_TRUE(same(*found.base, iid_base));
    EXPECT_FALSE(find_interface(both, clsid, found));
    EXPECT_FALSE(find_interface(nullptr, clsid, found));
    ProxyFile file = base_file;
    const ProxyFile* const list[] = {&file, nullptr};
    file.size = 500;  // the list ends before
    EXPECT_TRUE(find_interface(list, iid_base, found));
    EXPECT_FALSE(find_interface(list, iid_derived, found));
    file.stubs = nullptr;
    EXPECT_FALSE(find_interface(list, iid_base, found));
    StubTable many = base_stub_table;
    const StubTable* const stubs[] = {&many, nullptr};
    file.stubs = stubs;
    for (uint32_t count : {0u, 2u, method_limit + 1, 0xffffffffu}) {
        many.header.method_count = count;
        EXPECT_FALSE(find_interface(list, iid_base, found)) << count;
    }
    many.header.method_count = 5;
    EXPECT_TRUE(find_interface(list, iid_base, found));
    file.proxies = nullptr;
    EXPECT_FALSE(find_interface(list, iid_base, found));
}

// What its descriptions mean cannot be known: neither is made, and what is called without that fails.
TEST(Tables, ALaterNdr) {
    MIDL_STUB_DESC later = desc;
    const MIDL_STUBLESS_PROXY_INFO info = {&later, strings, own_offsets, nullptr, 0, nullptr};
    const MIDL_SERVER_INFO server = {&later, nullptr, strings, own_offsets, nullptr, nullptr, 0, nullptr};
    const ProxyOf proxy = {&info, &iid_base, {nullptr, nullptr, nullptr, mark, mark, nullptr}};
    const StubTable table = {{&iid_base, &server, 5, nullptr}, whole_vtbl};
    const void* const proxies[] = {&proxy, nullptr};
    const StubTable* const stubs[] = {&table, nullptr};
    const ProxyFile file = {proxies, stubs, base_names, nullptr, nullptr, 1, 2, nullptr, {}};
    const ProxyFile* const files[] = {&file, nullptr};
    constexpr Hresult wrong_version = hr(0x80070000 | 1829);
    {
        Fixture f(iid_base, files);
        int32_t sum = 0;
        EXPECT_EQ(f.add(1, 2, &sum), s_ok);
        later.Version = 0xb0000;
        RPC_MESSAGE message{};
        message.ProcNum = 3;
        EXPECT_EQ(f.stub->vtbl->Invoke(f.stub, &message, f.channel.face()), wrong_version);
        Slot args[] = {reinterpret_cast<Slot>(f.object), 1, 2, reinterpret_cast<Slot>(&sum), 0};
        StublessResult result{};
        EXPECT_EQ(stubless_call(3, args, nullptr, result), Status::wrong_stub_version);
    }
    for (unsigned version : {0xb0000u, 0x7fffffffu, 0xffffffffu}) {
        later.Version = version;
        FactoryBuffer* factory = open(files, factory_memory);
        Server object{server_vtbl};
        ProxyBuffer* buffer = nullptr;
        void* made = nullptr;
        StubBuffer* stub = nullptr;
        EXPECT_EQ(factory->vtbl->CreateProxy(factory, nullptr, &iid_base, &buffer, &made), wrong_version);
        EXPECT_EQ(factory->vtbl->CreateStub(factory, &iid_base, reinterpret_cast<Unknown*>(&object), &stub), wrong_version);
        EXPECT_FALSE(buffer || made || stub);
        EXPECT_EQ(factory->unknown()->release(), 0u);
    }
}

TEST(Tables, InlineFilesHaveNoProxyInformation) {
    const void* const proxies[] = {&base_proxy.iid, nullptr};
    const ProxyFile file = {proxies, base_stubs, base_names, nullptr, nullptr, 1, 1, nullptr, {}};
    Interface found;
    ASSERT_TRUE(interface_at(file, 0, found));
    EXPECT_TRUE(same(found.iid(), iid_base));
    EXPECT_FALSE(found.stubless);
}

TEST(Registry, WhatIsWritten) {
    std::vector<std::string> lines;
    EXPECT_EQ(each_registry_value(
                  both, clsid,
                  [](void* context, const RegistryValue& v) {
                      static_cast<std::vector<std::string>*>(context)->push_back(std::string(v.key) + "|" +
                                                                                 (v.name ? v.name : "") + "|" +
                                                                                 (v.module_path ? "<path>" : v.text));
                      return s_ok;
                  },
                  &lines),
              s_ok);
    const std::string base = "{00000001-0000-0000-0000-000000000000}", own = "{00000003-0000-0000-0000-000000000000}";
    ASSERT_EQ(lines.size(), 9u);
    EXPECT_EQ(lines[0], "Interface\\" + base + "||IBase");
    EXPECT_EQ(lines[1], "Interface\\" + base + "\\ProxyStubClsid32||" + own);
    EXPECT_EQ(lines[2], "Interface\\" + base + "\\NumMethods||5");
    EXPECT_EQ(lines[6], "CLSID\\" + own + "||PSFactoryBuffer");
    EXPECT_EQ(lines[7], "CLSID\\" + own + "\\InProcServer32||<path>");
    EXPECT_EQ(lines[8], "CLSID\\" + own + "\\InProcServer32|ThreadingModel|Both");
    int keys = 0;
    EXPECT_EQ(each_registry_key(
                  both, clsid,
                  [](void* context, const RegistryValue&) {
                      ++*static_cast<int*>(context);
                      return s_ok;
                  },
                  &keys),
              s_ok);
    EXPECT_EQ(keys, 8);
    EXPECT_TRUE(same(*class_of(both, nullptr), iid_base));
}

// --- tables made at run time
// ------------------------------------------------------------------------------------------------

// IDerived as a type library would say it: Add(in, in, out), Twice(in, out).
TypeDescription describe() {
    TypeDescription d;
    d.iid = iid_derived;
    d.method_count = 6;
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(d.offsets.push_back(0xffff));
    FormatParameter in, out;
    in.type = out.type = FormatWriter::simple_type(0x08);
    in.in = out.out = out.reference = true;
    const FormatParameter add[] = {in, in, out}, twice[] = {in, out};
    EXPECT_EQ(d.formats.method(3, add, 3, &in.type, d.offsets[3]), Status::ok);
    EXPECT_EQ(d.formats.method(5, twice, 2, &in.type, d.offsets[5]), Status::ok);
    return d;
}

TEST(TypeTables, ACallThroughThem) {
    const TypeRuntime runtime = {take, give, nullptr};
    Server server{server_vtbl};
    TestChannel channel{&channel_vtbl};
    ProxyBuffer* buffer = nullptr;
    void* object = nullptr;
    ASSERT_EQ(create_described_proxy(describe(), runtime, nullptr, &buffer, &object), s_ok);
    ASSERT_EQ(create_described_stub(describe(), runtime, reinterpret_cast<Unknown*>(&server), &channel.stub), s_ok);
    int32_t sum = 7;
    Slot args[] = {reinterpret_cast<Slot>(object), 40, 2, reinterpret_cast<Slot>(&sum), 0};
    StublessResult result{};
    ASSERT_EQ(stubless_call(3, args, nullptr, result), Status::ok);
    EXPECT_EQ(static_cast<Hresult>(result.value), co_e_obj_not_connected);
    EXPECT_EQ(sum, 0);
    ASSERT_EQ(buffer->vtbl->Connect(buffer, channel.face()), s_ok);
    ASSERT_EQ(stubless_call(3, args, nullptr, result), Status::ok);
    EXPECT_EQ(static_cast<Hresult>(result.value), s_ok);
    EXPECT_EQ(sum, 42);
    EXPECT_EQ(result.pop, 32u);
    EXPECT_EQ(stubless_call(4, args, nullptr, result), Status::procnum_out_of_range);  // not described
    EXPECT_EQ(object_release(object), 1u);
    EXPECT_EQ(buffer->unknown()->release(), 0u);
    EXPECT_EQ(channel.stub->unknown()->release(), 0u);
    EXPECT_EQ(server.refs, 1);
    EXPECT_EQ(channel.refs, 1);
}

TEST(TypeTables, OutOfMemory) {
    const TypeRuntime runtime = {take, give, nullptr};
    for (long n = 1;; ++n) {
        TypeDescription d = describe();
        ProxyBuffer* buffer = nullptr;
        void* object = nullptr;
        mem_fail_nth(n);
        Hresult h = create_described_proxy(std::move(d), runtime, nullptr, &buffer, &object);
        bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_EQ(h, pending ? s_ok : e_out_of_memory);
        if (buffer) {
            object_release(object);
            buffer->unknown()->release();
        }
        if (pending) break;
    }
}

}  // namespace
}  // namespace rpc::com
