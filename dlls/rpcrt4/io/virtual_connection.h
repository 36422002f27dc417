#pragma once
// The client's end of a virtual connection of RPC over HTTP v2, apart from HTTP: what goes out on the IN channel and what came on the
// OUT channel, with flow control, keep-alive and the channel's lifetime. A pure function of bytes; the transport
// (io/http_win.cpp) carries them and serialises the calls. Sources: [MS-RPCH] 3.2.1.1.5, 3.2.1.4.1, 3.2.2.
#include "wire/pdu_splitter.h"
#include "wire/rts.h"

namespace rpc::io {

class VirtualConnection {
public:
    // 256 KiB: the largest there may be.
    static constexpr uint32_t receive_window = 256 * 1024;
    // Content length of the IN channel: the largest there may be, 2 GiB, less one, since some read it as a signed number.
    static constexpr uint32_t in_channel_lifetime = 0x7fffffff;

    // Chooses the cookies. out_of_resources: the system has no random bytes.
    Status begin();
    // The first PDU of either channel, CONN/A1 and CONN/B1, appended.
    Status open_out_channel(Buffer& out);
    Status open_in_channel(Buffer& out);

    // What the OUT channel brought. Its RPC PDUs are appended to `pdus`; what was for this end is dealt with. protocol_error:
    // the peer is none of this protocol; out_of_memory. The connection is over then.
    Status received(ByteView bytes, Buffer& pdus);
    // CONN/C2 came: the server is there.
    bool is_open() const { return state_ == State::open; }
    // `size` bytes of what came in were taken: there is room again.
    Status taken(size_t size);
    // RPC bytes that came and were not taken. The sender should keep this below the window.
    uint32_t untaken() const { return window_used_; }

    // Whole PDUs, or the pieces of one, to go out in order; kept until next() gives them out. out_of_memory.
    Status send(ByteView bytes);
    Status send_ping();
    // What may go out on the IN channel now, appended: what this end has to say, then PDUs as the peer has room. call_failed: the
    // channel's lifetime is over. At most about `size` bytes, but a whole PDU.
    Status next(Buffer& out, size_t size);
    // Bytes given to send() that next() has not given out.
    size_t unsent() const { return queue_.size() - queue_used_; }
    // Bytes of send() that next() has given out since the beginning.
    uint64_t rpc_bytes_sent() const { return rpc_sent_; }
    // How much more the IN channel can carry.
    uint32_t lifetime_left() const { return lifetime_left_; }

private:
    enum class State : uint8_t { wait_a3, wait_c2, open };
    Status on_rts(ByteView raw);
    Status on_open_rts(const wire::rts::Pdu& pdu);
    Status on_ack(const wire::rts::Command& ack);
    bool queued_pdu(size_t& size) const;
    uint32_t peer_room() const { return peer_window_ - static_cast<uint32_t>(rpc_sent_ - acknowledged_); }

    State state_ = State::wait_a3;
    Uuid connection_, in_channel_, out_channel_, group_;
    wire::PduSplitter splitter_{true};

    uint32_t window_used_ = 0;
    uint32_t window_told_ = receive_window;  // what the sender thinks it may send
    uint64_t rpc_received_ = 0;

    Buffer control_;  // RTS PDUs, ahead of all others
    Buffer queue_;
    size_t queue_used_ = 0;
    uint32_t peer_window_size_ = 0;
    uint32_t peer_window_ = 0;    // at the last acknowledgement
    uint64_t acknowledged_ = 0;
    uint64_t rpc_sent_ = 0;
    uint32_t lifetime_left_ = in_channel_lifetime;
};

}  // namespace rpc::io
