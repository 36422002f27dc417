// Any bytes as a tower: what parses is built and parsed again to the same address.
#include <cstdlib>
#include <string>

#include "wire/tower.h"

using namespace rpc;
using namespace rpc::wire;

namespace {
void check(bool holds) {
    if (!holds) abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Tower tower;
    if (parse_tower({data, size}, tower) == Status::ok) {
        Buffer out;
        Status s = build_tower(out, tower);
        if (s == Status::ok) {
            Tower back;
            check(parse_tower(out.view(), back) == Status::ok);
            check(back.protocol == tower.protocol && back.port == tower.port && back.endpoint == tower.endpoint);
            check(back.host == tower.host && !std::memcmp(back.ipv4, tower.ipv4, 4));
            check(back.interface_id == tower.interface_id && back.transfer_syntax == tower.transfer_syntax);
        } else {  // a text of 65535 bytes has no room for its terminator
            check(s == Status::invalid_arg && (tower.endpoint.size() == 0xFFFF || tower.host.size() == 0xFFFF));
        }
        char text[64];
        size_t n = tower_endpoint_text(tower, text, sizeof text);
        check(n < sizeof text && text[n] == 0);
        uint16_t port = 0;
        if (tower.protocol->endpoint_is_port && n != 0) check(parse_port({text, n}, port) && port == tower.port);
        n = tower_host_text(tower, text, sizeof text);
        check(n < sizeof text && text[n] == 0);
        uint8_t ip[4];
        if (tower.protocol->host_is_ipv4) check(parse_ipv4({text, n}, ip) && !std::memcmp(ip, tower.ipv4, 4));
    }
    uint16_t port;
    uint8_t ip[4];
    std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_port(text, port);
    (void)parse_ipv4(text, ip);
    return 0;
}
