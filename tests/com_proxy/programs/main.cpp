// Proxies and stubs that widl made, interpreted or inline, through a channel of this program's own.
#include <initguid.h>
#include "calculator.h"
#include "channel.h"
#include "counted_memory.h"
#include "exports.h"
#include "hand.h"

#include <rpctry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basics/check.h"

extern "C" {
extern const ProxyFileInfo calc_ProxyFileInfo, more_ProxyFileInfo;
CStdPSFactoryBuffer gPFactory, base_factory;
ULONG STDMETHODCALLTYPE CStdStubBuffer_Release(IRpcStubBuffer* stub) {
    return NdrCStdStubBuffer_Release(stub,
                                     ((CStdStubBuffer*)stub)->pPSFactory);  // one program stands for two proxy DLLs
}
ULONG STDMETHODCALLTYPE CStdStubBuffer2_Release(IRpcStubBuffer* stub) {
    return NdrCStdStubBuffer2_Release(stub, ((CStdStubBuffer*)stub)->pPSFactory);
}
}

static const CLSID clsid = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 1, 0}};
static const ProxyFileInfo* files[] = {&calc_ProxyFileInfo, &more_ProxyFileInfo, &hand_ProxyFileInfo, nullptr};

// --- a server object
// ----------------------------------------------------------------------------------------------------

struct Server : Calculator<test_allocate> {
    LONG refs = 1;
    bool knows_base = false;  // an object need not answer for the interfaces that its own is derived from
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (!IsEqualIID(iid, IID_IUnknown) && !IsEqualIID(iid, IID_IMore) &&
            !(knows_base && IsEqualIID(iid, IID_ICalc)))
            return E_NOINTERFACE;
        AddRef();
        *object = static_cast<IMore*>(this);
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
};

// The proxy manager's part: a controlling unknown.
struct Outer : IUnknown {
    LONG refs = 1;
    IID asked{};
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        asked = iid;
        *object = nullptr;
        if (!IsEqualIID(iid, IID_IUnknown)) return E_NOINTERFACE;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
};

static IPSFactoryBuffer* factory() {
    IPSFactoryBuffer* f = nullptr;
    CHECK_EQ(NdrDllGetClassObject(clsid, IID_IPSFactoryBuffer, (void**)&f, files, &clsid, &gPFactory), S_OK);
    return f;
}

// A proxy and a stub of one interface, connected.
template <class T>
struct Pair {
    Server server;
    Outer outer;
    Channel channel;
    IRpcProxyBuffer* buffer = nullptr;
    IRpcStubBuffer* stub = nullptr;
    T* object = nullptr;

    explicit Pair(REFIID iid, IUnknown* target = nullptr) {
        IPSFactoryBuffer* f = factory();
        channel_init(channel);
        server.knows_base = IsEqualIID(iid, IID_ICalc);
        CHECK_EQ(f->CreateProxy(&outer, iid, &buffer, (void**)&object), S_OK);
        CHECK_EQ(f->CreateStub(iid, target ? target : &server, &stub), S_OK);
        channel.stub = stub;
        if (buffer) CHECK_EQ(buffer->Connect(channel.face()), S_OK);
        f->Release();
    }
    bool ready() const { return buffer && stub && object; }
    ~Pair() {
        if (!ready()) return;
        CHECK_EQ(channel.buffers, 0);
        object->Release();
        CHECK_EQ(outer.refs, 1);
        buffer->Disconnect();
        CHECK_EQ(channel.refs, 1);
        CHECK_EQ(buffer->Release(), 0);
        stub->Disconnect();
        CHECK_EQ(server.refs, 1);
        CHECK_EQ(stub->Release(), 0);
        CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_OK);
    }
};

// --- the class object
// ---------------------------------------------------------------------------------------------------

static void class_object() {
    IPSFactoryBuffer* f = nullptr;
    CLSID other = clsid;
    other.Data1 ^= 1;
    CHECK_EQ(NdrDllGetClassObject(other, IID_IPSFactoryBuffer, (void**)&f, files, &clsid, &gPFactory),
             CLASS_E_CLASSNOTAVAILABLE);
    CHECK_EQ(NdrDllGetClassObject(clsid, IID_IClassFactory, (void**)&f, files, &clsid, &gPFactory), E_NOINTERFACE);
    CHECK(!f);
    CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_OK);
    CHECK_EQ(NdrDllGetClassObject(IID_IMore, IID_IPSFactoryBuffer, (void**)&f, files, nullptr, &gPFactory), S_OK);
    CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_FALSE);
    if (!f) return;
    IRpcProxyBuffer* buffer = (IRpcProxyBuffer*)1;
    void* object = (void*)1;
    CHECK_EQ(f->CreateProxy(nullptr, IID_IClassFactory, &buffer, &object), E_NOINTERFACE);
    CHECK(!buffer && !object);
    IRpcStubBuffer* stub = (IRpcStubBuffer*)1;
    CHECK_EQ(f->CreateStub(IID_IClassFactory, nullptr, &stub), E_NOINTERFACE);
    CHECK(!stub);
    Server server;
    CHECK_EQ(f->CreateStub(IID_IOther, &server, &stub), E_NOINTERFACE);  // the object has no such interface
    CHECK(!stub);
    CHECK_EQ(f->Release(), 0);
    CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_OK);
}

static void identities() {
    Pair<IMore> p(IID_IMore);
    if (!p.ready()) return;
    CHECK_EQ(p.outer.refs, 2);
    CHECK_EQ(p.object->AddRef(), 3);
    CHECK_EQ(p.object->Release(), 2);
    void* found = nullptr;
    CHECK_EQ(p.object->QueryInterface(IID_IClassFactory, &found), E_NOINTERFACE);
    CHECK(IsEqualIID(p.outer.asked, IID_IClassFactory));
    CHECK_EQ(p.object->QueryInterface(IID_IUnknown, &found), S_OK);
    CHECK(found == &p.outer);
    p.outer.Release();
    CHECK_EQ(p.buffer->QueryInterface(IID_IRpcProxyBuffer, &found), S_OK);
    CHECK(found == p.buffer);
    CHECK_EQ(p.buffer->Release(), 1);

    CHECK_EQ(p.stub->QueryInterface(IID_IRpcStubBuffer, &found), S_OK);
    CHECK(found == p.stub);
    CHECK_EQ(p.stub->Release(), 1);
    CHECK_EQ(p.stub->QueryInterface(IID_IRpcProxyBuffer, &found), E_NOINTERFACE);
    CHECK(p.stub->IsIIDSupported(IID_IMore) == p.stub);
    CHECK_EQ(p.stub->Release(), 1);
    CHECK(!p.stub->IsIIDSupported(IID_IClassFactory));
    CHECK_EQ(p.stub->CountRefs(), 1);
    CHECK_EQ(p.stub->DebugServerQueryInterface(&found), S_OK);
    CHECK(found == static_cast<IMore*>(&p.server));
    p.stub->DebugServerRelease(found);
    CHECK(p.server.refs > 1);
    p.stub->Disconnect();
    CHECK_EQ(p.server.refs, 1);
    CHECK_EQ(p.stub->CountRefs(), 0);
    LONG sum = 7;
    CHECK(FAILED(p.object->Add(1, 2, &sum)));
    CHECK_EQ(p.stub->Connect(&p.server), S_OK);
    CHECK_EQ(p.object->Add(1, 2, &sum), S_OK);
    CHECK_EQ(sum, 3);
}

// --- calls
// --------------------------------------------------------------------------------------------------------------

static void calls(ICalc* c, Channel& channel) {
    LONG before = allocations;
    LONG sum = -1;
    CHECK_EQ(c->Add(40, 2, &sum), S_OK);
    CHECK_EQ(sum, 42);
    CHECK_EQ(channel.method, 3);
    hyper d = 5;
    CHECK_EQ(c->Wide(0x100000000ll, -3, 200, &d), S_FALSE);
    CHECK_EQ(d, 50 + 0x100000000ll - 3 + 200);
    wchar_t* copy = (wchar_t*)nullptr;
    CHECK_EQ(c->Echo(L"over the wire", &copy), S_OK);
    CHECK(copy && !wcscmp(copy, L"over the wire"));
    test_free(copy);
    CHECK_EQ(allocations, before);  // the stub freed what its server allocated
    LONG values[100];
    for (int i = 0; i < 100; ++i) values[i] = i * 1000;
    hyper total = 0;
    CHECK_EQ(c->Total(100, values, &total), S_OK);
    CHECK_EQ(total, 4950000);
    Point from = {1, 2}, by = {10, 20}, to = {};
    CHECK_EQ(c->Move(from, &by, &to), S_OK);
    CHECK(to.x == 11 && to.y == 22);
    CHECK_EQ(c->Move(from, nullptr, &to), S_OK);
    CHECK(to.x == 101 && to.y == 102);
    CHECK_EQ(c->Answer(E_ACCESSDENIED), E_ACCESSDENIED);
    CHECK_EQ(c->Answer(S_FALSE), S_FALSE);
    CHECK(c->Half(5, 0.25f) == 2.75);
    CHECK_EQ(channel.method, 10);
    CHECK_EQ(channel.buffers, 0);
}

static void own_calls() {
    Pair<ICalc> p(IID_ICalc);
    if (!p.ready()) return;
    calls(p.object, p.channel);
    CHECK(IsEqualIID(p.channel.iid, IID_ICalc));
}

static void delegated_calls() {
    Pair<IMore> p(IID_IMore);
    if (!p.ready()) return;
    calls(p.object, p.channel);
    LONG twice = 0;
    CHECK_EQ(p.object->Twice(21, &twice), S_OK);
    CHECK_EQ(twice, 42);
    CHECK_EQ(p.channel.method, 11);
    CHECK(IsEqualIID(p.channel.iid, IID_IMore));
}

// --- what goes wrong
// ----------------------------------------------------------------------------------------------------

static void client_failures() {
    Pair<IMore> p(IID_IMore);
    if (!p.ready()) return;
    LONG sum = 7;
    wchar_t* copy = (wchar_t*)1;
    p.channel.fail_get_buffer = E_ACCESSDENIED;
    CHECK_EQ(p.object->Add(1, 2, &sum), E_ACCESSDENIED);
    CHECK_EQ(p.object->Twice(1, &sum), E_ACCESSDENIED);
    p.channel.fail_get_buffer = 0;
    p.channel.fail_send = RPC_E_CALL_CANCELED;
    CHECK_EQ(p.object->Echo(L"x", &copy), RPC_E_CALL_CANCELED);
    CHECK(!copy);
    CHECK_EQ(p.object->Twice(1, &sum), RPC_E_CALL_CANCELED);
    p.channel.fail_send = RPC_E_DISCONNECTED;
    CHECK_EQ(p.object->Twice(1, &sum), RPC_E_DISCONNECTED);
    p.channel.fail_send = 0;
    CHECK_EQ(p.object->Add(1, 2, nullptr), HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER));
    CHECK_EQ(p.object->Twice(1, nullptr), HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER));
    copy = (wchar_t*)1;
    const wchar_t* volatile none = nullptr;
    CHECK_EQ(p.object->Echo(none, &copy), HRESULT_FROM_WIN32(RPC_X_NULL_REF_POINTER));
    CHECK(!copy);
    // The reply ends too early.
    p.channel.truncate_reply = 3;
    CHECK_EQ(p.object->Add(1, 2, &sum), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    CHECK_EQ(p.object->Twice(1, &sum), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    p.channel.truncate_reply = 6;
    copy = (wchar_t*)1;
    CHECK_EQ(p.object->Echo(L"truncated", &copy), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    CHECK(!copy);
    p.channel.truncate_reply = 0;
    // Without a channel.
    p.buffer->Disconnect();
    CHECK_EQ(p.channel.refs, 1);
    CHECK_EQ(p.object->Twice(1, &sum), CO_E_OBJNOTCONNECTED);
    CHECK_EQ(p.object->Add(1, 2, &sum), CO_E_OBJNOTCONNECTED);
    CHECK_EQ(p.buffer->Connect(p.channel.face()), S_OK);
    CHECK_EQ(p.object->Add(1, 2, &sum), S_OK);
    CHECK_EQ(allocations, 0);
}

static void server_failures() {
    Pair<IMore> p(IID_IMore);
    if (!p.ready()) return;
    LONG sum = 0;
    // What the method raises is the channel's business.
    const DWORD codes[] = {0xe0001234, RPC_S_ACCESS_DENIED, RPC_X_BAD_STUB_DATA};
    for (DWORD code : codes) {
        CHECK_EQ(p.object->Raise(code), RPC_E_SERVERFAULT);
        CHECK_EQ(p.channel.invoke_raised, code);
    }
    // A request that ends too early is the stub's.
    p.channel.truncate_request = 2;
    CHECK_EQ(p.object->Twice(1, &sum), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    CHECK_EQ(p.channel.invoke_raised, 0);
    CHECK_EQ(p.object->Add(1, 2, &sum), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    CHECK_EQ(p.channel.invoke_raised, 0);
    LONG values[3] = {1, 2, 3};
    hyper total;
    p.channel.truncate_request = 12;
    CHECK_EQ(p.object->Total(3, values, &total), HRESULT_FROM_WIN32(RPC_X_BAD_STUB_DATA));
    p.channel.truncate_request = 0;
    // A method that the interface does not have.
    p.channel.method_shift = 1;
    CHECK(FAILED(p.object->Twice(1, &sum)));
    p.channel.method_shift = 1000000;
    CHECK(FAILED(p.object->Twice(1, &sum)));
    p.channel.method_shift = (ULONG)-11;
    CHECK(FAILED(p.object->Twice(1, &sum)));
    p.channel.method_shift = 0;
    CHECK_EQ(p.object->Twice(4, &sum), S_OK);
    CHECK_EQ(sum, 8);
}

static void alone() {
    // Without an aggregate the proxy is its own.
    IPSFactoryBuffer* f = factory();
    IRpcProxyBuffer* buffer = nullptr;
    IMore* object = nullptr;
    CHECK_EQ(f->CreateProxy(nullptr, IID_IMore, &buffer, (void**)&object), S_OK);
    f->Release();
    if (!object) return;
    void* found = nullptr;
    CHECK_EQ(object->QueryInterface(IID_IMore, &found), S_OK);
    CHECK(found == object);
    object->Release();
    object->Release();
    CHECK_EQ(buffer->Release(), 0);
    CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_OK);
}

static void error_handler() {
    CHECK_EQ(NdrProxyErrorHandler(RPC_S_CALL_FAILED), HRESULT_FROM_WIN32(RPC_S_CALL_FAILED));
    CHECK_EQ(NdrProxyErrorHandler((DWORD)E_OUTOFMEMORY), E_OUTOFMEMORY);
    CHECK_EQ(NdrProxyErrorHandler(0xC0000005), (HRESULT)0xC0000005);
}

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    CoInitializeEx(nullptr, COINIT_APARTMENTTHREADED);
    // The base interface's proxies and stubs are found as the system finds them.
    CHECK_EQ(CoRegisterPSClsid(IID_ICalc, clsid), S_OK);
    IPSFactoryBuffer* base = nullptr;
    CHECK_EQ(NdrDllGetClassObject(clsid, IID_IPSFactoryBuffer, (void**)&base, files, &clsid, &base_factory), S_OK);
    DWORD cookie = 0;
    CHECK_EQ(CoRegisterClassObject(clsid, base, CLSCTX_INPROC_SERVER, REGCLS_MULTIPLEUSE, &cookie), S_OK);
    const struct {
        const char* name;
        void (*run)();
    } tests[] = {
        {"class_object", class_object},
        {"identities", identities},
        {"own_calls", own_calls},
        {"delegated_calls", delegated_calls},
        {"client_failures", client_failures},
        {"server_failures", server_failures},
        {"alone", alone},
        {"error_handler", error_handler},
        {"hand_made", hand_made},
        {"many_methods", many_methods},
        {"broken_tables", broken_tables},
        {"registration", registration},
        {"set_up_by_hand", set_up_by_hand},
    };
    for (const auto& t : tests) {
        int before = g_failures;
        t.run();
        printf("%s: %d failures\n", t.name, g_failures - before);
    }
    printf("%d checks, %d failures\n", g_checks, g_failures);
    return g_failures || !g_checks;
}
