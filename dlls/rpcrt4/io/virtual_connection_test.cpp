#include "io/virtual_connection.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// ---- channels that are replaced, by the sequences of 3.2.1.5.3 ----

const std::vector<uint8_t> in_r1_a4 = rts_pdu(0, 4, {13, 0, 6, 1, 0, 16384, 2, 120000});
const std::vector<uint8_t> in_r2_a4 = rts_pdu(0, 1, {13, 0});
const std::vector<uint8_t> out_a2 = rts_pdu(rts::flag::recycle_channel, 1, {13, 0});
const std::vector<uint8_t> out_r1_a6 = rts_pdu(rts::flag::out_channel, 3, {13, 0, 6, 1, 2, 120000});
const std::vector<uint8_t> out_r1_a10 = rts_pdu(0, 1, {10});
const std::vector<uint8_t> out_r2_a6 = rts_pdu(0, 2, {13, 0, 10});
const std::vector<uint8_t> out_r2_b3 = rts_pdu(rts::flag::eof, 1, {10});

struct Short : Client {
    static constexpr uint32_t lifetime = VirtualConnection::min_in_channel_lifetime;
    Uuid connection, in_cookie, out_cookie;

    void SetUp() override {
        ASSERT_EQ(vc.begin(lifetime), Status::ok);
        ASSERT_EQ(vc.open_out_channel(out), Status::ok);
        ASSERT_EQ(vc.open_in_channel(in), Status::ok);
        const rts::Pdu b1 = parsed(in.view()), a1 = parsed(out.view());
        EXPECT_EQ(b1.find(rts::CommandType::channel_lifetime)->value, lifetime);
        connection = b1.commands[1].cookie;
        in_cookie = b1.commands[2].cookie;
        out_cookie = a1.commands[2].cookie;
        open(65536);
    }
    static rts::Pdu parsed(ByteView bytes) {
        rts::Pdu pdu;
        EXPECT_EQ(rts::parse(bytes, pdu), wire::Parsed::ok);
        return pdu;
    }
    Buffer next() {
        Buffer bytes;
        EXPECT_EQ(vc.next(bytes, 65536), Status::ok);
        return bytes;
    }
    Status acknowledge(uint32_t received, uint32_t window) {
        Buffer ack;
        EXPECT_EQ(rts::build_flow_control_ack(ack, rts::Destination::client, in_cookie, received, window), Status::ok);
        return vc.received(ack.view(), pdus);
    }
    // Sends until the IN channel needs a successor; the RPC bytes that went on it.
    uint32_t use_up() {
        uint32_t sent = 0;
        while (!vc.wants_in_channel()) {
            EXPECT_EQ(vc.send(rpc_pdu(5000)), Status::ok);
            sent += static_cast<uint32_t>(next().size());
            EXPECT_EQ(acknowledge(sent, 65536), Status::ok);
        }
        return sent;
    }
    // IN_R1/A1; the successor's cookie.
    Uuid succeed_in() {
        Buffer a1;
        EXPECT_EQ(vc.succeed_in_channel(a1), Status::ok);
        const rts::Pdu pdu = parsed(a1.view());
        using enum rts::CommandType;
        EXPECT_EQ(pdu.flags, rts::flag::recycle_channel);
        EXPECT_TRUE(pdu.has({version, cookie, cookie, cookie}));
        EXPECT_EQ(pdu.commands[1].cookie, connection);
        EXPECT_EQ(pdu.commands[2].cookie, in_cookie);
        EXPECT_NE(pdu.commands[3].cookie, in_cookie);
        return pdu.commands[3].cookie;
    }
    void ends_with_a5(const Uuid& successor) {
        const Buffer a5 = next();
        EXPECT_TRUE(vc.in_channel_ended());
        EXPECT_FALSE(vc.in_channel_ended());
        const rts::Pdu pdu = parsed(a5.view());
        EXPECT_EQ(pdu.flags, rts::flag::none);
        EXPECT_TRUE(pdu.has({rts::CommandType::cookie}));
        EXPECT_EQ(pdu.commands[0].cookie, successor);
        EXPECT_EQ(vc.lifetime_left(), lifetime - rts::in_r1_a1_size);
    }
    Uuid succeed_out() {
        EXPECT_EQ(came(out_a2), Status::ok);
        EXPECT_TRUE(vc.wants_out_channel());
        Buffer a3;
        EXPECT_EQ(vc.succeed_out_channel(a3), Status::ok);
        EXPECT_FALSE(vc.wants_out_channel());
        const rts::Pdu pdu = parsed(a3.view());
        using enum rts::CommandType;
        EXPECT_EQ(pdu.flags, rts::flag::recycle_channel);
        EXPECT_TRUE(pdu.has({version, cookie, cookie, cookie, receive_window_size}));
        EXPECT_EQ(pdu.commands[1].cookie, connection);
        EXPECT_EQ(pdu.commands[2].cookie, out_cookie);
        EXPECT_EQ(pdu.find(receive_window_size)->value, VirtualConnection::receive_window);
        return pdu.commands[3].cookie;
    }
    void a7_goes(const Uuid& successor, bool with_version) {
        const Buffer a7 = next();
        const rts::Pdu pdu = parsed(a7.view());
        using enum rts::CommandType;
        EXPECT_EQ(pdu.flags, rts::flag::out_channel);
        EXPECT_TRUE(with_version ? pdu.has({destination, cookie, version}) : pdu.has({destination, cookie}));
        EXPECT_EQ(pdu.find(destination)->value, static_cast<uint32_t>(rts::Destination::server));
        EXPECT_EQ(pdu.find(cookie)->cookie, successor);
    }
    std::vector<uint8_t> end_of_request() {
        Buffer end;
        bool due = false;
        EXPECT_EQ(vc.end_out_request(end, due), Status::ok);
        EXPECT_EQ(due, !end.empty());
        return {end.data(), end.data() + end.size()};
    }
};

TEST_F(Short, InChannelIsReplacedByOneAtAnotherProxy) {
    uint32_t on_channel = use_up();
    EXPECT_GE(on_channel, lifetime / 2 - 5000);
    for (int times = 0; times < 5; ++times) {
        const uint32_t sent = on_channel;
        const Uuid successor = succeed_in();
        EXPECT_FALSE(vc.wants_in_channel());
        EXPECT_TRUE(vc.is_recycling_in());
        ASSERT_EQ(vc.send(rpc_pdu(1000)), Status::ok);
        EXPECT_EQ(goes(), 1000u);  // the predecessor still carries
        ASSERT_EQ(came(in_r1_a4), Status::ok);
        ASSERT_EQ(vc.send(rpc_pdu(10000)), Status::ok);
        ASSERT_EQ(vc.send(rpc_pdu(10000)), Status::ok);
        ends_with_a5(successor);
        EXPECT_FALSE(vc.is_recycling_in());
        EXPECT_EQ(goes(), 10000u);  // its own window, of 16 KiB, from the start
        EXPECT_EQ(goes(), 0u);
        // What the predecessor's proxy still has to say of that is no matter.
        ASSERT_EQ(acknowledge(sent + 1000, 65536), Status::ok);
        EXPECT_EQ(goes(), 0u);
        in_cookie = successor;
        EXPECT_EQ(acknowledge(10001, 16384), Status::protocol_error);
        EXPECT_EQ(acknowledge(10000, 16385), Status::protocol_error);
        ASSERT_EQ(acknowledge(10000, 16384), Status::ok);
        EXPECT_EQ(goes(), 10000u);
        ASSERT_EQ(acknowledge(20000, 16384), Status::ok);
        // On to the next: 16 KiB at a time.
        for (uint32_t sent_here = 20000; !vc.wants_in_channel(); sent_here += 5000) {
            ASSERT_EQ(vc.send(rpc_pdu(5000)), Status::ok);
            ASSERT_EQ(goes(), 5000u);
            ASSERT_EQ(acknowledge(sent_here + 5000, 16384), Status::ok);
            on_channel = sent_here + 5000;
        }
    }
}

TEST_F(Short, InChannelIsReplacedByOneAtTheSameProxy) {
    use_up();
    for (int times = 0; times < 5; ++times) {
        ASSERT_TRUE(vc.wants_in_channel());
        const Uuid successor = succeed_in();
        ASSERT_EQ(came(in_r2_a4), Status::ok);
        ends_with_a5(successor);
        in_cookie = successor;
        for (int i = 0; i < 14; ++i) ASSERT_EQ(vc.send(rpc_pdu(5000)), Status::ok);
        size_t all = 0;
        while (size_t some = goes()) all += some;
        EXPECT_EQ(all, 65000u);  // the window is as large as before, and all of it is free
        for (int i = 0; i < 30; ++i) ASSERT_EQ(vc.send_ping(), Status::ok);
        goes();
        EXPECT_LT(vc.lifetime_left(), lifetime / 2);
        EXPECT_FALSE(vc.wants_in_channel());  // nobody has said yet that it is known
        ASSERT_EQ(acknowledge(65000, 65536), Status::ok);
        EXPECT_EQ(goes(), 5000u);
        ASSERT_EQ(acknowledge(70000, 65536), Status::ok);
    }
}

TEST_F(Short, WhatDoesNotFitIntoTheChannelWaits) {
    const uint32_t sent = use_up();
    const Uuid successor = succeed_in();
    size_t all = 0;
    for (int i = 0; i < 40; ++i) {
        ASSERT_EQ(vc.send(rpc_pdu(5000)), Status::ok);
        all += goes();
        ASSERT_EQ(acknowledge(static_cast<uint32_t>(sent + all), 65536), Status::ok);
    }
    EXPECT_EQ(goes(), 0u);
    EXPECT_LE(in.size() + sent + all, lifetime);
    EXPECT_GT(in.size() + sent + all + 5000 + 4096, lifetime);
    // What this end has to say has a part of its own, and A5 too.
    size_t said = 0;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(vc.send_ping(), Status::ok);
        said += goes();
    }
    EXPECT_LE(in.size() + sent + all + said + rts::in_r1_a5_size, lifetime);
    EXPECT_GT(said, 3000u);
    ASSERT_EQ(came(in_r1_a4), Status::ok);
    ends_with_a5(successor);
    EXPECT_GT(goes(), 5000u);
}

TEST_F(Short, ALargePduBringsTheSuccessorEarly) {
    while (vc.lifetime_left() > lifetime / 2 + 1000) {
        ASSERT_EQ(vc.send(rpc_pdu(1000)), Status::ok);
        ASSERT_EQ(goes(), 1000u);
        ASSERT_EQ(acknowledge(static_cast<uint32_t>(vc.rpc_bytes_sent()), 65536), Status::ok);
    }
    EXPECT_FALSE(vc.wants_in_channel());
    ASSERT_EQ(vc.send(rpc_pdu(65400)), Status::ok);
    EXPECT_EQ(goes(), 0u);
    EXPECT_TRUE(vc.wants_in_channel());
    const Uuid successor = succeed_in();
    ASSERT_EQ(came(in_r2_a4), Status::ok);
    ends_with_a5(successor);
    EXPECT_EQ(goes(), 65400u);
}

TEST_F(Short, OutChannelIsReplacedByOneAtAnotherProxy) {
    for (int times = 0; times < 5; ++times) {
        const Uuid successor = succeed_out();
        ASSERT_EQ(came(rpc_pdu(3000)), Status::ok);
        ASSERT_EQ(came(out_r1_a6), Status::ok);
        a7_goes(successor, false);
        EXPECT_TRUE(end_of_request().empty());
        EXPECT_FALSE(vc.out_channel_ended());
        ASSERT_EQ(came(rpc_pdu(3000)), Status::ok);
        ASSERT_EQ(came(out_r1_a10), Status::ok);
        EXPECT_TRUE(vc.out_channel_ended());
        EXPECT_FALSE(vc.out_channel_ended());
        EXPECT_EQ(end_of_request(), rts_pdu(0, 1, {10}));  // A11
        EXPECT_TRUE(end_of_request().empty());
        EXPECT_FALSE(vc.is_recycling_out());
        out_cookie = successor;
        ASSERT_EQ(came(rpc_pdu(500)), Status::ok);
        EXPECT_EQ(vc.untaken(), 6500u);
        ASSERT_EQ(vc.taken(6500), Status::ok);
    }
    EXPECT_EQ(pdus.size(), 5 * 6500u);
}

TEST_F(Short, OutChannelIsReplacedByOneAtTheSameProxy) {
    for (int times = 0; times < 5; ++times) {
        const Uuid successor = succeed_out();
        ASSERT_EQ(came(out_r2_a6), Status::ok);
        a7_goes(successor, true);
        EXPECT_EQ(end_of_request(), rts_pdu(rts::flag::ping, 1, {7}));  // C1, which the proxy waits for beside the server's B1
        ASSERT_EQ(came(rpc_pdu(3000)), Status::ok);
        ASSERT_EQ(came(out_r2_b3), Status::ok);
        EXPECT_TRUE(vc.out_channel_ended());
        EXPECT_TRUE(end_of_request().empty());
        out_cookie = successor;
    }
    EXPECT_EQ(pdus.size(), 5 * 3000u);
}

TEST_F(Short, NothingBehindTheEndOfAnOutChannelIsTaken) {
    succeed_out();
    ASSERT_EQ(came(out_r2_a6), Status::ok);
    std::vector<uint8_t> bytes = rpc_pdu(100);
    bytes.insert(bytes.end(), out_r2_b3.begin(), out_r2_b3.end());
    bytes.insert(bytes.end(), {5, 0, 2, 3, 0x10, 0, 0});
    ASSERT_EQ(came(bytes), Status::ok);
    EXPECT_TRUE(vc.out_channel_ended());
    ASSERT_EQ(came(rpc_pdu(100)), Status::ok);  // the successor's
    EXPECT_EQ(pdus.size(), 200u);
}

TEST_F(Short, WindowsAndAcknowledgementsAreOfTheNewOutChannel) {
    for (int i = 0; i < 5; ++i) ASSERT_EQ(came(rpc_pdu(20000)), Status::ok);
    const Uuid successor = succeed_out();
    ASSERT_EQ(came(out_r1_a6), Status::ok);
    next();
    ASSERT_EQ(came(out_r1_a10), Status::ok);
    for (int i = 0; i < 7; ++i) ASSERT_EQ(came(rpc_pdu(20000)), Status::ok);
    EXPECT_EQ(vc.untaken(), 240000u);
    ASSERT_EQ(vc.taken(240000), Status::ok);
    const Buffer bytes = next();
    const rts::Pdu ack = parsed(bytes.view());
    EXPECT_EQ(ack.commands[1].cookie, successor);
    EXPECT_EQ(ack.commands[1].bytes_received, 140000u);
    EXPECT_EQ(ack.commands[1].available_window, VirtualConnection::receive_window);
}

TEST_F(Short, BothChannelsAtOnce) {
    use_up();
    const Uuid out_successor = succeed_out(), in_successor = succeed_in();
    ASSERT_EQ(came(out_r1_a6), Status::ok);
    ASSERT_EQ(came(in_r1_a4), Status::ok);
    ends_with_a5(in_successor);
    a7_goes(out_successor, false);  // by way of the successor
    ASSERT_EQ(came(out_r1_a10), Status::ok);
    EXPECT_TRUE(vc.out_channel_ended());
    EXPECT_EQ(end_of_request().size(), rts::out_r1_a11_size);
}

// Each of these is accepted in one state only (3.2.2.5.5 to 10).
TEST_F(Short, WhatIsOutOfOrderEndsIt) {
    enum { opened, asked, made, confirmed_r1, confirmed_r2 };
    struct {
        const std::vector<uint8_t>& pdu;
        std::vector<int> states;  // where it is accepted
    } const rows[] = {{out_a2, {opened}},        {out_r1_a6, {made}},           {out_r2_a6, {made}},
                      {out_r1_a10, {confirmed_r1}}, {out_r2_b3, {confirmed_r2}}, {in_r1_a4, {}}, {in_r2_a4, {}},
                      {conn_a3, {}}};
    for (auto& row : rows)
        for (int state = opened; state <= confirmed_r2; ++state) {
            VirtualConnection one;
            Buffer ignored;
            ASSERT_EQ(one.begin(lifetime), Status::ok);
            auto give = [&](const std::vector<uint8_t>& bytes) { return one.received(bytes, ignored); };
            ASSERT_EQ(give(conn_a3), Status::ok);
            ASSERT_EQ(give(conn_c2(65536)), Status::ok);
            if (state >= asked) ASSERT_EQ(give(out_a2), Status::ok);
            if (state >= made) ASSERT_EQ(one.succeed_out_channel(ignored), Status::ok);
            if (state == confirmed_r1) ASSERT_EQ(give(out_r1_a6), Status::ok);
            if (state == confirmed_r2) ASSERT_EQ(give(out_r2_a6), Status::ok);
            const bool accepted = std::find(row.states.begin(), row.states.end(), state) != row.states.end();
            EXPECT_EQ(give(row.pdu), accepted ? Status::ok : Status::protocol_error) << "row " << &row - rows << " state " << state;
        }
    use_up();
    succeed_in();
    ASSERT_EQ(came(in_r1_a4), Status::ok);
    EXPECT_EQ(came(in_r1_a4), Status::protocol_error);  // twice
}

TEST_F(Short, WhatIsForSomebodyElseEndsIt) {
    for (uint32_t other : {1u, 2u, 3u}) EXPECT_EQ(came(rts_pdu(rts::flag::recycle_channel, 1, {13, other})), Status::protocol_error);
}

TEST_F(Client, GarbageEndsIt) {
    open(65536);
    EXPECT_EQ(came({'H', 'T', 'T', 'P', '/', '1', '.', '0', ' ', '5', '0', '3'}), Status::protocol_error);
    EXPECT_EQ(came(rts_pdu(0, 1, {99})), Status::protocol_error);
}

}  // namespace
}  // namespace rpc::io
