#pragma once
// Protocol towers: interface, transfer syntax and address of a server in the form that the endpoint mapper stores.
// Integers in towers are little-endian whatever the drep, ports and IP addresses big-endian. Sources: C706 appendices I
// and L, [MS-RPCE] 2.1.1.
#include <string_view>

#include "base/bytes.h"
#include "wire/syntax.h"

namespace rpc::wire {

// Protocol identifiers of floors, C706 appendix I; smb and lrpc as Windows uses them ([MS-RPCE] 2.1.1.2).
namespace floor_id {
constexpr uint8_t tcp = 0x07;
constexpr uint8_t udp = 0x08;
constexpr uint8_t ip = 0x09;
constexpr uint8_t connectionless = 0x0A;
constexpr uint8_t connection_oriented = 0x0B;
constexpr uint8_t lrpc = 0x0C;
constexpr uint8_t uuid = 0x0D;
constexpr uint8_t smb = 0x0F;
constexpr uint8_t named_pipe = 0x10;
constexpr uint8_t netbios = 0x11;
constexpr uint8_t http = 0x1F;
}  // namespace floor_id

// How one protocol sequence looks from floor 3 up.
struct TowerProtocol {
    const char* protseq;
    uint8_t rpc;          // floor 3
    uint8_t endpoint;     // floor 4
    uint8_t host;         // floor 5; 0: there is none
    bool endpoint_is_port;  // two bytes; else terminated text
    bool host_is_ipv4;      // four bytes; else terminated text
};
// Null when towers of that protocol sequence are not known. Case does not matter.
const TowerProtocol* tower_protocol(std::string_view protseq);

struct Tower {
    SyntaxId interface_id;
    SyntaxId transfer_syntax;
    const TowerProtocol* protocol = nullptr;
    uint16_t port = 0;               // where the endpoint is a port
    std::string_view endpoint;       // else, up to its terminator
    uint8_t ipv4[4] = {};            // where the host is one
    std::string_view host;           // else
};

// Reads a tower_octet_string. `out` points into it. Floors behind those that the protocol has are ignored; a missing fifth
// is an empty host (0.0.0.0). invalid_arg: the bytes are no tower; protseq_not_supported: they are, of a
// protocol sequence not known here.
Status parse_tower(ByteView octets, Tower& out);

// Appends the octets to `out`. invalid_arg: no protocol, or a text longer than 65534 bytes; out_of_memory.
// On failure `out` is as it was.
Status build_tower(Buffer& out, const Tower& tower);

// The endpoint as string bindings spell it, terminated; its length, or 0 when it is empty or does not fit. Port 0, which
// stands for none, is "0".
size_t tower_endpoint_text(const Tower& tower, char* out, size_t capacity);
// The same for the host: dotted IPv4 or the name.
size_t tower_host_text(const Tower& tower, char* out, size_t capacity);
// Reads a port in decimal digits (0..65535), the whole of `text`.
[[nodiscard]] bool parse_port(std::string_view text, uint16_t& port);
// Reads a dotted IPv4 address, the whole of `text`; empty text is 0.0.0.0.
[[nodiscard]] bool parse_ipv4(std::string_view text, uint8_t (&out)[4]);

}  // namespace rpc::wire
