// What an RPC proxy sends on the OUT channel, any bytes or RTS PDUs that are well formed and say anything, between a client's sends and
// reads. What comes out are whole PDUs and no others, nothing is lost, sent twice or sent past the peer's window or the channel's lifetime.
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
        check(!failed(vc_.begin()));
        Buffer out;
        check(!failed(vc_.open_out_channel(out)) && !failed(vc_.open_in_channel(b1_)));
        rts::Pdu b1;
        check(rts::parse(b1_.view(), b1) == wire::Parsed::ok);
        in_cookie_ = b1.commands[2].cookie;
    }
    void run() {
        while (in_.ok() && in_.remaining() != 0 && !over_) step();
    }

private:
    void step() {
        switch (in_.u8() % 12) {
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
            return came(rts_pdu(in_.u8() & 0x7f, 1, {13, in_.u8() & 3u}));
        case 7:
            return send();
        case 8:
            return take();
        case 9:
            check(!failed(vc_.send_ping()));
            return;
        default:
            return go(in_.u8() * 300u);
        }
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
        const uint32_t received = how & 1 ? static_cast<uint32_t>(sent_) : how & 2 ? in_.u32() : acknowledged_ + in_.u8() * 16u;
        const uint32_t window = how & 4 ? in_.u32() : window_;
        Buffer ack;
        Uuid cookie = in_cookie_;
        if (how & 8) cookie.data1 ^= 1;
        check(!failed(rts::build_flow_control_ack(ack, rts::Destination::client, cookie, received, window)));
        came({ack.data(), ack.data() + ack.size()});
        if (over_ || (how & 8) || !vc_.is_open() || !foreseen_) return;
        check(received <= sent_ && received >= acknowledged_ && window <= window_);
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
        check(!failed(vc_.next(out, most)));  // nothing here sends two gigabytes
        check(left - vc_.lifetime_left() == out.size());
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
        const uint64_t window = told_ ? room_ : window_;
        check(sent_ - acknowledged_ <= window || (largest > window_ && sent_ - acknowledged_ == largest));
    }

    Reader& in_;
    VirtualConnection vc_;
    Buffer b1_;
    Uuid in_cookie_;
    std::vector<uint8_t> expected_, got_, queued_;
    size_t taken_ = 0;
    uint64_t sent_ = 0;
    uint32_t acknowledged_ = 0, window_ = 0, room_ = 0;
    bool told_ = false, over_ = false, foreseen_ = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Reader in({data, size});
    Script(in).run();
    return 0;
}
