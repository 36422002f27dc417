#include "io/capture_format.h"

#include <algorithm>
#include <cstdio>

namespace rpc::io::capture {
namespace {

constexpr uint32_t section_header = 0x0A0D0D0A, interface_description = 1, enhanced_packet = 6;
constexpr uint32_t byte_order_magic = 0x1A2B3C4D;
constexpr uint16_t link_raw_ipv4 = 228;  // LINKTYPE_IPV4
constexpr uint16_t option_end = 0, option_comment = 1, option_flags = 2, option_time_resolution = 9;
constexpr uint8_t hundred_nanoseconds = 7;                     // 10 to the -7
constexpr uint64_t unix_epoch = 116444736000000000;            // as a FILETIME
constexpr uint16_t server_port = 135;                          // registered for DCE/RPC: dissectors need no other hint
constexpr size_t ip_header = 20, tcp_header = 20;
constexpr size_t most_in_packet = 0xFFFF - ip_header - tcp_header;

void big16(Writer& w, uint16_t v) { w.u8(static_cast<uint8_t>(v >> 8)), w.u8(static_cast<uint8_t>(v)); }
void big32(Writer& w, uint32_t v) { big16(w, static_cast<uint16_t>(v >> 16)), big16(w, static_cast<uint16_t>(v)); }

void option(Writer& w, uint16_t code, ByteView value) {
    w.u16(code);
    w.u16(static_cast<uint16_t>(value.size()));
    w.bytes(value);
    w.zeros((0 - value.size()) & 3);
}

// A block that `body` writes the inside of; its length stands before and behind it.
template <class F>
bool block(Buffer& out, uint32_t type, F&& body) {
    Writer w(out);
    const size_t start = out.size();
    w.u32(type);
    w.u32(0);
    body(w);
    const auto length = static_cast<uint32_t>(out.size() - start + 4);
    w.u32(length);
    w.patch_u32(start + 4, length);
    return w.ok();
}

struct End {
    uint32_t address;
    uint16_t port;
};

uint16_t ip_checksum(ByteView header) {
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < header.size(); i += 2) sum += static_cast<uint32_t>(header[i] << 8 | header[i + 1]);
    while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

void segment(Writer& w, Buffer& out, End from, End to, uint32_t sequence, uint32_t acknowledged, ByteView data) {
    const size_t start = out.size();
    big16(w, 0x4500);  // version 4, five words
    big16(w, static_cast<uint16_t>(ip_header + tcp_header + data.size()));
    big16(w, static_cast<uint16_t>(sequence));
    big16(w, 0x4000);  // do not fragment
    big16(w, 0x4006);  // 64 hops, TCP
    big16(w, 0);
    big32(w, from.address);
    big32(w, to.address);
    if (w.ok()) {
        const uint16_t sum = ip_checksum(out.view().subspan(start, ip_header));
        w.patch_u16(start + 10, static_cast<uint16_t>(sum >> 8 | sum << 8));
    }
    big16(w, from.port);
    big16(w, to.port);
    big32(w, sequence);
    big32(w, acknowledged);
    big16(w, 0x5018);  // five words, PSH and ACK
    big16(w, 0xFFFF);
    big32(w, 0);  // no checksum, as where a network card adds it
    w.bytes(data);
}

}  // namespace

bool write_section(Buffer& out) {
    return block(out, section_header,
                 [](Writer& w) {
                     w.u32(byte_order_magic);
                     w.u16(1);
                     w.u16(0);
                     w.u64(UINT64_MAX);  // of unknown length
                 }) &&
           block(out, interface_description, [](Writer& w) {
               w.u16(link_raw_ipv4);
               w.u16(0);
               w.u32(0);
               option(w, option_time_resolution, {&hundred_nanoseconds, 1});
               option(w, option_end, {});
           });
}

bool Connection::write_pdu(Buffer& out, ByteView pdu, bool outgoing, uint64_t time, uint32_t thread) {
    char comment[320];
    const int n = std::snprintf(comment, sizeof comment, "process %u, thread %u, %s", process_, thread, binding_.c_str());
    const std::string_view text(comment, std::min<size_t>(static_cast<size_t>(std::max(n, 0)), sizeof comment - 1));
    do {
        const size_t now = std::min(pdu.size(), most_in_packet);
        if (!write_packet(out, pdu.first(now), outgoing, time, text)) return false;
        pdu = pdu.subspan(now);
    } while (!pdu.empty());
    return true;
}

bool Connection::write_packet(Buffer& out, ByteView data, bool outgoing, uint64_t time, std::string_view comment) {
    const End us{0x7F000000 | (process_ & 0xFFFFFF), we_are_client_ ? port_ : server_port};
    const End them{0x7F000001, we_are_client_ ? server_port : port_};
    uint32_t& sequence = outgoing ? sent_ : received_;
    const uint32_t acknowledged = outgoing ? received_ : sent_;
    const uint64_t since_epoch = time - unix_epoch;
    const auto size = static_cast<uint32_t>(ip_header + tcp_header + data.size());
    const uint8_t direction[4] = {static_cast<uint8_t>(outgoing ? 2 : 1), 0, 0, 0};
    const bool done = block(out, enhanced_packet, [&](Writer& w) {
        w.u32(0);  // the section's only interface
        w.u32(static_cast<uint32_t>(since_epoch >> 32));
        w.u32(static_cast<uint32_t>(since_epoch));
        w.u32(size);
        w.u32(size);
        segment(w, out, outgoing ? us : them, outgoing ? them : us, sequence, acknowledged, data);
        w.zeros((0 - size) & 3);
        option(w, option_comment, {reinterpret_cast<const uint8_t*>(comment.data()), comment.size()});
        option(w, option_flags, direction);
        option(w, option_end, {});
    });
    sequence += static_cast<uint32_t>(data.size());
    return done;
}

}  // namespace rpc::io::capture
