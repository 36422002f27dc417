#pragma once
// Type descriptions as the reader of type libraries needs them (oaidl.h): our own declarations, so that the room builds on
// both sides; abi/ checks them against the toolchain's header.
#include "stub/proxy/com.h"

namespace rpc::com {

// VARENUM, what may stand in a TYPEDESC.
enum VarType : uint16_t {
    vt_i2 = 2,
    vt_i4 = 3,
    vt_r4 = 4,
    vt_r8 = 5,
    vt_cy = 6,
    vt_date = 7,
    vt_bstr = 8,
    vt_dispatch = 9,
    vt_error = 10,
    vt_bool = 11,
    vt_variant = 12,
    vt_unknown = 13,
    vt_decimal = 14,
    vt_i1 = 16,
    vt_ui1 = 17,
    vt_ui2 = 18,
    vt_ui4 = 19,
    vt_i8 = 20,
    vt_ui8 = 21,
    vt_int = 22,
    vt_uint = 23,
    vt_void = 24,
    vt_hresult = 25,
    vt_ptr = 26,
    vt_safearray = 27,
    vt_carray = 28,
    vt_userdefined = 29,
    vt_lpstr = 30,
    vt_lpwstr = 31,
    vt_int_ptr = 37,
    vt_uint_ptr = 38,
    vt_filetime = 64,
    vt_clsid = 72,
    vt_array = 0x2000,
};

enum TypeKind : int32_t {
    tkind_enum,
    tkind_record,
    tkind_module,
    tkind_interface,
    tkind_dispatch,
    tkind_coclass,
    tkind_alias,
    tkind_union,
};

constexpr uint16_t typeflag_dual = 0x40, typeflag_oleautomation = 0x100;
constexpr uint16_t paramflag_in = 1, paramflag_out = 2, paramflag_retval = 8;
constexpr int32_t impltypeflag_default = 1, impltypeflag_source = 2;
constexpr int32_t func_virtual = 0, func_purevirtual = 1, cc_stdcall = 4, var_perinstance = 0;

struct ArrayDesc;
struct TypeDesc {
    union {
        const TypeDesc* type;    // VT_PTR, VT_SAFEARRAY
        const ArrayDesc* array;  // VT_CARRAY
        uint32_t reference;      // VT_USERDEFINED
    };
    uint16_t vt;
};
struct ArrayDesc {
    TypeDesc element;
    uint16_t dimensions;
    struct {
        uint32_t count;
        int32_t low;
    } bounds[1];
};
struct ElementDesc {
    TypeDesc type;
    void* parameter;
    uint16_t flags;
};
struct FuncDesc {
    int32_t id;
    int32_t* codes;
    const ElementDesc* parameters;
    int32_t kind, invoke_kind, convention;
    int16_t parameter_count, optional_count, vtable_offset, code_count;
    ElementDesc result;
    uint16_t flags;
};
struct VarDesc {
    int32_t id;
    char16_t* schema;
    union {
        uint32_t place;
        void* value;
    };
    ElementDesc element;
    uint16_t flags;
    int32_t kind;
};
struct TypeAttr {
    GUID guid;
    uint32_t lcid, reserved;
    int32_t constructor, destructor;
    char16_t* schema;
    uint32_t size;  // of an instance
    int32_t kind;
    uint16_t functions, variables, implemented, vtable_size, alignment, flags, major, minor;
    TypeDesc alias;
    uintptr_t idl_reserved;
    uint16_t idl_flags;
};

struct TypeInfoVtbl {
    UnknownVtbl unknown;
    Hresult(RPC_ENTRY* GetTypeAttr)(void* self, TypeAttr** attributes);
    void* GetTypeComp;
    Hresult(RPC_ENTRY* GetFuncDesc)(void* self, unsigned index, FuncDesc** function);
    Hresult(RPC_ENTRY* GetVarDesc)(void* self, unsigned index, VarDesc** variable);
    void* GetNames;
    Hresult(RPC_ENTRY* GetRefTypeOfImplType)(void* self, unsigned index, uint32_t* reference);
    Hresult(RPC_ENTRY* GetImplTypeFlags)(void* self, unsigned index, int32_t* flags);
    void* GetIDsOfNames;
    void* Invoke;
    void* GetDocumentation;
    void* GetDllEntry;
    Hresult(RPC_ENTRY* GetRefTypeInfo)(void* self, uint32_t reference, struct TypeInfo** info);
    void* AddressOfMember;
    void* CreateInstance;
    void* GetMops;
    Hresult(RPC_ENTRY* GetContainingTypeLib)(void* self, Unknown** library, unsigned* index);
    void(RPC_ENTRY* ReleaseTypeAttr)(void* self, TypeAttr* attributes);
    void(RPC_ENTRY* ReleaseFuncDesc)(void* self, FuncDesc* function);
    void(RPC_ENTRY* ReleaseVarDesc)(void* self, VarDesc* variable);
};
// ITypeInfo
struct TypeInfo {
    const TypeInfoVtbl* vtbl;
    Unknown* unknown() { return reinterpret_cast<Unknown*>(this); }
};

constexpr GUID iid_dispatch = {0x00020400, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
constexpr Hresult type_e_invalid_data = hr(0x80028018), type_e_bad_module_kind = hr(0x800288bd),
                  type_e_circular = hr(0x80029c84);

}  // namespace rpc::com
