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

// The answer to it: NDR20 accepted, features agreed; secondary address "135".
const char* const bind_ack_hex =
    "05 00 0c 13 10 00 00 00 54 00 00 00 02 00 00 00"
    "d0 16 d0 16 4d 3c 2b 1a 04 00 31 33 35 00 00 00 02 00 00 00"
    "00 00 00 00 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00"
    "03 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
// alter_context_resp without an address; the interface is refused. Big-endian.
const char* const alter_resp_big_hex =
    "05 00 0f 03 00 00 00 00 00 38 00 00 00 00 00 05"
    "10 b8 10 b8 00 00 00 09 00 00 00 00 01 00 00 00"
    "00 02 00 01 8a 88 5d 04 1c eb 11 c9 9f e8 08 00 2b 10 48 60 00 00 00 02";
const char* const bind_nak_hex = "05 00 0d 03 10 00 00 00 17 00 00 00 02 00 00 00 04 00 02 05 00 05 01";

TEST(BindAck, BuildsTheBytesOfTheSpec) {
    const ContextResult results[] = {{BindResult::acceptance, 0, ndr20}, {BindResult::negotiate_ack, 3, null_syntax}};
    const uint8_t address[] = {'1', '3', '5'};
    Buffer out;
    ASSERT_EQ(build_bind_ack(out, PduType::bind_ack, {2, pfc::conc_mpx, 5840, 5840, 0x1A2B3C4D}, address, results),
              Status::ok);
    EXPECT_EQ(hex(out.view()), hex(bind_ack_hex));
}

TEST(BindAck, ParsesTheBytesOfTheSpec) {
    std::vector<uint8_t> raw = unhex(bind_ack_hex);
    Pdu pdu;
    ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    BindAck ack;
    ASSERT_EQ(parse_bind_ack(pdu, ack), Parsed::ok);
    EXPECT_EQ(ack.assoc_group_id, 0x1A2B3C4Du);
    EXPECT_EQ(hex(ack.secondary_address), "313335");
    ASSERT_EQ(ack.result_count, 2);
    ContextResult r;
    ASSERT_TRUE(ack.results.next(r));
    EXPECT_EQ(r, (ContextResult{BindResult::acceptance, 0, ndr20}));
    ASSERT_TRUE(ack.results.next(r));
    EXPECT_EQ(r, (ContextResult{BindResult::negotiate_ack, 3, null_syntax}));
    EXPECT_FALSE(ack.results.next(r));
}

TEST(BindAck, ParsesBigEndianWithoutAnAddress) {
    std::vector<uint8_t> raw = unhex(alter_resp_big_hex);
    Pdu pdu;
    ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    BindAck ack;
    ASSERT_EQ(parse_bind_ack(pdu, ack), Parsed::ok);
    EXPECT_EQ(ack.max_xmit_frag, 4280);
    EXPECT_EQ(ack.assoc_group_id, 9u);
    EXPECT_TRUE(ack.secondary_address.empty());
    ContextResult r;
    ASSERT_TRUE(ack.results.next(r));
    EXPECT_EQ(r.result, BindResult::provider_rejection);
    EXPECT_EQ(r.reason, static_cast<uint16_t>(ProviderReason::abstract_syntax_not_supported));
    EXPECT_EQ(r.transfer_syntax, ndr20);
}

TEST(BindAck, EveryAddressLengthIsAligned) {
    const ContextResult results[] = {{BindResult::acceptance, 0, ndr64}};
    for (size_t n = 0; n < 20; ++n) {
        std::vector<uint8_t> address(n, 'x');
        Buffer out;
        ASSERT_TRUE(out.append(address));  // builds behind something: alignment counts from the PDU
        ASSERT_EQ(build_bind_ack(out, PduType::alter_context_resp, {1, 0, 1, 2, 3}, address, results), Status::ok);
        Pdu pdu;
        ASSERT_EQ(parse_pdu(out.view().subspan(n), pdu), Parsed::ok);
        BindAck ack;
        ASSERT_EQ(parse_bind_ack(pdu, ack), Parsed::ok);
        EXPECT_EQ(ack.secondary_address.size(), n);
        ContextResult r;
        ASSERT_TRUE(ack.results.next(r));
        EXPECT_EQ(r.transfer_syntax, ndr64);
        EXPECT_EQ(pdu.raw.size() % 4, 0u);
    }
}

TEST(BindNak, BuildsAndParses) {
    Buffer out;
    ASSERT_EQ(build_bind_nak(out, 2, RejectReason::protocol_version_not_supported), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(bind_nak_hex));
    Pdu pdu;
    ASSERT_EQ(parse_pdu(out.view(), pdu), Parsed::ok);
    BindNak nak;
    ASSERT_EQ(parse_bind_nak(pdu, nak), Parsed::ok);
    EXPECT_EQ(nak.reason, RejectReason::protocol_version_not_supported);
    EXPECT_EQ(hex(nak.versions), "05000501");
    EXPECT_TRUE(nak.eeinfo.empty());
}

TEST(BindNak, MayEndBehindTheReasonOrCarryExtendedErrors) {
    struct Case {
        const char* hex;
        size_t versions;
        size_t eeinfo;
        Parsed want;
    };
    const Case cases[] = {
        {"05 00 0d 03 10 00 00 00 12 00 00 00 02 00 00 00 09 00", 0, 0, Parsed::ok},
        {"05 00 0d 03 10 00 00 00 18 00 00 00 02 00 00 00 09 00 01 05 00 00 00 00", 2, 0, Parsed::ok},
        {"05 00 0d 03 10 00 00 00 27 00 00 00 02 00 00 00 09 00 01 05 00"
         "20 03 74 90 d0 fa d3 11 82 d7 00 90 27 b1 30 ab aa bb", 2, 2, Parsed::ok},
        {"05 00 0d 03 10 00 00 00 27 00 00 00 02 00 00 00 09 00 01 05 00"
         "21 03 74 90 d0 fa d3 11 82 d7 00 90 27 b1 30 ab aa bb", 2, 0, Parsed::ok},
        {"05 00 0d 03 10 00 00 00 14 00 00 00 02 00 00 00 09 00 01 05", 0, 0, Parsed::bad_body},
        {"05 00 0d 03 10 00 00 00 11 00 00 00 02 00 00 00 09", 0, 0, Parsed::bad_body},
    };
    for (const Case& c : cases) {
        std::vector<uint8_t> raw = unhex(c.hex);
        Pdu pdu;
        ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok) << c.hex;
        BindNak nak;
        EXPECT_EQ(parse_bind_nak(pdu, nak), c.want) << c.hex;
        EXPECT_EQ(nak.versions.size(), c.versions);
        EXPECT_EQ(nak.eeinfo.size(), c.eeinfo);
        if (c.want == Parsed::ok) {
            EXPECT_EQ(nak.reason, RejectReason::invalid_checksum);
        }
    }
}

TEST(Bind, AuthenticationIsAppended) {
    const SyntaxId ndr[] = {ndr20};
    const ContextOffer offers[] = {{0, epm, ndr}};
    Buffer out;
    ASSERT_EQ(build_bind(out, PduType::bind, {2, pfc::support_header_sign, 4280, 4280, 5}, offers), Status::ok);
    const uint8_t token[] = {1, 2, 3};
    ASSERT_EQ(append_auth(out, 0, {10, 4, 6}, token), Status::ok);
    EXPECT_EQ(hex(out.view()),
              hex("05 00 0b 07 10 00 00 00 53 00 03 00 02 00 00 00 b8 10 b8 10 05 00 00 00 01 00 00 00"
                  "00 00 01 00 08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 00 00"
                  "04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 00 00"
                  "0a 04 00 00 06 00 00 00 01 02 03"));
    Pdu pdu;
    ASSERT_EQ(parse_pdu(out.view(), pdu), Parsed::ok);
    Bind bind;
    ASSERT_EQ(parse_bind(pdu, bind), Parsed::ok);
    EXPECT_EQ(bind.context_count, 1);
    EXPECT_EQ(hex(pdu.auth.token), "010203");
}

TEST(Bind, ListLongerThanThePduIsRefused) {
    std::vector<uint8_t> raw = unhex(bind_hex);
    Pdu pdu;
    Bind bind;
    for (uint8_t count : {0, 1, 2, 3, 255}) {
        raw[24] = count;
        ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
        EXPECT_EQ(parse_bind(pdu, bind), count <= 2 ? Parsed::ok : Parsed::bad_body);
    }
    raw[24] = 2;
    for (uint8_t transfers : {0, 1, 2, 255}) {
        raw[74] = transfers;  // of the second element
        ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
        EXPECT_EQ(parse_bind(pdu, bind), transfers <= 1 ? Parsed::ok : Parsed::bad_body) << int{transfers};
    }
}

TEST(Bind, SeveralTransferSyntaxesInOneElement) {
    const SyntaxId both[] = {ndr64, ndr20};
    const ContextOffer offers[] = {{5, epm, both}, {6, epm, {}}};
    Buffer out;
    ASSERT_EQ(build_bind(out, PduType::alter_context, {1, 0, 1, 2, 3}, offers), Status::ok);
    Pdu pdu;
    ASSERT_EQ(parse_pdu(out.view(), pdu), Parsed::ok);
    EXPECT_EQ(pdu.header.type, PduType::alter_context);
    Bind bind;
    ASSERT_EQ(parse_bind(pdu, bind), Parsed::ok);
    ContextElement e;
    ASSERT_TRUE(bind.contexts.next(e));
    EXPECT_EQ(e.p_cont_id, 5);
    ASSERT_EQ(e.transfer_count, 2);
    EXPECT_EQ(e.transfer(0), ndr64);
    EXPECT_EQ(e.transfer(1), ndr20);
    ASSERT_TRUE(bind.contexts.next(e));
    EXPECT_EQ(e.transfer_count, 0);
}

TEST(Bind, CountsBeyondTheirFieldsAreRefused) {
    Buffer out;
    std::vector<ContextOffer> offers(256);
    EXPECT_EQ(build_bind(out, PduType::bind, {}, offers), Status::invalid_arg);
    std::vector<SyntaxId> syntaxes(256);
    const ContextOffer one[] = {{0, epm, syntaxes}};
    EXPECT_EQ(build_bind(out, PduType::bind, {}, one), Status::invalid_arg);
    std::vector<ContextResult> results(256);
    EXPECT_EQ(build_bind_ack(out, PduType::bind_ack, {}, {}, results), Status::invalid_arg);
    std::vector<uint8_t> address(65536, 'a');
    EXPECT_EQ(build_bind_ack(out, PduType::bind_ack, {}, address, {}), Status::invalid_arg);
    EXPECT_TRUE(out.empty());
    offers.pop_back();
    EXPECT_EQ(build_bind(out, PduType::bind, {}, offers), Status::ok);
    results.pop_back();
    EXPECT_EQ(build_bind_ack(out, PduType::bind_ack, {}, {}, results), Status::ok);
}

TEST(BindFamily, SurvivesEveryTruncation) {
    for (const char* text : {bind_hex, bind_ack_hex, alter_resp_big_hex, bind_nak_hex}) {
        std::vector<uint8_t> whole = unhex(text);
        for (size_t n = 0; n < whole.size(); ++n) {
            std::vector<uint8_t> raw(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n));
            raw.shrink_to_fit();
            Pdu pdu;
            ASSERT_EQ(parse_pdu(raw, pdu), Parsed::truncated);
            if (n < header_size) continue;
            raw[raw[4] == 0 ? 9 : 8] = static_cast<uint8_t>(n);
            ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
            Bind bind;
            BindAck ack;
            BindNak nak;
            if (pdu.header.type == PduType::bind) {
                EXPECT_EQ(parse_bind(pdu, bind), Parsed::bad_body) << n;
            } else if (pdu.header.type == PduType::bind_nak) {
                EXPECT_EQ(parse_bind_nak(pdu, nak), n == 18 ? Parsed::ok : Parsed::bad_body) << n;
            } else {
                EXPECT_EQ(parse_bind_ack(pdu, ack), Parsed::bad_body) << n;
            }
        }
    }
}

TEST(Syntax, Features) {
    uint8_t mask = 9;
    EXPECT_FALSE(is_feature_syntax(ndr20, mask));
    EXPECT_EQ(mask, 0);
    EXPECT_FALSE(is_feature_syntax(null_syntax, mask));
    SyntaxId other = feature_syntax(3);
    EXPECT_TRUE(is_feature_syntax(other, mask));
    EXPECT_EQ(mask, 3);
    other.uuid.data4[7] = 0x80;  // a bit of the future
    EXPECT_TRUE(is_feature_syntax(other, mask));
    other.minor = 1;
    EXPECT_FALSE(is_feature_syntax(other, mask));
}

// Each builder with each of its allocations refused: out_of_memory, and what stood in the buffer before is untouched.
TEST(Builders, UndoWhatDidNotFit) {
    const SyntaxId ndr[] = {ndr20};
    const ContextOffer offers[] = {{0, epm, ndr}, {1, epm, ndr}};
    const ContextResult results[] = {{BindResult::acceptance, 0, ndr20}};
    const uint8_t bytes[200] = {1};
    using Build = Status (*)(Buffer&, std::span<const ContextOffer>, std::span<const ContextResult>, ByteView);
    const Build builds[] = {
        [](Buffer& b, auto o, auto, ByteView) { return build_bind(b, PduType::bind, {}, o); },
        [](Buffer& b, auto, auto r, ByteView v) { return build_bind_ack(b, PduType::bind_ack, {}, v, r); },
        [](Buffer& b, auto, auto, ByteView) { return build_bind_nak(b, 1, RejectReason::not_specified); },
        [](Buffer& b, auto, auto, ByteView v) { return build_fault(b, {.eeinfo = v}); },
        [](Buffer& b, auto, auto, ByteView) { return build_bare(b, PduType::shutdown, 0); },
        [](Buffer& b, auto, auto, ByteView v) {
            Buffer local;
            RPC_TRY(build_auth3(local, 1));
            RPC_TRY(append_auth(local, 0, {}, v));
            return b.append(local.view()) ? Status::ok : Status::out_of_memory;
        },
    };
    for (const Build& build : builds) {
        bool done = false;
        for (long n = 1; !done; ++n) {
            Buffer out;
            ASSERT_TRUE(out.append(ByteView(bytes).first(5)));
            mem_fail_nth(n);
            Status s = build(out, offers, results, bytes);
            mem_fail_nth(0);
            done = s == Status::ok;
            ASSERT_EQ(out.view()[0], 1);
            if (done) {
                EXPECT_GT(out.size(), 5u);
            } else {
                ASSERT_EQ(s, Status::out_of_memory);
                ASSERT_EQ(out.size(), 5u);
            }
            ASSERT_LT(n, 100);
        }
    }
}

TEST(Builders, RefusedVerifierLeavesThePdu) {
    std::vector<uint8_t> token(4000, 7);
    for (long n = 1;; ++n) {
        Buffer out;
        ASSERT_EQ(build_bare(out, PduType::orphaned, 3), Status::ok);
        mem_fail_nth(n);
        Status s = append_auth(out, 0, {}, token);
        mem_fail_nth(0);
        Pdu pdu;
        ASSERT_EQ(parse_pdu(out.view(), pdu), Parsed::ok);
        if (s == Status::ok) {
            EXPECT_EQ(pdu.auth.token.size(), 4000u);
            EXPECT_GT(n, 1);
            break;
        }
        ASSERT_EQ(s, Status::out_of_memory);
        EXPECT_EQ(out.size(), 16u);
        EXPECT_FALSE(pdu.has_auth);
    }
}

}  // namespace
}  // namespace rpc::wire
