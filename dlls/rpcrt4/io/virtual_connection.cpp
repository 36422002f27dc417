#include "io/virtual_connection.h"

#include "base/log.h"
#include "base/os.h"
#include "wire/uuid.h"

namespace rpc::io {
namespace {

namespace rts = wire::rts;
using rts::CommandType;

constexpr uint32_t default_keepalive = 300000;  // [MS-RPCH] 2.2.3.5.6: what 0 stands for; some proxies refuse 0 itself

bool make_cookie(Uuid& cookie) {
    uint8_t bytes[16];
    if (!os::random_bytes(bytes, sizeof bytes)) return false;
    cookie = wire::random_uuid(bytes);
    return true;
}

}  // namespace

Status VirtualConnection::begin() {
    for (Uuid* cookie : {&connection_, &in_channel_, &out_channel_, &group_})
        if (!make_cookie(*cookie)) return Status::out_of_resources;
    return Status::ok;
}

Status VirtualConnection::open_out_channel(Buffer& out) { return rts::build_conn_a1(out, connection_, out_channel_, receive_window); }

Status VirtualConnection::open_in_channel(Buffer& out) {
    const size_t before = out.size();
    RPC_TRY(rts::build_conn_b1(out, connection_, in_channel_, in_channel_lifetime, default_keepalive, group_));
    lifetime_left_ -= static_cast<uint32_t>(out.size() - before);
    return Status::ok;
}

// ---- what comes ----

Status VirtualConnection::received(ByteView bytes, Buffer& pdus) {
    return splitter_.feed(bytes, [&](ByteView pdu) {
        if (rts::is_rts(pdu)) return on_rts(pdu);
        if (!is_open()) return Status::protocol_error;
        if (!pdus.append(pdu)) return Status::out_of_memory;
        const uint32_t size = static_cast<uint32_t>(pdu.size());
        window_used_ += size;
        window_told_ -= size < window_told_ ? size : window_told_;
        rpc_received_ += size;
        return Status::ok;
    });
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
    // The OUT channel is to be replaced (OUT_R1/A2, OUT_R2/A2), or what belongs to that: this end lets the channel end.
    if (pdu.flags == rts::flag::recycle_channel && pdu.has({CommandType::destination})) {
        RPC_LOG(info, "the RPC proxy asks for another OUT channel: the connection ends with this one");
        return Status::ok;
    }
    return Status::protocol_error;
}

Status VirtualConnection::on_ack(const rts::Command& ack) {
    if (ack.cookie != in_channel_) return Status::ok;  // of no channel of ours: to be ignored
    const uint32_t outstanding = static_cast<uint32_t>(rpc_sent_) - ack.bytes_received;
    if (ack.available_window > peer_window_size_ || outstanding > rpc_sent_ - acknowledged_) return Status::protocol_error;
    acknowledged_ = rpc_sent_ - outstanding;
    peer_window_ = ack.available_window;
    return Status::ok;
}

// Half of the window has become free since the sender last heard of it: few acknowledgements, and no waiting.
Status VirtualConnection::taken(size_t size) {
    window_used_ -= static_cast<uint32_t>(size);
    const uint32_t room = window_used_ < receive_window ? receive_window - window_used_ : 0;
    if (room < window_told_ + receive_window / 2) return Status::ok;
    RPC_TRY(rts::build_flow_control_ack(control_, rts::Destination::out_proxy, out_channel_, static_cast<uint32_t>(rpc_received_), room));
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

Status VirtualConnection::next(Buffer& out, size_t size) {
    if (!control_.empty()) {
        if (control_.size() > lifetime_left_) return Status::call_failed;
        if (!out.append(control_.view())) return Status::out_of_memory;
        lifetime_left_ -= static_cast<uint32_t>(control_.size());
        control_.clear();
    }
    size_t pdu;
    while (is_open() && queued_pdu(pdu) && (out.empty() || out.size() + pdu <= size)) {
        // One that is larger than the whole window goes when all of it is free.
        const bool fits = pdu <= peer_room() || (rpc_sent_ == acknowledged_ && peer_window_ == peer_window_size_);
        if (!fits || rpc_sent_ - acknowledged_ > peer_window_) break;
        if (pdu > lifetime_left_) return Status::call_failed;
        if (!out.append(queue_.view().subspan(queue_used_, pdu))) return Status::out_of_memory;
        queue_used_ += pdu;
        rpc_sent_ += pdu;
        lifetime_left_ -= static_cast<uint32_t>(pdu);
    }
    return Status::ok;
}

}  // namespace rpc::io
