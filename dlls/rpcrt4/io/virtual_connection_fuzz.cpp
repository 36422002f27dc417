// What an RPC proxy sends on the OUT channel, any bytes or RTS PDUs that are well formed and say anything, between a client's sends and
// reads, while channels of the smallest length are replaced in order and out of it. What comes out are whole PDUs and no others, nothing is lost,
// sent twice or sent past the peer's window or the channel's lifetime; what is out of order ends the connection, and nothing else does.
// fuzz-cost: 4
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "io/virtual_connection.h"

using namespace rpc;
using namespace rpc::io;

namespace rts = rpc::wire::rts;

namespace {

void check(bool holds, int line = __builtin_LINE()) {
    if (!holds) {
        std::fprintf(stderr, "line %d\n", line);
        abort();
    }
}

std::vector<uint8_t> rts_pdu(uint16_t flags, uint16_t count, const std::vector<uint32_t>& words) {
    std::vector<uint8_t> b{5, 0, 20, 3, 0x10, 0, 0, 0};
    auto u16 = [&](size_t v) { b.push_back(static_cast<uint8_t>(v)), b.push_back(static_cast<uint8_t>(v >> 8)); };
    auto u32 = [&](size_t v) { u16(v & 0xffff), u16(v >> 16); };
    u16(20 + 4 * words.size()), u16(0), u32(0), u16(flags), u16(count);
    for (uint32_t w : words) u32(w);
    return b;
}

std::vector<uint8_t> rpc_pdu(size_t size, uint8_t fill) {
    std::vector<uint8_t> b(size < 16 ? 16 : size, fill);
    wire::write_header(b.data(), wire::PduType::response, wire::pfc::whole, static_cast<uint16_t>(b.size()), 0, fill);
    return b;
}

class Script {
public:
    explicit Script(Reader& in) : in_(in) {
        check(!failed(vc_.begin(VirtualConnection::min_in_channel_lifetime)));
        Buffer out;
        check(!failed(vc_.open_out_channel(out)) && !failed(vc_.open_in_channel(b1_)));
        rts::Pdu b1;
        check(rts::parse(b1_.view(), b1) == wire::Parsed::ok);
        in_cookie_ = b1.commands[2].cookie;
        rts::Pdu a1;
        check(rts::parse(out.view(), a1) == wire::Parsed::ok);
        out_cookie_ = a1.commands[2].cookie;
    }
    void run() {
        while (in_.ok() && in_.remaining() != 0 && !over_) step();
    }

private:
    void step() {
        switch (in_.u8() % 21) {
        case 0:
            return raw();
        case 1:
            return came(rts_pdu(rts::flag::none, 1, {2, 120000u + in_.u8()}));
        case 2:
            window_ = 8192u << in_.u8() % 6;
            return came(rts_pdu(rts::flag::none, 3, {6, 1, 0, window_, 2, 120000}));
        case 3: {
            const uint8_t n = in_.u8();
            const auto pdu = rpc_pdu(n * 257u, n);
            if (!vc_.is_open()) return came(pdu);
            expected_.insert(expected_.end(), pdu.begin(), pdu.end());
            return came(pdu);
        }
        case 4:
            return acknowledge();
        case 5:
            return came(in_.u8() & 1 ? rts_pdu(rts::flag::ping, 0, {}) : rts_pdu(rts::flag::other_cmd, 1, {14, in_.u8()}));
        case 6:
            return to_somebody(in_.u8() & 0x7f, in_.u8() & 3u);
        case 7:
            return send();
        case 8:
            return take();
        case 9:
            check(!failed(vc_.send_ping()));
            return;
        case 12:
            return succeed_in();
        case 13:
            return confirm_in(8192u << in_.u8() % 6);
        case 14:
            return to_somebody(rts::flag::none, 0);
        case 15:
            return to_somebody(rts::flag::recycle_channel, 0);
        case 16:
            return succeed_out();
        case 17:
            return confirm_out(in_.u8() & 1);
        case 18:
            return end_out(in_.u8() & 1);
        case 19:
            return end_request();
        default:
            return go(in_.u8() * 300u);
        }
    }
    // What is accepted in one state only.
    void in_order(const std::vector<uint8_t>& bytes, bool is_in_order) {
        const bool was_open = vc_.is_open();
        came(bytes);
        if (foreseen_) check(over_ == !(was_open && is_in_order));
    }
    void to_somebody(uint16_t flags, uint32_t to) {
        const auto bytes = rts_pdu(flags, 1, {13, to});
        if (flags == rts::flag::none && to == 0) {
            in_order(bytes, in_state_ == In::made);
            if (!over_) in_state_ = In::confirmed, next_window_ = window_;
        } else if (flags == rts::flag::recycle_channel && to == 0) {
            in_order(bytes, out_state_ == Out::opened);
            if (!over_) out_state_ = Out::asked;
        } else {
            in_order(bytes, false);
        }
    }
    void confirm_in(uint32_t window) {
        in_order(rts_pdu(rts::flag::none, 4, {13, 0, 6, 1, 0, window, 2, 120000}), in_state_ == In::made);
        if (!over_) in_state_ = In::confirmed, next_window_ = window;
    }
    void succeed_in() {
        if (!vc_.wants_in_channel()) return;
        Buffer a1;
        rts::Pdu pdu;
        check(!failed(vc_.succeed_in_channel(a1)) && rts::parse(a1.view(), pdu) == wire::Parsed::ok && a1.size() == rts::in_r1_a1_size);
        check(!vc_.wants_in_channel() && vc_.is_recycling_in());
        next_in_cookie_ = pdu.commands[3].cookie;
        in_state_ = In::made;
        if (foreseen_) check(pdu.commands[2].cookie == in_cookie_);
    }
    void succeed_out() {
        if (foreseen_) check(vc_.wants_out_channel() == (out_state_ == Out::asked));
        if (!vc_.wants_out_channel()) return;
        Buffer a3;
        rts::Pdu pdu;
        check(!failed(vc_.succeed_out_channel(a3)) && rts::parse(a3.view(), pdu) == wire::Parsed::ok && a3.size() == rts::out_r1_a3_size);
        if (foreseen_) check(pdu.commands[2].cookie == out_cookie_);
        next_out_cookie_ = pdu.commands[3].cookie;
        out_state_ = Out::made;
    }
    void confirm_out(bool same_proxy) {
        in_order(same_proxy ? rts_pdu(rts::flag::none, 2, {13, 0, 10}) : rts_pdu(rts::flag::out_channel, 3, {13, 0, 6, 1, 2, 120000}),
                 out_state_ == Out::made);
        if (!over_) out_state_ = same_proxy ? Out::confirmed_r2 : Out::confirmed_r1, end_due_ += same_proxy;
    }
    void end_out(bool same_proxy) {
        in_order(rts_pdu(same_proxy ? rts::flag::eof : rts::flag::none, 1, {10}),
                 out_state_ == (same_proxy ? Out::confirmed_r2 : Out::confirmed_r1));
        if (!foreseen_ || over_) return;
        check(vc_.out_channel_ended() && !vc_.is_recycling_out());
        out_state_ = Out::opened;
        out_cookie_ = next_out_cookie_;
        end_due_ += !same_proxy;
    }
    void end_request() {
        Buffer end;
        bool due;
        check(!failed(vc_.end_out_request(end, due)) && due == !end.empty() && end.size() % rts::out_r2_c1_size == 0);
        if (foreseen_) check(end.size() == end_due_ * rts::out_r2_c1_size);
        end_due_ = 0;
    }
    // From here on what comes is not foreseen, as long as these bytes are not whole PDUs.
    void raw() {
        const ByteView bytes = in_.bytes(in_.u8() < in_.remaining() ? in_.u8() % (in_.remaining() + 1) : 0);
        Buffer pdus;
        foreseen_ = false;
        const Status status = vc_.received(bytes, pdus);
        whole_pdus(pdus.view());
        over_ = failed(status);
    }
    void came(const std::vector<uint8_t>& bytes) {
        Buffer pdus;
        const size_t cut = bytes.empty() ? 0 : in_.u8() % bytes.size();
        Status status = vc_.received(ByteView(bytes).first(cut), pdus);
        if (!failed(status)) status = vc_.received(ByteView(bytes).subspan(cut), pdus);
        whole_pdus(pdus.view());
        got_.insert(got_.end(), pdus.data(), pdus.data() + pdus.size());
        over_ = failed(status);
        if (!over_ && foreseen_) check(got_ == expected_);
        check(over_ || !foreseen_ || vc_.untaken() == got_.size() - taken_);
    }
    void whole_pdus(ByteView pdus) {
        while (!pdus.empty()) {
            size_t size;
            check(wire::frag_length(pdus, size) == wire::Parsed::ok && size <= pdus.size());
            check(!rts::is_rts(pdus.first(size)));
            pdus = pdus.subspan(size);
        }
    }
    void acknowledge() {
        const uint8_t how = in_.u8();
        const uint32_t received = how & 1 ? static_cast<uint32_t>(sent_ - before_channel_) : how & 2 ? in_.u32() : acknowledged_ + in_.u8() * 16u;
        const uint32_t window = how & 4 ? in_.u32() : window_;
        Buffer ack;
        Uuid cookie = in_cookie_;
        if (how & 8) cookie.data1 ^= 1;
        check(!failed(rts::build_flow_control_ack(ack, rts::Destination::client, cookie, received, window)));
        came({ack.data(), ack.data() + ack.size()});
        if (over_ || (how & 8) || !vc_.is_open() || !foreseen_) return;
        check(received <= sent_ - before_channel_ && received >= acknowledged_ && window <= window_);
        acknowledged_ = received;
        room_ = window;
        told_ = true;
    }
    void send() {
        const uint8_t n = in_.u8();
        const auto pdu = rpc_pdu(n * 257u, n);
        const size_t cut = in_.u8() % pdu.size();
        check(!failed(vc_.send(ByteView(pdu).first(cut))) && !failed(vc_.send(ByteView(pdu).subspan(cut))));
        queued_.insert(queued_.end(), pdu.begin(), pdu.end());
        check(vc_.unsent() == queued_.size() - sent_);
    }
    void take() {
        const size_t n = in_.u8() * 300u;
        const size_t some = n < vc_.untaken() ? n : vc_.untaken();
        check(!failed(vc_.taken(some)));
        taken_ += some;
    }
    void go(size_t most) {
        Buffer out;
        const uint32_t left = vc_.lifetime_left();
        const uint64_t before = vc_.rpc_bytes_sent();
        check(!failed(vc_.next(out, most)));
        if (vc_.in_channel_ended()) return in_ended(out);
        check(in_state_ != In::confirmed || !foreseen_);
        check(left - vc_.lifetime_left() == out.size() && vc_.lifetime_left() >= rts::in_r1_a5_size);
        ByteView rest = out.view();
        size_t largest = 0;
        while (!rest.empty()) {
            size_t size;
            check(wire::frag_length(rest, size, true) == wire::Parsed::ok && size <= rest.size());
            if (!rts::is_rts(rest.first(size))) {
                check(vc_.is_open() && sent_ + size <= queued_.size());
                check(std::memcmp(rest.data(), queued_.data() + sent_, size) == 0);
                sent_ += size;
                largest = size;
            }
            rest = rest.subspan(size);
        }
        check(vc_.rpc_bytes_sent() == sent_ && vc_.unsent() == queued_.size() - sent_);
        if (!foreseen_ || sent_ == before) return;
        const uint64_t window = told_ ? room_ : window_, channel = sent_ - before_channel_;
        check(channel - acknowledged_ <= window || (largest > window_ && channel - acknowledged_ == largest));
    }
    void in_ended(const Buffer& a5) {
        rts::Pdu pdu;
        check(rts::parse(a5.view(), pdu) == wire::Parsed::ok && pdu.count == 1);
        check(vc_.lifetime_left() == VirtualConnection::min_in_channel_lifetime - rts::in_r1_a1_size);
        if (foreseen_) check(in_state_ == In::confirmed && pdu.commands[0].cookie == next_in_cookie_);
        in_state_ = In::opened;
        in_cookie_ = next_in_cookie_;
        before_channel_ = sent_;
        acknowledged_ = 0;
        window_ = next_window_;
        told_ = false;
    }

    enum class In { opened, made, confirmed };
    enum class Out { opened, asked, made, confirmed_r1, confirmed_r2 };
    Reader& in_;
    VirtualConnection vc_;
    Buffer b1_;
    Uuid in_cookie_, next_in_cookie_, out_cookie_, next_out_cookie_;
    In in_state_ = In::opened;
    Out out_state_ = Out::opened;
    size_t end_due_ = 0;
    std::vector<uint8_t> expected_, got_, queued_;
    size_t taken_ = 0;
    uint64_t sent_ = 0, before_channel_ = 0;
    uint32_t next_window_ = 0;
    uint32_t acknowledged_ = 0, window_ = 0, room_ = 0;
    bool told_ = false, over_ = false, foreseen_ = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Reader in({data, size});
    Script(in).run();
    return 0;
}
