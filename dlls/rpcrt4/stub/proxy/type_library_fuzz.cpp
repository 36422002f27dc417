// Type descriptions that say what the input says, about a handful of types that refer to each other. Whatever they claim: a
// failure, or tables that the interpreter reads, for methods that are all there.
#include <cstdint>
#include <cstdlib>

#include "stub/procedure.h"
#include "stub/proxy/type_reader.h"

namespace {

using namespace rpc;
using namespace rpc::com;

constexpr unsigned type_count = 6;

struct Input {
    const uint8_t* at;
    size_t left;
    uint8_t byte() {
        if (left == 0) return 0;
        --left;
        return *at++;
    }
};

struct Info {
    const TypeInfoVtbl* vtbl;
    TypeAttr attributes;
    FuncDesc functions[3];
    VarDesc variables[3];
    ElementDesc parameters[3][3];
};
Info g_infos[type_count];
TypeDesc g_descs[8];
ArrayDesc g_arrays[2];

Info& from(void* self) { return *static_cast<Info*>(self); }
Hresult RPC_ENTRY query(void*, const GUID*, void**) { return e_nointerface; }
uint32_t RPC_ENTRY counted(void*) { return 1; }
Hresult RPC_ENTRY get_attributes(void* self, TypeAttr** a) {
    *a = &from(self).attributes;
    return s_ok;
}
Hresult RPC_ENTRY get_function(void* self, unsigned i, FuncDesc** f) {
    *f = &from(self).functions[i];
    return i < 3 ? s_ok : e_invalidarg;
}
Hresult RPC_ENTRY get_variable(void* self, unsigned i, VarDesc** v) {
    *v = &from(self).variables[i];
    return i < 3 ? s_ok : e_invalidarg;
}
Hresult RPC_ENTRY get_implemented(void* self, unsigned i, uint32_t* reference) {
    *reference = from(self).attributes.minor + (i == ~0u ? 1 : i);
    return s_ok;
}
Hresult RPC_ENTRY get_flags(void* self, unsigned, int32_t* flags) {
    *flags = from(self).attributes.major & 3;
    return s_ok;
}
Hresult RPC_ENTRY get_referred(void*, uint32_t reference, TypeInfo** info) {
    *info = reinterpret_cast<TypeInfo*>(&g_infos[reference % type_count]);
    return reference % 8 == 7 ? e_fail : s_ok;
}
Hresult RPC_ENTRY get_library(void*, Unknown**, unsigned*) { return e_notimpl; }
void RPC_ENTRY return_attributes(void*, TypeAttr*) {}
void RPC_ENTRY return_function(void*, FuncDesc*) {}
void RPC_ENTRY return_variable(void*, VarDesc*) {}
constexpr TypeInfoVtbl vtbl = {{query, counted, counted}, get_attributes, nullptr, get_function, get_variable, nullptr,
                               get_implemented, get_flags, nullptr, nullptr, nullptr, nullptr, get_referred, nullptr,
                               nullptr, nullptr, get_library, return_attributes, return_function, return_variable};

TypeDesc type(Input& in) {
    static const uint16_t all[] = {vt_i4, vt_r8, vt_ptr, vt_ptr, vt_userdefined, vt_userdefined, vt_carray, vt_bstr,
                                   vt_variant, vt_safearray, vt_lpwstr, vt_decimal, vt_clsid, vt_i1, vt_unknown, vt_void};
    TypeDesc t{};
    uint8_t b = in.byte();
    t.vt = all[b % 16];
    if (t.vt == vt_ptr) t.type = b / 16 == 15 ? nullptr : &g_descs[b / 16 % 8];
    if (t.vt == vt_carray) t.array = &g_arrays[b / 16 % 2];
    if (t.vt == vt_userdefined) t.reference = b / 16;
    return t;
}

void fill(Input& in) {
    for (TypeDesc& d : g_descs) d = type(in);
    for (ArrayDesc& a : g_arrays) {
        a = {};
        a.element = type(in);
        a.dimensions = 1;
        a.bounds[0].count = in.byte() == 255 ? 0xffffffff : in.byte();
    }
    for (Info& info : g_infos) {
        info = {};
        info.vtbl = &vtbl;
        TypeAttr& a = info.attributes;
        a.guid.Data1 = in.byte();
        if (a.guid.Data1 % 4 == 0) a.guid = iid_unknown;
        if (a.guid.Data1 % 4 == 1) a.guid = iid_dispatch;
        a.kind = in.byte() % 9;
        a.functions = in.byte() % 5;
        a.variables = in.byte() % 5;
        a.implemented = in.byte() % 3;
        a.major = in.byte();
        a.minor = in.byte();
        a.flags = static_cast<uint16_t>(in.byte() * 64);
        a.alignment = in.byte() % 9;
        a.size = in.byte();
        a.alias = type(in);
        for (int i = 0; i < 3; ++i) {
            FuncDesc& f = info.functions[i];
            f.kind = in.byte() % 3;
            f.convention = in.byte() % 16 ? cc_stdcall : 1;
            f.vtable_offset = static_cast<int16_t>((in.byte() % 12) * sizeof(void*) + (in.byte() == 255));
            f.parameter_count = static_cast<int16_t>(in.byte() % 4);
            f.parameters = info.parameters[i];
            f.result.type = type(in);
            for (ElementDesc& e : info.parameters[i]) {
                e.type = type(in);
                e.flags = in.byte() % 16;
            }
            info.variables[i].element.type = type(in);
            info.variables[i].place = in.byte();
            info.variables[i].kind = in.byte() == 255;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input in{data, size};
    fill(in);
    TypeDescription d;
    Hresult h = describe_interface(*reinterpret_cast<TypeInfo*>(&g_infos[0]), iid_unknown, d);
    if (bad(h)) return 0;
    if (d.offsets.size() != d.method_count) std::abort();
    for (uint32_t i = 3; i < d.method_count; ++i) {
        if (d.offsets[i] == 0xffff) {
            if (!d.has_base) std::abort();
            continue;
        }
        stub::Procedure p;
        Status s = stub::parse_procedure(d.formats.procedures().data() + d.offsets[i], d.formats.types().data(),
                                         stub::Style::oif, false, p);
        if (failed(s) || p.number != i) std::abort();
        stub::Parameter parameter;
        for (stub::ParameterCursor at(p); at.next(parameter);)
            if (parameter.type && (parameter.type < d.formats.types().data() ||
                                   parameter.type >= d.formats.types().data() + d.formats.types().size()))
                std::abort();
    }
    return 0;
}
