#pragma once
// Format strings made at run time from a description of an interface's methods: what MIDL would have written for the
// automation types. Sources: the documentation pages of the descriptors ("Parameter Descriptors", "Pointers",
// "Structures", "User-marshal").
#include <cstdint>

#include "base/status.h"
#include "base/vector.h"
#include "stub/proxy/com.h"

namespace rpc::com {

// Types that oleaut32 marshals itself; the value is their routines' place in the quadruple table.
enum class UserType : uint8_t { bstr, variant, safe_array };
constexpr size_t user_types = 3;

// A type of a parameter or of a record's member.
struct FormatType {
    uint8_t simple = 0;  // a base type's format character, or 0: described at `at`
    uint16_t at = 0;
    uint16_t size = 0;  // bytes in memory
    uint8_t alignment = 1;
    bool is_interface = false;  // an interface pointer
    bool is_pointer = false;    // a pointer to something else
};

struct FormatParameter {
    FormatType type;  // the argument's own, or its referent's when `reference`
    bool in = false, out = false;
    bool reference = false;  // the argument is a pointer to `type`
};

class FormatWriter {
public:
    static FormatType simple_type(uint8_t format_character);
    Status user_type(UserType which, FormatType& type);
    Status interface_type(const GUID& iid, FormatType& type);
    // A unique pointer to a type.
    Status pointer_type(const FormatType& to, FormatType& type);
    // A record of members in order; their places follow from their alignment.
    Status record_type(const FormatType* members, size_t count, FormatType& type);

    // A method that answers an HRESULT; `offset`: where its procedure starts.
    Status method(uint16_t number, const FormatParameter* parameters, size_t count, uint16_t& offset);

    const Vector<uint8_t>& procedures() const { return procedures_; }
    const Vector<uint8_t>& types() const { return types_; }

private:
    void parameter(const FormatParameter& p, size_t& stack);
    uint16_t pointer_to(uint8_t kind, uint8_t flags, uint16_t at);
    size_t member(const FormatType& m, size_t at);
    uint16_t here(const Vector<uint8_t>& v) const { return static_cast<uint16_t>(v.size()); }
    void put(Vector<uint8_t>& v, uint8_t byte) { out_of_memory_ |= !v.push_back(byte); }
    void put16(Vector<uint8_t>& v, size_t value);
    Status outcome() const;  // offsets have 15 bits

    bool out_of_memory_ = false;
    Vector<uint8_t> procedures_, types_;
    uint16_t user_at_[user_types] = {};
};

}  // namespace rpc::com
