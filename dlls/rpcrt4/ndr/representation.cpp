#include "ndr/representation.h"

#include <cstring>
#include <utility>

#include "ndr/types.h"

namespace rpc::ndr {

namespace {

// IBM code page 037 to ISO 8859-1, whose first half is ASCII.
constexpr uint8_t from_ebcdic[256] = {
    0x00, 0x01, 0x02, 0x03, 0x9c, 0x09, 0x86, 0x7f, 0x97, 0x8d, 0x8e, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x9d, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8f, 0x1c, 0x1d, 0x1e, 0x1f,
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0a, 0x17, 0x1b, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x05, 0x06, 0x07,
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9a, 0x9b, 0x14, 0x15, 0x9e, 0x1a,
    0x20, 0xa0, 0xe2, 0xe4, 0xe0, 0xe1, 0xe3, 0xe5, 0xe7, 0xf1, 0xa2, 0x2e, 0x3c, 0x28, 0x2b, 0x7c,
    0x26, 0xe9, 0xea, 0xeb, 0xe8, 0xed, 0xee, 0xef, 0xec, 0xdf, 0x21, 0x24, 0x2a, 0x29, 0x3b, 0xac,
    0x2d, 0x2f, 0xc2, 0xc4, 0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xd1, 0xa6, 0x2c, 0x25, 0x5f, 0x3e, 0x3f,
    0xf8, 0xc9, 0xca, 0xcb, 0xc8, 0xcd, 0xce, 0xcf, 0xcc, 0x60, 0x3a, 0x23, 0x40, 0x27, 0x3d, 0x22,
    0xd8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xab, 0xbb, 0xf0, 0xfd, 0xfe, 0xb1,
    0xb0, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0xaa, 0xba, 0xe6, 0xb8, 0xc6, 0xa4,
    0xb5, 0x7e, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xa1, 0xbf, 0xd0, 0xdd, 0xde, 0xae,
    0x5e, 0xa3, 0xa5, 0xb7, 0xa9, 0xa7, 0xb6, 0xbc, 0xbd, 0xbe, 0x5b, 0x5d, 0xaf, 0xa8, 0xb4, 0xd7,
    0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xad, 0xf4, 0xf6, 0xf2, 0xf3, 0xf5,
    0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0xb9, 0xfb, 0xfc, 0xf9, 0xfa, 0xff,
    0x5c, 0xf7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xb2, 0xd4, 0xd6, 0xd2, 0xd3, 0xd5,
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xb3, 0xdb, 0xdc, 0xd9, 0xda, 0x9f,
};

void reverse(uint8_t* at, unsigned size) {
    for (unsigned i = 0; i < size / 2; ++i) std::swap(at[i], at[size - 1 - i]);
}

// 2 to the power of n, -1022 to 1023.
double power_of_two(int n) {
    uint64_t bits = static_cast<uint64_t>(n + 1023) << 52;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// In two steps: one alone may lie outside what a double can hold.
double scaled(double value, int n) { return value * power_of_two(n / 2) * power_of_two(n - n / 2); }

uint16_t word(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }

// F_floating and G_floating: 16-bit words, the first with sign, exponent (excess 128 or 1024) and the fraction's first bits;
// the fraction's leading bit, behind the point, is not stored.
Status from_vax(const uint8_t* at, unsigned size, double& value) {
    const unsigned fraction_bits = size == 4 ? 7 : 4;
    const int excess = size == 4 ? 128 : 1024;
    uint16_t first = word(at);
    int exponent = (first & 0x7fff) >> fraction_bits;
    bool negative = (first & 0x8000) != 0;
    value = 0;
    if (exponent == 0) return negative ? Status::bad_stub_data : Status::ok;
    uint64_t fraction = 1u << fraction_bits | (first & ((1u << fraction_bits) - 1));
    for (unsigned i = 2; i < size; i += 2) fraction = fraction << 16 | word(at + i);
    int point = static_cast<int>(fraction_bits + 1 + 8 * (size - 2));
    value = scaled(static_cast<double>(fraction), exponent - excess - point);
    if (negative) value = -value;
    return Status::ok;
}

// System/370: sign, exponent of 16 (excess 64), fraction of 24 or 56 bits; the most significant byte first.
double from_ibm(const uint8_t* at, unsigned size) {
    uint64_t fraction = 0;
    for (unsigned i = 1; i < size; ++i) fraction = fraction << 8 | at[i];
    int exponent = (at[0] & 0x7f) - 64;
    double value = scaled(static_cast<double>(fraction), 4 * exponent - 8 * static_cast<int>(size - 1));
    return at[0] & 0x80 ? -value : value;
}

Status store_ieee(uint8_t* at, unsigned size, double value) {
    if (size == sizeof value) {
        std::memcpy(at, &value, sizeof value);
        return Status::ok;
    }
    constexpr double limit = 3.4028235677973366e38;  // from here on a float rounds to infinity
    if (value >= limit || value <= -limit) return Status::fp_overflow;
    auto narrow = static_cast<float>(value);
    std::memcpy(at, &narrow, sizeof narrow);
    return Status::ok;
}

}  // namespace

Status Representation::check() const {
    uint32_t integers = label_ & NDR_INT_REP_MASK, characters = label_ & NDR_CHAR_REP_MASK, floats = label_ & NDR_FLOAT_REP_MASK;
    bool known = (integers == NDR_BIG_ENDIAN || integers == NDR_LITTLE_ENDIAN) &&
                 (characters == NDR_ASCII_CHAR || characters == NDR_EBCDIC_CHAR) &&
                 (floats == NDR_IEEE_FLOAT || floats == NDR_VAX_FLOAT || floats == NDR_IBM_FLOAT);
    return known ? Status::ok : Status::cannot_support;
}

Status Representation::convert_float(uint8_t* at, unsigned size) const {
    double value = 0;
    switch (label_ & NDR_FLOAT_REP_MASK) {
    case NDR_VAX_FLOAT:
        if (big_endian()) reverse(at, size);  // VAX's own order is the little-endian one
        RPC_TRY(from_vax(at, size, value));
        return store_ieee(at, size, value);
    case NDR_IBM_FLOAT:
        if (!big_endian()) reverse(at, size);
        return store_ieee(at, size, from_ibm(at, size));
    }
    if (big_endian()) reverse(at, size);
    return Status::ok;
}

Status Representation::convert(uint8_t format_char, uint8_t* at, uint64_t count) const {
    unsigned size = type_of(format_char).wire;
    if (format_char == fc_float || format_char == fc_double) {
        for (uint64_t i = 0; i < count; ++i) RPC_TRY(convert_float(at + i * size, size));
    } else if (format_char == fc_char) {
        if ((label_ & NDR_CHAR_REP_MASK) == NDR_EBCDIC_CHAR)
            for (uint64_t i = 0; i < count; ++i) at[i] = from_ebcdic[at[i]];
    } else if (big_endian() && size > 1) {
        for (uint64_t i = 0; i < count; ++i) reverse(at + i * size, size);
    }
    return Status::ok;
}

}  // namespace rpc::ndr
