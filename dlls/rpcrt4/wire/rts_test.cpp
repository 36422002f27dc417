#include "wire/rts.h"

#include <gtest/gtest.h>

#include "wire/pdu_splitter.h"
#include "wire/test_bytes.h"

namespace rpc::wire::rts {
namespace {

const Uuid connection{0x03020100, 0x0504, 0x0706, {8, 9, 10, 11, 12, 13, 14, 15}};
const Uuid channel{0x13121110, 0x1514, 0x1716, {0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f}};
const Uuid group{0x23222120, 0x2524, 0x2726, {0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f}};

// Written by hand from [MS-RPCH] 2.2.4.2, 2.2.4.5, 2.2.4.49, 2.2.4.51; not by our builders.
const char conn_a1[] =
    "05001403 10000000 4c000000 00000000 0000 0400"
    "06000000 01000000"
    "03000000 000102030405060708090a0b0c0d0e0f"
    "03000000 101112131415161718191a1b1c1d1e1f"
    "00000000 00000400";
const char conn_b1[] =
    "05001403 10000000 68000000 00000000 0000 0600"
    "06000000 01000000"
    "03000000 000102030405060708090a0b0c0d0e0f"
    "03000000 101112131415161718191a1b1c1d1e1f"
    "04000000 00000040"
    "05000000 e0930400"
    "0c000000 202122232425262728292a2b2c2d2e2f";
const char ping[] = "05001403 10000000 14000000 00000000 0100 0000";
const char ack[] =
    "05001403 10000000 38000000 00000000 0200 0200"
    "0d000000 03000000"
    "01000000 39300000 00000100 101112131415161718191a1b1c1d1e1f";
// 2.2.4.10, 14, 25, 29, 33, 40, 45.
const char in_r1_a1[] =
    "05001403 10000000 58000000 00000000 0400 0400"
    "06000000 01000000"
    "03000000 000102030405060708090a0b0c0d0e0f"
    "03000000 101112131415161718191a1b1c1d1e1f"
    "03000000 202122232425262728292a2b2c2d2e2f";
const char in_r1_a5[] = "05001403 10000000 28000000 00000000 0000 0100 03000000 101112131415161718191a1b1c1d1e1f";
const char out_r1_a3[] =
    "05001403 10000000 60000000 00000000 0400 0500"
    "06000000 01000000"
    "03000000 000102030405060708090a0b0c0d0e0f"
    "03000000 101112131415161718191a1b1c1d1e1f"
    "03000000 202122232425262728292a2b2c2d2e2f"
    "00000000 00000400";
const char out_r1_a7[] =
    "05001403 10000000 30000000 00000000 1000 0200 0d000000 02000000 03000000 101112131415161718191a1b1c1d1e1f";
const char out_r1_a11[] = "05001403 10000000 18000000 00000000 0000 0100 0a000000";
const char out_r2_a7[] =
    "05001403 10000000 38000000 00000000 1000 0300 0d000000 02000000 03000000 101112131415161718191a1b1c1d1e1f 06000000 01000000";
const char out_r2_c1[] = "05001403 10000000 18000000 00000000 0100 0100 07000000";
// 2.2.4.9, as a proxy sends it.
const char conn_c2[] = "05001403 10000000 2c000000 00000000 0000 0300 06000000 01000000 00000000 00000100 02000000 c0d40100";

// The views of `out` are valid until the next call.
Parsed parsed(const std::string& text, Pdu& out) {
    static std::vector<uint8_t> bytes;
    bytes = unhex(text);
    return parse(bytes, out);
}

TEST(Rts, BuildsWhatAClientSends) {
    Buffer out;
    ASSERT_EQ(build_conn_a1(out, connection, channel, 262144), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(std::string(conn_a1)));
    EXPECT_EQ(out.size(), conn_a1_size);
    out.clear();
    ASSERT_EQ(build_conn_b1(out, connection, channel, 0x40000000, 300000, group), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(std::string(conn_b1)));
    out.clear();
    ASSERT_EQ(build_ping(out), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(std::string(ping)));
    ASSERT_EQ(build_flow_control_ack(out, Destination::out_proxy, channel, 12345, 65536), Status::ok);
    EXPECT_EQ(hex(out.view().subspan(header_size)), hex(std::string(ack)));
}

TEST(Rts, BuildsWhatAClientSendsToReplaceAChannel) {
    Buffer out;
    auto built = [&](Status status) {
        EXPECT_EQ(status, Status::ok);
        const std::string text = hex(out.view());
        out.clear();
        return text;
    };
    auto written = [](const char* text) { return hex(std::string(text)); };
    EXPECT_EQ(built(build_in_r1_a1(out, connection, channel, group)), written(in_r1_a1));
    EXPECT_EQ(built(build_in_r1_a5(out, channel)), written(in_r1_a5));
    EXPECT_EQ(built(build_out_r1_a3(out, connection, channel, group, 262144)), written(out_r1_a3));
    EXPECT_EQ(built(build_out_r1_a7(out, channel)), written(out_r1_a7));
    EXPECT_EQ(built(build_out_r1_a11(out)), written(out_r1_a11));
    EXPECT_EQ(built(build_out_r2_a7(out, channel)), written(out_r2_a7));
    EXPECT_EQ(built(build_out_r2_c1(out)), written(out_r2_c1));
    EXPECT_EQ(unhex(in_r1_a1).size(), in_r1_a1_size);
    EXPECT_EQ(unhex(in_r1_a5).size(), in_r1_a5_size);
    EXPECT_EQ(unhex(out_r1_a3).size(), out_r1_a3_size);
    EXPECT_EQ(unhex(out_r1_a11).size(), out_r1_a11_size);
    EXPECT_EQ(unhex(out_r2_c1).size(), out_r2_c1_size);
}

TEST(Rts, ReadsThem) {
    Pdu pdu;
    ASSERT_EQ(parsed(conn_b1, pdu), Parsed::ok);
    using enum CommandType;
    EXPECT_TRUE(pdu.has({CommandType::version, cookie, cookie, channel_lifetime, client_keepalive, association_group_id}));
    EXPECT_FALSE(pdu.has({CommandType::version, cookie, cookie, channel_lifetime, client_keepalive}));
    EXPECT_FALSE(pdu.has({}));
    EXPECT_EQ(pdu.find(cookie)->cookie, connection);
    EXPECT_EQ(pdu.commands[2].cookie, channel);
    EXPECT_EQ(pdu.find(channel_lifetime)->value, 0x40000000u);
    EXPECT_EQ(pdu.find(association_group_id)->cookie, group);
    ASSERT_EQ(parsed(ack, pdu), Parsed::ok);
    EXPECT_EQ(pdu.flags, flag::other_cmd);
    EXPECT_EQ(pdu.find(destination)->value, 3u);
    EXPECT_EQ(pdu.find(flow_control_ack)->bytes_received, 12345u);
    EXPECT_EQ(pdu.find(flow_control_ack)->available_window, 65536u);
    EXPECT_EQ(pdu.find(flow_control_ack)->cookie, channel);
    ASSERT_EQ(parsed(conn_c2, pdu), Parsed::ok);
    EXPECT_TRUE(pdu.has({CommandType::version, receive_window_size, connection_timeout}));
    EXPECT_EQ(pdu.find(connection_timeout)->value, 120000u);
    EXPECT_EQ(pdu.find(cookie), nullptr);
    ASSERT_EQ(parsed(ping, pdu), Parsed::ok);
    EXPECT_EQ(pdu.flags, flag::ping);
    EXPECT_TRUE(pdu.has({}));
}

TEST(Rts, PaddingAndAddressesAreWalkedOver) {
    Pdu pdu;
    const std::string text =
        "05001403 10000000 50000000 00000000 0000 0400"
        "07000000"
        "08000000 05000000 aabbccddee"
        "0b000000 00000000 7f000001 000000000000000000000000"
        "08000000 07000000 00000000000000"
        "0a000000";
    EXPECT_EQ(parsed(text, pdu), Parsed::bad_length);  // five commands, four counted
    std::string right = text;
    right.replace(right.find("0400"), 4, "0500");
    ASSERT_EQ(parsed(right, pdu), Parsed::ok);
    EXPECT_EQ(pdu.find(CommandType::client_address)->bytes.size(), 4u);
    EXPECT_EQ(pdu.find(CommandType::padding)->bytes[4], 0xee);
    EXPECT_TRUE(pdu.has({CommandType::client_address, CommandType::ance}));
}

// Each with one thing wrong.
TEST(Rts, RefusesWhatTheSpecificationForbids) {
    Pdu pdu;
    auto refused = [&](const std::string& header, const std::string& body = "") { return parsed(header + body, pdu); };
    EXPECT_EQ(refused("05001403 10000000 14000000 00000000 0000"), Parsed::truncated);
    EXPECT_EQ(refused("05011403 10000000 14000000 00000000 0000 0000"), Parsed::bad_version);
    EXPECT_EQ(refused("05001303 10000000 14000000 00000000 0000 0000"), Parsed::bad_type);
    EXPECT_EQ(refused("05001403 00000000 14000000 00000000 0000 0000"), Parsed::bad_drep);
    EXPECT_EQ(refused("05001403 10000000 15000000 00000000 0000 0000"), Parsed::bad_length);
    EXPECT_EQ(refused("05001401 10000000 14000000 00000000 0000 0000"), Parsed::bad_body);  // not the last fragment
    EXPECT_EQ(refused("05001403 10000000 14000800 00000000 0000 0000"), Parsed::bad_body);  // authenticated
    EXPECT_EQ(refused("05001403 10000000 14000000 01000000 0000 0000"), Parsed::bad_body);  // a call_id
    EXPECT_EQ(refused("05001403 10000000 14000000 00000000 0000 0100"), Parsed::bad_body);  // no such command behind it
    EXPECT_EQ(refused("05001403 10000000 14000000 00000000 0000 ffff"), Parsed::bad_body);
    const std::string one = "05001403 10000000 1c000000 00000000 0000 0100";
    EXPECT_EQ(refused(one, "06000000 01000000"), Parsed::ok);
    EXPECT_EQ(refused(one, "0f000000 01000000"), Parsed::bad_body);  // unknown
    EXPECT_EQ(refused(one, "08000000 01000000"), Parsed::bad_body);  // padding beyond the end
    EXPECT_EQ(refused(one, "08000000 ffffffff"), Parsed::bad_body);
    EXPECT_EQ(refused(one, "03000000 01000000"), Parsed::bad_body);  // half a cookie
    EXPECT_EQ(refused(one, "00000000 ff1f0000"), Parsed::bad_body);  // a window below 8 KiB, above 256 KiB
    EXPECT_EQ(refused(one, "00000000 00200000"), Parsed::ok);
    EXPECT_EQ(refused(one, "00000000 01000400"), Parsed::bad_body);
    EXPECT_EQ(refused(one, "02000000 bfd40100"), Parsed::bad_body);  // 119,999 ms
    EXPECT_EQ(refused(one, "04000000 00000080"), Parsed::ok);        // 2 GiB
    EXPECT_EQ(refused(one, "04000000 01000080"), Parsed::bad_body);
    EXPECT_EQ(refused(one, "05000000 5fea0000"), Parsed::bad_body);  // 59,999 ms
    EXPECT_EQ(refused(one, "0d000000 04000000"), Parsed::bad_body);  // no such destination
    EXPECT_EQ(refused("05001403 10000000 18000000 00000000 0000 0100", "0a000000"), Parsed::ok);
}

TEST(Rts, OnlyASplitterThatIsToldTakesThem) {
    const std::vector<uint8_t> bytes = unhex(std::string(conn_c2) + ping);
    size_t seen = 0;
    auto count = [&](ByteView pdu) { return seen += is_rts(pdu), Status::ok; };
    PduSplitter plain, with_rts{true};
    EXPECT_EQ(plain.feed(bytes, count), Status::protocol_error);
    EXPECT_EQ(seen, 0u);
    for (uint8_t byte : bytes) ASSERT_EQ(with_rts.feed({&byte, 1}, count), Status::ok);
    EXPECT_EQ(seen, 2u);
}

TEST(Rts, WithoutMemoryNothingIsAppended) {
    for (long n = 1;; ++n) {
        Buffer out;
        mem_fail_nth(n);
        const Status status = build_conn_b1(out, connection, channel, 0x40000000, 0, group);
        const bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        if (status == Status::ok) {
            EXPECT_TRUE(pending);
            break;
        }
        EXPECT_EQ(status, Status::out_of_memory);
        EXPECT_EQ(out.size(), 0u);
    }
}

}  // namespace
}  // namespace rpc::wire::rts
