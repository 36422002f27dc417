#pragma once
// The client's end of a virtual connection of RPC over HTTP v2, apart from HTTP: what goes out on the IN channel and what came on the
// OUT channel, with flow control, keep-alive, and the channels' successors, since none may carry more than its length. A pure function of
// bytes; the transport (io/http_stream_win.cpp) carries them and serialises the calls. Sources: [MS-RPCH] 3.2.1.1.5, 3.2.1.4.1, 3.2.1.5.3,
// 3.2.2.
#include <utility>

#include "wire/pdu_splitter.h"
#include "wire/rts.h"

namespace rpc::io {

class VirtualConnection {
public:
    // 256 KiB: the largest there may be.
    static constexpr uint32_t receive_window = 256 * 1024;
    // Content length of an IN channel: the largest there may be, 2 GiB, less one, since some read it as a signed number; and the
    // smallest.
    static constexpr uint32_t in_channel_lifetime = 0x7fffffff, min_in_channel_lifetime = 128 * 1024;
    // Content length of an OUT channel's request, and of a successor's, whose last bytes are end_out_request's.
    static constexpr size_t out_request_size = wire::rts::conn_a1_size;
    static constexpr size_t next_out_request_size = wire::rts::out_r1_a3_size + wire::rts::out_r1_a11_size;

    // Chooses the cookies. `in_lifetime`: content length of each IN channel. out_of_resources: the system has no random bytes.
    Status begin(uint32_t in_lifetime = in_channel_lifetime);
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
    // What may go out on the IN channel now, appended: what this end has to say, then PDUs as the peer and the channel have room. At most
    // about `size` bytes, but a whole PDU.
    Status next(Buffer& out, size_t size);
    // Bytes given to send() that next() has not given out.
    size_t unsent() const { return queue_.size() - queue_used_; }
    // Bytes of send() that next() has given out since the beginning.
    uint64_t rpc_bytes_sent() const { return rpc_sent_; }
    // How much more the IN channel can carry.
    uint32_t lifetime_left() const { return lifetime_left_; }

    // ---- successors ----
    // The IN channel will soon have carried all that it may: another is to be opened. Not before the proxy has acknowledged something on
    // this one, unless nothing else is left: it might hear of the next one before it has heard that this one is its predecessor's successor.
    bool wants_in_channel() const {
        return is_open() && in_ == In::opened && ((lifetime_left_ < recycle_below_ && in_is_known_) || short_of_lifetime_);
    }
    // Its first PDU (IN_R1/A1), appended.
    Status succeed_in_channel(Buffer& out);
    // True once, after next(): what that gave out were the last bytes of the channel, and the next are its successor's.
    bool in_channel_ended() { return std::exchange(in_ended_, false); }

    // The outbound proxy has asked for another OUT channel.
    bool wants_out_channel() const { return out_ == Out::wait_successor; }
    // Its first PDU (OUT_R1/A3), appended.
    Status succeed_out_channel(Buffer& out);
    // The last bytes of its request, appended; they are due when the predecessor says so: false until then, and once it has been true.
    Status end_out_request(Buffer& out, bool& due);
    // True once, after received(): the channel has brought its last bytes, and the next are its successor's.
    bool out_channel_ended() { return std::exchange(out_ended_, false); }

    // Whether a successor was opened, or asked for, and its predecessor is still there.
    bool is_recycling_in() const { return in_ != In::opened; }
    bool is_recycling_out() const { return out_ != Out::opened; }

private:
    enum class State : uint8_t { wait_a3, wait_c2, open };
    // The virtual channels' states, by the PDU that is waited for, or is to be sent.
    enum class In : uint8_t { opened, wait_a4, send_a5 };
    enum class Out : uint8_t { opened, wait_successor, wait_a6, wait_a10, wait_b3 };
    Status on_rts(ByteView raw);
    Status on_open_rts(const wire::rts::Pdu& pdu);
    Status on_recycling_rts(const wire::rts::Pdu& pdu);
    Status on_in_a4(uint32_t window);
    Status on_out_a6(bool same_proxy);
    Status on_out_end(Out expected);
    Status on_ack(const wire::rts::Command& ack);
    bool queued_pdu(size_t& size) const;
    Status next_control(Buffer& out);
    Status end_in_channel(Buffer& out);
    uint32_t peer_room() const { return peer_window_ - static_cast<uint32_t>(channel_sent_ - acknowledged_); }

    State state_ = State::wait_a3;
    In in_ = In::opened;
    Out out_ = Out::opened;
    bool in_ended_ = false, out_ended_ = false;
    Uuid connection_, in_channel_, out_channel_, group_;
    Uuid next_in_channel_, next_out_channel_;
    wire::PduSplitter splitter_{true};

    uint32_t window_used_ = 0;
    uint32_t window_told_ = receive_window;  // what the sender thinks it may send
    uint64_t channel_received_ = 0;          // RPC bytes on this OUT channel
    Buffer out_request_end_;

    Buffer control_;  // RTS PDUs, ahead of all others
    Buffer queue_;
    size_t queue_used_ = 0;
    uint32_t peer_window_size_ = 0;
    uint32_t next_peer_window_size_ = 0;
    uint32_t peer_window_ = 0;  // at the last acknowledgement
    uint64_t acknowledged_ = 0;
    uint64_t channel_sent_ = 0;  // RPC bytes on this IN channel
    uint64_t rpc_sent_ = 0;
    uint32_t in_lifetime_ = in_channel_lifetime;
    uint32_t recycle_below_ = 0;
    uint32_t lifetime_left_ = in_channel_lifetime;
    bool in_is_known_ = true;
    bool short_of_lifetime_ = false;  // a PDU waits for the successor
};

}  // namespace rpc::io
