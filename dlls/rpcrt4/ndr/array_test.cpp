// Wire images derived by hand from C706 chapter 14: strings and arrays.
#include "ndr/sample_test.h"

namespace rpc::ndr::test {

TEST(NdrString, ConformantAndSized) {
    check_type(u"wide", x(x64::at_wchar_t_p_3 + 2), Image().u32(5).u32(0).u32(5).wide(u"wide").bytes);
    const uint8_t chars[] = {0x22, 0x5c};
    check_type("", chars, Image().u32(1).u32(0).u32(1).text("").bytes);
    // [string, size_is(n)]: the parameter at offset 0 of the frame.
    const uint8_t sized[] = {0x22, 0x44, 0x28, 0x00, 0x00, 0x00};
    int64_t frame[] = {10};
    char room[10] = "abc";
    check_type(room, sized, Image().u32(10).u32(0).u32(4).text("abc").bytes, frame);
    const uint8_t structs[] = {0x24, 0x04, 0x5b};  // FC_C_SSTRING of 4-byte elements
    uint32_t elements[] = {1, 256, 0};
    check_type(elements, structs, Image().u32(3).u32(0).u32(3).u32(1).u32(256).u32(0).bytes);
}

TEST(NdrString, BadOnesFromAPeer) {
    const uint8_t chars[] = {0x22, 0x5c};
    auto status = [&](const Image& w) {
        Rig r;
        r.load(w.bytes);
        char* none = nullptr;
        Status s = r.unmarshal(none, chars);
        EXPECT_EQ(0, Heap::blocks);
        return s;
    };
    EXPECT_EQ(Status::bad_stub_data, status(Image().u32(3).u32(0).u32(3).u8('a').u8('b').u8('c')));  // no terminator
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(2).u32(0).u32(3).text("ab")));               // actual > max
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(3).u32(1).u32(2).text("ab")));               // an offset
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(1).u32(0).u32(0)));                          // nothing at all
    EXPECT_EQ(Status::bad_stub_data, status(Image().u32(100).u32(0).u32(100).text("ab")));
    EXPECT_EQ(Status::invalid_bound, status(Image().u32(0xffffffff).u32(0).u32(0xffffffff)));
}

TEST(NdrArray, ConformantParameter) {
    int64_t frame[] = {3};
    int32_t a[] = {1, 2, 3};
    check_type(a, x(x64::at_long_array), Image().u32(3).u32(1).u32(2).u32(3).bytes, frame);
    // -Os: no frame; the caller says.
    Rig r;
    r.message.MaxCount = 2;
    ASSERT_EQ(Status::ok, r.marshal(a, x(x64::at_long_array)));
    EXPECT_EQ(Image().u32(2).u32(1).u32(2).bytes, r.written());
    // More than there is: refused before memory is asked for.
    int32_t* none = nullptr;
    r.load(Image().u32(0x10000000).u32(1).bytes);
    EXPECT_EQ(Status::bad_stub_data, r.unmarshal(none, x(x64::at_long_array)));
    r.load(Image().u32(0x80000000).u32(1).bytes);
    EXPECT_EQ(Status::invalid_bound, r.unmarshal(none, x(x64::at_long_array)));
    int64_t negative[] = {-1};
    r.message.StackTop = reinterpret_cast<unsigned char*>(negative);
    EXPECT_EQ(Status::invalid_bound, r.size(a, x(x64::at_long_array)));
}

TEST(NdrArray, OfStructsWithPointersAndFixed) {
    int32_t one = 1;
    WithPointers a[3] = {{0, u"x", nullptr, nullptr}, {0, nullptr, &one, nullptr}, {0, nullptr, nullptr, nullptr}};
    Image flat;
    flat.u32(0).referent(0).u32(0).u32(0).u32(0).u32(0).referent(1).u32(0).u32(0).u32(0).u32(0).u32(0);
    flat.u32(2).u32(0).u32(2).wide(u"x").u32(1);
    check_type(a, x(x64::at_withptr_3), flat.bytes);
    int64_t frame[] = {3};
    Image conformant;
    conformant.u32(3);
    for (uint8_t b : flat.bytes) conformant.u8(b);
    check_type(a, x(x64::at_withptr_array_2), conformant.bytes, frame);
    int32_t grid[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    Image g;
    for (unsigned i = 1; i <= 12; ++i) g.u32(i);
    check_type(grid, x(x64::at_long_3_4), g.bytes);
    Image h;
    h.u32(3);
    for (unsigned i = 1; i <= 12; ++i) h.u32(i);
    check_type(grid, x(x64::at_long_array_4), h.bytes, frame);
}

TEST(NdrArray, OfTwoConformantDimensionsHasBothMaximaFirst) {
    // long m[n][k]: FC_BOGUS_ARRAY of FC_CARRAY-like FC_BOGUS_ARRAY; n at frame offset 0, k at 8.
    const uint8_t f[] = {
        0x21, 0x03, 0x00, 0x00, 0x28, 0x00, 0x08, 0x00, 0xff, 0xff, 0xff, 0xff, 0x08, 0x5b,              // 0: inner
        0x21, 0x03, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x4c, 0x00, 0xe4, 0xff,  // 14: outer
        0x5c, 0x5b,
    };
    int64_t frame[] = {2, 3};
    int32_t m[2][3] = {{1, 2, 3}, {4, 5, 6}};
    check_type(m, f + 14, Image().u32(2).u32(3).u32(1).u32(2).u32(3).u32(4).u32(5).u32(6).bytes, frame);
}

}  // namespace rpc::ndr::test
