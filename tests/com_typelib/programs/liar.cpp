#include "liar.h"

#include <objidl.h>
#include <stdio.h>

#include "basics/check.h"
#include "server.h"

namespace {

// A library's description of an interface, but for what `lie` changes in each copy of a structure that is given out.
struct Liar : ITypeInfo {
    ITypeInfo* honest;
    void (*about_type)(TYPEATTR&) = nullptr;
    void (*about_function)(FUNCDESC&) = nullptr;
    HRESULT no_functions = S_OK, no_base = S_OK, no_references = S_OK;
    bool base_is_self = false;
    LONG refs = 1, given = 0;  // given: structures that are out
    TYPEATTR type{};
    FUNCDESC function{};
    void *real_type = nullptr, *real_function = nullptr;

    explicit Liar(ITypeInfo* of) : honest(of) {}
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        *object = nullptr;
        if (iid != IID_IUnknown && iid != IID_ITypeInfo) return E_NOINTERFACE;
        AddRef();
        *object = this;
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&refs); }
    ULONG STDMETHODCALLTYPE Release() override { return InterlockedDecrement(&refs); }
    HRESULT STDMETHODCALLTYPE GetTypeAttr(TYPEATTR** out) override {
        TYPEATTR* real = nullptr;
        if (HRESULT h = honest->GetTypeAttr(&real); FAILED(h)) return h;
        type = *real;
        real_type = real;
        if (about_type) about_type(type);
        ++given;
        *out = &type;
        return S_OK;
    }
    void STDMETHODCALLTYPE ReleaseTypeAttr(TYPEATTR* p) override {
        CHECK(p == &type);
        honest->ReleaseTypeAttr(static_cast<TYPEATTR*>(real_type));
        --given;
    }
    HRESULT STDMETHODCALLTYPE GetFuncDesc(UINT index, FUNCDESC** out) override {
        if (FAILED(no_functions)) return no_functions;
        FUNCDESC* real = nullptr;
        if (HRESULT h = honest->GetFuncDesc(index, &real); FAILED(h)) return h;
        function = *real;
        real_function = real;
        if (about_function) about_function(function);
        ++given;
        *out = &function;
        return S_OK;
    }
    void STDMETHODCALLTYPE ReleaseFuncDesc(FUNCDESC* p) override {
        CHECK(p == &function);
        honest->ReleaseFuncDesc(static_cast<FUNCDESC*>(real_function));
        --given;
    }
    HRESULT STDMETHODCALLTYPE GetRefTypeOfImplType(UINT index, HREFTYPE* out) override {
        return FAILED(no_base) ? no_base : honest->GetRefTypeOfImplType(index, out);
    }
    HRESULT STDMETHODCALLTYPE GetRefTypeInfo(HREFTYPE which, ITypeInfo** out) override {
        *out = nullptr;
        if (FAILED(no_references)) return no_references;
        if (!base_is_self) return honest->GetRefTypeInfo(which, out);
        AddRef();
        *out = this;
        return S_OK;
    }
    // What is of no concern here.
    HRESULT STDMETHODCALLTYPE GetTypeComp(ITypeComp**) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetVarDesc(UINT i, VARDESC** out) override { return honest->GetVarDesc(i, out); }
    void STDMETHODCALLTYPE ReleaseVarDesc(VARDESC* p) override { honest->ReleaseVarDesc(p); }
    HRESULT STDMETHODCALLTYPE GetNames(MEMBERID, BSTR*, UINT, UINT*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetImplTypeFlags(UINT i, INT* out) override { return honest->GetImplTypeFlags(i, out); }
    HRESULT STDMETHODCALLTYPE GetIDsOfNames(LPOLESTR*, UINT, MEMBERID*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE Invoke(PVOID, MEMBERID, WORD, DISPPARAMS*, VARIANT*, EXCEPINFO*, UINT*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetDocumentation(MEMBERID, BSTR*, BSTR*, DWORD*, BSTR*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetDllEntry(MEMBERID, INVOKEKIND, BSTR*, BSTR*, WORD*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE AddressOfMember(MEMBERID, INVOKEKIND, PVOID*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE CreateInstance(IUnknown*, REFIID, PVOID*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetMops(MEMBERID, BSTR*) override { return E_NOTIMPL; }
    HRESULT STDMETHODCALLTYPE GetContainingTypeLib(ITypeLib** library, UINT* index) override {
        return honest->GetContainingTypeLib(library, index);
    }
};

using CreateProxy = HRESULT(STDMETHODCALLTYPE*)(ITypeInfo*, IUnknown*, REFIID, IRpcProxyBuffer**, void**);
using CreateStub = HRESULT(STDMETHODCALLTYPE*)(ITypeInfo*, REFIID, IUnknown*, IRpcStubBuffer**);
CreateProxy create_proxy;
CreateStub create_stub;

// Whether both are made, or neither is.
bool made_of(Liar& liar, IUnknown* server) {
    IRpcProxyBuffer* proxy = nullptr;
    IRpcStubBuffer* stub = nullptr;
    void* object = nullptr;
    HRESULT h = create_proxy(&liar, nullptr, iid_types, &proxy, &object);
    CHECK_EQ(create_stub(&liar, iid_types, server, &stub), h);
    CHECK((proxy && object && stub) == SUCCEEDED(h) && (proxy || object || stub) == SUCCEEDED(h));
    if (object) static_cast<IUnknown*>(object)->Release();
    if (proxy) CHECK_EQ(proxy->Release(), 0);
    if (stub) {
        stub->Disconnect();
        CHECK_EQ(stub->Release(), 0);
    }
    CHECK_EQ(liar.given, 0);
    CHECK_EQ(liar.refs, 1);
    return SUCCEEDED(h);
}

const struct {
    const char* what;
    void (*tell)(Liar&);
} lies[] = {
    {"more functions than there are", [](Liar& l) { l.about_type = [](TYPEATTR& t) { t.cFuncs = 0xffff; }; }},
    {"no base", [](Liar& l) { l.about_type = [](TYPEATTR& t) { t.cImplTypes = 0; }; }},
    {"a record", [](Liar& l) { l.about_type = [](TYPEATTR& t) { t.typekind = TKIND_RECORD; }; }},
    {"a kind that is none", [](Liar& l) { l.about_type = [](TYPEATTR& t) { t.typekind = static_cast<TYPEKIND>(77); }; }},
    {"its functions are not told", [](Liar& l) { l.no_functions = TYPE_E_CANTLOADLIBRARY; }},
    {"its base is not told", [](Liar& l) { l.no_base = TYPE_E_ELEMENTNOTFOUND; }},
    {"its references lead nowhere", [](Liar& l) { l.no_references = TYPE_E_CANTLOADLIBRARY; }},
    {"its own base", [](Liar& l) { l.base_is_self = true; }},
    {"a place before the vtable", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.oVft = -8; }; }},
    {"the same place for all", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.oVft = 3 * sizeof(void*); }; }},
    {"places between the places", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.oVft += 1; }; }},
    {"places far off", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.oVft = 0x7ff8; }; }},
    {"parameters less than none", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.cParams = -1; }; }},
    {"parameters without descriptions", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.lprgelemdescParam = nullptr; }; }},
    {"a pointer to no type",
     [](Liar& l) {
         l.about_function = [](FUNCDESC& f) {
             static ELEMDESC parameter;
             parameter.tdesc.vt = VT_PTR;
             f.cParams = 1;
             f.lprgelemdescParam = &parameter;
         };
     }},
    {"a pointer to itself",
     [](Liar& l) {
         l.about_function = [](FUNCDESC& f) {
             static ELEMDESC parameter;
             parameter.tdesc.vt = VT_PTR;
             parameter.tdesc.lptdesc = &parameter.tdesc;
             f.cParams = 1;
             f.lprgelemdescParam = &parameter;
         };
     }},
    {"an array without bounds",
     [](Liar& l) {
         l.about_function = [](FUNCDESC& f) {
             static ARRAYDESC array;
             static ELEMDESC parameter;
             parameter.tdesc.vt = VT_CARRAY;
             parameter.tdesc.lpadesc = &array;
             f.cParams = 1;
             f.lprgelemdescParam = &parameter;
         };
     }},
    {"a type that is none", [](Liar& l) { l.about_function = [](FUNCDESC& f) { f.elemdescFunc.tdesc.vt = 999; }; }},
};

}  // namespace

void liars(ITypeLib* library) {
    HMODULE rpcrt4 = GetModuleHandleA("rpcrt4.dll");
    create_proxy = reinterpret_cast<CreateProxy>(reinterpret_cast<void*>(GetProcAddress(rpcrt4, "CreateProxyFromTypeInfo")));
    create_stub = reinterpret_cast<CreateStub>(reinterpret_cast<void*>(GetProcAddress(rpcrt4, "CreateStubFromTypeInfo")));
    CHECK(create_proxy && create_stub);
    ITypeInfo* types = nullptr;
    CHECK_EQ(library->GetTypeInfoOfGuid(iid_types, &types), S_OK);
    if (!create_proxy || !create_stub || !types) return;
    IUnknown* server = new_server();
    {
        Liar honest(types);
        CHECK(made_of(honest, server));
        IRpcStubBuffer* stub = nullptr;
        CHECK_EQ(create_stub(nullptr, iid_types, server, &stub), E_INVALIDARG);
        CHECK_EQ(create_stub(&honest, iid_types, server, nullptr), E_INVALIDARG);
        CHECK_EQ(create_proxy(&honest, nullptr, iid_types, nullptr, nullptr), E_INVALIDARG);
    }
    for (const auto& lie : lies) {
        Liar liar(types);
        lie.tell(liar);
        bool made = made_of(liar, server);
        if (made) printf("believed: %s\n", lie.what);
        CHECK(!made);
    }
    CHECK_EQ(server->Release(), 0);
    types->Release();
}
