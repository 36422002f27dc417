#define USE_STUBLESS_PROXY
#include "hand.h"

#include <rpctry.h>
#include <stdio.h>
#include <string.h>

#include "basics/check.h"
#include "channel.h"

#ifdef _WIN64
#define AT(slot, x86) NdrFcShort((slot)*8)
#define EXTENSION 0x0a, 0x01, NdrFcShort(0), NdrFcShort(0), NdrFcShort(0), NdrFcShort(0)
#else
#define AT(slot, x86) NdrFcShort(x86)
#define EXTENSION 0x08, 0x01, NdrFcShort(0), NdrFcShort(0), NdrFcShort(0)
#endif
#define P_IN 0x48
#define P_OUT 0x2150
#define P_RESULT 0x70
#define PARAM(flags, at, type) NdrFcShort(flags), at, type, 0
#define METHOD(number, size, count) \
    0x33, 0x6c, NdrFcLong(0), NdrFcShort(number), size, NdrFcShort(64), NdrFcShort(64), 0x44, count, EXTENSION

// --- IHand
// --------------------------------------------------------------------------------------------------------------

struct IHand : IUnknown {
    virtual HRESULT STDMETHODCALLTYPE Floats(double a, float b, double* sum) = 0;
    virtual double STDMETHODCALLTYPE Ratio(float a, double b, long c, float d) = 0;
    virtual float STDMETHODCALLTYPE Narrow(double a) = 0;
    virtual hyper STDMETHODCALLTYPE Big(hyper a, long b) = 0;
    virtual void STDMETHODCALLTYPE Last(long a, long* b) = 0;
};
static const IID IID_IHand = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 0, 0x10}};

static const unsigned char hand_types[] = {0, 0};
static const unsigned char hand_methods[] = {
    METHOD(3, AT(5, 24), 4),       PARAM(P_IN, AT(1, 4), 0x0c),      PARAM(P_IN, AT(2, 12), 0x0a),
    PARAM(P_OUT, AT(3, 16), 0x0c), PARAM(P_RESULT, AT(4, 20), 0x08), METHOD(4, AT(6, 32), 5),
    PARAM(P_IN, AT(1, 4), 0x0a),   PARAM(P_IN, AT(2, 8), 0x0c),      PARAM(P_IN, AT(3, 16), 0x08),
    PARAM(P_IN, AT(4, 20), 0x0a),  PARAM(P_RESULT, AT(5, 24), 0x0c), METHOD(5, AT(3, 16), 2),
    PARAM(P_IN, AT(1, 4), 0x0c),   PARAM(P_RESULT, AT(2, 12), 0x0a), METHOD(6, AT(4, 24), 3),
    PARAM(P_IN, AT(1, 4), 0x0b),   PARAM(P_IN, AT(2, 12), 0x08),     PARAM(P_RESULT, AT(3, 16), 0x0b),
    METHOD(7, AT(3, 12), 2),       PARAM(P_IN, AT(1, 4), 0x08),      PARAM(P_OUT, AT(2, 8), 0x08),
};
static const unsigned short head = sizeof(void*) == 8 ? 26 : 24;
static const unsigned short hand_offsets[] = {0, head + 24, 2 * head + 54, 3 * head + 66, 4 * head + 84};

static const MIDL_STUB_DESC hand_desc = {nullptr, nullptr,    nullptr, {nullptr}, nullptr, nullptr,   nullptr,
                                         nullptr, hand_types, 1,       0x50002,   nullptr, 0x50200ca, nullptr,
                                         nullptr, nullptr,    1,       nullptr,   nullptr, 0};
static const MIDL_STUBLESS_PROXY_INFO hand_proxy_info = {&hand_desc, hand_methods, &hand_offsets[-3], nullptr,
                                                         0,          nullptr};
static const MIDL_SERVER_INFO hand_server_info = {&hand_desc, nullptr, hand_methods, &hand_offsets[-3], nullptr,
                                                  nullptr,    0,       nullptr};

#define STUBLESS ((void*)(INT_PTR)-1)
static const CINTERFACE_PROXY_VTABLE(8) hand_proxy = {
    {&hand_proxy_info, &IID_IHand},
    {(void*)IUnknown_QueryInterface_Proxy, (void*)IUnknown_AddRef_Proxy, (void*)IUnknown_Release_Proxy, STUBLESS,
     STUBLESS, STUBLESS, STUBLESS, STUBLESS}};
extern "C" ULONG STDMETHODCALLTYPE CStdStubBuffer_Release(IRpcStubBuffer*);
static const CInterfaceStubVtbl hand_stub = {{&IID_IHand, &hand_server_info, 8, nullptr}, {STUB_METHODS}};

static const CInterfaceProxyVtbl* const hand_proxies[] = {(const CInterfaceProxyVtbl*)&hand_proxy, nullptr};
static const CInterfaceStubVtbl* const hand_stubs[] = {&hand_stub, nullptr};
static PCInterfaceName const hand_names[] = {"IHand", nullptr};
static int __stdcall hand_lookup(const IID* iid, int* index) {
    *index = 0;
    return !memcmp(iid, &IID_IHand, sizeof *iid);
}
extern "C" const ProxyFileInfo hand_ProxyFileInfo = {(const PCInterfaceProxyVtblList*)hand_proxies,
                                                     (const PCInterfaceStubVtblList*)hand_stubs,
                                                     hand_names,
                                                     nullptr,
                                                     hand_lookup,
                                                     1,
                                                     2,
                                                     nullptr,
                                                     0,
                                                     0,
                                                     0};

struct HandServer : IHand {
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID, void** object) override {
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return 1; }
    ULONG STDMETHODCALLTYPE Release() override { return 1; }
    HRESULT STDMETHODCALLTYPE Floats(double a, float b, double* sum) override {
        *sum = a + b;
        return S_OK;
    }
    double STDMETHODCALLTYPE Ratio(float a, double b, long c, float d) override {
        return a * 1000 + b * 100 + c * 10 + d;
    }
    float STDMETHODCALLTYPE Narrow(double a) override { return (float)a; }
    hyper STDMETHODCALLTYPE Big(hyper a, long b) override { return a - b; }
    void STDMETHODCALLTYPE Last(long a, long* b) override { *b = -a; }
};

static bool connect(const ProxyFileInfo* file, REFIID iid, IUnknown* server, Channel& channel, IRpcProxyBuffer** buffer,
                    void** object) {
    static const CLSID clsid = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 2, 0}};
    const ProxyFileInfo* files[] = {file, nullptr};
    static CStdPSFactoryBuffer factory;  // the stub's Release has the other one: what is unloaded is not tested here
    factory = CStdPSFactoryBuffer();
    IPSFactoryBuffer* f = nullptr;
    if (FAILED(NdrDllGetClassObject(clsid, IID_IPSFactoryBuffer, (void**)&f, files, &clsid, &factory))) return false;
    channel_init(channel);
    if (FAILED(f->CreateProxy(nullptr, iid, buffer, object))) return false;
    if (FAILED((*buffer)->Connect(channel.face()))) return false;
    return SUCCEEDED(f->CreateStub(iid, server, &channel.stub));
}

static void hand_made_by(const ProxyFileInfo& file) {
    HandServer server;
    Channel channel;
    IRpcProxyBuffer* buffer = nullptr;
    IHand* object = nullptr;
    CHECK(connect(&file, IID_IHand, &server, channel, &buffer, (void**)&object));
    if (!object) return;
    double sum = 0;
    CHECK_EQ(object->Floats(1.5, 0.25f, &sum), S_OK);
    CHECK(sum == 1.75);
    CHECK(object->Ratio(2.5f, 0.5, -3, 0.125f) == 2520.125);
    CHECK(object->Narrow(0.5) == 0.5f);
    CHECK_EQ(object->Big(0x123456789ll, 0x89), 0x123456700ll);
    long b = 0;
    object->Last(11, &b);
    CHECK_EQ(b, -11);
    object->Release();
    buffer->Disconnect();
    CHECK_EQ(buffer->Release(), 0);
    CHECK_EQ(channel.refs, 1);
    CHECK_EQ(channel.buffers, 0);
}

#ifdef _WIN64
// As MIDL makes stubs for both transfer syntaxes: requests without one, as channels pass them, are in NDR 2.0.
static int called_with_3;
static long __RPC_STUB call_3(IRpcStubBuffer* stub, IRpcChannelBuffer* channel, PRPC_MESSAGE message, DWORD* phase) {
    ++called_with_3;
    return NdrStubCall3(stub, channel, message, phase);
}
static void both_syntaxes() {
    static const PRPC_STUB_FUNCTION functions[] = {nullptr, nullptr, nullptr, (PRPC_STUB_FUNCTION)call_3, (PRPC_STUB_FUNCTION)call_3,
                                                   (PRPC_STUB_FUNCTION)call_3, (PRPC_STUB_FUNCTION)call_3, (PRPC_STUB_FUNCTION)call_3};
    static const CInterfaceStubVtbl stub = {{&IID_IHand, &hand_server_info, 8, functions}, {STUB_METHODS}};
    static const CInterfaceStubVtbl* const stubs[] = {&stub, nullptr};
    static const ProxyFileInfo file = {(const PCInterfaceProxyVtblList*)hand_proxies, (const PCInterfaceStubVtblList*)stubs, hand_names, nullptr,
                                       hand_lookup, 1, 2, nullptr, 0, 0, 0};
    hand_made_by(file);
    CHECK_EQ(called_with_3, 5);
}
#endif

void hand_made() {
    hand_made_by(hand_ProxyFileInfo);
#ifdef _WIN64
    both_syntaxes();
#endif
}

// --- tables made at run time, in memory that nobody can write
// ---------------------------------------------------------------

static const IID IID_IMany = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 0, 0x11}};
constexpr int methods = 3 + 1024;

struct Tables {
    unsigned char format[methods][56];
    unsigned short offsets[methods];
    MIDL_STUBLESS_PROXY_INFO proxy_info;
    MIDL_SERVER_INFO server_info;
    struct {
        CInterfaceProxyHeader header;
        void* methods[3 + 1024];
    } proxy;
    CInterfaceStubVtbl stub;
    const void* proxies[2];
    const CInterfaceStubVtbl* stubs[2];
    ProxyFileInfo file;

    static Tables* make() {
        auto* t = (Tables*)VirtualAlloc(nullptr, sizeof(Tables), MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        static const unsigned char one[] = {METHOD(0, AT(4, 16), 3), PARAM(P_IN, AT(1, 4), 0x08),
                                            PARAM(P_OUT, AT(2, 8), 0x08), PARAM(P_RESULT, AT(3, 12), 0x08)};
        for (int i = 0; i < methods; ++i) {
            memcpy(t->format[i], one, sizeof one);
            t->format[i][6] = (unsigned char)i;
            t->format[i][7] = (unsigned char)(i >> 8);
            t->offsets[i] = (unsigned short)(i * sizeof t->format[0]);
            t->proxy.methods[i] = STUBLESS;
        }
        t->proxy_info = {&hand_desc, t->format[0], t->offsets, nullptr, 0, nullptr};
        t->server_info = {&hand_desc, nullptr, t->format[0], t->offsets, nullptr, nullptr, 0, nullptr};
        t->proxy.header = {&t->proxy_info, &IID_IMany};
        t->proxy.methods[0] = (void*)IUnknown_QueryInterface_Proxy;
        t->proxy.methods[1] = (void*)IUnknown_AddRef_Proxy;
        t->proxy.methods[2] = (void*)IUnknown_Release_Proxy;
        CInterfaceStubVtbl stub = {{&IID_IMany, &t->server_info, methods, nullptr}, {STUB_METHODS}};
        memcpy((void*)&t->stub, &stub, sizeof stub);
        t->proxies[0] = &t->proxy;
        t->stubs[0] = &t->stub;
        // A search routine that is none: what newer compilers leave there.
        ProxyFileInfo file = {(const PCInterfaceProxyVtblList*)t->proxies,
                              (const PCInterfaceStubVtblList*)t->stubs,
                              hand_names,
                              nullptr,
                              nullptr,
                              1,
                              2,
                              nullptr,
                              0,
                              0,
                              0};
        memcpy((void*)&t->file, &file, sizeof file);
        return t;
    }
    void seal() {
        DWORD before;
        CHECK(VirtualProtect(this, sizeof *this, PAGE_READONLY, &before));
    }
    void free() { VirtualFree(this, 0, MEM_RELEASE); }
};

static Channel* many_channel;
static HRESULT STDMETHODCALLTYPE many_query(void* self, const IID*, void** object) {
    *object = self;
    return S_OK;
}
static ULONG STDMETHODCALLTYPE many_count(void*) {
    return 1;
}
static HRESULT STDMETHODCALLTYPE many_method(void*, long a, long* b) {
    *b = a + (long)many_channel->method;
    return S_OK;
}

typedef HRESULT(STDMETHODCALLTYPE* Method)(void* self, long a, long* b);

struct ManyServer {
    void** vtbl;
    void* table[methods];
    ManyServer() {
        vtbl = table;
        for (void*& m : table) m = (void*)many_method;
        table[0] = (void*)many_query;
        table[1] = table[2] = (void*)many_count;
    }
};

void many_methods() {
    Tables* t = Tables::make();
    t->seal();
    static ManyServer server;
    static Channel channel;
    many_channel = &channel;
    IRpcProxyBuffer* buffer = nullptr;
    void** object = nullptr;
    CHECK(connect(&t->file, IID_IMany, (IUnknown*)&server, channel, &buffer, (void**)&object));
    if (!object) return;
    int wrong = 0;
    for (int i = 3; i < methods; ++i) {
        long b = 0;
        HRESULT h = ((Method)((void**)*object)[i])(object, 100000, &b);
        if (h != S_OK || b != 100000 + i || channel.method != (ULONG)i) ++wrong;
    }
    CHECK_EQ(wrong, 0);
    ((IUnknown*)object)->Release();
    buffer->Disconnect();
    CHECK_EQ(buffer->Release(), 0);
    channel.stub->Release();
    t->free();
}

static const MIDL_STUB_DESC* later_desc() {
    static MIDL_STUB_DESC later = hand_desc;
    later.Version = 0x7fffffff;
    return &later;
}

// An interface whose table is broken costs itself.
void broken_tables() {
    static ManyServer server;
    static Channel channel;
    many_channel = &channel;
    const struct {
        const char* what;
        void (*damage)(Tables&);
        bool usable;  // objects are made, and calls fail
    } kinds[] = {
        {"no stub", [](Tables& t) { t.stubs[0] = nullptr; }, false},
        {"no stubs", [](Tables& t) { *(const void**)&t.file.pStubVtblList = nullptr; }, false},
        {"no proxies", [](Tables& t) { *(const void**)&t.file.pProxyVtblList = nullptr; }, false},
        {"list shorter than its size",
         [](Tables& t) {
             t.proxies[0] = nullptr;
             t.file.TableSize = 500;
         },
         false},
        {"no interface", [](Tables& t) { t.proxy.header.piid = nullptr; }, false},
        {"two methods", [](Tables& t) { *(ULONG*)&t.stub.header.DispatchTableCount = 2; }, false},
        {"very many methods", [](Tables& t) { *(ULONG*)&t.stub.header.DispatchTableCount = 0x7fffffff; }, false},
        {"nothing to interpret", [](Tables& t) { t.proxy.header.pStublessProxyInfo = nullptr; }, false},
        {"no server information", [](Tables& t) { *(const void**)&t.stub.header.pServerInfo = nullptr; }, true},
        {"no procedure", [](Tables& t) { t.server_info.ProcString = nullptr; }, true},
        {"a procedure of another kind", [](Tables& t) { t.server_info.ProcString = hand_types; }, true},
        {"a proxy of a later NDR", [](Tables& t) { t.proxy_info.pStubDesc = later_desc(); }, false},
        {"a stub of a later NDR", [](Tables& t) { t.server_info.pStubDesc = later_desc(); }, false},
    };
    for (const auto& k : kinds) {
        Tables* t = Tables::make();
        k.damage(*t);
        t->seal();
        IRpcProxyBuffer* buffer = nullptr;
        void** object = nullptr;
        bool made = connect(&t->file, IID_IMany, (IUnknown*)&server, channel, &buffer, (void**)&object);
        if (made != k.usable) printf("%s\n", k.what);
        CHECK_EQ(made, k.usable);
        if (made) {
            long b = 0;
            HRESULT h = ((Method)((void**)*object)[7])(object, 1, &b);
            if (SUCCEEDED(h)) printf("%s\n", k.what);
            CHECK(FAILED(h));
            ((IUnknown*)object)->Release();
            buffer->Disconnect();
            CHECK_EQ(buffer->Release(), 0);
        }
        t->free();
    }
}
