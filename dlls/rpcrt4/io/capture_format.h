#pragma once
// The blocks of a pcapng file, and the packets in them. Pure functions of bytes.
#include "base/bytes.h"
#include "base/str.h"

namespace rpc::io::capture {

// What a file, or a process's part of one, begins with: a section of raw IPv4 packets, times in units of 100 ns. False when
// memory is out.
[[nodiscard]] bool write_section(Buffer& out);

// One connection as a conversation of TCP segments. Not thread-safe.
class Connection {
public:
    Connection(uint32_t process, uint32_t number, bool we_are_client)
        : process_(process), port_(static_cast<uint16_t>(49152 + number % 16384)), we_are_client_(we_are_client) {}
    // What each packet's comment says beside process and thread. False when memory is out.
    [[nodiscard]] bool describe(std::string_view binding) { return binding_.assign(binding); }
    // The blocks of one PDU; a long one takes two packets. `time` is a FILETIME. False when memory is out.
    [[nodiscard]] bool write_pdu(Buffer& out, ByteView pdu, bool outgoing, uint64_t time, uint32_t thread);

private:
    [[nodiscard]] bool write_packet(Buffer& out, ByteView data, bool outgoing, uint64_t time, std::string_view comment);

    uint32_t process_;
    uint16_t port_;  // the client's; the server's is 135
    bool we_are_client_;
    uint32_t sent_ = 1, received_ = 1;  // sequence numbers
    Str binding_;
};

}  // namespace rpc::io::capture
