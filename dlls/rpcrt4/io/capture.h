#pragma once
// What every transport carries, written down: RPCRT4_CAPTURE names a pcapng file that all PDUs of this process are appended
// to, those over pipes too; several processes may share one. Read by tshark and Wireshark without options: each connection is
// told as a TCP connection to port 135 over IPv4, this process's end having the address 127.x.y.z, x.y.z its id, the other
// end 127.0.0.1. Process, thread and binding are in each packet's comment. Off, a stream stays what it is.
// Sources: the pcapng specification (draft-ietf-opsawg-pcapng), RFC 791, RFC 9293.
#include "io/protocols.h"

namespace rpc::io {

enum class Side : uint8_t { client, server };

// The stream, its PDUs being written down from now on; itself where nothing is captured, or memory is out (logged). It is
// blocking still.
Ref<Stream> captured(Ref<Stream> stream, Side side, const Protocol& protocol, std::string_view network_address,
                     std::string_view endpoint);

// For tests: captures to `path` from now on, whatever the environment says.
void capture_to(const char* path);

}  // namespace rpc::io
