#include "wire/fragment.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

constexpr Uuid object{0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};

std::vector<uint8_t> pattern(size_t n) {
    std::vector<uint8_t> bytes(n);
    for (size_t i = 0; i < n; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + 1);
    return bytes;
}

// The PDU as a caller would send it.
std::vector<uint8_t> assembled(const Fragment& f, const std::vector<uint8_t>& stub) {
    std::vector<uint8_t> raw(f.header().begin(), f.header().end());
    ByteView piece = ByteView(stub).subspan(f.stub_offset, f.stub_size);
    raw.insert(raw.end(), piece.begin(), piece.end());
    raw.insert(raw.end(), f.tail().begin(), f.tail().end());
    for (size_t i = 0; i < f.token_size; ++i) raw.push_back(0x5A);
    return raw;
}

TEST(FragmentPlan, OneRequestToTheByte) {
    FragmentPlan plan;
    ASSERT_EQ(plan.init({.type = PduType::request, .call_id = 7, .p_cont_id = 1, .opnum = 12}, 8, 4096), Status::ok);
    ASSERT_EQ(plan.count(), 1u);
    Fragment f = plan.at(0);
    EXPECT_EQ(hex(f.header()), hex("05 00 00 03 10 00 00 00 20 00 00 00 07 00 00 00 08 00 00 00 01 00 0c 00"));
    EXPECT_EQ(f.stub_offset, 0u);
    EXPECT_EQ(f.stub_size, 8u);
    EXPECT_TRUE(f.last);
    EXPECT_TRUE(f.tail().empty());
    EXPECT_EQ(plan.total_size(), 32u);
}

TEST(FragmentPlan, ObjectAndVerifierToTheByte) {
    FragmentPlan plan;
    ASSERT_EQ(plan.init({.type = PduType::request, .flags = pfc::maybe, .call_id = 7, .p_cont_id = 1, .opnum = 12,
                         .object = &object},
                        3, 4096, {{10, 5, 0x12345678}, 4}),
              Status::ok);
    Fragment f = plan.at(0);
    EXPECT_EQ(hex(f.header()), hex("05 00 00 c3 10 00 00 00 44 00 04 00 07 00 00 00 03 00 00 00 01 00 0c 00"
                                   "04 03 02 01 06 05 08 07 09 0a 0b 0c 0d 0e 0f 10"));
    EXPECT_EQ(hex(f.tail()), hex("00 00 00 00 00 00 00 00 00 00 00 00 00 0a 05 0d 00 78 56 34 12"));
    EXPECT_EQ(f.token_size, 4);
    EXPECT_EQ(f.frag_length, 68);
}

TEST(FragmentPlan, ThreeResponses) {
    FragmentPlan plan;
    // 100 - 24 = 76, down to 72.
    ASSERT_EQ(plan.init({.type = PduType::response, .call_id = 0x10203, .p_cont_id = 2, .cancel_count = 1}, 150, 100),
              Status::ok);
    ASSERT_EQ(plan.count(), 3u);
    EXPECT_EQ(hex(plan.at(0).header()), hex("05 00 02 01 10 00 00 00 60 00 00 00 03 02 01 00 96 00 00 00 02 00 01 00"));
    EXPECT_EQ(hex(plan.at(1).header()), hex("05 00 02 00 10 00 00 00 60 00 00 00 03 02 01 00 4e 00 00 00 02 00 01 00"));
    EXPECT_EQ(hex(plan.at(2).header()), hex("05 00 02 02 10 00 00 00 1e 00 00 00 03 02 01 00 06 00 00 00 02 00 01 00"));
    EXPECT_EQ(plan.at(1).stub_offset, 72u);
    EXPECT_EQ(plan.at(2).stub_offset, 144u);
    EXPECT_EQ(plan.at(2).stub_size, 6u);
    EXPECT_EQ(plan.total_size(), 96u + 96u + 30u);
}

TEST(FragmentPlan, PartialSends) {
    FragmentPlan plan;
    CallFields call{.type = PduType::request, .call_id = 1};
    call.ends = false;
    ASSERT_EQ(plan.init(call, 160, 104), Status::ok);
    ASSERT_EQ(plan.count(), 2u);
    EXPECT_EQ(plan.at(0).header()[3], pfc::first_frag);
    EXPECT_EQ(plan.at(1).header()[3], 0);
    EXPECT_EQ(hex(plan.at(0).header().subspan(16, 4)), "00000000");  // nobody knows how much follows
    EXPECT_EQ(plan.init(call, 161, 104), Status::invalid_arg);
    EXPECT_EQ(plan.init(call, 168, 200, {{}, 16}), Status::invalid_arg);
    call.begins = false;
    call.ends = true;
    ASSERT_EQ(plan.init(call, 0, 104), Status::ok);
    ASSERT_EQ(plan.count(), 1u);
    EXPECT_EQ(plan.at(0).header()[3], pfc::last_frag);
}

TEST(FragmentPlan, RefusesWhatCannotBe) {
    FragmentPlan plan;
    CallFields call{.type = PduType::request};
    EXPECT_EQ(plan.init(call, 8, 31), Status::protocol_error);
    EXPECT_EQ(plan.init(call, 8, 32), Status::ok);
    EXPECT_EQ(plan.init(call, 8, 32 + 8 + 15, {{}, 8}), Status::protocol_error);
    EXPECT_EQ(plan.init(call, 8, 32 + 8 + 16, {{}, 8}), Status::ok);
    EXPECT_EQ(plan.init(call, 8, 0), Status::protocol_error);
    EXPECT_EQ(plan.init(call, size_t{UINT32_MAX} + 1, 4096), Status::invalid_arg);
    EXPECT_EQ(plan.init(call, UINT32_MAX, 4096), Status::ok);
    EXPECT_GT(plan.total_size(), uint64_t{UINT32_MAX});
    EXPECT_EQ(plan.init({.type = PduType::bind}, 8, 4096), Status::invalid_arg);
}

struct Shape {
    size_t stub;
    uint16_t max_frag;
    uint16_t token;
    bool with_object;
};

// Every fragment is a PDU of at most max_frag bytes, and their stub data joined is the original.
TEST(FragmentPlan, WhatIsCutJoinsAgain) {
    std::vector<Shape> shapes;
    for (size_t stub : {0, 1, 7, 8, 9, 15, 16, 17, 100, 1000, 5816, 5817, 100000})
        for (uint16_t max_frag : {80, 100, 1432, 5840, 65535})
            for (uint16_t token : {0, 1, 12, 16})
                for (bool with_object : {false, true}) shapes.push_back({stub, max_frag, token, with_object});
    for (const Shape& s : shapes) {
        std::vector<uint8_t> stub = pattern(s.stub);
        FragmentPlan plan;
        CallFields call{.type = PduType::request, .call_id = 9, .p_cont_id = 3, .opnum = 4};
        if (s.with_object) call.object = &object;
        ASSERT_EQ(plan.init(call, stub.size(), s.max_frag, {{10, 6, 77}, s.token}), Status::ok);
        std::vector<uint8_t> joined;
        uint64_t total = 0;
        for (size_t i = 0; i < plan.count(); ++i) {
            std::vector<uint8_t> raw = assembled(plan.at(i), stub);
            ASSERT_LE(raw.size(), s.max_frag);
            total += raw.size();
            Pdu pdu;
            ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
            Request r;
            ASSERT_EQ(parse_request(pdu, r), Parsed::ok);
            ASSERT_EQ(pdu.header.has(pfc::first_frag), i == 0);
            ASSERT_EQ(pdu.header.has(pfc::last_frag), i + 1 == plan.count());
            ASSERT_EQ(r.has_object, s.with_object);
            ASSERT_EQ(pdu.has_auth, s.token != 0);
            if (pdu.has_auth) {
                ASSERT_EQ((pdu.auth.offset - r.stub_offset) % 16, 0u);
                ASSERT_EQ(pdu.auth.token.size(), s.token);
                ASSERT_EQ(pdu.auth.context_id, 77u);
            }
            if (i + 1 < plan.count()) {
                ASSERT_EQ(r.stub.size() % 8, 0u);
                ASSERT_GT(raw.size() + (s.token != 0 ? 16 : 8), s.max_frag);  // no smaller than it must be
            }
            ASSERT_EQ(r.alloc_hint, stub.size() - joined.size());
            joined.insert(joined.end(), r.stub.begin(), r.stub.end());
        }
        ASSERT_EQ(joined, stub);
        ASSERT_EQ(total, plan.total_size());
    }
}

}  // namespace
}  // namespace rpc::wire
