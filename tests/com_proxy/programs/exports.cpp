#include "exports.h"

#include "calc.h"
#include "channel.h"
#include "more.h"
#include "proxy_tables.h"

#include <stdio.h>
#include <string.h>

#include "basics/check.h"

extern "C" const ProxyFileInfo calc_ProxyFileInfo, more_ProxyFileInfo;

static const CLSID clsid = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 1, 9}};  // nobody else's
static const ProxyFileInfo* files[] = {&calc_ProxyFileInfo, &more_ProxyFileInfo, nullptr};

// The text of a value below HKEY_CLASSES_ROOT; "<none>" where there is none.
static const wchar_t* text_of(const wchar_t* key, const wchar_t* name) {
    static wchar_t text[MAX_PATH];
    DWORD size = sizeof text;
    LONG error = RegGetValueW(HKEY_CLASSES_ROOT, key, name, RRF_RT_REG_SZ, nullptr, text, &size);
    return error ? L"<none>" : text;
}

static bool is(const wchar_t* key, const wchar_t* name, const wchar_t* wanted) {
    const wchar_t* found = text_of(key, name);
    if (!lstrcmpiW(found, wanted)) return true;
    printf("%ls, %ls: %ls, expected %ls\n", key, name ? name : L"", found, wanted);
    return false;
}

// What a proxy DLL's DllRegisterServer does, with this program for the DLL.
void registration() {
    const wchar_t* own = L"{5b0d6a10-7c1e-4f0e-9d6e-000000000109}";
    wchar_t path[MAX_PATH], iid[40], key[128], class_key[128];
    HMODULE self = GetModuleHandleW(nullptr);
    GetModuleFileNameW(self, path, MAX_PATH);
    wsprintfW(class_key, L"CLSID\\%ls\\InProcServer32", own);
    CHECK_EQ(NdrDllRegisterProxy(nullptr, files, &clsid), E_HANDLE);
    CHECK_EQ(NdrDllUnregisterProxy(self, nullptr, &clsid), E_HANDLE);
    CHECK(is(class_key, nullptr, L"<none>"));
    for (int round = 0; round < 2; ++round) CHECK_EQ(NdrDllRegisterProxy(self, files, &clsid), S_OK);
    CHECK(is(class_key, nullptr, path));
    CHECK(is(class_key, L"ThreadingModel", L"Both"));
    const struct {
        IID id;
        const wchar_t* name;
    } interfaces[] = {{IID_ICalc, L"ICalc"}, {IID_IMore, L"IMore"}};
    for (const auto& i : interfaces) {
        StringFromGUID2(i.id, iid, 40);
        wsprintfW(key, L"Interface\\%ls", iid);
        CHECK(is(key, nullptr, i.name));
        lstrcatW(key, L"\\ProxyStubClsid32");
        CHECK(is(key, nullptr, own));
    }
    // COM finds the class by what was written.
    CLSID found{};
    CHECK_EQ(CoGetPSClsid(IID_IMore, &found), S_OK);
    CHECK(found == clsid);
    for (int round = 0; round < 2; ++round) CHECK_EQ(NdrDllUnregisterProxy(self, files, &clsid), S_OK);
    CHECK(is(class_key, nullptr, L"<none>"));
    CHECK(is(key, nullptr, L"<none>"));
}

// A channel that says a version of the protocol, and where its calls go.
struct VersionedChannel : IRpcChannelBuffer2 {
    bool has_version = true;
    LONG refs = 1;
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (iid != IID_IUnknown && iid != IID_IRpcChannelBuffer && !(has_version && iid == IID_IRpcChannelBuffer2)) return E_NOINTERFACE;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
    HRESULT STDMETHODCALLTYPE GetBuffer(RPCOLEMESSAGE*, REFIID) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE SendReceive(RPCOLEMESSAGE*, ULONG*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE FreeBuffer(RPCOLEMESSAGE*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetDestCtx(DWORD* context, void** data) override {
        *context = MSHCTX_DIFFERENTMACHINE;
        if (data) *data = this;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE IsConnected() override { return S_OK; }
    HRESULT STDMETHODCALLTYPE GetProtocolVersion(DWORD* version) override {
        *version = 5 | 7 << 16;
        return S_OK;
    }
};

void set_up_by_hand() {
    HMODULE rpcrt4 = GetModuleHandleA("rpcrt4.dll");
    auto function = [&](const char* name) { return (void*)GetProcAddress(rpcrt4, name); };
    auto version_of = (RPC_STATUS(RPC_ENTRY*)(MIDL_STUB_MESSAGE*, RPC_VERSION*))function("NdrGetDcomProtocolVersion");
    auto marshalling = (void(RPC_ENTRY*)(RPC_MESSAGE*, MIDL_STUB_MESSAGE*, IRpcChannelBuffer*))function("NdrStubInitializeMarshall");
    auto describe = (RPC_STATUS(RPC_ENTRY*)(IRpcStubBuffer*, RPC_SERVER_INTERFACE*))function("NdrCreateServerInterfaceFromStub");
    CHECK(version_of && marshalling && describe);
    if (!version_of || !marshalling || !describe) return;
    VersionedChannel channel;
    char buffer[16] = {};
    RPC_MESSAGE message = {};
    message.Buffer = buffer;
    message.BufferLength = sizeof buffer;
    MIDL_STUB_MESSAGE stub;
    memset(&stub, 0xcc, sizeof stub);
    marshalling(&message, &stub, &channel);
    CHECK(stub.RpcMsg == &message && (char*)stub.Buffer == buffer && (char*)stub.BufferEnd == buffer + sizeof buffer);
    CHECK(stub.dwDestContext == MSHCTX_DIFFERENTMACHINE && stub.pvDestContext == &channel);
    CHECK(stub.pRpcChannelBuffer == &channel);
    RPC_VERSION version = {};
    CHECK_EQ(version_of(&stub, &version), RPC_S_OK);
    CHECK(version.MajorVersion == 5 && version.MinorVersion == 7);
    channel.has_version = false;
    CHECK_EQ(version_of(&stub, &version), (RPC_STATUS)E_NOINTERFACE);
    stub.pRpcChannelBuffer = nullptr;
    CHECK_EQ(version_of(&stub, &version), RPC_S_NO_CALL_ACTIVE);
    CHECK_EQ(version_of(nullptr, &version), RPC_S_INVALID_ARG);
    CHECK_EQ(channel.refs, 1);
    // The stub of an interface, described as the runtime's servers are (inferred).
    static CStdPSFactoryBuffer memory;
    IPSFactoryBuffer* factory = nullptr;
    IRpcStubBuffer* calc = nullptr;
    CHECK_EQ(NdrDllGetClassObject(clsid, IID_IPSFactoryBuffer, (void**)&factory, files, &clsid, &memory), S_OK);
    CHECK_EQ(factory->CreateStub(IID_ICalc, nullptr, &calc), S_OK);
    RPC_SERVER_INTERFACE interface_of = {};
    CHECK_EQ(describe(calc, &interface_of), RPC_S_OK);
    CHECK_EQ(interface_of.Length, sizeof interface_of);
    CHECK(!memcmp(&interface_of.InterfaceId.SyntaxGUID, &IID_ICalc, sizeof(IID)));
    CHECK_EQ(interface_of.TransferSyntax.SyntaxVersion.MajorVersion, 2);
    CHECK_EQ(describe(nullptr, &interface_of), RPC_S_INVALID_ARG);
    CHECK_EQ(describe(calc, nullptr), RPC_S_INVALID_ARG);
    CHECK_EQ(NdrCStdStubBuffer_Release(calc, factory), 0);
    factory->Release();
    CHECK_EQ(NdrDllCanUnloadNow(&memory), S_OK);
}
