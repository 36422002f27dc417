#include "wire/verification.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

Verification whole() {
    Verification v;
    v.has_bitmask = v.client_signs_headers = true;
    v.has_context = true;
    v.abstract_syntax = {{1, 2, 3, {4}}, 5, 6};
    v.transfer_syntax = ndr20;
    v.has_header = true;
    v.drep[0] = 0x10;
    v.call_id = 7;
    v.p_cont_id = 8;
    v.opnum = 9;
    return v;
}
Buffer stub(size_t size, uint8_t fill = 0xAA) {
    Buffer b;
    EXPECT_TRUE(b.resize(size));
    std::fill(b.data(), b.data() + size, fill);
    return b;
}

TEST(Verification, BytesAreThoseOfTheSpecification) {
    Buffer out = stub(5);
    ASSERT_EQ(append_verification(out, 0, whole()), Status::ok);
    EXPECT_EQ(hex(out.view()),
              "aaaaaaaaaa000000"
              "8ae3137102f43671"
              "0100040001000000"
              "03001000"
              "00000000"
              "10000000"
              "07000000"
              "08000900"
              "02402800"
              "01000000020003000400000000000000"
              "05000600"
              "045d888aeb1cc9119fe808002b104860"
              "02000000");
}

TEST(Verification, IsFoundBehindStubDataOfAnySize) {
    for (size_t size = 0; size < 70; ++size) {
        Buffer out = stub(size);
        ASSERT_EQ(append_verification(out, 0, whole()), Status::ok);
        size_t left = 0;
        Verification v;
        ASSERT_TRUE(find_verification(out.view(), left, v)) << size;
        EXPECT_EQ(left, (size + 3) / 4 * 4);
        EXPECT_TRUE(v.has_bitmask && v.client_signs_headers && v.has_context && v.has_header && !v.has_unknown);
        EXPECT_EQ(v.abstract_syntax, whole().abstract_syntax);
        EXPECT_EQ(v.transfer_syntax, ndr20);
        EXPECT_EQ(v.type, PduType::request);
        EXPECT_EQ(v.call_id, 7u);
        EXPECT_EQ(v.p_cont_id, 8);
        EXPECT_EQ(v.opnum, 9);
        // One byte short, or one byte more, is stub data that happens to look like it.
        EXPECT_FALSE(find_verification(out.view().first(out.size() - 1), left, v));
        ASSERT_TRUE(out.resize(out.size() + 1));
        EXPECT_FALSE(find_verification(out.view(), left, v));
    }
}

TEST(Verification, EachPartAloneAndNone) {
    for (int part = 0; part < 3; ++part) {
        Verification v = whole();
        v.has_bitmask = part == 0;
        v.has_context = part == 1;
        v.has_header = part == 2;
        Buffer out = stub(4);
        ASSERT_EQ(append_verification(out, 0, v), Status::ok);
        Verification got;
        size_t left;
        ASSERT_TRUE(find_verification(out.view(), left, got));
        EXPECT_EQ(left, 4u);
        EXPECT_EQ(got.has_bitmask, part == 0);
        EXPECT_EQ(got.has_context, part == 1);
        EXPECT_EQ(got.has_header, part == 2);
    }
    Buffer out = stub(4);
    EXPECT_EQ(append_verification(out, 0, {}), Status::invalid_arg);
    EXPECT_EQ(out.size(), 4u);
}

TEST(Verification, AnUnknownCommandCountsOnlyWhenItMustBeProcessed) {
    for (uint8_t must : {0x00, 0x80}) {
        const uint8_t raw[] = {0x8a, 0xe3, 0x13, 0x71, 0x02, 0xf4, 0x36, 0x71, 0x77, static_cast<uint8_t>(0x40 | must),
                               2,    0,    1,    2};
        Verification v;
        size_t left = 9;
        ASSERT_TRUE(find_verification(raw, left, v));
        EXPECT_EQ(left, 0u);
        EXPECT_EQ(v.has_unknown, must != 0);
    }
}

TEST(Verification, StubDataWithTheSignatureInItIsLeftAlone) {
    Buffer out = stub(64);
    const uint8_t magic[] = {0x8a, 0xe3, 0x13, 0x71, 0x02, 0xf4, 0x36, 0x71};
    std::copy(std::begin(magic), std::end(magic), out.data() + 16);
    size_t left = 1;
    Verification v;
    EXPECT_FALSE(find_verification(out.view(), left, v));
    EXPECT_EQ(left, 1u);
    ASSERT_EQ(append_verification(out, 0, whole()), Status::ok);
    EXPECT_TRUE(find_verification(out.view(), left, v));
    EXPECT_EQ(left, 64u);
    EXPECT_FALSE(find_verification({}, left, v));
}

TEST(Verification, WithoutMemoryNothingChanges) {
    for (long nth = 1; nth < 10; ++nth) {
        Buffer out = stub(5);
        mem_fail_nth(nth);
        Status status = append_verification(out, 0, whole());
        mem_fail_nth(0);
        if (status == Status::ok) break;
        EXPECT_EQ(status, Status::out_of_memory);
        EXPECT_EQ(out.size(), 5u);
    }
}

}  // namespace
}  // namespace rpc::wire
