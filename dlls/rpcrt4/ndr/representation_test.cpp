// Numbers and characters of other machines ([C706] 14.2): bytes as those machines have them.
#include <cmath>

#include "ndr/test_rig.h"

namespace rpc::ndr::test {

namespace {

constexpr uint8_t fc_char = 0x02, fc_float = 0x0a, fc_double = 0x0c;

template <class T>
T converted(uint32_t label, uint8_t fc, std::initializer_list<uint8_t> wire, Status expected = Status::ok) {
    Rig r;
    r.rpc.DataRepresentation = label;
    r.load(std::vector<uint8_t>(wire));
    EXPECT_EQ(expected, convert_simple_type(r.message, fc));
    T value;
    std::memcpy(&value, r.buffer, sizeof value);
    return value;
}

}  // namespace

// VAX F_floating and G_floating: 1.0 is half times 2.
TEST(NdrRepresentation, Vax) {
    const uint32_t vax = NDR_LITTLE_ENDIAN | NDR_VAX_FLOAT;
    EXPECT_EQ(1.0f, converted<float>(vax, fc_float, {0x80, 0x40, 0, 0}));
    EXPECT_EQ(-1.0f, converted<float>(vax, fc_float, {0x80, 0xc0, 0, 0}));
    EXPECT_EQ(3.14159274f, converted<float>(vax, fc_float, {0x49, 0x41, 0xdb, 0x0f}));
    EXPECT_EQ(0.0f, converted<float>(vax, fc_float, {0x00, 0x00, 0xff, 0xff}));
    EXPECT_EQ(std::ldexp(0.5f, -127), converted<float>(vax, fc_float, {0x80, 0x00, 0, 0}));          // the smallest
    EXPECT_EQ(std::ldexp(16777215.0f, 103), converted<float>(vax, fc_float, {0xff, 0x7f, 0xff, 0xff}));  // the largest
    (void)converted<float>(vax, fc_float, {0x00, 0x80, 0, 0}, Status::bad_stub_data);  // a reserved operand
    EXPECT_EQ(1.0, converted<double>(vax, fc_double, {0x10, 0x40, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(-2.5, converted<double>(vax, fc_double, {0x24, 0xc0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(1.0 + std::ldexp(1.0, -52), converted<double>(vax, fc_double, {0x10, 0x40, 0, 0, 0, 0, 1, 0}));
    EXPECT_EQ(std::ldexp(0.5, -1023), converted<double>(vax, fc_double, {0x10, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(std::ldexp(1.0 - std::ldexp(1.0, -53), 1023),
              converted<double>(vax, fc_double, {0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
    EXPECT_EQ(1.0f, converted<float>(NDR_BIG_ENDIAN | NDR_VAX_FLOAT, fc_float, {0, 0, 0x40, 0x80}));
}

// System/370: 1.0 is a sixteenth times 16.
TEST(NdrRepresentation, Ibm) {
    const uint32_t ibm = NDR_BIG_ENDIAN | NDR_IBM_FLOAT;
    EXPECT_EQ(1.0f, converted<float>(ibm, fc_float, {0x41, 0x10, 0, 0}));
    EXPECT_EQ(-118.625f, converted<float>(ibm, fc_float, {0xc2, 0x76, 0xa0, 0}));
    EXPECT_EQ(0.0f, converted<float>(ibm, fc_float, {0, 0, 0, 0}));
    EXPECT_EQ(1.0, converted<double>(ibm, fc_double, {0x41, 0x10, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(0.1, converted<double>(ibm, fc_double, {0x40, 0x19, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a}));
    EXPECT_EQ(std::ldexp(1.0 - std::ldexp(1.0, -24), 252),
              converted<double>(ibm, fc_double, {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}));
    (void)converted<float>(ibm, fc_float, {0x7f, 0xff, 0xff, 0xff}, Status::fp_overflow);
    (void)converted<float>(ibm, fc_float, {0xff, 0xff, 0xff, 0xff}, Status::fp_overflow);
    EXPECT_EQ(0.0f, converted<float>(ibm, fc_float, {0x00, 0x10, 0, 0}));  // below what a float can hold
    EXPECT_EQ(1.0f, converted<float>(NDR_LITTLE_ENDIAN | NDR_IBM_FLOAT, fc_float, {0, 0, 0x10, 0x41}));
}

TEST(NdrRepresentation, Ieee) {
    EXPECT_EQ(1.0f, converted<float>(NDR_BIG_ENDIAN, fc_float, {0x3f, 0x80, 0, 0}));
    EXPECT_EQ(1.0f, converted<float>(NDR_LITTLE_ENDIAN | NDR_EBCDIC_CHAR, fc_float, {0, 0, 0x80, 0x3f}));
}

TEST(NdrRepresentation, Ebcdic) {
    const uint32_t ebcdic = NDR_LITTLE_ENDIAN | NDR_EBCDIC_CHAR;
    EXPECT_EQ('A', converted<char>(ebcdic, fc_char, {0xc1}));
    EXPECT_EQ('z', converted<char>(ebcdic, fc_char, {0xa9}));
    EXPECT_EQ('0', converted<char>(ebcdic, fc_char, {0xf0}));
    EXPECT_EQ(' ', converted<char>(ebcdic, fc_char, {0x40}));
    EXPECT_EQ('\0', converted<char>(ebcdic, fc_char, {0x00}));
    EXPECT_EQ('\xc1', converted<char>(ebcdic, 0x01, {0xc1}));  // a byte is no character
    EXPECT_EQ('\xc1', converted<char>(ebcdic, 0x04, {0xc1}));  // nor is a small number
}

// Within types: a conformant string keeps its counts and turns its letters; shorts keep their order.
TEST(NdrRepresentation, EbcdicInTypes) {
    const uint8_t string[] = {0x22, 0x5c}, structure[] = {0x15, 0x01, 0x04, 0x00, 0x02, 0x01, 0x06, 0x5b},
                  array[] = {0x1d, 0x00, 0x03, 0x00, 0x02, 0x5b}, wide[] = {0x25, 0x5c};
    Rig r;
    r.rpc.DataRepresentation = NDR_LITTLE_ENDIAN | NDR_EBCDIC_CHAR;
    Image w;
    w.u32(3).u32(0).u32(3).u8(0xc8).u8(0x89).u8(0);
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, string));
    EXPECT_EQ(Image().u32(3).u32(0).u32(3).text("Hi").bytes, r.written());
    r.load(Image().u8(0xc1).u8(0xc1).u16(0x1234).bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, structure));
    EXPECT_EQ(Image().u8('A').u8(0xc1).u16(0x1234).bytes, r.written());
    r.load(Image().u8(0xc1).u8(0xc2).u8(0xc3).bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, array));
    EXPECT_EQ(Image().u8('A').u8('B').u8('C').bytes, r.written());
    w = Image();
    w.u32(2).u32(0).u32(2).u16('H').u16(0);
    r.load(w.bytes);
    ASSERT_EQ(Status::ok, convert_type(r.message, wide));
    EXPECT_EQ(w.bytes, r.written());
    r.rpc.DataRepresentation = NDR_BIG_ENDIAN | NDR_EBCDIC_CHAR;
    r.load({0xc1, 0xc1, 0x12, 0x34});
    ASSERT_EQ(Status::ok, convert_type(r.message, structure));
    EXPECT_EQ(Image().u8('A').u8(0xc1).u16(0x1234).bytes, r.written());
}

}  // namespace rpc::ndr::test
