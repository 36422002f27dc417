#pragma once
// What a type description lends, given back at the end of a scope.
#include <utility>

#include "stub/proxy/automation.h"

namespace rpc::com {

// A counted ITypeInfo.
class TypeInfoRef {
public:
    TypeInfoRef() = default;
    explicit TypeInfoRef(TypeInfo* counted) : info_(counted) {}
    TypeInfoRef(TypeInfoRef&& other) noexcept : info_(std::exchange(other.info_, nullptr)) {}
    TypeInfoRef& operator=(TypeInfoRef&& other) noexcept {
        std::swap(info_, other.info_);
        return *this;
    }
    ~TypeInfoRef() { drop(info_); }
    static TypeInfoRef share(TypeInfo& info) {
        info.unknown()->add_ref();
        return TypeInfoRef(&info);
    }
    TypeInfo* get() const { return info_; }
    TypeInfo& operator*() const { return *info_; }
    TypeInfo** receive() { return &info_; }

private:
    TypeInfo* info_ = nullptr;
};

// TYPEATTR, FUNCDESC or VARDESC of a description, which must outlive it.
template <class T, auto Release>
class Lent {
public:
    Lent() = default;
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() {
        if (value_) (from_->vtbl->*Release)(from_, value_);
    }
    template <class Get>
    Hresult take(TypeInfo& info, Get&& get) {
        from_ = &info;
        Hresult h = get(&value_);
        if (bad(h)) value_ = nullptr;  // whatever it left there
        return !bad(h) && !value_ ? type_e_invalid_data : h;
    }
    const T* operator->() const { return value_; }
    const T& operator*() const { return *value_; }

private:
    TypeInfo* from_ = nullptr;
    T* value_ = nullptr;
};

class Attributes : public Lent<TypeAttr, &TypeInfoVtbl::ReleaseTypeAttr> {
public:
    Hresult of(TypeInfo& info) {
        return take(info, [&](TypeAttr** a) { return info.vtbl->GetTypeAttr(&info, a); });
    }
};
class Function : public Lent<FuncDesc, &TypeInfoVtbl::ReleaseFuncDesc> {
public:
    Hresult of(TypeInfo& info, unsigned index) {
        return take(info, [&](FuncDesc** f) { return info.vtbl->GetFuncDesc(&info, index, f); });
    }
};
class Variable : public Lent<VarDesc, &TypeInfoVtbl::ReleaseVarDesc> {
public:
    Hresult of(TypeInfo& info, unsigned index) {
        return take(info, [&](VarDesc** v) { return info.vtbl->GetVarDesc(&info, index, v); });
    }
};

// The description that a reference within `info` means, and the interface at `index` of what it implements.
inline Hresult referred(TypeInfo& info, uint32_t reference, TypeInfoRef& found) {
    Hresult h = info.vtbl->GetRefTypeInfo(&info, reference, found.receive());
    if (bad(h)) *found.receive() = nullptr;
    return !bad(h) && !found.get() ? type_e_invalid_data : h;
}
inline Hresult implemented(TypeInfo& info, unsigned index, TypeInfoRef& found) {
    uint32_t reference = 0;
    if (Hresult h = info.vtbl->GetRefTypeOfImplType(&info, index, &reference); bad(h)) return h;
    return referred(info, reference, found);
}

}  // namespace rpc::com
