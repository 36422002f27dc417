// Type descriptions, honest and lying, to format strings.
#include "stub/proxy/type_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "base/alloc.h"
#include "stub/proxy/type_shapes.h"

namespace rpc::com {
namespace {

// A type library's description, in memory. `types`: what references mean, by number.
struct FakeInfo {
    const TypeInfoVtbl* vtbl;
    int refs = 0, lent = 0;
    TypeAttr attributes{};
    std::vector<FuncDesc> functions;
    std::vector<VarDesc> variables;
    std::vector<FakeInfo*> implemented;
    std::vector<int32_t> implemented_flags;
    FakeInfo* dual = nullptr;
    std::vector<FakeInfo*>* types = nullptr;
    Hresult fail = s_ok;

    FakeInfo(int32_t kind, uint32_t guid);
    TypeInfo& face() { return *reinterpret_cast<TypeInfo*>(this); }
};

FakeInfo& fake(void* self) {
    return *static_cast<FakeInfo*>(self);
}
Hresult give(FakeInfo* info, TypeInfo** out) {
    ++info->refs;
    *out = &info->face();
    return s_ok;
}
constexpr uint32_t base_reference = 1000;  // and up: what is implemented; 999: the other half of a dual one

Hresult RPC_ENTRY fake_query(void*, const GUID*, void**) {
    return e_nointerface;
}
uint32_t RPC_ENTRY fake_add_ref(void* self) {
    return static_cast<uint32_t>(++fake(self).refs);
}
uint32_t RPC_ENTRY fake_release(void* self) {
    return static_cast<uint32_t>(--fake(self).refs);
}
Hresult RPC_ENTRY fake_attributes(void* self, TypeAttr** a) {
    if (bad(fake(self).fail)) return fake(self).fail;
    FakeInfo& f = fake(self);
    f.attributes.functions = static_cast<uint16_t>(f.functions.size());
    f.attributes.variables = static_cast<uint16_t>(f.variables.size());
    f.attributes.implemented = static_cast<uint16_t>(f.implemented.size());
    ++f.lent;
    *a = &f.attributes;
    return s_ok;
}
Hresult RPC_ENTRY fake_function(void* self, unsigned i, FuncDesc** f) {
    ++fake(self).lent;
    *f = &fake(self).functions[i];
    return s_ok;
}
Hresult RPC_ENTRY fake_variable(void* self, unsigned i, VarDesc** v) {
    ++fake(self).lent;
    *v = &fake(self).variables[i];
    return s_ok;
}
Hresult RPC_ENTRY fake_implemented(void* self, unsigned i, uint32_t* reference) {
    FakeInfo& f = fake(self);
    if (i == ~0u) {
        *reference = base_reference - 1;
        return f.dual ? s_ok : hr(0x8002802b);
    }
    *reference = base_reference + i;
    return i < f.implemented.size() ? s_ok : hr(0x8002802b);
}
Hresult RPC_ENTRY fake_implemented_flags(void* self, unsigned i, int32_t* flags) {
    *flags = fake(self).implemented_flags[i];
    return s_ok;
}
Hresult RPC_ENTRY fake_referred(void* self, uint32_t reference, TypeInfo** info) {
    FakeInfo& f = fake(self);
    if (reference == base_reference - 1) return give(f.dual, info);
    if (reference >= base_reference) return give(f.implemented[reference - base_reference], info);
    if (!f.types || reference >= f.types->size()) return hr(0x80028017);
    return give((*f.types)[reference], info);
}
Hresult RPC_ENTRY fake_library(void*, Unknown**, unsigned*) {
    return e_notimpl;
}
void RPC_ENTRY return_attributes(void* self, TypeAttr*) {
    --fake(self).lent;
}
void RPC_ENTRY return_function(void* self, FuncDesc*) {
    --fake(self).lent;
}
void RPC_ENTRY return_variable(void* self, VarDesc*) {
    --fake(self).lent;
}
constexpr TypeInfoVtbl fake_vtbl = {{fake_query, fake_add_ref, fake_release},
                                    fake_attributes,
                                    nullptr,
                                    fake_function,
                                    fake_variable,
                                    nullptr,
                                    fake_implemented,
                                    fake_implemented_flags,
                                    nullptr,
                                    nullptr,
                                    nullptr,
                                    nullptr,
                                    fake_referred,
                                    nullptr,
                                    nullptr,
                                    nullptr,
                                    fake_library,
                                    return_attributes,
                                    return_function,
                                    return_variable};

FakeInfo::FakeInfo(int32_t kind, uint32_t guid) : vtbl(&fake_vtbl) {
    attributes.kind = kind;
    attributes.guid.Data1 = guid;
    attributes.alignment = 4;
}

TypeDesc simple(uint16_t vt) {
    TypeDesc t{};
    t.vt = vt;
    return t;
}
TypeDesc user(uint32_t reference) {
    TypeDesc t = simple(vt_userdefined);
    t.reference = reference;
    return t;
}

// A library of one interface, IOne, whose methods a test adds.
class TypeReader : public testing::Test {
protected:
    FakeInfo unknown{tkind_interface, 0}, dispatch{tkind_interface, 0}, one{tkind_interface, 0x11};
    std::vector<FakeInfo*> types;
    std::vector<std::unique_ptr<TypeDesc>> descs;
    std::vector<std::unique_ptr<std::vector<ElementDesc>>> elements;
    std::vector<std::unique_ptr<FakeInfo>> more;
    TypeDescription description;

    TypeReader() {
        unknown.attributes.guid = iid_unknown;
        dispatch.attributes.guid = iid_dispatch;
        one.implemented = {&unknown};
        one.types = &types;
        one.attributes.flags = typeflag_oleautomation;
    }
    void TearDown() override {
        std::vector<FakeInfo*> all = {&unknown, &dispatch, &one};
        for (auto& m : more) all.push_back(m.get());
        for (FakeInfo* f : all) {
            EXPECT_EQ(f->refs, 0);
            EXPECT_EQ(f->lent, 0);
        }
    }
    FakeInfo& add(int32_t kind, uint32_t guid) {
        more.push_back(std::make_unique<FakeInfo>(kind, guid));
        more.back()->types = &types;
        types.push_back(more.back().get());
        return *more.back();
    }
    TypeDesc pointer(TypeDesc to) {
        descs.push_back(std::make_unique<TypeDesc>(to));
        TypeDesc t = simple(vt_ptr);
        t.type = descs.back().get();
        return t;
    }
    void method(FakeInfo& info, size_t slot, std::vector<ElementDesc> parameters, uint16_t result = vt_hresult) {
        elements.push_back(std::make_unique<std::vector<ElementDesc>>(std::move(parameters)));
        FuncDesc f{};
        f.kind = func_purevirtual;
        f.convention = cc_stdcall;
        f.vtable_offset = static_cast<int16_t>(slot * sizeof(void*));
        f.parameters = elements.back()->data();
        f.parameter_count = static_cast<int16_t>(elements.back()->size());
        f.result.type = simple(result);
        info.functions.push_back(f);
    }
    static ElementDesc element(TypeDesc t, uint16_t flags) {
        ElementDesc e{};
        e.type = t;
        e.flags = flags;
        return e;
    }
    static VarDesc member(TypeDesc t, uint32_t place = 0) {
        VarDesc v{};
        v.element.type = t;
        v.place = place;
        return v;
    }
    Hresult read(FakeInfo& info) {
        description = TypeDescription();
        return describe_interface(info.face(), info.attributes.guid, description);
    }
    // The outcome of a method with one parameter.
    Hresult read_parameter(TypeDesc t, uint16_t flags = paramflag_in) {
        one.functions.clear();
        method(one, 3, {element(t, flags)});
        return read(one);
    }
    // The descriptor of the method's first parameter: attributes, stack, type.
    uint16_t parameter_word(size_t slot, int word) const {
        const uint8_t* p = description.formats.procedures().data() + description.offsets[slot];
        p += 2 + 4 + 2 + 2 + 4 + 2 + (sizeof(void*) == 8 ? 10 : 8) + 2 * word;
        return static_cast<uint16_t>(p[0] | p[1] << 8);
    }
};

TEST_F(TypeReader, AMethodOfSimpleTypes) {
    method(one, 3, {element(simple(vt_r8), paramflag_in), element(pointer(simple(vt_i4)), paramflag_retval)});
    ASSERT_EQ(read(one), s_ok);
    EXPECT_EQ(description.method_count, 4u);
    EXPECT_FALSE(description.has_base);
    EXPECT_EQ(parameter_word(3, 0), 0x48);  // in, base type
    EXPECT_EQ(parameter_word(3, 2), 0x0c);
    EXPECT_EQ(parameter_word(3, 3), 0x2150);  // out, base type, simple reference, eight bytes
}

TEST_F(TypeReader, BasesAreReadUpToIDispatch) {
    FakeInfo& two = add(tkind_interface, 0x22);
    two.attributes.flags = typeflag_oleautomation;
    one.implemented = {&dispatch};
    two.implemented = {&one};
    method(one, 7, {});
    method(two, 8, {});
    ASSERT_EQ(read(two), s_ok);
    EXPECT_EQ(description.method_count, 9u);
    EXPECT_TRUE(description.has_base);
    EXPECT_TRUE(same(description.base, iid_dispatch));
    EXPECT_EQ(description.offsets[6], 0xffff);
    EXPECT_NE(description.offsets[7], 0xffff);
    EXPECT_NE(description.offsets[8], 0xffff);
}

TEST_F(TypeReader, DispinterfacesAreIDispatchAndDualOnesTheirVtable) {
    FakeInfo& events = add(tkind_dispatch, 0x33);
    ASSERT_EQ(read(events), s_ok);
    EXPECT_EQ(description.method_count, 7u);
    EXPECT_TRUE(description.has_base);
    one.implemented = {&dispatch};
    method(one, 7, {});
    events.dual = &one;
    events.attributes.flags = typeflag_dual;
    ASSERT_EQ(read(events), s_ok);
    EXPECT_EQ(description.method_count, 8u);
    events.dual = nullptr;
    EXPECT_EQ(read(events), hr(0x8002802b));  // dual without a vtable
}

TEST_F(TypeReader, AListLeadsBackToItself) {
    FakeInfo& node = add(tkind_record, 0);
    node.variables = {member(simple(vt_i4)), member(pointer(user(0)))};
    ASSERT_EQ(read_parameter(pointer(user(0))), s_ok);
    const auto& t = description.formats.types();
    const uint8_t* record = t.data() + parameter_word(3, 2);
    EXPECT_EQ(record[0], 0x1a);
    EXPECT_EQ(record[2] | record[3] << 8, static_cast<int>(2 * sizeof(void*)));
    const uint8_t* pointer_member = record + 9;
    ASSERT_EQ(pointer_member[0], 0x4c);
    const uint8_t* up = pointer_member + 2 + static_cast<int16_t>(pointer_member[2] | pointer_member[3] << 8);
    EXPECT_EQ(up[0], 0x12);
    EXPECT_EQ(up + 2 + static_cast<int16_t>(up[2] | up[3] << 8), record);
    // By value it would have no end.
    node.variables = {member(user(0))};
    EXPECT_EQ(read_parameter(pointer(user(0))), type_e_circular);
}

TEST_F(TypeReader, PackedRecordsAsTheLibrarySaysElseNatural) {
    FakeInfo& record = add(tkind_record, 0);
    auto size = [&] {
        EXPECT_EQ(read_parameter(pointer(user(0))), s_ok);
        const uint8_t* r = description.formats.types().data() + parameter_word(3, 2);
        return r[2] | r[3] << 8;
    };
    record.variables = {member(simple(vt_ui1), 0), member(simple(vt_r8), 0)};
    EXPECT_EQ(size(), 16);  // nothing is said
    record.attributes.alignment = 1;
    EXPECT_EQ(size(), 9);
    record.attributes.alignment = 4;
    record.attributes.size = 12;
    record.variables[1].place = 4;
    EXPECT_EQ(size(), 12);
    record.variables[1].place = 1;
    record.attributes.size = 9;
    EXPECT_EQ(size(), 9);
}

TEST_F(TypeReader, InterfacesByPointerClassesByTheirDefault) {
    add(tkind_interface, 0x44);
    FakeInfo& coclass = add(tkind_coclass, 0x55);
    FakeInfo source{tkind_interface, 0x66}, main{tkind_interface, 0x77};
    coclass.implemented = {&source, &unknown, &main};
    coclass.implemented_flags = {impltypeflag_default | impltypeflag_source, 0, impltypeflag_default};
    auto iid = [&] {
        const uint8_t* ip = description.formats.types().data() + parameter_word(3, 2);
        EXPECT_EQ(ip[0], 0x2f);
        return ip[2];
    };
    ASSERT_EQ(read_parameter(pointer(user(0))), s_ok);
    EXPECT_EQ(iid(), 0x44);
    EXPECT_EQ(parameter_word(3, 0), 0x0b);
    ASSERT_EQ(read_parameter(pointer(user(1))), s_ok);
    EXPECT_EQ(iid(), 0x77);
    EXPECT_EQ(read_parameter(user(0)), e_notimpl);  // an interface itself
    EXPECT_EQ(source.refs + main.refs, 0);
}

TEST_F(TypeReader, AliasesAreSeenThrough) {
    FakeInfo& alias = add(tkind_alias, 0);
    alias.attributes.alias = pointer(simple(vt_i2));
    ASSERT_EQ(read_parameter(user(0), paramflag_out), s_ok);
    EXPECT_EQ(parameter_word(3, 2), 0x06);
    alias.attributes.alias = user(0);
    EXPECT_EQ(read_parameter(user(0)), type_e_circular);
}

TEST_F(TypeReader, WhatNoAutomationInterfaceHas) {
    add(tkind_union, 0);
    for (int vt : {0, 1, 15, 24, 36, 99, 0x1fff})
        EXPECT_EQ(read_parameter(simple(static_cast<uint16_t>(vt))), e_notimpl) << vt;
    EXPECT_EQ(read_parameter(pointer(simple(vt_void))), e_notimpl);
    EXPECT_EQ(read_parameter(user(0)), e_notimpl);
    one.functions.clear();
    method(one, 3, {}, vt_bstr);
    EXPECT_EQ(read(one), e_notimpl);
    one.functions[0].result.type = simple(vt_void);
    one.functions[0].convention = 1;
    EXPECT_EQ(read(one), e_notimpl);
    FakeInfo module{tkind_module, 1};
    EXPECT_EQ(read(module), type_e_bad_module_kind);
}

TEST_F(TypeReader, DescriptionsThatLie) {
    EXPECT_EQ(read_parameter(simple(vt_i4), paramflag_out), type_e_invalid_data);  // nowhere to put it
    EXPECT_EQ(read_parameter(simple(vt_ptr)), type_e_invalid_data);
    EXPECT_EQ(read_parameter(simple(vt_carray)), type_e_invalid_data);
    ArrayDesc array{};
    array.element = simple(vt_i4);
    TypeDesc fixed = simple(vt_carray);
    fixed.array = &array;
    EXPECT_EQ(read_parameter(fixed), type_e_invalid_data);  // no dimensions
    array.dimensions = 1;
    EXPECT_EQ(read_parameter(fixed), type_e_invalid_data);  // no elements
    array.bounds[0].count = 0xffffffff;
    EXPECT_EQ(read_parameter(fixed), type_e_invalid_data);
    array.bounds[0].count = 4;
    EXPECT_EQ(read_parameter(fixed), s_ok);
    EXPECT_EQ(read_parameter(user(7)), hr(0x80028017));  // refers to nothing
    add(tkind_record, 0);
    EXPECT_EQ(read_parameter(pointer(user(0))), type_e_invalid_data);  // without members
    for (int16_t offset : {-8, 0, 1, 2, 4000}) {
        one.functions.clear();
        method(one, 3, {});
        one.functions[0].vtable_offset = offset;
        EXPECT_EQ(read(one), type_e_invalid_data) << offset;
    }
    one.functions.clear();
    method(one, 3, {});
    method(one, 3, {});
    EXPECT_EQ(read(one), type_e_invalid_data);  // two in one place
    one.functions.resize(1);
    one.functions[0].parameter_count = 3;
    one.functions[0].parameters = nullptr;
    EXPECT_EQ(read(one), type_e_invalid_data);
    one.functions[0].parameter_count = -1;
    EXPECT_EQ(read(one), type_e_invalid_data);
    one.functions.clear();
    one.implemented = {&one};
    EXPECT_EQ(read(one), type_e_circular);
    one.implemented.clear();
    EXPECT_EQ(read(one), type_e_invalid_data);
    one.implemented = {&unknown};
    for (size_t i = 0; i < 1025; ++i) method(one, 3 + i, {});
    EXPECT_EQ(read(one), type_e_invalid_data);
    unknown.fail = e_out_of_memory;
    EXPECT_EQ(read(one), e_out_of_memory);
}

TEST_F(TypeReader, DeepTypesEnd) {
    TypeDesc t = simple(vt_i4);
    for (int i = 0; i < 1000; ++i) t = pointer(t);
    EXPECT_EQ(read_parameter(t), type_e_circular);
}

TEST_F(TypeReader, OutOfMemory) {
    FakeInfo& node = add(tkind_record, 0);
    node.variables = {member(simple(vt_bstr)), member(simple(vt_decimal)), member(pointer(user(0)))};
    method(one, 3, {element(pointer(user(0)), paramflag_in), element(simple(vt_unknown), paramflag_in)});
    for (long n = 1;; ++n) {
        mem_fail_nth(n);
        Hresult h = read(one);
        bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_EQ(h, pending ? s_ok : e_out_of_memory);
        if (pending) break;
    }
}

TEST(TypeFormats, ARecordsPlaces) {
    FormatWriter w;
    FormatType text, record;
    ASSERT_EQ(w.user_type(UserType::bstr, text), Status::ok);
    const FormatType members[] = {FormatWriter::simple_type(0x06), text, FormatWriter::simple_type(0x0c),
                                  FormatWriter::simple_type(0x01)};
    ASSERT_EQ(w.record_type(members, 4, 8, record), Status::ok);
    EXPECT_EQ(record.size, 32u);
    EXPECT_EQ(record.alignment, 8u);
    const uint8_t* f = w.types().data() + record.at;
    EXPECT_EQ(f[0], 0x1a);
    EXPECT_EQ(f[1], 7);
    EXPECT_EQ(f[8], 0x06);
    EXPECT_EQ(f[9], 0x4c);
    EXPECT_EQ(f[10], 6);  // padding before it
    EXPECT_EQ(w.types().data() + record.at + 11 + static_cast<int16_t>(f[11] | f[12] << 8), w.types().data() + text.at);
    EXPECT_EQ(f[13], 0x0c);
    EXPECT_EQ(f[14], 0x01);
    EXPECT_EQ(f[15], 0x3d + 6);  // seven bytes at the end
    // On the wire a pointer takes four bytes.
    ASSERT_EQ(w.record_type(&text, 1, 8, record), Status::ok);
    EXPECT_EQ(w.types().data()[record.at + 1], 3);
}

}  // namespace
}  // namespace rpc::com
