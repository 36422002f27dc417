#pragma once
// RTS PDUs: what the two ends and the proxies of a virtual connection of RPC over HTTP v2 tell each other between the PDUs that
// they carry. Pure functions of bytes; any thread. Sources: [MS-RPCH] 2.2.3 (the form), 2.2.4 (the PDUs), by whose names.
#include <initializer_list>

#include "base/bytes.h"
#include "base/uuid.h"
#include "wire/pdu.h"

namespace rpc::wire::rts {

constexpr uint8_t pdu_type = 20;
constexpr size_t header_size = 20;  // the common header, flags, number of commands
constexpr uint32_t version = 1;

namespace flag {
constexpr uint16_t none = 0, ping = 0x01, other_cmd = 0x02, recycle_channel = 0x04, in_channel = 0x08, out_channel = 0x10, eof = 0x20,
                   echo = 0x40;
}  // namespace flag

enum class CommandType : uint32_t {
    receive_window_size = 0,
    flow_control_ack = 1,
    connection_timeout = 2,
    cookie = 3,
    channel_lifetime = 4,
    client_keepalive = 5,
    version = 6,
    empty = 7,
    padding = 8,
    negative_ance = 9,
    ance = 10,
    client_address = 11,
    association_group_id = 12,
    destination = 13,
    ping_traffic_sent_notify = 14,
};

// Forward destinations.
enum class Destination : uint32_t { client = 0, in_proxy = 1, server = 2, out_proxy = 3 };

struct Command {
    CommandType type = CommandType::empty;
    uint32_t value = 0;             // of those that hold one number: sizes and lifetimes in bytes, times in milliseconds
    Uuid cookie;                    // of cookie, association_group_id, flow_control_ack
    uint32_t bytes_received = 0;    // of flow_control_ack
    uint32_t available_window = 0;  // of flow_control_ack
    ByteView bytes;                 // of padding and client_address (4 or 16), into the PDU
};

constexpr size_t max_commands = 16;  // the longest PDU of the specification has 8

struct Pdu {
    uint16_t flags = 0;
    size_t count = 0;
    Command commands[max_commands];

    // Whether it has these commands in this order and no others, empty and padding aside, which any may have between.
    bool has(std::initializer_list<CommandType> types) const;
    // The first command of the type, or null.
    const Command* find(CommandType type) const;
};

// Whether a PDU that was cut from a stream is an RTS PDU.
inline bool is_rts(ByteView pdu) { return pdu.size() > 2 && pdu[2] == pdu_type; }

// `raw` is exactly one PDU. Checked here once: the header as 2.2.3.6.1 demands it (whole, little-endian, no authentication,
// call_id 0), every command known and whole, nothing behind the last, numbers in the ranges of 2.2.3.5.
Parsed parse(ByteView raw, Pdu& out);

// ---- the PDUs that a client sends. Each appends one; on failure (out_of_memory) `out` is as it was. ----

constexpr size_t conn_a1_size = 76;

Status build_conn_a1(Buffer& out, const Uuid& connection, const Uuid& channel, uint32_t receive_window);
// `lifetime` is the content length of the IN channel, `keepalive` 0 (the default) or at least 60,000 ms.
Status build_conn_b1(Buffer& out, const Uuid& connection, const Uuid& channel, uint32_t lifetime, uint32_t keepalive,
                     const Uuid& association_group);
Status build_ping(Buffer& out);
// FlowControlAck with a destination (2.2.4.51): `received` bytes of PDUs came so far on the channel, which has room for `window` more.
Status build_flow_control_ack(Buffer& out, Destination to, const Uuid& channel, uint32_t received, uint32_t window);

// Of a channel that is replaced: its predecessor, its successor. Where the R1 and the R2 of a PDU look the same, one stands for both.
constexpr size_t in_r1_a1_size = 88, in_r1_a5_size = 40, out_r1_a3_size = 96, out_r1_a11_size = 24, out_r2_c1_size = 24;

Status build_in_r1_a1(Buffer& out, const Uuid& connection, const Uuid& predecessor, const Uuid& successor);
Status build_in_r1_a5(Buffer& out, const Uuid& successor);
Status build_out_r1_a3(Buffer& out, const Uuid& connection, const Uuid& predecessor, const Uuid& successor, uint32_t receive_window);
Status build_out_r1_a7(Buffer& out, const Uuid& successor);
Status build_out_r1_a11(Buffer& out);
Status build_out_r2_a7(Buffer& out, const Uuid& successor);
Status build_out_r2_c1(Buffer& out);

}  // namespace rpc::wire::rts
