// COM's asynchronous calls in one process: a call object of a proxy, a channel of this program's own, a call object of a server.
#include <initguid.h>
#include "server.h"
#include "wire.h"

#include <rpctry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "com_proxy/programs/proxy_tables.h"

#include "basics/check.h"

extern "C" {
extern const ProxyFileInfo slow_ProxyFileInfo;
CStdPSFactoryBuffer gPFactory;
ULONG STDMETHODCALLTYPE CStdStubBuffer_Release(IRpcStubBuffer* stub) {
    return NdrCStdStubBuffer_Release(stub, (IPSFactoryBuffer*)&gPFactory);
}
}

static const CLSID clsid = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 1, 2}};
static const ProxyFileInfo* files[] = {&slow_ProxyFileInfo, nullptr};
static IPSFactoryBuffer* factory;

// A connected pair: proxy, channel, stub, server, and call objects where they are wanted. Its end checks that nothing is left over.
struct Pair {
    Server server;
    Wire wire;
    IRpcProxyBuffer* buffer = nullptr;
    ISlow* proxy = nullptr;
    ICallFactory* calls = nullptr;
    AsyncISlow* call = nullptr;
    ISynchronize* done = nullptr;
    LONG allocated = allocations;

    explicit Pair(bool serve_asynchronously = true) {
        CHECK_EQ(factory->CreateProxy(nullptr, IID_ISlow, &buffer, (void**)&proxy), S_OK);
        CHECK_EQ(buffer->Connect(&wire), S_OK);
        CHECK_EQ(factory->CreateStub(IID_ISlow, static_cast<ISlow*>(&server), &wire.stub), S_OK);
        if (serve_asynchronously) CHECK_EQ(wire.serve_asynchronously(IID_AsyncISlow), S_OK);
        CHECK_EQ(proxy->QueryInterface(IID_ICallFactory, (void**)&calls), S_OK);
        CHECK_EQ(calls->CreateCall(IID_AsyncISlow, nullptr, IID_AsyncISlow, (IUnknown**)&call), S_OK);
        CHECK_EQ(call->QueryInterface(IID_ISynchronize, (void**)&done), S_OK);
    }
    void drop_call() {
        if (!call) return;
        done->Release();
        CHECK_EQ(call->Release(), 0);
        call = nullptr;
    }
    ~Pair() {
        drop_call();
        calls->Release();
        proxy->Release();
        buffer->Disconnect();
        CHECK_EQ(buffer->Release(), 0);
        if (wire.call) CHECK_EQ(wire.call->Release(), 0);
        CHECK_EQ(wire.stub->Release(), 0);
        CHECK_EQ(server.call_objects, 0);
        CHECK_EQ(server.refs, 1);
        CHECK_EQ(wire.refs, 1);
        CHECK_EQ(wire.buffers, 0);
        CHECK_EQ(allocations, allocated);
    }
};

static void mix(AsyncISlow* call, HRESULT begun, HRESULT finished) {
    short values[3] = {1, 20, 300};
    LONG value = 4000;
    CHECK_EQ(call->Begin_Mix(&value, 3, values, L"text"), begun);
    if (FAILED(begun)) return;
    wchar_t* copy = (wchar_t*)L"x";
    value = 0;
    CHECK_EQ(call->Finish_Mix(&value, &copy), finished);
    if (SUCCEEDED(finished)) {
        CHECK_EQ(value, 4321);
        CHECK(copy && !wcscmp(copy, L"text"));
    } else {
        CHECK(!copy);
    }
    if (copy) test_free(copy);
}

static void both_asynchronous() {
    Pair p;
    for (int round = 0; round < 2; ++round) {
        LONG sum = 0;
        CHECK_EQ(p.call->Begin_Add(40, 2), S_OK);
        CHECK_EQ(p.wire.method, 3);
        CHECK(p.wire.iid == IID_ISlow);
        CHECK_EQ(p.done->Wait(0, 10000), S_OK);
        CHECK_EQ(p.call->Finish_Add(&sum), S_OK);
        CHECK_EQ(sum, 42);
        mix(p.call, S_OK, S_OK);
        CHECK_EQ(p.wire.method, 4);
    }
    CHECK_EQ(p.server.begun, 4);
    CHECK_EQ(p.server.finished, 4);
    CHECK_EQ(p.server.synchronous, 0);
}

static DWORD WINAPI complete_later(void* server) {
    Sleep(20);
    return static_cast<Server*>(server)->complete();
}

// The server signals from another thread, after Begin_ has returned.
static void completed_later() {
    Pair p;
    p.server.signal = When::later;
    LONG sum = 77;
    CHECK_EQ(p.call->Begin_Add(1, 2), S_OK);
    CHECK_EQ(p.done->Wait(0, 0), RPC_S_CALLPENDING);
    CHECK_EQ(p.call->Finish_Add(&sum), RPC_S_CALLPENDING);
    CHECK_EQ(sum, 0);
    CHECK_EQ(p.call->Begin_Add(5, 5), RPC_S_CALLPENDING);
    wchar_t* copy = nullptr;
    CHECK_EQ(p.call->Finish_Mix(&sum, &copy), RPC_E_INVALIDMETHOD);
    ISynchronize* signal = p.server.to_signal;
    CHECK_EQ(signal->Wait(0, 0), RPC_S_CALLPENDING);
    CHECK_EQ(p.server.finished, 0);
    signal->AddRef();
    HANDLE thread = CreateThread(nullptr, 0, complete_later, &p.server, 0, nullptr);
    CHECK_EQ(p.done->Wait(0, 10000), S_OK);
    CHECK_EQ(p.call->Finish_Add(&sum), S_OK);
    CHECK_EQ(sum, 3);
    WaitForSingleObject(thread, INFINITE);
    DWORD code = 1;
    GetExitCodeThread(thread, &code);
    CHECK_EQ(code, S_OK);
    CloseHandle(thread);
    CHECK_EQ(signal->Signal(), RPC_E_CALL_COMPLETE);
    CHECK_EQ(signal->Wait(0, 0), S_OK);
    signal->Release();
    CHECK_EQ(p.call->Finish_Add(&sum), RPC_E_CALL_COMPLETE);
    CHECK_EQ(p.server.begun, 1);
}

// "The output of synchronous and asynchronous proxies is indistinguishable, as is the output of the corresponding stubs."
static void same_on_the_wire() {
    std::string requests[2][2], replies[2][2];
    for (int asynchronous_server = 0; asynchronous_server < 2; ++asynchronous_server) {
        Pair p(asynchronous_server != 0);
        short values[3] = {1, 20, 300};
        LONG value = 4000;
        wchar_t* copy = nullptr;
        CHECK_EQ(p.proxy->Mix(&value, 3, values, L"text", &copy), S_OK);
        CHECK_EQ(value, 4321);
        CHECK(copy && !wcscmp(copy, L"text"));
        test_free(copy);
        requests[asynchronous_server][0] = p.wire.request;
        replies[asynchronous_server][0] = p.wire.reply;
        mix(p.call, S_OK, S_OK);
        requests[asynchronous_server][1] = p.wire.request;
        replies[asynchronous_server][1] = p.wire.reply;
        CHECK_EQ(p.server.synchronous, asynchronous_server ? 0 : 2);
        CHECK_EQ(p.server.finished, asynchronous_server ? 2 : 0);
    }
    CHECK(!requests[0][0].empty() && !replies[0][0].empty());
    for (int s = 0; s < 2; ++s) {
        for (int c = 0; c < 2; ++c) {
            CHECK(requests[s][c] == requests[0][0]);
            CHECK(replies[s][c] == replies[0][0]);
        }
    }
}

// A channel without IAsyncRpcChannelBuffer: a refusal on either side, and synchronous calls go on.
static void plain_channel() {
    Pair p;
    p.wire.async_capable = false;
    for (int round = 0; round < 2; ++round) mix(p.call, E_NOINTERFACE, S_OK);
    LONG sum = 0;
    CHECK_EQ(p.proxy->Add(1, 2, &sum), E_NOINTERFACE);  // the stub of the call object, which was made before
    CHECK_EQ(p.server.begun, 0);
    p.wire.call->Release();
    p.wire.call = nullptr;
    CHECK_EQ(p.proxy->Add(1, 2, &sum), S_OK);
    CHECK_EQ(sum, 3);
}

static void not_connected() {
    Pair p;
    p.buffer->Disconnect();
    AsyncISlow* call = nullptr;
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, nullptr, IID_AsyncISlow, (IUnknown**)&call), S_OK);
    CHECK_EQ(call->Begin_Add(1, 2), CO_E_OBJNOTCONNECTED);
    CHECK_EQ(call->Begin_Add(1, 2), CO_E_OBJNOTCONNECTED);
    LONG sum = 1;
    CHECK_EQ(call->Finish_Add(&sum), RPC_E_CALL_COMPLETE);
    CHECK_EQ(sum, 0);
    CHECK_EQ(call->Release(), 0);
    mix(p.call, S_OK, S_OK);  // this one has its channel still
}

static void failing() {
    {
        Pair p;
        p.wire.fail_send = RPC_E_DISCONNECTED;
        mix(p.call, RPC_E_DISCONNECTED, S_OK);
        p.wire.fail_send = S_OK;
        p.server.begin_answer = E_ACCESSDENIED;  // the server has begun nothing: the call fails
        mix(p.call, S_OK, E_ACCESSDENIED);
        CHECK_EQ(p.server.finished, 0);
        p.server.begin_answer = S_OK;
        p.server.finish_answer = E_ABORT;  // the method's own failure
        LONG sum = 0;
        CHECK_EQ(p.call->Begin_Add(1, 2), S_OK);
        CHECK_EQ(p.call->Finish_Add(&sum), E_ABORT);
        p.server.finish_answer = S_OK;
        mix(p.call, S_OK, S_OK);
    }
    {
        Pair p;  // exceptions out of a COM method: a failure code, the server lives
        p.server.begin_raises = 0xE0000001;
        mix(p.call, S_OK, RPC_E_SERVERFAULT);
        CHECK_EQ(p.wire.raised, 0xE0000001);
        p.server.begin_raises = 0;
        p.server.finish_raises = 0xE0000002;
        LONG sum = 0;
        CHECK_EQ(p.call->Begin_Add(1, 2), S_OK);
        CHECK_EQ(p.wire.raised, 0);
        CHECK_EQ(p.call->Finish_Add(&sum), RPC_E_SERVERFAULT);
        p.server.finish_raises = 0;
        mix(p.call, S_OK, S_OK);
    }
    {
        Pair p;
        for (ULONG left = 1; left < 40; ++left) {
            p.wire.truncate_request = left;
            short values[3] = {1, 20, 300};
            LONG value = 4000;
            wchar_t* copy = nullptr;
            CHECK_EQ(p.call->Begin_Mix(&value, 3, values, L"text"), S_OK);
            HRESULT h = p.call->Finish_Mix(&value, &copy);
            CHECK(FAILED(h) && !copy);
        }
        CHECK_EQ(p.server.begun, 0);
        p.wire.truncate_request = 0;
        for (ULONG left = 1; left < 30; ++left) {
            p.wire.truncate_reply = left;
            short values[3] = {1, 20, 300};
            LONG value = 4000;
            wchar_t* copy = nullptr;
            CHECK_EQ(p.call->Begin_Mix(&value, 3, values, L"text"), S_OK);
            CHECK(FAILED(p.call->Finish_Mix(&value, &copy)));
            if (copy) test_free(copy);  // it had come before the end was missed
        }
        p.wire.truncate_reply = 0;
        mix(p.call, S_OK, S_OK);
    }
}

// Methods that the stub's interface has not.
static void unknown_methods() {
    Pair p;
    for (ULONG method : {0, 1, 2, 5, 6, 7, 0x7ffe, 0x7fff}) {
        RPCOLEMESSAGE m = {};
        char nothing[8] = {};
        m.Buffer = nothing;
        m.cbBuffer = sizeof nothing;
        m.iMethod = method;
        m.dataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
        CHECK(FAILED(p.wire.call->Invoke(&m, &p.wire)));
    }
    CHECK(FAILED(p.wire.call->Invoke(nullptr, &p.wire)));
    CHECK_EQ(p.server.begun, 0);
    mix(p.call, S_OK, S_OK);
}

// "If the client does not need the results ... it can release the call object."
static void given_up() {
    Pair p;
    p.server.signal = When::later;
    CHECK_EQ(p.call->Begin_Add(1, 2), S_OK);
    p.drop_call();
    CHECK_EQ(p.server.complete(), S_OK);
    CHECK_EQ(p.server.finished, 1);
    // With the reply there already.
    p.server.signal = When::in_begin;
    AsyncISlow* call = nullptr;
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, nullptr, IID_AsyncISlow, (IUnknown**)&call), S_OK);
    CHECK_EQ(call->Begin_Add(1, 2), S_OK);
    CHECK_EQ(call->Release(), 0);
}

// The stub is disconnected and released while its call is out: the call keeps what it needs.
static void server_leaves() {
    Pair p;
    p.server.signal = When::later;
    CHECK_EQ(p.call->Begin_Add(20, 3), S_OK);
    p.wire.call->Disconnect();
    p.wire.call->Release();
    p.wire.call = nullptr;
    CHECK_EQ(p.server.call_objects, 1);
    CHECK_EQ(p.server.complete(), S_OK);
    CHECK_EQ(p.server.call_objects, 0);
    LONG sum = 0;
    CHECK_EQ(p.done->Wait(0, 0), S_OK);
    CHECK_EQ(p.call->Finish_Add(&sum), S_OK);
    CHECK_EQ(sum, 23);
}

static void disconnected_stub() {
    Pair p;
    p.wire.call->Disconnect();
    mix(p.call, S_OK, CO_E_OBJNOTCONNECTED);
    CHECK_EQ(p.wire.call->Connect(nullptr), E_INVALIDARG);
    p.server.has_call_objects = false;
    CHECK_EQ(p.wire.call->Connect(static_cast<ISlow*>(&p.server)), E_NOINTERFACE);
    p.server.has_call_objects = true;
    CHECK_EQ(p.wire.call->Connect(static_cast<ISlow*>(&p.server)), S_OK);
    mix(p.call, S_OK, S_OK);
}

// --- aggregation
// ------------------------------------------------------------------------------------------------------------

struct Outer : IUnknown {
    LONG refs = 1;
    IUnknown* inner = nullptr;
    ISynchronize* done = nullptr;
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (iid == IID_ISynchronize) return done ? done->QueryInterface(iid, object) : E_NOINTERFACE;
        if (iid != IID_IUnknown) return inner ? inner->QueryInterface(iid, object) : E_NOINTERFACE;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
};

static void aggregated() {
    Pair p;
    Outer client, server;
    IUnknown* wrong = &client;
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, &client, IID_AsyncISlow, &wrong), E_INVALIDARG);
    CHECK(!wrong);
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, &client, IID_IUnknown, &client.inner), S_OK);
    AsyncISlow* call = nullptr;
    CHECK_EQ(client.QueryInterface(IID_AsyncISlow, (void**)&call), S_OK);
    CHECK_EQ(client.refs, 2);
    CHECK_EQ(call->Begin_Add(1, 2), E_NOINTERFACE);  // nobody brought an ISynchronize
    client.done = p.done;
    mix(call, S_OK, S_OK);
    call->Release();
    CHECK_EQ(client.refs, 1);
    CHECK_EQ(client.inner->Release(), 0);

    ICallFactory* calls = nullptr;
    CHECK_EQ(p.wire.stub->QueryInterface(IID_ICallFactory, (void**)&calls), S_OK);
    CHECK_EQ(calls->CreateCall(IID_AsyncISlow, &server, IID_IRpcStubBuffer, &wrong), E_INVALIDARG);
    CHECK_EQ(calls->CreateCall(IID_AsyncISlow, &server, IID_IUnknown, &server.inner), S_OK);
    calls->Release();
    p.wire.call->Release();
    CHECK_EQ(server.QueryInterface(IID_IRpcStubBuffer, (void**)&p.wire.call), S_OK);
    CHECK_EQ(server.refs, 2);
    mix(p.call, S_OK, S_OK);
    CHECK_EQ(p.server.finished, 2);
    p.wire.call->Release();
    CHECK_EQ(server.refs, 1);
    p.wire.call = nullptr;
    CHECK_EQ(server.inner->Release(), 0);
}

static void factories() {
    Pair p;
    IUnknown* made = nullptr;
    CHECK_EQ(p.calls->CreateCall(IID_ISlow, nullptr, IID_IUnknown, &made), E_NOINTERFACE);
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, nullptr, IID_IUnknown, nullptr), E_INVALIDARG);
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, nullptr, IID_IPlain, &made), E_NOINTERFACE);
    CHECK(!made);
    CHECK_EQ(p.calls->CreateCall(IID_AsyncISlow, nullptr, IID_ISynchronize, &made), S_OK);
    CHECK_EQ(made->Release(), 0);
    IRpcStubBuffer* stub = nullptr;
    CHECK_EQ(factory->CreateStub(IID_AsyncISlow, static_cast<ISlow*>(&p.server), &stub), E_NOINTERFACE);
    // The server has none for this call: the channel goes on synchronously.
    ICallFactory* calls = nullptr;
    CHECK_EQ(p.wire.stub->QueryInterface(IID_ICallFactory, (void**)&calls), S_OK);
    p.server.has_call_objects = false;
    CHECK_EQ(calls->CreateCall(IID_AsyncISlow, nullptr, IID_IUnknown, &made), E_NOINTERFACE);
    CHECK_EQ(calls->CreateCall(IID_ISlow, nullptr, IID_IUnknown, &made), E_NOINTERFACE);
    p.wire.stub->Disconnect();
    CHECK_EQ(calls->CreateCall(IID_AsyncISlow, nullptr, IID_IUnknown, &made), CO_E_OBJNOTCONNECTED);
    calls->Release();
    // An interface without an asynchronous twin.
    IRpcProxyBuffer* buffer = nullptr;
    IPlain* plain = nullptr;
    CHECK_EQ(factory->CreateProxy(nullptr, IID_IPlain, &buffer, (void**)&plain), S_OK);
    CHECK_EQ(plain->QueryInterface(IID_ICallFactory, (void**)&calls), E_NOINTERFACE);
    plain->Release();
    CHECK_EQ(buffer->Release(), 0);
}

// --- the entries themselves
// --------------------------------------------------------------------------------------------------

template <class F>
static DWORD raised(F&& body) {
    DWORD code = 0;
    RpcTryExcept {
        body();
    }
    RpcExcept(EXCEPTION_EXECUTE_HANDLER) {
        code = RpcExceptionCode();
    }
    RpcEndExcept
    return code;
}

struct ProxyHeader {
    const MIDL_STUBLESS_PROXY_INFO* info;
    const IID* iid;
};
static const MIDL_STUBLESS_PROXY_INFO* info_of(REFIID iid) {
    for (auto* list = (const void* const*)slow_ProxyFileInfo.pProxyVtblList; *list; ++list)
        if (*((const ProxyHeader*)*list)->iid == iid) return ((const ProxyHeader*)*list)->info;
    return nullptr;
}

static HRESULT call_by_format(REFIID iid, int method, void* self, LONG_PTR a, LONG_PTR b) {
    const MIDL_STUBLESS_PROXY_INFO* info = info_of(iid);
    PFORMAT_STRING format = info->ProcFormatString + info->FormatStringOffset[method];
#ifdef _WIN64
    return (HRESULT)NdrDcomAsyncClientCall(info->pStubDesc, format, self, a, b).Simple;
#else
    LONG_PTR args[] = {(LONG_PTR)self, a, b};
    return (HRESULT)NdrDcomAsyncClientCall(info->pStubDesc, format, args).Simple;
#endif
}

static void entries() {
    Pair p;
    LONG sum = 0;
    CHECK_EQ(call_by_format(IID_AsyncISlow, 3, p.call, 30, 4), S_OK);
    CHECK_EQ(call_by_format(IID_AsyncISlow, 4, p.call, (LONG_PTR)&sum, 0), S_OK);
    CHECK_EQ(sum, 34);
    CHECK_EQ(call_by_format(IID_AsyncISlow, 4, p.call, (LONG_PTR)&sum, 0), RPC_E_CALL_COMPLETE);
    // Halves on a proxy that is no call object, and a synchronous method on one that is.
    CHECK_EQ(raised([&] { (void)call_by_format(IID_AsyncISlow, 3, p.proxy, 30, 4); }), RPC_X_BAD_STUB_DATA);
    CHECK_EQ(raised([&] { (void)call_by_format(IID_ISlow, 3, p.call, 30, 4); }), RPC_X_BAD_STUB_DATA);
    HMODULE rpcrt4 = GetModuleHandleA("rpcrt4.dll");
    const MIDL_STUBLESS_PROXY_INFO* info = info_of(IID_AsyncISlow);
#ifdef _WIN64
    auto call_all = (CLIENT_CALL_RETURN(*)(MIDL_STUBLESS_PROXY_INFO*, unsigned long, void*, ...))(void*)GetProcAddress(
        rpcrt4, "Ndr64DcomAsyncClientCall");
    auto stub_all = (long(*)(IRpcStubBuffer*, IRpcChannelBuffer*, RPC_MESSAGE*, unsigned long*))(void*)GetProcAddress(
        rpcrt4, "Ndr64DcomAsyncStubCall");
    CHECK(call_all && stub_all);
    if (!call_all || !stub_all) return;
    // Described in NDR alone.
    MIDL_STUBLESS_PROXY_INFO own = *info;
    static RPC_SYNTAX_IDENTIFIER ndr = {{0x8a885d04, 0x1ceb, 0x11c9, {0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60}}, {2, 0}};
    MIDL_SYNTAX_INFO syntax = {};
    syntax.TransferSyntax = ndr;
    syntax.ProcString = info->ProcFormatString;
    syntax.FmtStringOffset = info->FormatStringOffset;
    syntax.TypeString = info->pStubDesc->pFormatTypes;
    own.pTransferSyntax = &ndr;
    own.nCount = 1;
    own.pSyntaxInfo = &syntax;
    HRESULT answer = E_FAIL;
    CHECK_EQ((HRESULT)call_all(&own, 3, &answer, p.call, 5, 6).Simple, S_OK);
    CHECK_EQ(answer, S_OK);
    CHECK_EQ((HRESULT)call_all(&own, 4, &answer, p.call, &sum).Simple, S_OK);
    CHECK_EQ(sum, 11);
#else
    auto call_2 = (CLIENT_CALL_RETURN(*)(const MIDL_STUB_DESC*, PFORMAT_STRING, ...))(void*)GetProcAddress(
        rpcrt4, "NdrDcomAsyncClientCall2");
    CHECK(call_2);
    if (!call_2) return;
    PFORMAT_STRING begin = info->ProcFormatString + info->FormatStringOffset[3];
    PFORMAT_STRING finish = info->ProcFormatString + info->FormatStringOffset[4];
    CHECK_EQ((HRESULT)call_2(info->pStubDesc, begin, p.call, 5, 6).Simple, S_OK);
    CHECK_EQ((HRESULT)call_2(info->pStubDesc, finish, p.call, &sum).Simple, S_OK);
    CHECK_EQ(sum, 11);
#endif
    // The stub's.
    LONG body[2] = {100, 11};
    RPC_MESSAGE m = {};
    m.Buffer = body;
    m.BufferLength = sizeof body;
    m.ProcNum = 3;
    m.DataRepresentation = NDR_LOCAL_DATA_REPRESENTATION;
    unsigned long phase = 0;
    CHECK_EQ(NdrDcomAsyncStubCall(p.wire.call, &p.wire, &m, &phase), S_OK);
    CHECK_EQ(phase, STUB_CALL_SERVER);
    CHECK(p.wire.answered && *(const LONG*)p.wire.reply.data() == 111);
    CHECK_EQ(raised([&] { NdrDcomAsyncStubCall(p.wire.stub, &p.wire, &m, &phase); }), RPC_X_BAD_STUB_DATA);
    CHECK_EQ(raised([&] { NdrDcomAsyncStubCall(p.wire.call, nullptr, &m, &phase); }), RPC_X_BAD_STUB_DATA);
    m.ProcNum = 5;
    CHECK_EQ(raised([&] { NdrDcomAsyncStubCall(p.wire.call, &p.wire, &m, &phase); }), RPC_S_PROCNUM_OUT_OF_RANGE);
    m.ProcNum = 3;
    p.wire.async_capable = false;
    CHECK_EQ(raised([&] { NdrDcomAsyncStubCall(p.wire.call, &p.wire, &m, &phase); }), (DWORD)E_NOINTERFACE);
    p.wire.async_capable = true;
#ifdef _WIN64
    CHECK_EQ(stub_all(p.wire.call, &p.wire, &m, &phase), S_OK);
    RPC_SYNTAX_IDENTIFIER ndr64 = {{0x71710533, 0xbeba, 0x4937, {0x83, 0x19, 0xb5, 0xdb, 0xef, 0x9c, 0xcc, 0x36}}, {1, 0}};
    m.TransferSyntax = &ndr64;
    CHECK_EQ(raised([&] { stub_all(p.wire.call, &p.wire, &m, &phase); }), RPC_S_UNSUPPORTED_TRANS_SYN);
#endif
}

// regsvr32 and COM find a DLL that is the server of no class.
static void own_classes() {
    HMODULE rpcrt4 = GetModuleHandleA("rpcrt4.dll");
    auto function = [&](const char* name) { return (void*)GetProcAddress(rpcrt4, name); };
    auto get = (HRESULT(STDMETHODCALLTYPE*)(REFCLSID, REFIID, void**))function("DllGetClassObject");
    auto registers = (HRESULT(STDMETHODCALLTYPE*)())function("DllRegisterServer");
    auto install = (HRESULT(STDMETHODCALLTYPE*)(BOOL, LPCWSTR))function("DllInstall");
    CHECK(get && registers && install);
    if (!get || !registers || !install) return;
    void* found = &found;
    CHECK_EQ(get(clsid, IID_IClassFactory, &found), CLASS_E_CLASSNOTAVAILABLE);
    CHECK(!found);
    CHECK_EQ(get(clsid, IID_IClassFactory, nullptr), E_INVALIDARG);
    CHECK_EQ(registers(), S_OK);
    CHECK_EQ(install(TRUE, L""), S_OK);
    CHECK_EQ(install(FALSE, nullptr), S_OK);
}

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0);
    CoInitializeEx(nullptr, COINIT_MULTITHREADED);
    CHECK_EQ(NdrDllGetClassObject(clsid, IID_IPSFactoryBuffer, (void**)&factory, files, &clsid, &gPFactory), S_OK);
    const struct {
        const char* name;
        void (*run)();
    } tests[] = {
        {"both_asynchronous", both_asynchronous},
        {"completed_later", completed_later},
        {"same_on_the_wire", same_on_the_wire},
        {"plain_channel", plain_channel},
        {"not_connected", not_connected},
        {"failing", failing},
        {"unknown_methods", unknown_methods},
        {"given_up", given_up},
        {"server_leaves", server_leaves},
        {"disconnected_stub", disconnected_stub},
        {"aggregated", aggregated},
        {"factories", factories},
        {"entries", entries},
        {"own_classes", own_classes},
    };
    for (const auto& t : tests) {
        int before = g_failures;
        t.run();
        printf("%s: %d failures\n", t.name, g_failures - before);
    }
    factory->Release();
    CHECK_EQ(NdrDllCanUnloadNow(&gPFactory), S_OK);
    printf("%d checks, %d failures\n", g_checks, g_failures);
    return g_failures || !g_checks;
}
