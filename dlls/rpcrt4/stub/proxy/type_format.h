#pragma once
// Format strings made at run time from a description of an interface's methods: what MIDL would have written for the
// automation types. Sources: the documentation pages of the descriptors ("Parameter Descriptors", "Pointers",
// "Structures", "Arrays", "Strings", "User-marshal").
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
    uint32_t size = 0;  // bytes in memory
    uint8_t alignment = 1;
    uint8_t wire_alignment = 1;
    bool is_interface = false;  // an interface pointer
    bool is_pointer = false;    // a pointer to something else
};
// Bytes that a record may have in memory: its description says so in 16 bits.
constexpr uint32_t record_limit = 0x7fff;
// The same of an array that is a parameter; our own bound.
constexpr uint32_t array_limit = 1u << 24;

struct FormatParameter {
    FormatType type;  // the argument's own, or its referent's when `reference`
    bool in = false, out = false;
    bool reference = false;  // the argument is a pointer to `type`
};

// Where a record's members are when none is aligned to more than `packing` bytes. `places` may be null. False: too large.
struct RecordLayout {
    uint32_t size = 0;
    uint8_t alignment = 1;
};
[[nodiscard]] bool lay_out(const FormatType* members, size_t count, unsigned packing, uint32_t* places,
                           RecordLayout& layout);

class FormatWriter {
public:
    static FormatType simple_type(uint8_t format_character);
    Status user_type(UserType which, FormatType& type);
    Status interface_type(const GUID& iid, FormatType& type);
    // A unique pointer to a type.
    Status pointer_type(const FormatType& to, FormatType& type);
    // The same to a type that is described later: resolve_pointer must follow.
    Status open_pointer_type(FormatType& type);
    void resolve_pointer(const FormatType& pointer, const FormatType& to);
    // What a pointer to characters points to, of one byte or two. Only for pointers to it and as a parameter's referent.
    Status string_type(bool wide, FormatType& type);
    // `count` elements, all of them there.
    Status array_type(const FormatType& element, uint32_t count, FormatType& type);
    // A record of members in order, laid out by lay_out.
    Status record_type(const FormatType* members, size_t count, unsigned packing, FormatType& type);

    // A method; `returns` is a simple type, or null where there is no result. `offset`: where its procedure starts.
    Status method(uint16_t number, const FormatParameter* parameters, size_t count, const FormatType* returns,
                  uint16_t& offset);

    const Vector<uint8_t>& procedures() const { return procedures_; }
    const Vector<uint8_t>& types() const { return types_; }

private:
    struct InterfaceAt {
        GUID iid;
        uint16_t at;
    };

    void begin_types();
    void parameter(const FormatParameter& p, size_t& stack);
    uint16_t pointer_to(uint8_t kind, uint8_t flags, uint16_t at);
    void member(const FormatType& m, size_t padding);
    void refer(size_t place, uint16_t at);
    uint16_t here(const Vector<uint8_t>& v) const { return static_cast<uint16_t>(v.size()); }
    void put(Vector<uint8_t>& v, uint8_t byte) { out_of_memory_ |= !v.push_back(byte); }
    void put16(Vector<uint8_t>& v, size_t value);
    Status outcome() const;  // offsets have 15 bits

    bool out_of_memory_ = false;
    Vector<uint8_t> procedures_, types_;
    uint16_t user_at_[user_types] = {};
    uint16_t string_at_[2] = {};
    Vector<InterfaceAt> interfaces_;
};

}  // namespace rpc::com
