#include "stub/proxy/type_shapes.h"

#include "ndr/format.h"

namespace rpc::com {

namespace {

using namespace ndr;

// The format character of a type that has one, 0 for others.
uint8_t simple_character(uint16_t vt) {
    switch (vt) {
    case vt_i1: return fc_small;
    case vt_ui1: return fc_byte;
    case vt_i2:
    case vt_bool: return fc_short;
    case vt_ui2: return fc_ushort;
    case vt_i4:
    case vt_int:
    case vt_error:
    case vt_hresult: return fc_long;
    case vt_ui4:
    case vt_uint: return fc_ulong;
    case vt_i8:
    case vt_ui8:
    case vt_cy: return fc_hyper;
    case vt_r4: return fc_float;
    case vt_r8:
    case vt_date: return fc_double;
    case vt_int_ptr: return fc_int3264;
    case vt_uint_ptr: return fc_uint3264;
    }
    return 0;
}

bool is_interface(int32_t kind) {
    return kind == tkind_interface || kind == tkind_dispatch || kind == tkind_coclass;
}

// body(info, type, target, kind) with the type behind its aliases: `target` is what a VT_USERDEFINED one refers to.
template <class Body>
Hresult resolve(TypeInfo& info, const TypeDesc& type, unsigned depth, Body&& body) {
    if (depth > type_depth_limit) return type_e_circular;
    if (type.vt != vt_userdefined) return body(info, type, nullptr, 0);
    TypeInfoRef target;
    Attributes attributes;
    if (Hresult h = referred(info, type.reference, target); bad(h)) return h;
    if (Hresult h = attributes.of(*target); bad(h)) return h;
    if (attributes->kind == tkind_alias) return resolve(*target, attributes->alias, depth + 1, body);
    return body(info, type, target.get(), attributes->kind);
}

// The interface that a class stands for: its default one.
Hresult default_interface(TypeInfo& coclass, unsigned count, TypeInfoRef& found) {
    int chosen = -1;
    for (unsigned i = 0; i < count; ++i) {
        int32_t flags = 0;
        if (Hresult h = coclass.vtbl->GetImplTypeFlags(&coclass, i, &flags); bad(h)) return h;
        if (flags & impltypeflag_source) continue;
        if (chosen < 0 || (flags & impltypeflag_default)) chosen = static_cast<int>(i);
        if (flags & impltypeflag_default) break;
    }
    return chosen < 0 ? type_e_invalid_data : implemented(coclass, static_cast<unsigned>(chosen), found);
}

Hresult interface_shape(TypeInfo& target, FormatWriter& writer, FormatType& shape) {
    Attributes a;
    if (Hresult h = a.of(target); bad(h)) return h;
    if (a->kind != tkind_coclass) return written(writer.interface_type(a->guid, shape));
    TypeInfoRef main;
    Attributes of_main;
    if (Hresult h = default_interface(target, a->implemented, main); bad(h)) return h;
    if (Hresult h = of_main.of(*main); bad(h)) return h;
    return written(writer.interface_type(of_main->guid, shape));
}

// The packing that puts members where the library says. Not every library says it, and one for machines with other
// pointers says it of those: then it is natural, but for what is packed tightly.
unsigned packing_of(const TypeAttr& attributes, const FormatType* members, const uint32_t* given, uint32_t* places,
                    size_t count) {
    for (unsigned packing = 8; packing != 0; packing /= 2) {
        RecordLayout layout;
        if (lay_out(members, count, packing, places, layout) && layout.size == attributes.size &&
            std::memcmp(places, given, count * sizeof *places) == 0)
            return packing;
    }
    return attributes.alignment == 1 || attributes.alignment == 2 ? attributes.alignment : 8;
}

}  // namespace

Hresult written(Status status) {
    if (status == Status::cannot_support) return type_e_invalid_data;  // more than any description holds
    return failed(status) ? to_hresult(status) : s_ok;
}

// --- parameters and results
// -------------------------------------------------------------------------------------------

Hresult TypeShapes::parameter(TypeInfo& info, const TypeDesc& type, FormatParameter& p) {
    return resolve(info, type, 0, [&](TypeInfo& in, const TypeDesc& t, TypeInfo*, int32_t) -> Hresult {
        p.reference = true;
        if (t.vt == vt_lpstr || t.vt == vt_lpwstr) return string(t.vt, p.type);
        if (t.vt == vt_carray) return array(in, t.array, p.type, 1);
        p.reference = false;
        if (t.vt != vt_ptr) return plain_shape(in, t, p.type, 1);
        if (!t.type) return type_e_invalid_data;
        return resolve(in, *t.type, 1, [&](TypeInfo& to_in, const TypeDesc& to, TypeInfo* target, int32_t kind) {
            if (target && is_interface(kind)) return interface_shape(*target, writer_, p.type);
            p.reference = true;
            return plain_shape(to_in, to, p.type, 2);
        });
    });
}

Hresult TypeShapes::result(TypeInfo& info, const TypeDesc& type, FormatType& out, bool& none) {
    none = type.vt == vt_void;
    if (none) return s_ok;
    Hresult h = shape(info, type, out, 0);
    return bad(h) || out.simple ? h : e_notimpl;
}

// --- types
// ------------------------------------------------------------------------------------------------------------

Hresult TypeShapes::shape(TypeInfo& info, const TypeDesc& type, FormatType& out, unsigned depth) {
    return resolve(info, type, depth, [&](TypeInfo& in, const TypeDesc& t, TypeInfo*, int32_t) {
        return plain_shape(in, t, out, depth + 1);
    });
}

// A type that is no alias.
Hresult TypeShapes::plain_shape(TypeInfo& info, const TypeDesc& type, FormatType& out, unsigned depth) {
    if (depth > type_depth_limit) return type_e_circular;
    if (uint8_t character = simple_character(type.vt)) {
        out = FormatWriter::simple_type(character);
        return s_ok;
    }
    if (type.vt & vt_array) return user(UserType::safe_array, out);
    switch (type.vt) {
    case vt_bstr: return user(UserType::bstr, out);
    case vt_variant: return user(UserType::variant, out);
    case vt_safearray: return user(UserType::safe_array, out);
    case vt_unknown: return written(writer_.interface_type(iid_unknown, out));
    case vt_dispatch: return written(writer_.interface_type(iid_dispatch, out));
    case vt_decimal: return fixed_record("2114" "8", out);
    case vt_filetime: return fixed_record("44", out);
    case vt_clsid: return fixed_record("422" "11111111", out);
    case vt_carray: return array(info, type.array, out, depth);
    case vt_ptr: return type.type ? pointer(info, *type.type, out, depth + 1) : type_e_invalid_data;
    case vt_lpstr:
    case vt_lpwstr: {
        FormatType text;
        Hresult h = string(type.vt, text);
        return bad(h) ? h : written(writer_.pointer_type(text, out));
    }
    case vt_userdefined: break;
    default: return e_notimpl;
    }
    return resolve(info, type, depth, [&](TypeInfo&, const TypeDesc&, TypeInfo* target, int32_t kind) -> Hresult {
        if (!target) return type_e_invalid_data;
        if (kind == tkind_record) return record(*target, out, depth + 1);
        if (kind != tkind_enum) return e_notimpl;
        out = FormatWriter::simple_type(fc_enum32);  // Automation's enumerations are int, whatever NDR's are
        return s_ok;
    });
}

Hresult TypeShapes::user(UserType which, FormatType& out) {
    return written(writer_.user_type(which, out));
}

Hresult TypeShapes::string(uint16_t vt, FormatType& out) {
    return written(writer_.string_type(vt == vt_lpwstr, out));
}

Hresult TypeShapes::pointer(TypeInfo& info, const TypeDesc& to, FormatType& out, unsigned depth) {
    return resolve(info, to, depth, [&](TypeInfo& in, const TypeDesc& t, TypeInfo* target, int32_t kind) -> Hresult {
        if (target && is_interface(kind)) return interface_shape(*target, writer_, out);
        Unknown* library = nullptr;
        unsigned index = 0;
        Record* known = target && kind == tkind_record ? find_record(*target, library, index) : nullptr;
        if (known && !known->done) {
            Hresult h = written(writer_.open_pointer_type(out));
            if (bad(h)) return h;
            return known->waiting.push_back(out) ? s_ok : e_out_of_memory;
        }
        FormatType inner;
        if (Hresult h = plain_shape(in, t, inner, depth + 1); bad(h)) return h;
        return written(writer_.pointer_type(inner, out));
    });
}

Hresult TypeShapes::array(TypeInfo& info, const ArrayDesc* array, FormatType& out, unsigned depth) {
    if (!array || array->dimensions == 0) return type_e_invalid_data;
    uint64_t count = 1;
    for (uint16_t i = 0; i < array->dimensions; ++i) {
        count *= array->bounds[i].count;
        if (count == 0 || count > array_limit) return type_e_invalid_data;
    }
    FormatType element;
    if (Hresult h = shape(info, array->element, element, depth + 1); bad(h)) return h;
    return written(writer_.array_type(element, static_cast<uint32_t>(count), out));
}

// --- records
// ----------------------------------------------------------------------------------------------------------

// One of a known shape: members by their sizes.
Hresult TypeShapes::fixed_record(const char* members, FormatType& out) {
    FormatType shapes[16];
    size_t count = 0;
    for (; members[count]; ++count) {
        char size = members[count];
        shapes[count] = FormatWriter::simple_type(size == '1'   ? fc_byte
                                                  : size == '2' ? fc_ushort
                                                  : size == '4' ? fc_ulong
                                                                : fc_hyper);
    }
    return written(writer_.record_type(shapes, count, 8, out));
}

TypeShapes::Record* TypeShapes::find_record(TypeInfo& info, Unknown*& library, unsigned& index) {
    library = nullptr;
    index = 0;
    if (bad(info.vtbl->GetContainingTypeLib(&info, &library, &index))) library = nullptr;
    if (library) library->release();
    for (Record& r : records_)
        if (library && r.library ? r.library == library && r.index == index : r.info.get() == &info) return &r;
    return nullptr;
}

Hresult TypeShapes::record(TypeInfo& info, FormatType& out, unsigned depth) {
    Record entry;
    if (const Record* known = find_record(info, entry.library, entry.index)) {
        out = known->shape;
        return known->done ? s_ok : type_e_circular;
    }
    entry.info = TypeInfoRef::share(info);
    size_t place = records_.size();
    if (!records_.push_back(std::move(entry))) return e_out_of_memory;
    if (Hresult h = describe_record(info, out, depth); bad(h)) return h;
    Record& r = records_[place];
    r.shape = out;
    r.done = true;
    for (const FormatType& pointer : r.waiting) writer_.resolve_pointer(pointer, out);
    return s_ok;
}

Hresult TypeShapes::describe_record(TypeInfo& info, FormatType& out, unsigned depth) {
    Attributes a;
    if (Hresult h = a.of(info); bad(h)) return h;
    Vector<FormatType> members;
    Vector<uint32_t> given, places;
    for (unsigned i = 0; i < a->variables; ++i) {
        Variable v;
        if (Hresult h = v.of(info, i); bad(h)) return h;
        if (v->kind != var_perinstance) return type_e_invalid_data;
        FormatType member;
        if (Hresult h = shape(info, v->element.type, member, depth + 1); bad(h)) return h;
        if (!members.push_back(member) || !given.push_back(v->place) || !places.push_back(0)) return e_out_of_memory;
    }
    unsigned packing = packing_of(*a, members.data(), given.data(), places.data(), members.size());
    return written(writer_.record_type(members.data(), members.size(), packing, out));
}

}  // namespace rpc::com
