#include "wire/bind.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

// The endpoint mapper's interface, E1AF8308-5D1F-11C9-91A4-08002B14A0FA 3.0.
constexpr SyntaxId epm{{0xE1AF8308, 0x5D1F, 0x11C9, {0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0, 0xFA}}, 3, 0};

// Written by hand from C706 12.6.4.3 and [MS-RPCE] 3.3.1.5.3: NDR20 and the feature element.
const char* const bind_hex =
    "05 00 0b 13 10 00 00 00 74 00 00 00 02 00 00 00"
    "d0 16 d0 16 00 00 00 00 02 00 00 00"
    "00 00 01 00 08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00"
    "04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00"
    "01 00 01 00 08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00"
    "2c 1c b7 6c 12 98 40 45 03 00 00 00 00 00 00 00 01 00 00 00";

TEST(Bind, BuildsTheBytesOfTheSpec) {
    const SyntaxId ndr[] = {ndr20};
    const SyntaxId features[] = {
        feature_syntax(feature::security_context_multiplexing | feature::keep_connection_on_orphan)};
    const ContextOffer offers[] = {{0, epm, ndr}, {1, epm, features}};
    Buffer out;
    ASSERT_EQ(build_bind(out, PduType::bind, {2, pfc::conc_mpx, 5840, 5840, 0}, offers), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(bind_hex));
}

TEST(Bind, ParsesTheBytesOfTheSpec) {
    std::vector<uint8_t> raw = unhex(bind_hex);
    Pdu pdu;
    ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    EXPECT_EQ(pdu.header.type, PduType::bind);
    EXPECT_TRUE(pdu.header.has(pfc::conc_mpx));
    EXPECT_EQ(pdu.header.call_id, 2u);
    EXPECT_EQ(pdu.header.data_representation(), 0x10u);
    Bind bind;
    ASSERT_EQ(parse_bind(pdu, bind), Parsed::ok);
    EXPECT_EQ(bind.max_xmit_frag, 5840);
    EXPECT_EQ(bind.max_recv_frag, 5840);
    EXPECT_EQ(bind.assoc_group_id, 0u);
    ASSERT_EQ(bind.context_count, 2);
    ContextElement e;
    ASSERT_TRUE(bind.contexts.next(e));
    EXPECT_EQ(e.p_cont_id, 0);
    EXPECT_EQ(e.abstract_syntax, epm);
    ASSERT_EQ(e.transfer_count, 1);
    EXPECT_EQ(e.transfer(0), ndr20);
    EXPECT_EQ(e.transfer(1), null_syntax);
    ASSERT_TRUE(bind.contexts.next(e));
    EXPECT_EQ(e.p_cont_id, 1);
    uint8_t mask = 0;
    EXPECT_TRUE(is_feature_syntax(e.transfer(0), mask));
    EXPECT_EQ(mask, 3);
    EXPECT_FALSE(bind.contexts.next(e));
}

}  // namespace
}  // namespace rpc::wire
