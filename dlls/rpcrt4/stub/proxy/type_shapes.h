#pragma once
// A type library's types as the format writer's.
#include "stub/proxy/type_format.h"
#include "stub/proxy/type_handles.h"

namespace rpc::com {

constexpr unsigned type_depth_limit = 32;  // types within types, and interfaces above interfaces

// The writer's status as describe_interface answers it.
Hresult written(Status status);

class TypeShapes {
public:
    explicit TypeShapes(FormatWriter& writer) : writer_(writer) {}

    // A parameter's type, and whether the argument points to it.
    Hresult parameter(TypeInfo& info, const TypeDesc& type, FormatParameter& parameter);
    // A result's: a simple type; `none` for VT_VOID.
    Hresult result(TypeInfo& info, const TypeDesc& type, FormatType& shape, bool& none);

private:
    // A record that is described, or being so: pointers to it wait until then.
    struct Record {
        TypeInfoRef info;
        Unknown* library;  // for comparison; `info` keeps it
        unsigned index;
        bool done = false;
        FormatType shape;
        Vector<FormatType> waiting;
    };

    Hresult shape(TypeInfo& info, const TypeDesc& type, FormatType& shape, unsigned depth);
    Hresult plain_shape(TypeInfo& info, const TypeDesc& type, FormatType& shape, unsigned depth);
    Hresult pointer(TypeInfo& info, const TypeDesc& to, FormatType& shape, unsigned depth);
    Hresult array(TypeInfo& info, const ArrayDesc* array, FormatType& shape, unsigned depth);
    Hresult string(uint16_t vt, FormatType& shape);
    Hresult user(UserType which, FormatType& shape);
    Hresult fixed_record(const char* members, FormatType& shape);
    Hresult record(TypeInfo& info, FormatType& shape, unsigned depth);
    Hresult describe_record(TypeInfo& info, FormatType& shape, unsigned depth);
    Record* find_record(TypeInfo& info, Unknown*& library, unsigned& index);

    FormatWriter& writer_;
    Vector<Record> records_;
};

}  // namespace rpc::com
