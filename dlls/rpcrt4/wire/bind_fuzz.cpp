// Any bytes as a PDU of the bind family: lists are as long as announced, and what parses is built and parsed again to the
// same elements.
#include <cstdlib>
#include <vector>

#include "wire/bind.h"

using namespace rpc;
using namespace rpc::wire;

namespace {

void check(bool holds) {
    if (!holds) abort();
}

struct Element {
    ContextElement raw;
    std::vector<SyntaxId> transfers;
};

std::vector<Element> elements(const Bind& bind) {
    std::vector<Element> all;
    ContextElements walk = bind.contexts;
    for (ContextElement e; walk.next(e);) {
        all.push_back({e, {}});
        for (size_t i = 0; i < e.transfer_count; ++i) all.back().transfers.push_back(e.transfer(i));
    }
    check(all.size() == bind.context_count);
    return all;
}

void one_bind(const Pdu& pdu) {
    Bind bind;
    if (parse_bind(pdu, bind) != Parsed::ok) return;
    std::vector<Element> all = elements(bind);
    std::vector<ContextOffer> offers;
    for (const Element& e : all) offers.push_back({e.raw.p_cont_id, e.raw.abstract_syntax, e.transfers});
    Buffer out;
    BindFields fields{pdu.header.call_id, 0, bind.max_xmit_frag, bind.max_recv_frag, bind.assoc_group_id};
    check(build_bind(out, pdu.header.type, fields, offers) == Status::ok);
    Pdu again;
    Bind second;
    check(parse_pdu(out.view(), again) == Parsed::ok && parse_bind(again, second) == Parsed::ok);
    check(second.assoc_group_id == bind.assoc_group_id && second.max_recv_frag == bind.max_recv_frag);
    std::vector<Element> back = elements(second);
    check(back.size() == all.size());
    for (size_t i = 0; i < all.size(); ++i)
        check(back[i].raw.p_cont_id == all[i].raw.p_cont_id && back[i].transfers == all[i].transfers &&
              back[i].raw.abstract_syntax == all[i].raw.abstract_syntax);
}

void one_ack(const Pdu& pdu) {
    BindAck ack;
    if (parse_bind_ack(pdu, ack) != Parsed::ok) return;
    std::vector<ContextResult> results;
    for (ContextResult r; ack.results.next(r);) results.push_back(r);
    check(results.size() == ack.result_count);
    Buffer out;
    BindFields fields{pdu.header.call_id, 0, ack.max_xmit_frag, ack.max_recv_frag, ack.assoc_group_id};
    // Ours adds a terminator that may have been missing.
    Status s = build_bind_ack(out, pdu.header.type, fields, ack.secondary_address, results);
    check(s == Status::ok || (s == Status::invalid_arg && pdu.raw.size() > 65000));
    if (s != Status::ok) return;
    Pdu again;
    BindAck second;
    check(parse_pdu(out.view(), again) == Parsed::ok && parse_bind_ack(again, second) == Parsed::ok);
    check(second.secondary_address.size() == ack.secondary_address.size());
    size_t i = 0;
    for (ContextResult r; second.results.next(r); ++i) check(r == results[i]);
    check(i == results.size());
}

void one(ByteView raw) {
    Pdu pdu;
    if (parse_pdu(raw, pdu) != Parsed::ok) return;
    one_bind(pdu);
    one_ack(pdu);
    BindNak nak;
    if (parse_bind_nak(pdu, nak) == Parsed::ok) check(nak.versions.size() + nak.eeinfo.size() <= pdu.body.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    one({data, size});
    if (size < header_size || size > max_frag_length) return 0;
    std::vector<uint8_t> fixed(data, data + size);
    bool big = (fixed[4] & 0x10) == 0;
    fixed[big ? 9 : 8] = static_cast<uint8_t>(size);
    fixed[big ? 8 : 9] = static_cast<uint8_t>(size >> 8);
    one(fixed);
    return 0;
}
