#include "io/virtual_connection.h"

#include <gtest/gtest.h>

#include <vector>

namespace rpc::io {
namespace {

namespace rts = wire::rts;

// An RTS PDU of flags and commands' words, written by hand.
std::vector<uint8_t> rts_pdu(uint16_t flags, uint16_t count, const std::vector<uint32_t>& words) {
    std::vector<uint8_t> b{5, 0, 20, 3, 0x10, 0, 0, 0};
    auto u16 = [&](size_t v) { b.push_back(static_cast<uint8_t>(v)), b.push_back(static_cast<uint8_t>(v >> 8)); };
    auto u32 = [&](size_t v) { u16(v & 0xffff), u16(v >> 16); };
    u16(20 + 4 * words.size()), u16(0), u32(0), u16(flags), u16(count);
    for (uint32_t w : words) u32(w);
    return b;
}

const std::vector<uint8_t> conn_a3 = rts_pdu(0, 1, {2, 120000});
std::vector<uint8_t> conn_c2(uint32_t window) { return rts_pdu(0, 3, {6, 1, 0, window, 2, 120000}); }
// A whole RPC PDU of that size: a response as far as anybody here looks.
std::vector<uint8_t> rpc_pdu(uint16_t size) {
    std::vector<uint8_t> b(size);
    wire::write_header(b.data(), wire::PduType::response, wire::pfc::whole, size, 0, 1);
    return b;
}

struct Client : ::testing::Test {
    VirtualConnection vc;
    Buffer in, out, pdus;  // what went out on the channels, what came

    void SetUp() override {
        ASSERT_EQ(vc.begin(), Status::ok);
        ASSERT_EQ(vc.open_out_channel(out), Status::ok);
        ASSERT_EQ(vc.open_in_channel(in), Status::ok);
    }
    Status came(const std::vector<uint8_t>& bytes) { return vc.received(bytes, pdus); }
    void open(uint32_t window) {
        ASSERT_EQ(came(conn_a3), Status::ok);
        EXPECT_FALSE(vc.is_open());
        ASSERT_EQ(came(conn_c2(window)), Status::ok);
        ASSERT_TRUE(vc.is_open());
    }
    size_t goes(size_t most = 65536) {
        Buffer next;
        EXPECT_EQ(vc.next(next, most), Status::ok);
        return next.size();
    }
    // As the inbound proxy acknowledges.
    Status acknowledge(uint32_t received, uint32_t window) {
        rts::Pdu b1;
        EXPECT_EQ(rts::parse(in.view(), b1), wire::Parsed::ok);
        Buffer ack;
        EXPECT_EQ(rts::build_flow_control_ack(ack, rts::Destination::client, b1.commands[2].cookie, received, window), Status::ok);
        return vc.received(ack.view(), pdus);
    }
};

TEST_F(Client, OpensBothChannelsOfOneConnection) {
    rts::Pdu a1, b1;
    ASSERT_EQ(rts::parse(out.view(), a1), wire::Parsed::ok);
    ASSERT_EQ(rts::parse(in.view(), b1), wire::Parsed::ok);
    EXPECT_EQ(a1.commands[1].cookie, b1.commands[1].cookie);
    EXPECT_NE(a1.commands[2].cookie, b1.commands[2].cookie);
    EXPECT_EQ(vc.lifetime_left(), VirtualConnection::in_channel_lifetime - in.size());
    open(65536);
    ASSERT_EQ(vc.send_ping(), Status::ok);
    EXPECT_EQ(goes(), 20u);
}

TEST_F(Client, NothingComesOrGoesBeforeTheServerIsThere) {
    ASSERT_EQ(vc.send(rpc_pdu(100)), Status::ok);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(came(conn_a3), Status::ok);
    EXPECT_EQ(goes(), 0u);
    EXPECT_EQ(came(rpc_pdu(24)), Status::protocol_error);
}

TEST_F(Client, OrderOfOpeningIsKept) {
    EXPECT_EQ(came(conn_c2(65536)), Status::protocol_error);
    open(65536);
    EXPECT_EQ(came(conn_a3), Status::protocol_error);
    EXPECT_EQ(came(conn_c2(65536)), Status::protocol_error);
}

TEST_F(Client, PdusArriveHoweverTheyAreCut) {
    open(65536);
    std::vector<uint8_t> all = rpc_pdu(40), second = rpc_pdu(5000), ping = rts_pdu(rts::flag::ping, 0, {});
    all.insert(all.end(), ping.begin(), ping.end());
    all.insert(all.end(), second.begin(), second.end());
    for (uint8_t byte : all) ASSERT_EQ(vc.received({&byte, 1}, pdus), Status::ok);
    EXPECT_EQ(pdus.size(), 5040u);
    EXPECT_EQ(vc.untaken(), 5040u);
}

TEST_F(Client, SendsAsTheWindowAllows) {
    open(8192);
    const std::vector<uint8_t> pdu = rpc_pdu(3000);
    for (int i = 0; i < 4; ++i) ASSERT_EQ(vc.send(pdu), Status::ok);
    EXPECT_EQ(goes(), 6000u);
    EXPECT_EQ(goes(), 0u);
    EXPECT_EQ(vc.unsent(), 6000u);
    ASSERT_EQ(acknowledge(3000, 8192), Status::ok);  // one taken, one on its way
    EXPECT_EQ(goes(), 3000u);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(acknowledge(9000, 8192), Status::ok);
    EXPECT_EQ(goes(), 3000u);
    EXPECT_EQ(vc.unsent(), 0u);
    EXPECT_EQ(vc.rpc_bytes_sent(), 12000u);
}

TEST_F(Client, APduInPiecesGoesWhole) {
    open(65536);
    const std::vector<uint8_t> pdu = rpc_pdu(3000);
    ASSERT_EQ(vc.send(ByteView(pdu).first(24)), Status::ok);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(vc.send(ByteView(pdu).subspan(24)), Status::ok);
    EXPECT_EQ(goes(100), 3000u);
}

TEST_F(Client, APduLargerThanTheWindowGoesAlone) {
    open(8192);
    ASSERT_EQ(vc.send(rpc_pdu(100)), Status::ok);
    ASSERT_EQ(vc.send(rpc_pdu(20000)), Status::ok);
    EXPECT_EQ(goes(), 100u);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(acknowledge(100, 8192), Status::ok);
    EXPECT_EQ(goes(), 20000u);
    ASSERT_EQ(vc.send(rpc_pdu(100)), Status::ok);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(acknowledge(20100, 8192), Status::ok);
    EXPECT_EQ(goes(), 100u);
}

TEST_F(Client, AcknowledgementsThatCannotBeAreRefused) {
    open(8192);
    ASSERT_EQ(vc.send(rpc_pdu(1000)), Status::ok);
    EXPECT_EQ(goes(), 1000u);
    EXPECT_EQ(acknowledge(1000, 8193), Status::protocol_error);  // a larger window than there is
    EXPECT_EQ(acknowledge(1001, 8192), Status::protocol_error);  // more than was sent
    ASSERT_EQ(acknowledge(1000, 8192), Status::ok);
    EXPECT_EQ(acknowledge(999, 8192), Status::protocol_error);  // less than before
    // Of another channel: no matter.
    EXPECT_EQ(came(rts_pdu(2, 2, {13, 0, 1, 5, 1 << 30, 1, 2, 3, 4})), Status::ok);
}

TEST_F(Client, TellsTheSenderWhenHalfOfTheWindowIsFree) {
    open(65536);
    for (int i = 0; i < 8; ++i) ASSERT_EQ(came(rpc_pdu(20000)), Status::ok);
    EXPECT_EQ(vc.untaken(), 160000u);
    ASSERT_EQ(vc.taken(100000), Status::ok);
    EXPECT_EQ(goes(), 0u);
    ASSERT_EQ(vc.taken(40000), Status::ok);
    Buffer next;
    ASSERT_EQ(vc.next(next, 65536), Status::ok);
    rts::Pdu ack, a1;
    ASSERT_EQ(rts::parse(next.view(), ack), wire::Parsed::ok);
    ASSERT_EQ(rts::parse(out.view(), a1), wire::Parsed::ok);
    EXPECT_EQ(ack.commands[0].value, static_cast<uint32_t>(rts::Destination::out_proxy));
    EXPECT_EQ(ack.commands[1].bytes_received, 160000u);
    EXPECT_EQ(ack.commands[1].available_window, VirtualConnection::receive_window - 20000);
    EXPECT_EQ(ack.commands[1].cookie, a1.commands[2].cookie);
    EXPECT_EQ(goes(), 0u);
}

TEST_F(Client, GarbageEndsIt) {
    open(65536);
    EXPECT_EQ(came({'H', 'T', 'T', 'P', '/', '1', '.', '0', ' ', '5', '0', '3'}), Status::protocol_error);
    EXPECT_EQ(came(rts_pdu(0, 1, {99})), Status::protocol_error);
}

}  // namespace
}  // namespace rpc::io
