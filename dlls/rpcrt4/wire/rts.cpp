#include "wire/rts.h"

#include "wire/pdu_build.h"

namespace rpc::wire::rts {
namespace {

constexpr uint32_t kib = 1024;
constexpr size_t address_padding = 12;

// [MS-RPCH] 2.2.3.5: what a number may be.
bool in_range(CommandType type, uint32_t value) {
    switch (type) {
        case CommandType::receive_window_size: return value >= 8 * kib && value <= 256 * kib;
        case CommandType::connection_timeout: return value >= 120000 && value <= 14400000;
        case CommandType::channel_lifetime: return value >= 128 * kib && value <= 0x80000000;
        case CommandType::client_keepalive: return value == 0 || value >= 60000;
        case CommandType::destination: return value <= static_cast<uint32_t>(Destination::out_proxy);
        default: return true;
    }
}

bool read_command(Reader& in, Command& c) {
    const uint32_t type = in.u32();
    if (type > static_cast<uint32_t>(CommandType::ping_traffic_sent_notify)) return false;
    c.type = static_cast<CommandType>(type);
    switch (c.type) {
        case CommandType::empty:
        case CommandType::negative_ance:
        case CommandType::ance:
            return in.ok();
        case CommandType::cookie:
        case CommandType::association_group_id:
            c.cookie = read_uuid(in);
            return in.ok();
        case CommandType::flow_control_ack:
            c.bytes_received = in.u32();
            c.available_window = in.u32();
            c.cookie = read_uuid(in);
            return in.ok();
        case CommandType::padding:
            c.bytes = in.bytes(in.u32());
            return in.ok();
        case CommandType::client_address: {
            const uint32_t family = in.u32();
            if (family > 1) return false;
            c.bytes = in.bytes(family == 0 ? 4 : 16);
            in.skip(address_padding);
            return in.ok();
        }
        default:
            c.value = in.u32();
            return in.ok() && in_range(c.type, c.value);
    }
}

class Builder {
public:
    Builder(Buffer& out, uint16_t flags, uint16_t commands) : pdu_(out, static_cast<PduType>(pdu_type), pfc::whole, 0) {
        pdu_.writer.u16(flags);
        pdu_.writer.u16(commands);
    }
    Builder& number(CommandType type, uint32_t value) {
        pdu_.writer.u32(static_cast<uint32_t>(type));
        pdu_.writer.u32(value);
        return *this;
    }
    Builder& uuid(CommandType type, const Uuid& value) {
        pdu_.writer.u32(static_cast<uint32_t>(type));
        write_uuid(pdu_.writer, value);
        return *this;
    }
    Builder& bare(CommandType type) {
        pdu_.writer.u32(static_cast<uint32_t>(type));
        return *this;
    }
    Builder& to(Destination where) { return number(CommandType::destination, static_cast<uint32_t>(where)); }
    Builder& ack(uint32_t received, uint32_t window, const Uuid& channel) {
        number(CommandType::flow_control_ack, received);
        pdu_.writer.u32(window);
        write_uuid(pdu_.writer, channel);
        return *this;
    }
    Status finish() { return pdu_.finish(); }

private:
    PduBuilder pdu_;
};

}  // namespace

bool Pdu::has(std::initializer_list<CommandType> types) const {
    auto wanted = types.begin();
    for (size_t i = 0; i < count; ++i) {
        const CommandType type = commands[i].type;
        if (type == CommandType::empty || type == CommandType::padding) continue;
        if (wanted == types.end() || *wanted != type) return false;
        ++wanted;
    }
    return wanted == types.end();
}

const Command* Pdu::find(CommandType type) const {
    for (size_t i = 0; i < count; ++i)
        if (commands[i].type == type) return &commands[i];
    return nullptr;
}

Parsed parse(ByteView raw, Pdu& out) {
    if (raw.size() < header_size) return Parsed::truncated;
    Reader in(raw);
    if (in.u8() != 5 || in.u8() != 0) return Parsed::bad_version;
    if (in.u8() != pdu_type) return Parsed::bad_type;
    const uint8_t flags = in.u8();
    if (in.u32() != 0x10) return Parsed::bad_drep;
    const uint16_t length = in.u16(), auth_length = in.u16();
    if (length != raw.size()) return Parsed::bad_length;
    if ((flags & pfc::whole) != pfc::whole || auth_length != 0 || in.u32() != 0) return Parsed::bad_body;
    out.flags = in.u16();
    out.count = in.u16();
    if (out.count > max_commands) return Parsed::bad_body;
    for (size_t i = 0; i < out.count; ++i) {
        out.commands[i] = {};
        if (!read_command(in, out.commands[i])) return Parsed::bad_body;
    }
    return in.remaining() == 0 ? Parsed::ok : Parsed::bad_length;
}

Status build_conn_a1(Buffer& out, const Uuid& connection, const Uuid& channel, uint32_t receive_window) {
    return Builder(out, flag::none, 4)
        .number(CommandType::version, version)
        .uuid(CommandType::cookie, connection)
        .uuid(CommandType::cookie, channel)
        .number(CommandType::receive_window_size, receive_window)
        .finish();
}

Status build_conn_b1(Buffer& out, const Uuid& connection, const Uuid& channel, uint32_t lifetime, uint32_t keepalive,
                     const Uuid& association_group) {
    return Builder(out, flag::none, 6)
        .number(CommandType::version, version)
        .uuid(CommandType::cookie, connection)
        .uuid(CommandType::cookie, channel)
        .number(CommandType::channel_lifetime, lifetime)
        .number(CommandType::client_keepalive, keepalive)
        .uuid(CommandType::association_group_id, association_group)
        .finish();
}

Status build_ping(Buffer& out) { return Builder(out, flag::ping, 0).finish(); }

Status build_flow_control_ack(Buffer& out, Destination to, const Uuid& channel, uint32_t received, uint32_t window) {
    return Builder(out, flag::other_cmd, 2)
        .to(to)
        .ack(received, window, channel)
        .finish();
}

Status build_in_r1_a1(Buffer& out, const Uuid& connection, const Uuid& predecessor, const Uuid& successor) {
    return Builder(out, flag::recycle_channel, 4)
        .number(CommandType::version, version)
        .uuid(CommandType::cookie, connection)
        .uuid(CommandType::cookie, predecessor)
        .uuid(CommandType::cookie, successor)
        .finish();
}

Status build_in_r1_a5(Buffer& out, const Uuid& successor) {
    return Builder(out, flag::none, 1).uuid(CommandType::cookie, successor).finish();
}

Status build_out_r1_a3(Buffer& out, const Uuid& connection, const Uuid& predecessor, const Uuid& successor, uint32_t receive_window) {
    return Builder(out, flag::recycle_channel, 5)
        .number(CommandType::version, version)
        .uuid(CommandType::cookie, connection)
        .uuid(CommandType::cookie, predecessor)
        .uuid(CommandType::cookie, successor)
        .number(CommandType::receive_window_size, receive_window)
        .finish();
}

Status build_out_r1_a7(Buffer& out, const Uuid& successor) {
    return Builder(out, flag::out_channel, 2).to(Destination::server).uuid(CommandType::cookie, successor).finish();
}

Status build_out_r1_a11(Buffer& out) { return Builder(out, flag::none, 1).bare(CommandType::ance).finish(); }

Status build_out_r2_a7(Buffer& out, const Uuid& successor) {
    return Builder(out, flag::out_channel, 3)
        .to(Destination::server)
        .uuid(CommandType::cookie, successor)
        .number(CommandType::version, version)
        .finish();
}

Status build_out_r2_c1(Buffer& out) { return Builder(out, flag::ping, 1).bare(CommandType::empty).finish(); }

}  // namespace rpc::wire::rts
