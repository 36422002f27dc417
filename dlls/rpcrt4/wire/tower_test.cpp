#include "wire/tower.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

constexpr SyntaxId epm{{0xE1AF8308, 0x5D1F, 0x11C9, {0x91, 0xA4, 0x08, 0x00, 0x2B, 0x14, 0xA0, 0xFA}}, 3, 0};

// By hand from C706 appendix L.
const std::string first_floors =
    "13 00 0d 08 83 af e1 1f 5d c9 11 91 a4 08 00 2b 14 a0 fa 03 00 02 00 00 00"
    "13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00 02 00 00 00";
const std::string tcp_hex = "05 00" + first_floors + "01 00 0b 02 00 00 00 01 00 07 02 00 c0 01 01 00 09 04 00 0a 00 00 02";
const std::string np_hex =
    "05 00" + first_floors +
    "01 00 0b 02 00 00 00 01 00 0f 07 00 5c 70 69 70 65 5c 00 01 00 11 05 00 68 6f 73 74 00";
const std::string lrpc_hex = "04 00" + first_floors + "01 00 0c 02 00 00 00 01 00 10 06 00 4c 52 50 43 31 00";

Tower tower(const char* protseq) {
    Tower t;
    t.interface_id = epm;
    t.transfer_syntax = ndr20;
    t.protocol = tower_protocol(protseq);
    EXPECT_NE(t.protocol, nullptr);
    return t;
}

TEST(Tower, Tcp) {
    Tower t = tower("ncacn_ip_tcp");
    ASSERT_TRUE(parse_port("49153", t.port));
    ASSERT_TRUE(parse_ipv4("10.0.0.2", t.ipv4));
    Buffer out;
    ASSERT_EQ(build_tower(out, t), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(tcp_hex));
    std::vector<uint8_t> raw = unhex(tcp_hex);
    Tower back;
    ASSERT_EQ(parse_tower(raw, back), Status::ok);
    EXPECT_STREQ(back.protocol->protseq, "ncacn_ip_tcp");
    EXPECT_EQ(back.interface_id, epm);
    EXPECT_EQ(back.transfer_syntax, ndr20);
    char text[16];
    EXPECT_EQ(tower_endpoint_text(back, text, sizeof text), 5u);
    EXPECT_STREQ(text, "49153");
    EXPECT_EQ(tower_host_text(back, text, sizeof text), 8u);
    EXPECT_STREQ(text, "10.0.0.2");
    EXPECT_EQ(tower_host_text(back, text, 8), 0u);  // does not fit
    EXPECT_STREQ(text, "");
}

TEST(Tower, NamedPipe) {
    Tower t = tower("NCACN_NP");
    t.endpoint = "\\pipe\\";
    t.host = "host";
    Buffer out;
    ASSERT_EQ(build_tower(out, t), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(np_hex));
    std::vector<uint8_t> raw = unhex(np_hex);
    Tower back;
    ASSERT_EQ(parse_tower(raw, back), Status::ok);
    EXPECT_STREQ(back.protocol->protseq, "ncacn_np");
    EXPECT_EQ(back.endpoint, "\\pipe\\");
    EXPECT_EQ(back.host, "host");
}

TEST(Tower, Lrpc) {
    Tower t = tower("ncalrpc");
    t.endpoint = "LRPC1";
    Buffer out;
    ASSERT_EQ(build_tower(out, t), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(lrpc_hex));
    std::vector<uint8_t> raw = unhex(lrpc_hex);
    Tower back;
    ASSERT_EQ(parse_tower(raw, back), Status::ok);
    EXPECT_STREQ(back.protocol->protseq, "ncalrpc");
    EXPECT_EQ(back.endpoint, "LRPC1");
    EXPECT_TRUE(back.host.empty());
}

TEST(Tower, ToleratesFloorsMoreOrLess) {
    // A fifth floor on ncalrpc, a text without its terminator, and none of the fifth on ncacn_ip_tcp.
    std::vector<uint8_t> raw =
        unhex("05 00" + first_floors + "01 00 0c 02 00 00 00 01 00 10 02 00 41 42 01 00 11 01 00 00");
    Tower t;
    ASSERT_EQ(parse_tower(raw, t), Status::ok);
    EXPECT_EQ(t.endpoint, "AB");
    raw = unhex("04 00" + first_floors + "01 00 0b 02 00 00 00 01 00 07 02 00 00 87");
    ASSERT_EQ(parse_tower(raw, t), Status::ok);
    EXPECT_EQ(t.port, 135);
    char text[16] = "x";
    EXPECT_EQ(tower_host_text(t, text, sizeof text), 7u);
    EXPECT_STREQ(text, "0.0.0.0");
    // As Wine's own library writes ncalrpc: five announced, four there.
    raw = unhex("05 00" + first_floors + "01 00 0c 02 00 00 00 01 00 10 06 00 4c 52 50 43 31 00");
    ASSERT_EQ(parse_tower(raw, t), Status::ok);
    EXPECT_EQ(t.endpoint, "LRPC1");
}

TEST(Tower, EmptyTextsAreTerminators) {
    Tower t = tower("ncacn_np");
    Buffer out;
    ASSERT_EQ(build_tower(out, t), Status::ok);
    Tower back;
    ASSERT_EQ(parse_tower(out.view(), back), Status::ok);
    EXPECT_TRUE(back.endpoint.empty());
    EXPECT_TRUE(back.host.empty());
}

TEST(Tower, UnknownProtocolIsNotGarbage) {
    std::vector<uint8_t> raw = unhex("05 00" + first_floors + "01 00 0b 02 00 00 00 01 00 13 02 00 00 00 01 00 14 00 00");
    Tower t;
    EXPECT_EQ(parse_tower(raw, t), Status::protseq_not_supported);
    EXPECT_EQ(tower_protocol("ncacn_spx"), nullptr);
    EXPECT_EQ(tower_protocol(""), nullptr);
    EXPECT_EQ(tower_protocol("ncacn_ip_tc"), nullptr);
}

TEST(Tower, EveryTruncationFails) {
    for (const std::string& text : {tcp_hex, np_hex, lrpc_hex}) {
        std::vector<uint8_t> whole = unhex(text);
        for (size_t n = 0; n < whole.size(); ++n) {
            std::vector<uint8_t> raw(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n));
            raw.shrink_to_fit();
            Tower t;
            EXPECT_EQ(parse_tower(raw, t), Status::invalid_arg) << text << " at " << n;
        }
    }
}

TEST(Tower, OddFloorsFail) {
    struct Case {
        size_t at;
        uint8_t value;
    };
    // Floor count; lengths and identifiers of floors 1, 2; the port's and the address' length.
    for (const Case& c : {Case{0, 0}, Case{0, 2}, Case{2, 18}, Case{4, 0x0E}, Case{23, 1}, Case{27, 0xFF}, Case{29, 0x0B},
                          Case{62, 1}, Case{69, 3}}) {
        std::vector<uint8_t> raw = unhex(tcp_hex);
        raw[c.at] = c.value;
        Tower t;
        EXPECT_EQ(parse_tower(raw, t), Status::invalid_arg) << c.at;
    }
}

TEST(Tower, RefusedMemoryIsUndone) {
    Tower t = tower("ncacn_np");
    std::string endpoint(500, 'e');
    t.endpoint = endpoint;
    long n = 1;
    for (;; ++n) {
        Buffer out;
        ASSERT_TRUE(out.append(unhex("0102")));
        mem_fail_nth(n);
        Status s = build_tower(out, t);
        mem_fail_nth(0);
        if (s == Status::ok) break;
        ASSERT_EQ(s, Status::out_of_memory);
        ASSERT_EQ(hex(out.view()), "0102");
    }
    EXPECT_GT(n, 1);
}

TEST(Tower, TooLongATextIsRefused) {
    Tower t = tower("ncalrpc");
    std::string endpoint(0xFFFF, 'e');
    t.endpoint = endpoint;
    Buffer out;
    EXPECT_EQ(build_tower(out, t), Status::invalid_arg);
    endpoint.pop_back();
    t.endpoint = endpoint;
    ASSERT_EQ(build_tower(out, t), Status::ok);
    Tower back;
    ASSERT_EQ(parse_tower(out.view(), back), Status::ok);
    EXPECT_EQ(back.endpoint, endpoint);
    t.protocol = nullptr;
    EXPECT_EQ(build_tower(out, t), Status::invalid_arg);
}

TEST(Tower, PortsAndAddressesInText) {
    uint16_t port = 9;
    for (const char* bad : {"", "65536", "-1", "12a", " 1", "000000", "99999"}) EXPECT_FALSE(parse_port(bad, port)) << bad;
    EXPECT_TRUE(parse_port("0", port));
    EXPECT_TRUE(parse_port("65535", port));
    EXPECT_EQ(port, 65535);
    uint8_t ip[4] = {9, 9, 9, 9};
    for (const char* bad : {"1", "1.2.3", "1.2.3.4.", "1.2.3.256", "1.2.3.4.5", "1..2.3", "host", "1.2.3.1234", " 1.2.3.4"})
        EXPECT_FALSE(parse_ipv4(bad, ip)) << bad;
    EXPECT_TRUE(parse_ipv4("255.254.0.1", ip));
    EXPECT_EQ(hex(ip), "fffe0001");
    EXPECT_TRUE(parse_ipv4("", ip));
    EXPECT_EQ(hex(ip), "00000000");
}

}  // namespace
}  // namespace rpc::wire
