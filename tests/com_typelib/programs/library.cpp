// The type library, made with the system's own ICreateTypeLib2.
#include "types.h"

#include <initializer_list>

#define LIBRARY_GUID(name, n)                                                                                          \
    GUID name = {0x5b0d6a10, 0x7c1e, 0x4f0e, {0x9d, 0x6e, 0, 0, 0, 0, 2 + (sizeof(void*) == 8), n}}
LIBRARY_GUID(library_id, 0);
LIBRARY_GUID(iid_base, 1);
LIBRARY_GUID(iid_thing, 2);
LIBRARY_GUID(iid_types, 3);
LIBRARY_GUID(iid_dual, 4);
LIBRARY_GUID(iid_events, 5);
LIBRARY_GUID(clsid_thing, 6);
static const GUID stdole = {0x00020430, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};

namespace {

HRESULT result;  // the first failure

void check(HRESULT h) {
    if (FAILED(h) && SUCCEEDED(result)) result = h;
}

struct Type {
    TYPEDESC desc;
};

Type simple(VARTYPE vt) {
    Type t = {};
    t.desc.vt = vt;
    return t;
}
Type around(VARTYPE vt, Type inner) {
    Type t = simple(vt);
    t.desc.lptdesc = new TYPEDESC(inner.desc);  // as long as the program
    return t;
}
Type pointer(Type to) {
    return around(VT_PTR, to);
}
Type user(HREFTYPE ref) {
    Type t = simple(VT_USERDEFINED);
    t.desc.hreftype = ref;
    return t;
}
Type fixed(Type element, ULONG count) {
    auto* a = new ARRAYDESC();
    a->tdescElem = element.desc;
    a->cDims = 1;
    a->rgbounds[0].cElements = count;
    Type t = simple(VT_CARRAY);
    t.desc.lpadesc = a;
    return t;
}

struct Argument {
    Type type;
    USHORT flags;
};
constexpr USHORT in = PARAMFLAG_FIN, out = PARAMFLAG_FOUT, retval = PARAMFLAG_FRETVAL, opt = PARAMFLAG_FOPT;

struct Info {
    ICreateTypeInfo* c = nullptr;
    UINT functions = 0, variables = 0;
    int only = -1, seen = 0;  // of all methods that are given, the one to keep

    Info(ICreateTypeLib2* library, const wchar_t* name, TYPEKIND kind, const GUID* guid = nullptr, UINT flags = 0) {
        check(library->CreateTypeInfo(const_cast<wchar_t*>(name), kind, &c));
        if (!c) return;
        if (guid) check(c->SetGuid(*guid));
        if (flags) check(c->SetTypeFlags(flags));
    }
    ~Info() {
        if (c) c->Release();
    }
    HREFTYPE reference(ITypeInfo* other) {
        HREFTYPE ref = 0;
        check(c->AddRefTypeInfo(other, &ref));
        return ref;
    }
    HREFTYPE reference(Info& other) {
        ITypeInfo* info = nullptr;
        check(other.c->QueryInterface(IID_ITypeInfo, reinterpret_cast<void**>(&info)));
        HREFTYPE ref = reference(info);
        if (info) info->Release();
        return ref;
    }
    Type use(Info& other) { return user(reference(other)); }
    void inherit(HREFTYPE ref) { check(c->AddImplType(0, ref)); }

    void method(const wchar_t* name, Type returns, const Argument* arguments, int count, MEMBERID id = 0x60000000,
                INVOKEKIND kind = INVOKE_FUNC) {
        if (only >= 0 && seen++ != only) return;
        ELEMDESC elements[12] = {};
        FUNCDESC f = {};
        f.memid = id == 0x60000000 ? 0x60000000 + MEMBERID(functions) : id;
        f.funckind = FUNC_PUREVIRTUAL;
        f.invkind = kind;
        f.callconv = CC_STDCALL;
        f.cParams = SHORT(count);
        f.lprgelemdescParam = elements;
        f.elemdescFunc.tdesc = returns.desc;
        for (int i = 0; i < count; ++i) {
            elements[i].tdesc = arguments[i].type.desc;
            elements[i].paramdesc.wParamFlags = arguments[i].flags;
            if (arguments[i].flags & opt) ++f.cParamsOpt;
        }
        check(c->AddFuncDesc(functions, &f));
        LPOLESTR names[] = {const_cast<wchar_t*>(name)};
        check(c->SetFuncAndParamNames(functions, names, 1));
        ++functions;
    }
    template <int N>
    void method(const wchar_t* name, const Argument (&arguments)[N], MEMBERID id = 0x60000000,
                INVOKEKIND kind = INVOKE_FUNC) {
        method(name, simple(VT_HRESULT), arguments, N, id, kind);
    }
    void triple(const wchar_t* name, Type t) {
        const Argument arguments[] = {{t, in}, {pointer(t), in | out}, {pointer(t), out | retval}};
        method(name, arguments);
    }
    void member(const wchar_t* name, Type t) {
        VARDESC v = {};
        v.memid = MEMBERID(0x40000000 + variables);
        v.varkind = VAR_PERINSTANCE;
        v.elemdescVar.tdesc = t.desc;
        check(c->AddVarDesc(variables, &v));
        check(c->SetVarName(variables, const_cast<wchar_t*>(name)));
        ++variables;
    }
    void constant(const wchar_t* name, LONG value) {
        VARIANT n;
        n.vt = VT_I4;
        n.lVal = value;
        VARDESC v = {};
        v.memid = MEMBERID(0x40000000 + variables);
        v.varkind = VAR_CONST;
        v.lpvarValue = &n;
        v.elemdescVar.tdesc.vt = VT_I4;
        check(c->AddVarDesc(variables, &v));
        check(c->SetVarName(variables, const_cast<wchar_t*>(name)));
        ++variables;
    }
    void finish() { check(c->LayOut()); }
};

// What the methods refer to.
struct Library {
    Info colour, alias, point, inner, record, node, packed, base, thing, coclass;
    explicit Library(ICreateTypeLib2* library)
        : colour(library, L"Colour", TKIND_ENUM),
          alias(library, L"Handle", TKIND_ALIAS),
          point(library, L"Point", TKIND_RECORD),
          inner(library, L"Inner", TKIND_RECORD),
          record(library, L"Record", TKIND_RECORD),
          node(library, L"Node", TKIND_RECORD),
          packed(library, L"Packed", TKIND_RECORD),
          base(library, L"IBase", TKIND_INTERFACE, &iid_base, TYPEFLAG_FOLEAUTOMATION),
          thing(library, L"IThing", TKIND_INTERFACE, &iid_thing, TYPEFLAG_FOLEAUTOMATION),
          coclass(library, L"Thing", TKIND_COCLASS, &clsid_thing) {}

    void fill(ITypeInfo* unknown);
};

// ITypes' methods; only the one numbered `only` where that is not negative.
void add_types(Info& types, Library& l) {
    struct Named {
        const wchar_t* name;
        Type type;
    };
    const Named triples[] = {{L"I1", simple(VT_I1)},
                             {L"U1", simple(VT_UI1)},
                             {L"I2", simple(VT_I2)},
                             {L"U2", simple(VT_UI2)},
                             {L"I4", simple(VT_I4)},
                             {L"U4", simple(VT_UI4)},
                             {L"Int", simple(VT_INT)},
                             {L"UInt", simple(VT_UINT)},
                             {L"I8", simple(VT_I8)},
                             {L"U8", simple(VT_UI8)},
                             {L"R4", simple(VT_R4)},
                             {L"R8", simple(VT_R8)},
                             {L"Currency", simple(VT_CY)},
                             {L"Date", simple(VT_DATE)},
                             {L"Bool", simple(VT_BOOL)},
                             {L"Error", simple(VT_ERROR)},
                             {L"Result", simple(VT_HRESULT)},
                             {L"Decimal", simple(VT_DECIMAL)},
                             {L"Text", simple(VT_BSTR)},
                             {L"Variant", simple(VT_VARIANT)},
                             {L"Unknown", simple(VT_UNKNOWN)},
                             {L"Dispatch", simple(VT_DISPATCH)},
                             {L"Thing", pointer(types.use(l.thing))},
                             {L"Class", pointer(types.use(l.coclass))},
                             {L"Numbers", around(VT_SAFEARRAY, simple(VT_I4))},
                             {L"Texts", around(VT_SAFEARRAY, simple(VT_BSTR))},
                             {L"Colours", types.use(l.colour)},
                             {L"Alias", types.use(l.alias)}};
    for (const Named& n : triples) types.triple(n.name, n.type);
    Type r = pointer(types.use(l.record));
    const Argument records[] = {{r, in}, {r, in | out}, {r, out | retval}};
    types.method(L"Records", records);
    const Argument value[] = {
        {types.use(l.point), in}, {types.use(l.inner), in}, {pointer(types.use(l.point)), out | retval}};
    types.method(L"Value", value);
    const Argument mixed[] = {{simple(VT_R8), in}, {simple(VT_R4), in}, {simple(VT_CY), in},
                              {simple(VT_I2), in}, {simple(VT_R8), in}, {simple(VT_I8), in},
                              {simple(VT_R4), in}, {pointer(simple(VT_BSTR)), out | retval}};
    types.method(L"Mixed", mixed);
    const Argument arrays[] = {
        {fixed(simple(VT_I4), 4), in}, {fixed(simple(VT_BSTR), 2), in | out}, {fixed(simple(VT_I4), 4), out}};
    types.method(L"Fixed", arrays);
    const Argument strings[] = {
        {simple(VT_LPSTR), in}, {simple(VT_LPWSTR), in}, {pointer(simple(VT_I4)), out | retval}};
    types.method(L"Strings", strings);
    const Argument pointers[] = {{pointer(simple(VT_I4)), in},
                                 {pointer(pointer(simple(VT_I4))), in},
                                 {pointer(simple(VT_VARIANT)), in},
                                 {pointer(simple(VT_I4)), out | retval}};
    types.method(L"Pointers", pointers);
    const Argument list[] = {{pointer(types.use(l.node)), in}, {pointer(simple(VT_I4)), out | retval}};
    types.method(L"List", list);
    const Argument tight[] = {{pointer(types.use(l.packed)), in}, {pointer(types.use(l.packed)), out}};
    types.method(L"Tight", tight);
    const Argument one[] = {{simple(VT_I4), in}};
    types.method(L"Nothing", simple(VT_VOID), one, 1);
    const Argument bare[] = {{simple(VT_I4), 0}, {pointer(simple(VT_I4)), 0}};
    types.method(L"Bare", bare);
}

void Library::fill(ITypeInfo* unknown) {
    colour.constant(L"red", red);
    colour.constant(L"green", green);
    colour.finish();
    TYPEDESC of = simple(VT_I4).desc;
    check(alias.c->SetTypeDescAlias(&of));
    alias.finish();
    point.member(L"x", simple(VT_I2));
    point.member(L"y", simple(VT_R8));
    point.finish();
    inner.member(L"first", simple(VT_UI1));
    inner.member(L"second", simple(VT_I4));
    inner.finish();
    record.member(L"number", simple(VT_I2));
    record.member(L"text", simple(VT_BSTR));
    record.member(L"value", simple(VT_VARIANT));
    record.member(L"inner", record.use(inner));
    record.member(L"real", simple(VT_R8));
    record.member(L"object", simple(VT_UNKNOWN));
    record.member(L"array", around(VT_SAFEARRAY, simple(VT_I4)));
    record.member(L"fixed", fixed(simple(VT_I4), 3));
    record.member(L"colour", record.use(colour));
    record.member(L"last", simple(VT_UI1));
    record.finish();
    node.member(L"value", simple(VT_I4));
    node.member(L"next", pointer(node.use(node)));
    node.finish();
    check(packed.c->SetAlignment(1));
    packed.member(L"a", simple(VT_UI1));
    packed.member(L"b", simple(VT_I4));
    packed.member(L"c", simple(VT_I2));
    packed.finish();

    base.inherit(base.reference(unknown));
    const Argument add[] = {{simple(VT_I4), in}, {simple(VT_I4), in}, {pointer(simple(VT_I4)), out | retval}};
    base.method(L"Add", add);
    base.finish();
    thing.inherit(thing.reference(base));
    const Argument name[] = {{pointer(simple(VT_BSTR)), out | retval}};
    thing.method(L"Name", name);
    thing.finish();
    coclass.inherit(coclass.reference(thing));
    check(coclass.c->SetImplTypeFlags(0, IMPLTYPEFLAG_FDEFAULT));
    coclass.finish();
}

void make(ICreateTypeLib2* library, ITypeInfo* unknown, ITypeInfo* dispatch, bool singles) {
    Library l(library);
    l.fill(unknown);
    for (int i = 0; singles && i < type_methods; ++i) {
        wchar_t name[16];
        wsprintfW(name, L"IMethod%d", i);
        GUID iid = single_iid(i);
        Info one(library, name, TKIND_INTERFACE, &iid, TYPEFLAG_FOLEAUTOMATION);
        one.inherit(one.reference(unknown));
        one.only = i;
        add_types(one, l);
        one.finish();
    }
    Info types(library, L"ITypes", TKIND_INTERFACE, &iid_types, TYPEFLAG_FOLEAUTOMATION);
    types.inherit(types.reference(unknown));
    add_types(types, l);
    types.finish();

    Info dual(library, L"IDual", TKIND_INTERFACE, &iid_dual,
              TYPEFLAG_FDUAL | TYPEFLAG_FOLEAUTOMATION | TYPEFLAG_FDISPATCHABLE);
    dual.inherit(dual.reference(dispatch));
    const Argument get[] = {{simple(VT_I4), in | PARAMFLAG_FLCID}, {pointer(simple(VT_BSTR)), out | retval}};
    dual.method(L"Name", get, 1, INVOKE_PROPERTYGET);
    const Argument sum[] = {
        {simple(VT_I4), in}, {simple(VT_VARIANT), in | opt}, {pointer(simple(VT_I4)), out | retval}};
    dual.method(L"Sum", sum, 2);
    const Argument half[] = {{simple(VT_R8), in}, {simple(VT_I2), in}, {pointer(simple(VT_R8)), out | retval}};
    dual.method(L"Half", half, 3);
    const Argument self[] = {{pointer(pointer(dual.use(dual))), out | retval}};
    dual.method(L"Self", self, 4);
    dual.finish();

    Info events(library, L"DEvents", TKIND_DISPATCH, &iid_events);
    events.inherit(events.reference(dispatch));
    events.finish();
}

}  // namespace

GUID single_iid(int method) {
    GUID iid = iid_types;
    iid.Data4[7] = static_cast<BYTE>(100 + method);
    return iid;
}

void use_other_identifiers() {
    for (GUID* id : {&library_id, &iid_base, &iid_thing, &iid_types, &iid_dual, &iid_events, &clsid_thing}) id->Data4[6] ^= 1;
}

HRESULT make_library(const wchar_t* path, bool singles) {
    result = S_OK;
    ICreateTypeLib2* library = nullptr;
    ITypeLib* ole = nullptr;
    ITypeInfo *unknown = nullptr, *dispatch = nullptr;
    check(CreateTypeLib2(native_kind, path, &library));
    check(LoadRegTypeLib(stdole, 2, 0, 0, &ole));
    if (FAILED(result)) return result;
    check(ole->GetTypeInfoOfGuid(IID_IUnknown, &unknown));
    check(ole->GetTypeInfoOfGuid(IID_IDispatch, &dispatch));
    check(library->SetGuid(library_id));
    check(library->SetVersion(1, 0));
    check(library->SetLcid(0));
    check(library->SetName(const_cast<wchar_t*>(L"Typelib")));
    if (SUCCEEDED(result)) make(library, unknown, dispatch, singles);
    if (SUCCEEDED(result)) check(library->SaveAllChanges());
    library->Release();
    if (unknown) unknown->Release();
    if (dispatch) dispatch->Release();
    ole->Release();
    return result;
}
