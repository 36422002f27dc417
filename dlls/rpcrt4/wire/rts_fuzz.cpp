// Any bytes as an RTS PDU: what parses keeps within its bytes, and what a client could have sent is built again to the same bytes.
#include <cstdlib>

#include "wire/rts.h"

using namespace rpc;
using namespace rpc::wire;

namespace {

void check(bool holds) {
    if (!holds) abort();
}

bool to_server(const rts::Pdu& pdu) {
    const rts::Command* to = pdu.find(rts::CommandType::destination);
    return pdu.flags == rts::flag::out_channel && to && to->value == static_cast<uint32_t>(rts::Destination::server);
}

void rebuilt(ByteView raw, const rts::Pdu& pdu) {
    using enum rts::CommandType;
    Buffer out;
    const rts::Command* c = pdu.commands;
    if (pdu.flags == rts::flag::none && pdu.has({version, cookie, cookie, receive_window_size}) && pdu.count == 4)
        check(rts::build_conn_a1(out, c[1].cookie, c[2].cookie, c[3].value) == Status::ok);
    else if (pdu.flags == rts::flag::none && pdu.count == 6 &&
             pdu.has({version, cookie, cookie, channel_lifetime, client_keepalive, association_group_id}))
        check(rts::build_conn_b1(out, c[1].cookie, c[2].cookie, c[3].value, c[4].value, c[5].cookie) == Status::ok);
    else if (pdu.flags == rts::flag::ping && pdu.count == 0)
        check(rts::build_ping(out) == Status::ok);
    else if (pdu.flags == rts::flag::other_cmd && pdu.count == 2 && pdu.has({destination, flow_control_ack}))
        check(rts::build_flow_control_ack(out, static_cast<rts::Destination>(c[0].value), c[1].cookie, c[1].bytes_received,
                                          c[1].available_window) == Status::ok);
    else if (pdu.flags == rts::flag::recycle_channel && pdu.count == 4 && pdu.has({version, cookie, cookie, cookie}))
        check(rts::build_in_r1_a1(out, c[1].cookie, c[2].cookie, c[3].cookie) == Status::ok);
    else if (pdu.flags == rts::flag::none && pdu.count == 1 && pdu.has({cookie}))
        check(rts::build_in_r1_a5(out, c[0].cookie) == Status::ok);
    else if (pdu.flags == rts::flag::recycle_channel && pdu.count == 5 &&
             pdu.has({version, cookie, cookie, cookie, receive_window_size}))
        check(rts::build_out_r1_a3(out, c[1].cookie, c[2].cookie, c[3].cookie, c[4].value) == Status::ok);
    else if (to_server(pdu) && pdu.count == 2 && pdu.has({destination, cookie}))
        check(rts::build_out_r1_a7(out, c[1].cookie) == Status::ok);
    else if (to_server(pdu) && pdu.count == 3 && pdu.has({destination, cookie, version}))
        check(rts::build_out_r2_a7(out, c[1].cookie) == Status::ok);
    else if (pdu.flags == rts::flag::none && pdu.count == 1 && pdu.has({ance}))
        check(rts::build_out_r1_a11(out) == Status::ok);
    else if (pdu.flags == rts::flag::ping && pdu.count == 1 && c[0].type == empty)
        check(rts::build_out_r2_c1(out) == Status::ok);
    else
        return;
    const rts::Command* v = pdu.find(version);
    if (v && v->value != rts::version) return;
    check(out.size() == raw.size());
    check(std::memcmp(out.data() + 4, raw.data() + 4, raw.size() - 4) == 0);  // pfc_flags may have more than ours
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView raw{data, size};
    rts::Pdu pdu;
    if (rts::parse(raw, pdu) != Parsed::ok) return 0;
    check(rts::is_rts(raw) && pdu.count <= rts::max_commands);
    for (size_t i = 0; i < pdu.count; ++i) {
        const ByteView bytes = pdu.commands[i].bytes;
        check(bytes.empty() || (bytes.data() >= data && bytes.data() + bytes.size() <= data + size));
    }
    rebuilt(raw, pdu);
    return 0;
}
