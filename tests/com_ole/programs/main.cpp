// Interfaces of widl's proxies through the system's own COM: between two apartments of a process, and from a client's
// process to a local server's.
//   com_ole                both
//   com_ole serve EVENT    the server: registers its class, says so, and waits for the event that ends it
//   com_ole die            a client that does not come back from its call
#include <initguid.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "com_proxy/programs/calculator.h"
#include "com_proxy/programs/proxy_tables.h"

#include "basics/check.h"
#include "support/local_server.h"

extern "C" {
extern const ProxyFileInfo calc_ProxyFileInfo, more_ProxyFileInfo;
CStdPSFactoryBuffer gPFactory;
ULONG STDMETHODCALLTYPE CStdStubBuffer_Release(IRpcStubBuffer* stub) {
    return NdrCStdStubBuffer_Release(stub, (IPSFactoryBuffer*)&gPFactory);
}
ULONG STDMETHODCALLTYPE CStdStubBuffer2_Release(IRpcStubBuffer* stub) {
    return NdrCStdStubBuffer2_Release(stub, (IPSFactoryBuffer*)&gPFactory);
}
}

static const CLSID clsid_ps = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 1, 0}};
static const CLSID clsid_server = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 1, 1}};
static const ProxyFileInfo* files[] = {&calc_ProxyFileInfo, &more_ProxyFileInfo, nullptr};

static volatile LONG objects;
static const wchar_t* serving;  // the name of a server's event
constexpr HRESULT stay_inside = 0x20000d1e;

struct Server : Calculator<CoTaskMemAlloc> {
    LONG refs = 1;
    Server() { InterlockedIncrement(&objects); }
    virtual ~Server() { InterlockedDecrement(&objects); }
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (!IsEqualIID(iid, IID_IUnknown) && !IsEqualIID(iid, IID_IMore) && !IsEqualIID(iid, IID_ICalc))
            return E_NOINTERFACE;
        AddRef();
        *object = static_cast<IMore*>(this);
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override {
        LONG left = InterlockedDecrement(&refs);
        if (!left) delete this;
        return left;
    }
    HRESULT STDMETHODCALLTYPE Answer(HRESULT what) override {
        if (serving && what == stay_inside) {
            SetEvent(local_server::event_of(serving, L"inside"));
            WaitForSingleObject(local_server::event_of(serving, L"dead"), 60000);
        }
        return what;
    }
};

static void register_proxies() {
    CHECK_EQ(CoRegisterPSClsid(IID_ICalc, clsid_ps), S_OK);
    CHECK_EQ(CoRegisterPSClsid(IID_IMore, clsid_ps), S_OK);
    IPSFactoryBuffer* f = nullptr;
    CHECK_EQ(NdrDllGetClassObject(clsid_ps, IID_IPSFactoryBuffer, (void**)&f, files, &clsid_ps, &gPFactory), S_OK);
    DWORD cookie = 0;
    CHECK_EQ(CoRegisterClassObject(clsid_ps, f, CLSCTX_INPROC_SERVER, REGCLS_MULTIPLEUSE, &cookie), S_OK);
    f->Release();
}

// Interfaces as parameters, both ways.
static void passing(IMore* c) {
    auto* mine = new Server;
    LONG before = mine->refs, sum = 0;
    ICalc *back = (ICalc*)1, *own = (ICalc*)1;
    CHECK_EQ(c->Pass(mine, &back, &own), S_OK);
    CHECK(back == mine);  // the client's own object came home
    if (own) {
        CHECK_EQ(own->Add(20, 3, &sum), S_OK);
        CHECK_EQ(sum, 23);
        own->Release();
    }
    if (back) back->Release();
    CHECK_EQ(c->Pass(nullptr, &back, &own), S_OK);
    CHECK(!back && own);
    if (own) own->Release();
    IMore* found = nullptr;
    CHECK_EQ(c->Find(reinterpret_cast<const Iid*>(&IID_IMore), reinterpret_cast<IUnknown**>(&found)), S_OK);
    CHECK(found);
    if (found) {
        CHECK_EQ(found->Twice(4, &sum), S_OK);
        CHECK_EQ(sum, 8);
        found->Release();
    }
    CHECK_EQ(c->Find(reinterpret_cast<const Iid*>(&IID_IClassFactory), reinterpret_cast<IUnknown**>(&found)),
             E_NOINTERFACE);
    CHECK(!found);
    CHECK_EQ(mine->refs, before);
    mine->Release();
}

static void calls(IMore* c) {
    LONG sum = -1;
    CHECK_EQ(c->Add(40, 2, &sum), S_OK);
    CHECK_EQ(sum, 42);
    hyper d = 5;
    CHECK_EQ(c->Wide(0x100000000ll, -3, 200, &d), S_FALSE);
    CHECK_EQ(d, 50 + 0x100000000ll - 3 + 200);
    wchar_t* copy = nullptr;
    CHECK_EQ(c->Echo(L"over the wire", &copy), S_OK);
    CHECK(copy && !wcscmp(copy, L"over the wire"));
    CoTaskMemFree(copy);
    LONG values[1000];
    for (int i = 0; i < 1000; ++i) values[i] = i * 1000;
    hyper total = 0;
    CHECK_EQ(c->Total(1000, values, &total), S_OK);
    CHECK_EQ(total, 499500000);
    Point from = {1, 2}, by = {10, 20}, to = {};
    CHECK_EQ(c->Move(from, &by, &to), S_OK);
    CHECK(to.x == 11 && to.y == 22);
    CHECK_EQ(c->Answer(E_ACCESSDENIED), E_ACCESSDENIED);
    CHECK(c->Half(5, 0.25f) == 2.75);
    LONG twice = 0;
    CHECK_EQ(c->Twice(21, &twice), S_OK);
    CHECK_EQ(twice, 42);
    passing(c);
    // Another interface of the same object, and back.
    ICalc* base = nullptr;
    CHECK_EQ(c->QueryInterface(IID_ICalc, (void**)&base), S_OK);
    if (!base) return;
    CHECK_EQ(base->Add(1, 2, &sum), S_OK);
    CHECK_EQ(sum, 3);
    IUnknown *u1 = nullptr, *u2 = nullptr;
    CHECK_EQ(base->QueryInterface(IID_IUnknown, (void**)&u1), S_OK);
    CHECK_EQ(c->QueryInterface(IID_IUnknown, (void**)&u2), S_OK);
    CHECK(u1 == u2);
    u1->Release();
    u2->Release();
    base->Release();
}

// What a method raises, a bug of its own included, is RPC_E_SERVERFAULT to its caller, and does not end its server.
static void raising(IMore* object) {
    for (DWORD code : {0xe0001234ul, static_cast<DWORD>(RPC_S_ACCESS_DENIED), static_cast<DWORD>(RPC_X_BAD_STUB_DATA),
                       static_cast<DWORD>(E_OUTOFMEMORY), static_cast<DWORD>(EXCEPTION_INT_DIVIDE_BY_ZERO),
                       static_cast<DWORD>(EXCEPTION_ACCESS_VIOLATION), static_cast<DWORD>(EXCEPTION_PRIV_INSTRUCTION), 0x406d1388ul}) {
        CHECK_EQ(object->Raise(code), RPC_E_SERVERFAULT);
        LONG sum = 0;
        CHECK_EQ(object->Add(1, 2, &sum), S_OK);
        CHECK_EQ(sum, 3);
    }
}

// --- two apartments
// -----------------------------------------------------------------------------------------------------

static IStream* stream;

static DWORD WINAPI other_apartment(void*) {
    CHECK_EQ(CoInitializeEx(nullptr, COINIT_MULTITHREADED), S_OK);
    register_proxies();
    IMore* object = nullptr;
    HRESULT h = CoGetInterfaceAndReleaseStream(stream, IID_IMore, (void**)&object);
    CHECK_EQ(h, S_OK);
    if (object) {
        calls(object);
        raising(object);
        object->Release();
    }
    CoUninitialize();
    return 0;
}

static void apartments() {
    auto* server = new Server;
    CHECK_EQ(CoMarshalInterThreadInterfaceInStream(IID_IMore, static_cast<IMore*>(server), &stream), S_OK);
    local_server::beside(other_apartment);
    CHECK_EQ(server->Release(), 0);
    CHECK_EQ(objects, 0);
}

// --- two processes
// ------------------------------------------------------------------------------------------------------

// A client dies while the server is in its call: the server answers nobody, and goes on.
static void dying_client(const wchar_t* name) {
    HANDLE inside = local_server::event_of(name, L"inside"), dead = local_server::event_of(name, L"dead");
    HANDLE client = local_server::start(L"die");
    HANDLE both[2] = {inside, client};
    CHECK_EQ(WaitForMultipleObjects(2, both, FALSE, 60000), WAIT_OBJECT_0);
    CHECK(TerminateProcess(client, 77));
    CHECK_EQ(local_server::exit_code(client), 77);
    SetEvent(dead);
}

static int die() {
    IMore* object = nullptr;
    if (FAILED(CoCreateInstance(clsid_server, nullptr, CLSCTX_LOCAL_SERVER, IID_IMore, (void**)&object))) return 1;
    return object->Answer(stay_inside) == stay_inside ? 2 : 3;
}

static int serve(const wchar_t* name) {
    serving = name;
    return local_server::serve(clsid_server, [] { return static_cast<IUnknown*>(new Server); }, name);
}

static void client(const wchar_t* name) {
    IMore* object = nullptr;
    CHECK_EQ(CoCreateInstance(clsid_server, nullptr, CLSCTX_LOCAL_SERVER, IID_IMore, (void**)&object), S_OK);
    if (object) {
        calls(object);
        raising(object);
        dying_client(name);
        calls(object);
        object->Release();
    }
}

int wmain(int argc, wchar_t** argv) {
    setvbuf(stdout, nullptr, _IONBF, 0);
    bool server = argc == 3 && !wcscmp(argv[1], L"serve");
    CHECK_EQ(CoInitializeEx(nullptr, server ? COINIT_MULTITHREADED : COINIT_APARTMENTTHREADED), S_OK);
    register_proxies();
    if (server) return serve(argv[2]);
    if (argc == 2 && !wcscmp(argv[1], L"die")) return die();
    apartments();
    printf("apartments: %d failures\n", g_failures);
    local_server::with_server(L"com_ole", client);
    printf("%d checks, %d failures\n", g_checks, g_failures);
    return g_failures || !g_checks;
}
