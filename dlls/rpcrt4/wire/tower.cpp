#include "wire/tower.h"

#include <cstdio>

#include "wire/pdu.h"
#include "wire/pdu_build.h"

namespace rpc::wire {
namespace {

constexpr TowerProtocol protocols[] = {
    {"ncacn_ip_tcp", floor_id::connection_oriented, floor_id::tcp, floor_id::ip, true, true},
    {"ncacn_np", floor_id::connection_oriented, floor_id::smb, floor_id::netbios, false, false},
    {"ncalrpc", floor_id::lrpc, floor_id::named_pipe, 0, false, false},
    {"ncacn_http", floor_id::connection_oriented, floor_id::http, floor_id::ip, true, true},
    {"ncadg_ip_udp", floor_id::connectionless, floor_id::udp, floor_id::ip, true, true},
};

struct Floor {
    ByteView left;   // protocol identifier and its data
    ByteView right;  // related or address data
};

Floor read_floor(Reader& in) {
    Floor f;
    f.left = in.bytes(in.u16());
    f.right = in.bytes(in.u16());
    return f;
}

// Floors 1 and 2: 0D, UUID, major version; minor version on the right.
bool syntax_of(const Floor& floor, SyntaxId& out) {
    Reader left(floor.left);
    Reader right(floor.right);
    uint8_t id = left.u8();
    out.uuid = read_uuid(left);
    out.major = left.u16();
    out.minor = right.u16();
    return left.ok() && right.ok() && id == floor_id::uuid;
}

std::string_view text_of(ByteView bytes) {
    size_t length = 0;
    while (length < bytes.size() && bytes[length] != 0) ++length;
    return {reinterpret_cast<const char*>(bytes.data()), length};
}

void write_id(Writer& w, uint8_t id) {
    w.u16(1);
    w.u8(id);
}

void write_syntax_floor(Writer& w, const SyntaxId& syntax) {
    w.u16(19);
    w.u8(floor_id::uuid);
    write_uuid(w, syntax.uuid);
    w.u16(syntax.major);
    w.u16(2);
    w.u16(syntax.minor);
}

void write_text_floor(Writer& w, uint8_t id, std::string_view text) {
    write_id(w, id);
    w.u16(static_cast<uint16_t>(text.size() + 1));
    w.bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    w.u8(0);
}

size_t copy_text(std::string_view text, char* out, size_t capacity) {
    if (capacity == 0) return 0;
    size_t length = text.size() < capacity ? text.size() : 0;
    if (length != 0) std::memcpy(out, text.data(), length);
    out[length] = 0;
    return length;
}

Status read_address(Reader& in, size_t floors, const Floor& endpoint, Tower& out) {
    Reader right(endpoint.right);
    if (out.protocol->endpoint_is_port) {
        right.set_big_endian(true);
        out.port = right.u16();
        if (!right.ok()) return Status::invalid_arg;
    } else {
        out.endpoint = text_of(endpoint.right);
    }
    // Some towers of ncalrpc announce five floors and have four.
    if (floors < 5 || out.protocol->host == 0) return Status::ok;
    Floor host = read_floor(in);
    if (!in.ok() || host.left.empty()) return Status::invalid_arg;
    if (host.left[0] != out.protocol->host) return Status::ok;
    if (!out.protocol->host_is_ipv4) {
        out.host = text_of(host.right);
    } else if (host.right.size() >= sizeof out.ipv4) {
        std::memcpy(out.ipv4, host.right.data(), sizeof out.ipv4);
    } else {
        return Status::invalid_arg;
    }
    return Status::ok;
}

}  // namespace

const TowerProtocol* tower_protocol(std::string_view protseq) {
    for (const TowerProtocol& p : protocols) {
        std::string_view name = p.protseq;
        bool same = name.size() == protseq.size();
        for (size_t i = 0; same && i < name.size(); ++i) {
            char c = protseq[i];
            same = name[i] == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        if (same) return &p;
    }
    return nullptr;
}

Status parse_tower(ByteView octets, Tower& out) {
    out = Tower();
    Reader in(octets);
    size_t floors = in.u16();
    if (!in.ok() || floors < 3) return Status::invalid_arg;
    Floor first = read_floor(in);
    Floor second = read_floor(in);
    Floor third = read_floor(in);
    if (!in.ok() || !syntax_of(first, out.interface_id) || !syntax_of(second, out.transfer_syntax) || third.left.empty())
        return Status::invalid_arg;
    if (floors < 4) return Status::protseq_not_supported;
    Floor fourth = read_floor(in);
    if (!in.ok() || fourth.left.empty()) return Status::invalid_arg;
    for (const TowerProtocol& p : protocols)
        if (p.rpc == third.left[0] && p.endpoint == fourth.left[0]) out.protocol = &p;
    return out.protocol ? read_address(in, floors, fourth, out) : Status::protseq_not_supported;
}

Status build_tower(Buffer& out, const Tower& tower) {
    constexpr size_t longest = 0xFFFE;
    if (!tower.protocol || tower.endpoint.size() > longest || tower.host.size() > longest) return Status::invalid_arg;
    const TowerProtocol& p = *tower.protocol;
    size_t start = out.size();
    Writer w(out);
    w.u16(p.host != 0 ? 5 : 4);
    write_syntax_floor(w, tower.interface_id);
    write_syntax_floor(w, tower.transfer_syntax);
    write_id(w, p.rpc);
    w.u16(2);  // the protocol's minor version, 0
    w.u16(0);
    if (p.endpoint_is_port) {
        write_id(w, p.endpoint);
        w.u16(2);
        w.u8(static_cast<uint8_t>(tower.port >> 8));
        w.u8(static_cast<uint8_t>(tower.port));
    } else {
        write_text_floor(w, p.endpoint, tower.endpoint);
    }
    if (p.host != 0 && p.host_is_ipv4) {
        write_id(w, p.host);
        w.u16(sizeof tower.ipv4);
        w.bytes(tower.ipv4);
    } else if (p.host != 0) {
        write_text_floor(w, p.host, tower.host);
    }
    if (w.ok()) return Status::ok;
    PduBuilder::truncate(out, start);
    return Status::out_of_memory;
}

size_t tower_endpoint_text(const Tower& tower, char* out, size_t capacity) {
    if (!tower.protocol || !tower.protocol->endpoint_is_port) return copy_text(tower.endpoint, out, capacity);
    char text[8];
    int length = snprintf(text, sizeof text, "%u", unsigned{tower.port});
    return copy_text({text, static_cast<size_t>(length)}, out, capacity);
}

size_t tower_host_text(const Tower& tower, char* out, size_t capacity) {
    if (!tower.protocol || !tower.protocol->host_is_ipv4) return copy_text(tower.host, out, capacity);
    const uint8_t* ip = tower.ipv4;
    char text[16];
    int length = snprintf(text, sizeof text, "%u.%u.%u.%u", unsigned{ip[0]}, unsigned{ip[1]}, unsigned{ip[2]},
                          unsigned{ip[3]});
    return copy_text({text, static_cast<size_t>(length)}, out, capacity);
}

bool parse_port(std::string_view text, uint16_t& port) {
    port = 0;
    if (text.empty() || text.size() > 5) return false;
    uint32_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return false;
        value = value * 10 + static_cast<uint32_t>(c - '0');
    }
    if (value > UINT16_MAX) return false;
    port = static_cast<uint16_t>(value);
    return true;
}

bool parse_ipv4(std::string_view text, uint8_t (&out)[4]) {
    std::memset(out, 0, sizeof out);
    if (text.empty()) return true;
    uint8_t parts[4];
    for (int i = 0; i < 4; ++i) {
        size_t length = 0;
        unsigned value = 0;
        while (length < text.size() && length < 3 && text[length] >= '0' && text[length] <= '9')
            value = value * 10 + static_cast<unsigned>(text[length++] - '0');
        if (length == 0 || value > 255) return false;
        parts[i] = static_cast<uint8_t>(value);
        text.remove_prefix(length);
        if (i == 3) break;
        if (text.empty() || text[0] != '.') return false;
        text.remove_prefix(1);
    }
    if (!text.empty()) return false;
    std::memcpy(out, parts, sizeof out);
    return true;
}

}  // namespace rpc::wire
