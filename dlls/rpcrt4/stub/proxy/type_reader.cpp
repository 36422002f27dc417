#include "stub/proxy/type_reader.h"

#include "stub/proxy/factory.h"
#include "stub/proxy/type_shapes.h"

namespace rpc::com {

namespace {

constexpr uint16_t not_described = 0xffff;
constexpr uint32_t unknown_methods = 3, dispatch_methods = 7;

// Whether a proxy DLL serves the interface; what a type library does not call an automation interface may have one.
bool is_registered(const GUID& iid) {
    FactoryBuffer* factory = nullptr;
    Hresult h = registered_factory(iid, &factory);
    drop(factory);
    return !bad(h);
}

class InterfaceReader {
public:
    explicit InterfaceReader(TypeDescription& description) : d_(description), shapes_(description.formats) {}

    // The interface, from the top of its inheritance down.
    Hresult read(TypeInfo& info, unsigned depth) {
        if (depth > type_depth_limit) return type_e_circular;
        Attributes a;
        if (Hresult h = a.of(info); bad(h)) return h;
        if (same(a->guid, iid_unknown)) return room(unknown_methods);
        if (same(a->guid, iid_dispatch)) return delegate(iid_dispatch, dispatch_methods);
        if (a->kind == tkind_dispatch) return read_dispatch(info, *a, depth);
        if (a->kind != tkind_interface) return type_e_bad_module_kind;
        if (a->implemented == 0) return type_e_invalid_data;  // every interface has a base, but for IUnknown
        TypeInfoRef base;
        if (Hresult h = implemented(info, 0, base); bad(h)) return h;
        if (Hresult h = read(*base, depth + 1); bad(h)) return h;
        if (depth != 0 && !(a->flags & (typeflag_oleautomation | typeflag_dual)) && is_registered(a->guid))
            return delegate(a->guid, static_cast<uint32_t>(d_.offsets.size() + a->functions));
        return methods(info, *a);
    }

private:
    Hresult room(uint32_t count) {
        if (count > method_limit) return type_e_invalid_data;
        while (d_.offsets.size() < count)
            if (!d_.offsets.push_back(not_described)) return e_out_of_memory;
        return s_ok;
    }

    // `count` methods are those of a proxy that is made for `iid`.
    Hresult delegate(const GUID& iid, uint32_t count) {
        for (uint16_t& offset : d_.offsets) offset = not_described;
        d_.has_base = true;
        d_.base = iid;
        return room(count);
    }

    // A dual interface has a vtable of its own beyond IDispatch's; every other is called through that alone.
    Hresult read_dispatch(TypeInfo& info, const TypeAttr& a, unsigned depth) {
        constexpr unsigned the_vtable = ~0u;
        TypeInfoRef dual;
        Hresult h = implemented(info, the_vtable, dual);
        if (!bad(h)) {
            Attributes of_dual;
            if (h = of_dual.of(*dual); bad(h)) return h;
            return of_dual->kind == tkind_interface ? read(*dual, depth + 1) : type_e_invalid_data;
        }
        return (a.flags & typeflag_dual) ? h : delegate(iid_dispatch, dispatch_methods);
    }

    Hresult methods(TypeInfo& info, const TypeAttr& a) {
        auto first = static_cast<uint32_t>(d_.offsets.size());
        if (Hresult h = room(first + a.functions); bad(h)) return h;
        for (unsigned i = 0; i < a.functions; ++i) {
            Function f;
            if (Hresult h = f.of(info, i); bad(h)) return h;
            if (Hresult h = method(info, *f, first); bad(h)) return h;
        }
        return s_ok;  // as many methods as places, none twice
    }

    Hresult method(TypeInfo& info, const FuncDesc& f, uint32_t first) {
        if (f.kind != func_virtual && f.kind != func_purevirtual) return type_e_invalid_data;
        if (f.convention != cc_stdcall) return e_notimpl;
        if (f.vtable_offset < 0 || f.vtable_offset % sizeof(void*) != 0) return type_e_invalid_data;
        size_t slot = static_cast<size_t>(f.vtable_offset) / sizeof(void*);
        if (slot < first || slot >= d_.offsets.size() || d_.offsets[slot] != not_described) return type_e_invalid_data;
        if (f.parameter_count < 0 || (f.parameter_count > 0 && !f.parameters)) return type_e_invalid_data;
        Vector<FormatParameter> parameters;
        for (int i = 0; i < f.parameter_count; ++i) {
            FormatParameter p;
            if (Hresult h = parameter(info, f.parameters[i], p); bad(h)) return h;
            if (!parameters.push_back(p)) return e_out_of_memory;
        }
        FormatType result;
        bool none = false;
        if (Hresult h = shapes_.result(info, f.result.type, result, none); bad(h)) return h;
        return written(d_.formats.method(static_cast<uint16_t>(slot), parameters.data(), parameters.size(),
                                         none ? nullptr : &result, d_.offsets[slot]));
    }

    Hresult parameter(TypeInfo& info, const ElementDesc& e, FormatParameter& p) {
        if (Hresult h = shapes_.parameter(info, e.type, p); bad(h)) return h;
        p.out = (e.flags & (paramflag_out | paramflag_retval)) != 0;
        p.in = (e.flags & paramflag_in) != 0 || !p.out;
        return p.out && !p.reference ? type_e_invalid_data : s_ok;
    }

    TypeDescription& d_;
    TypeShapes shapes_;
};

template <class Create>
Hresult create(TypeInfo& info, const GUID& iid, Create&& create) {
    TypeDescription description;
    TypeRuntime runtime{};
    if (Hresult h = describe_interface(info, iid, description); bad(h)) return h;
    if (Hresult h = type_runtime(runtime); bad(h)) return h;
    return create(std::move(description), runtime);
}

}  // namespace

Hresult describe_interface(TypeInfo& info, const GUID& iid, TypeDescription& description) {
    InterfaceReader reader(description);
    if (Hresult h = reader.read(info, 0); bad(h)) return h;
    description.iid = iid;
    description.method_count = static_cast<uint32_t>(description.offsets.size());
    return s_ok;
}

Hresult create_proxy_from_type_info(TypeInfo& info, Unknown* outer, const GUID& iid, ProxyBuffer** buffer,
                                    void** object) {
    *buffer = nullptr;
    *object = nullptr;
    return create(info, iid, [&](TypeDescription&& description, const TypeRuntime& runtime) {
        return create_described_proxy(std::move(description), runtime, outer, buffer, object);
    });
}

Hresult create_stub_from_type_info(TypeInfo& info, const GUID& iid, Unknown* server, StubBuffer** stub) {
    *stub = nullptr;
    return create(info, iid, [&](TypeDescription&& description, const TypeRuntime& runtime) {
        return create_described_stub(std::move(description), runtime, server, stub);
    });
}

}  // namespace rpc::com
