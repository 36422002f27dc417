#include "io/capture.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "io/capture_format.h"
#include "io/loopback.h"

namespace rpc::io {
namespace {

// A PDU of `size` bytes: a response with that many.
std::string pdu(size_t size, char fill = 'x') {
    std::string p(size, fill);
    const uint8_t head[16] = {5, 0, 2, 3, 0x10, 0, 0, 0, static_cast<uint8_t>(size), static_cast<uint8_t>(size >> 8)};
    p.replace(0, sizeof head, reinterpret_cast<const char*>(head), sizeof head);
    return p;
}
ByteView view(std::string_view s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

struct Packet {
    std::string from, to, data, comment;
    uint16_t from_port, to_port;
    uint32_t sequence;
    uint32_t flags = 0;
};

// Reads a capture as its specification has it; a failed expectation for everything else.
std::vector<Packet> parse(ByteView file) {
    std::vector<Packet> packets;
    Reader r(file);
    int sections = 0;
    while (r.remaining() != 0 && r.ok()) {
        const uint32_t type = r.u32(), length = r.u32();
        if (length < 12 || length % 4 != 0 || length - 8 > r.remaining()) return ADD_FAILURE() << "length", packets;
        Reader b(r.bytes(length - 12));
        EXPECT_EQ(r.u32(), length);
        if (type == 0x0A0D0D0A) {
            EXPECT_EQ(b.u32(), 0x1A2B3C4Du);
            ++sections;
        } else if (type == 1) {
            EXPECT_EQ(b.u16(), 228);
        } else if (type == 6) {
            EXPECT_EQ(b.u32(), 0u);
            b.skip(8);
            const uint32_t size = b.u32();
            EXPECT_EQ(b.u32(), size);
            Reader p(b.bytes(size), true);
            Packet packet;
            EXPECT_EQ(p.u16(), 0x4500);
            EXPECT_EQ(p.u16(), size);
            p.skip(8);
            packet.from = std::to_string(p.u32());
            packet.to = std::to_string(p.u32());
            packet.from_port = p.u16();
            packet.to_port = p.u16();
            packet.sequence = p.u32();
            p.skip(12);
            const ByteView data = p.rest();
            packet.data.assign(data.begin(), data.end());
            b.skip((0 - size) & 3);
            for (uint16_t code = 1; code != 0 && b.ok();) {
                code = b.u16();
                const uint16_t n = b.u16();
                const ByteView value = b.bytes(n);
                b.skip((0 - size_t{n}) & 3);
                if (code == 1) packet.comment.assign(value.begin(), value.end());
                if (code == 2) packet.flags = value[0];
            }
            EXPECT_TRUE(b.ok() && b.remaining() == 0);
            packets.push_back(packet);
        } else {
            ADD_FAILURE() << "block " << type;
        }
    }
    EXPECT_TRUE(r.ok());
    EXPECT_GE(sections, 1);
    return packets;
}

TEST(CaptureFormat, AConversation) {
    Buffer out;
    ASSERT_TRUE(capture::write_section(out));
    capture::Connection c(0x010203, 5, true);
    ASSERT_TRUE(c.describe("client of ncalrpc:[x]"));
    ASSERT_TRUE(c.write_pdu(out, view("question"), true, 133000000000000000, 7));
    ASSERT_TRUE(c.write_pdu(out, view("answer"), false, 133000000000000001, 7));
    ASSERT_TRUE(c.write_pdu(out, view("more"), true, 133000000000000002, 8));
    auto packets = parse(out.view());
    ASSERT_EQ(packets.size(), 3u);
    EXPECT_EQ(packets[0].data, "question");
    EXPECT_EQ(packets[0].from, std::to_string(0x7F010203));
    EXPECT_EQ(packets[0].to, std::to_string(0x7F000001));
    EXPECT_EQ(packets[0].from_port, 49157);
    EXPECT_EQ(packets[0].to_port, 135);
    EXPECT_EQ(packets[0].flags, 2u);
    EXPECT_EQ(packets[0].comment, "process 66051, thread 7, client of ncalrpc:[x]");
    EXPECT_EQ(packets[1].data, "answer");
    EXPECT_EQ(packets[1].from_port, 135);
    EXPECT_EQ(packets[1].flags, 1u);
    EXPECT_EQ(packets[2].sequence, packets[0].sequence + 8);
    EXPECT_EQ(packets[2].comment, "process 66051, thread 8, client of ncalrpc:[x]");
}

TEST(CaptureFormat, TheLongestPduTakesTwoPackets) {
    Buffer out;
    ASSERT_TRUE(capture::write_section(out));
    capture::Connection c(1, 0, false);
    const std::string longest(0xFFFF, 'l');
    ASSERT_TRUE(c.write_pdu(out, view(longest), true, 133000000000000000, 7));
    auto packets = parse(out.view());
    ASSERT_EQ(packets.size(), 2u);
    EXPECT_EQ(packets[0].data + packets[1].data, longest);
    EXPECT_EQ(packets[0].from_port, 135);
    EXPECT_EQ(packets[1].sequence, packets[0].sequence + packets[0].data.size());
}

TEST(Capture, WholePdusOfBothDirections) {
    const std::string path = testing::TempDir() + "capture_test.pcapng";
    std::remove(path.c_str());
    capture_to(path.c_str());
    Ref<Stream> near, far;
    ASSERT_EQ(loopback_pair(near, far), Status::ok);
    Ref<Stream> stream = captured(near, Side::client, *find_protocol("ncalrpc"), "", "here");
    ASSERT_NE(stream.get(), near.get());

    const std::string question = pdu(100, 'q'), answer = pdu(300, 'a');
    const ByteView halves[] = {view(question).first(30), view(question).subspan(30)};
    ASSERT_EQ(stream->write(halves), Status::ok);
    const ByteView whole[] = {view(answer)};
    ASSERT_EQ(far->write(whole), Status::ok);
    for (size_t had = 0; had < answer.size();) {
        uint8_t some[70];
        size_t got = 0;
        ASSERT_EQ(stream->read(some, got, 10000), Status::ok);
        ASSERT_NE(got, 0u);
        had += got;
    }
    ASSERT_EQ(stream->write(whole), Status::ok);
    const ByteView garbage[] = {view("no PDU begins like this")};
    ASSERT_EQ(stream->write(garbage), Status::ok);

    std::ifstream in(path, std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(in), {}};
    auto packets = parse(view(file));
    ASSERT_EQ(packets.size(), 4u);
    EXPECT_EQ(packets[0].data, question);
    EXPECT_EQ(packets[1].data, answer);
    EXPECT_EQ(packets[1].flags, 1u);
    EXPECT_EQ(packets[2].data, answer);
    EXPECT_EQ(packets[3].data, "no PDU begins like this");
    EXPECT_NE(packets[0].comment.find("client of ncalrpc:[here]"), std::string::npos);
    EXPECT_TRUE(stream->alive());
    stream->close();
    EXPECT_FALSE(stream->alive());
    std::remove(path.c_str());
}

}  // namespace
}  // namespace rpc::io
