#include "io/virtual_connection.h"

#include "base/log.h"
#include "base/os.h"
#include "wire/uuid.h"

namespace rpc::io {
namespace {

namespace rts = wire::rts;
using rts::CommandType;

// An IN channel's last bytes are for what this end has to say while its successor is opened; RPC PDUs do not get them.
constexpr uint32_t control_reserve = 4096;
constexpr uint32_t recycle_early = 16 << 20;  // no sender has to wait where a successor is there before so much was sent

constexpr uint32_t default_keepalive = 300000;  // [MS-RPCH] 2.2.3.5.6: what 0 stands for; some proxies refuse 0 itself

bool make_cookie(Uuid& cookie) {
    uint8_t bytes[16];
    if (!os::random_bytes(bytes, sizeof bytes)) return false;
    cookie = wire::random_uuid(bytes);
    return true;
}

}  // namespace

Status VirtualConnection::begin(uint32_t in_lifetime) {
    in_lifetime_ = lifetime_left_ = in_lifetime;
    recycle_below_ = in_lifetime / 2 < recycle_early ? in_lifetime / 2 : recycle_early;
    for (Uuid* cookie : {&connection_, &in_channel_, &out_channel_, &group_})
        if (!make_cookie(*cookie)) return Status::out_of_resources;
    return Status::ok;
}

Status VirtualConnection::open_out_channel(Buffer& out) { return rts::build_conn_a1(out, connection_, out_channel_, receive_window); }

Status VirtualConnection::open_in_channel(Buffer& out) {
    const size_t before = out.size();
    RPC_TRY(rts::build_conn_b1(out, connection_, in_channel_, in_lifetime_, default_keepalive, group_));
    lifetime_left_ -= static_cast<uint32_t>(out.size() - before);
    return Status::ok;
}

// ---- what comes ----

Status VirtualConnection::received(ByteView bytes, Buffer& pdus) {
    const Status status = splitter_.feed(bytes, [&](ByteView pdu) {
        if (rts::is_rts(pdu)) return on_rts(pdu);
        if (!is_open()) return Status::protocol_error;
        if (!pdus.append(pdu)) return Status::out_of_memory;
        const uint32_t size = static_cast<uint32_t>(pdu.size());
        window_used_ += size;
        window_told_ -= size < window_told_ ? size : window_told_;
        channel_received_ += size;
        return Status::ok;
    });
    if (status == Status::protocol_error) RPC_LOG(info, "an OUT channel brought what does not belong there");
    if (!out_ended_) return status;
    splitter_.clear();  // what may be behind the channel's last PDU is nobody's
    return Status::ok;
}

Status VirtualConnection::on_rts(ByteView raw) {
    rts::Pdu pdu;
    if (wire::Parsed parsed = rts::parse(raw, pdu); parsed != wire::Parsed::ok) {
        RPC_LOG(info, "RTS PDU refused: %s", wire::name(parsed));
        return Status::protocol_error;
    }
    if (state_ == State::open) return on_open_rts(pdu);
    if (pdu.flags == rts::flag::ping && pdu.has({})) return Status::ok;
    if (state_ == State::wait_a3 && pdu.flags == rts::flag::none && pdu.has({CommandType::connection_timeout})) {
        state_ = State::wait_c2;
        return Status::ok;
    }
    if (state_ == State::wait_c2 && pdu.flags == rts::flag::none &&
        pdu.has({CommandType::version, CommandType::receive_window_size, CommandType::connection_timeout})) {
        peer_window_ = peer_window_size_ = pdu.find(CommandType::receive_window_size)->value;
        state_ = State::open;
        return Status::ok;
    }
    return Status::protocol_error;
}

Status VirtualConnection::on_open_rts(const rts::Pdu& pdu) {
    if (pdu.flags == rts::flag::ping && pdu.has({})) return Status::ok;
    if (pdu.flags == rts::flag::other_cmd) {
        if (const rts::Command* ack = pdu.find(CommandType::flow_control_ack)) return on_ack(*ack);
        if (pdu.has({CommandType::ping_traffic_sent_notify})) return Status::ok;
    }
    return on_recycling_rts(pdu);
}

// [MS-RPCH] 3.2.2.5.5 to 10. Of the two sequences for each direction, R1 is for a successor at another proxy, R2 for one at the same.
Status VirtualConnection::on_recycling_rts(const rts::Pdu& pdu) {
    const rts::Command* to = pdu.find(CommandType::destination);
    if (to && to->value != static_cast<uint32_t>(rts::Destination::client)) return Status::protocol_error;
    if (pdu.flags == rts::flag::recycle_channel && pdu.has({CommandType::destination})) {  // OUT_R1/A2, OUT_R2/A2
        if (out_ != Out::opened) return Status::protocol_error;
        out_ = Out::wait_successor;
        return Status::ok;
    }
    if (pdu.flags == rts::flag::none) {
        if (pdu.has({CommandType::destination, CommandType::version, CommandType::receive_window_size, CommandType::connection_timeout}))
            return on_in_a4(pdu.find(CommandType::receive_window_size)->value);                     // IN_R1/A4
        if (pdu.has({CommandType::destination})) return on_in_a4(peer_window_size_);                // IN_R2/A4
        if (pdu.has({CommandType::destination, CommandType::ance})) return on_out_a6(true);         // OUT_R2/A6
        if (pdu.has({CommandType::ance})) return on_out_end(Out::wait_a10);                         // OUT_R1/A10
    }
    if (pdu.flags == rts::flag::out_channel &&
        pdu.has({CommandType::destination, CommandType::version, CommandType::connection_timeout}))
        return on_out_a6(false);                                                                    // OUT_R1/A6
    if (pdu.flags == rts::flag::eof && pdu.has({CommandType::ance})) return on_out_end(Out::wait_b3);  // OUT_R2/B3
    return Status::protocol_error;
}

Status VirtualConnection::on_in_a4(uint32_t window) {
    if (in_ != In::wait_a4) return Status::protocol_error;
    in_ = In::send_a5;
    next_peer_window_size_ = window;
    return Status::ok;
}

// The proxy waits for C1 beside the server's B1, whichever comes first (3.2.4.5.10), so that it may go out with A7.
Status VirtualConnection::on_out_a6(bool same_proxy) {
    if (out_ != Out::wait_a6) return Status::protocol_error;
    out_ = same_proxy ? Out::wait_b3 : Out::wait_a10;
    if (!same_proxy) return rts::build_out_r1_a7(control_, next_out_channel_);
    RPC_TRY(rts::build_out_r2_a7(control_, next_out_channel_));
    return rts::build_out_r2_c1(out_request_end_);
}

Status VirtualConnection::on_out_end(Out expected) {
    if (out_ != expected) return Status::protocol_error;
    if (out_ == Out::wait_a10) RPC_TRY(rts::build_out_r1_a11(out_request_end_));
    out_channel_ = next_out_channel_;
    channel_received_ = 0;
    window_told_ = receive_window;
    out_ = Out::opened;
    out_ended_ = true;
    return Status::call_cancelled;  // received() goes no further
}

Status VirtualConnection::succeed_out_channel(Buffer& out) {
    if (!make_cookie(next_out_channel_)) return Status::out_of_resources;
    RPC_TRY(rts::build_out_r1_a3(out, connection_, out_channel_, next_out_channel_, receive_window));
    out_ = Out::wait_a6;
    return Status::ok;
}

Status VirtualConnection::end_out_request(Buffer& out, bool& due) {
    due = !out_request_end_.empty();
    if (!due) return Status::ok;
    if (!out.append(out_request_end_.view())) return Status::out_of_memory;
    out_request_end_.clear();
    return Status::ok;
}

Status VirtualConnection::on_ack(const rts::Command& ack) {
    if (ack.cookie != in_channel_) return Status::ok;  // of no channel of ours: to be ignored
    const uint32_t outstanding = static_cast<uint32_t>(channel_sent_) - ack.bytes_received;
    if (ack.available_window > peer_window_size_ || outstanding > channel_sent_ - acknowledged_) return Status::protocol_error;
    acknowledged_ = channel_sent_ - outstanding;
    peer_window_ = ack.available_window;
    in_is_known_ = true;
    return Status::ok;
}

// Half of the window has become free since the sender last heard of it: few acknowledgements, and no waiting.
Status VirtualConnection::taken(size_t size) {
    window_used_ -= static_cast<uint32_t>(size);
    const uint32_t room = window_used_ < receive_window ? receive_window - window_used_ : 0;
    if (room < window_told_ + receive_window / 2) return Status::ok;
    RPC_TRY(rts::build_flow_control_ack(control_, rts::Destination::out_proxy, out_channel_, static_cast<uint32_t>(channel_received_), room));
    window_told_ = room;
    return Status::ok;
}

// ---- what goes ----

Status VirtualConnection::send(ByteView bytes) {
    if (queue_used_ == queue_.size() || queue_used_ > receive_window) {
        queue_.drop_front(queue_used_);
        queue_used_ = 0;
    }
    return queue_.append(bytes) ? Status::ok : Status::out_of_memory;
}

Status VirtualConnection::send_ping() { return rts::build_ping(control_); }

// The size of the whole PDU that is next in the queue. What is there is ours, so that a header is one.
bool VirtualConnection::queued_pdu(size_t& size) const {
    const ByteView rest = queue_.view().subspan(queue_used_);
    return wire::frag_length(rest, size) == wire::Parsed::ok && size <= rest.size();
}

Status VirtualConnection::succeed_in_channel(Buffer& out) {
    if (!make_cookie(next_in_channel_)) return Status::out_of_resources;
    RPC_TRY(rts::build_in_r1_a1(out, connection_, in_channel_, next_in_channel_));
    in_ = In::wait_a4;
    return Status::ok;
}

// What does not fit any more waits for the successor, but for the room that its A5 needs.
Status VirtualConnection::next_control(Buffer& out) {
    if (control_.empty() || control_.size() + rts::in_r1_a5_size > lifetime_left_) return Status::ok;
    if (!out.append(control_.view())) return Status::out_of_memory;
    lifetime_left_ -= static_cast<uint32_t>(control_.size());
    control_.clear();
    return Status::ok;
}

Status VirtualConnection::end_in_channel(Buffer& out) {
    RPC_TRY(rts::build_in_r1_a5(out, next_in_channel_));
    in_channel_ = next_in_channel_;
    lifetime_left_ = in_lifetime_ - static_cast<uint32_t>(rts::in_r1_a1_size);
    peer_window_ = peer_window_size_ = next_peer_window_size_;
    acknowledged_ = channel_sent_ = 0;
    in_is_known_ = short_of_lifetime_ = false;
    in_ = In::opened;
    in_ended_ = true;
    return Status::ok;
}

Status VirtualConnection::next(Buffer& out, size_t size) {
    if (in_ == In::send_a5) return end_in_channel(out);
    RPC_TRY(next_control(out));
    size_t pdu;
    while (is_open() && queued_pdu(pdu) && (out.empty() || out.size() + pdu <= size)) {
        // One that is larger than the whole window goes when all of it is free.
        const bool fits = pdu <= peer_room() || (channel_sent_ == acknowledged_ && peer_window_ == peer_window_size_);
        if (!fits || channel_sent_ - acknowledged_ > peer_window_) break;
        short_of_lifetime_ = pdu + control_reserve > lifetime_left_;
        if (short_of_lifetime_) break;
        if (!out.append(queue_.view().subspan(queue_used_, pdu))) return Status::out_of_memory;
        queue_used_ += pdu;
        rpc_sent_ += pdu;
        channel_sent_ += pdu;
        lifetime_left_ -= static_cast<uint32_t>(pdu);
    }
    return Status::ok;
}

}  // namespace rpc::io
