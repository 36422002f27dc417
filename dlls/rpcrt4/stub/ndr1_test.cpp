#include "stub/ndr1.h"

#include <gtest/gtest.h>

namespace rpc::stub::ndr1 {
namespace {

struct Message : RPC_MESSAGE {
    explicit Message(uint32_t representation) : RPC_MESSAGE{} {
        Buffer = bytes;
        DataRepresentation = representation;
    }
    long used() const { return static_cast<const uint8_t*>(Buffer) - bytes; }
    alignas(8) uint8_t bytes[32] = {'c', 0xee, 0x12, 0x34, 0xee, 0xee, 0xee, 0xee, 1, 2, 3,
                                    4,   0xee, 0xee, 0xee, 0xee, 0x3f, 0xf0, 0,    0, 0, 0,
                                    0,   0,    0x3f, 0x80, 0,    0,    5,    6,    7, 8};
};

TEST(Ndr1, BigEndianValuesAreAlignedAndTurned) {
    Message m(NDR_BIG_ENDIAN);
    char c = 0;
    uint16_t s = 0;
    uint32_t l = 0;
    double d = 0;
    float f = 0;
    ASSERT_EQ(read(m, &c, character), Status::ok);
    ASSERT_EQ(read(m, &s, short_integer), Status::ok);
    m.Buffer = m.bytes + 5;
    ASSERT_EQ(read(m, &l, long_integer), Status::ok);
    EXPECT_EQ(m.used(), 12);
    ASSERT_EQ(read(m, &d, double_float), Status::ok);
    ASSERT_EQ(read(m, &f, single_float), Status::ok);
    EXPECT_EQ(m.used(), 28);
    EXPECT_EQ(c, 'c');
    EXPECT_EQ(s, 0x1234);
    EXPECT_EQ(l, 0x01020304u);
    EXPECT_EQ(d, 1.0);
    EXPECT_EQ(f, 1.0f);
}

TEST(Ndr1, LittleEndianArraysAndEnums) {
    Message m(NDR_LOCAL_DATA_REPRESENTATION);
    m.Buffer = m.bytes + 8;
    uint16_t array[4] = {9, 9, 9, 9};
    ASSERT_EQ(read_array(m, 1, 3, array, short_integer), Status::ok);
    EXPECT_EQ(array[0], 9);
    EXPECT_EQ(array[1], 0x0201);
    EXPECT_EQ(array[2], 0x0403);
    EXPECT_EQ(array[3], 9);
    EXPECT_EQ(read_array(m, 3, 1, array, short_integer), Status::invalid_bound);
    m.Buffer = m.bytes + 28;
    uint32_t e = 0xffffffff;
    ASSERT_EQ(read_enum(m, &e), Status::ok);
    EXPECT_EQ(e, 0x0605u);
}

TEST(Ndr1, RepresentationsThatAreNotRead) {
    char c = 0;
    double d = 0;
    Message ebcdic(NDR_LITTLE_ENDIAN | NDR_EBCDIC_CHAR), vax(NDR_LITTLE_ENDIAN | NDR_VAX_FLOAT);
    EXPECT_EQ(read(ebcdic, &c, character), Status::cannot_support);
    EXPECT_EQ(read(vax, &d, double_float), Status::cannot_support);
    EXPECT_EQ(vax.used(), 0);
}

}  // namespace
}  // namespace rpc::stub::ndr1
