#pragma once
// Procedure format strings of [MIDL procedure header and parameter descriptors], made at compile time so that they
// stand in the image as a compiler's would. Explicit primitive handle, the newer correlation descriptors.
#include <windows.h>
#include <rpc.h>
#include <rpcndr.h>
#include <array>
#include <stddef.h>

namespace format {

constexpr unsigned kSlot = sizeof(void*);

enum : unsigned short {  // PARAM_ATTRIBUTES
    kMustSize = 0x0001,
    kMustFree = 0x0002,
    kPipe = 0x0004,
    kIn = 0x0008,
    kOut = 0x0010,
    kReturn = 0x0020,
    kBase = 0x0040,
    kSimpleRef = 0x0100,
    kAllocate8 = 0x2000,  // the server engine provides 8 bytes
};
enum : unsigned short { kLong = 0x08 };

struct Param {
    unsigned short attributes;
    unsigned short type;  // a base type's character, or an offset into the type format string
};

constexpr Param in_long{kBase | kIn, kLong};
constexpr Param out_long{kBase | kOut | kSimpleRef | kAllocate8, kLong};
constexpr Param in_out_long{kBase | kIn | kOut | kSimpleRef, kLong};
constexpr Param result_long{kBase | kOut | kReturn, kLong};

struct Proc {
    unsigned short number;
    unsigned count;
    Param params[6];
};

struct String {
    std::array<unsigned char, 128> bytes{};
    unsigned size = 0;

    constexpr void byte(unsigned value) { bytes[size++] = static_cast<unsigned char>(value); }
    constexpr void word(unsigned value) {
        byte(value & 0xff);
        byte(value >> 8);
    }
    constexpr operator const unsigned char*() const { return bytes.data(); }
};

// `lead` slots of arguments stand before the handle: 1 for the async handle, 0 in a synchronous stub.
constexpr String make(const Proc& proc, bool async) {
    const unsigned lead = async ? 1 : 0;
    unsigned in_size = 0, out_size = 0, flags = 0x40 | (async ? 0x80 : 0);
    for (unsigned i = 0; i < proc.count; ++i) {
        const Param& p = proc.params[i];
        if (p.attributes & kReturn) flags |= 0x04;
        if (p.attributes & kPipe) flags |= 0x08;
        if ((p.attributes & kMustSize) && (p.attributes & kIn)) flags |= 0x02;
        if ((p.attributes & kMustSize) && (p.attributes & kOut)) flags |= 0x01;
        const bool by_reference = p.attributes & kSimpleRef;
        if ((p.attributes & kBase) && (p.attributes & kIn)) in_size += by_reference ? 28 : 8;
        if ((p.attributes & kBase) && (p.attributes & kOut)) out_size += by_reference ? 28 : 8;
    }
    String s;
    s.byte(0);      // explicit handle
    s.byte(0x48);   // rpc_flags present, new initialisation
    s.word(0);
    s.word(0);
    s.word(proc.number);
    s.word((lead + 1 + proc.count) * kSlot);
    s.byte(0x32);   // FC_BIND_PRIMITIVE, by value
    s.byte(0);
    s.word(lead * kSlot);
    s.word(in_size);
    s.word(out_size);
    s.byte(flags);
    s.byte(proc.count);
    const unsigned extension = kSlot == 8 ? 10 : 8;
    s.byte(extension);
    s.byte(0x01);
    for (unsigned i = 2; i < extension; ++i) s.byte(0);
    for (unsigned i = 0; i < proc.count; ++i) {
        s.word(proc.params[i].attributes);
        s.word((lead + 1 + i) * kSlot);
        s.word(proc.params[i].type);
    }
    return s;
}

}  // namespace format
