// Any bytes as one PDU: every view lies inside them, and what parses is built and parsed again to the same fields.
#include <cstdlib>
#include <vector>

#include "wire/fault.h"
#include "wire/fragment.h"

using namespace rpc;
using namespace rpc::wire;

namespace {

void check(bool holds) {
    if (!holds) abort();
}

bool inside(ByteView part, ByteView whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

bool same(ByteView a, ByteView b) { return a.size() == b.size() && (a.empty() || !memcmp(a.data(), b.data(), a.size())); }

void cut_and_join(const CallFields& call, ByteView stub, uint16_t max_frag) {
    FragmentPlan plan;
    if (plan.init(call, stub.size(), max_frag) != Status::ok) return;
    size_t at = 0;
    for (size_t i = 0; i < plan.count(); ++i) {
        Fragment f = plan.at(i);
        check(f.stub_offset == at && f.frag_length <= max_frag);
        at += f.stub_size;
        std::vector<uint8_t> raw(f.header().begin(), f.header().end());
        ByteView piece = stub.subspan(f.stub_offset, f.stub_size);
        raw.insert(raw.end(), piece.begin(), piece.end());
        Pdu pdu;
        check(parse_pdu(raw, pdu) == Parsed::ok && pdu.header.call_id == call.call_id);
        if (call.type == PduType::request) {
            Request r;
            check(parse_request(pdu, r) == Parsed::ok && same(r.stub, piece) && r.opnum == call.opnum);
            check(r.has_object == (call.object != nullptr) && (!call.object || r.object == *call.object));
        } else {
            Response r;
            check(parse_response(pdu, r) == Parsed::ok && same(r.stub, piece) && r.cancel_count == call.cancel_count);
        }
    }
    check(at == stub.size());
}

void one_fault(const Pdu& pdu) {
    Fault f;
    if (parse_fault(pdu, f) != Parsed::ok) return;
    check(inside(f.eeinfo, pdu.raw));
    check(status_from_fault(f.status) != Status::ok);
    check(!forbidden_fault(fault_from_status(static_cast<Status>(f.status))));
    Buffer out;
    uint8_t flags = f.did_not_execute ? pfc::did_not_execute : 0;
    check(build_fault(out, {pdu.header.call_id, f.p_cont_id, f.cancel_count, flags, f.status, f.eeinfo}) == Status::ok);
    Pdu again;
    Fault g;
    check(parse_pdu(out.view(), again) == Parsed::ok && parse_fault(again, g) == Parsed::ok);
    check(g.status == f.status && g.did_not_execute == f.did_not_execute && same(g.eeinfo, f.eeinfo));
}

void one(ByteView raw) {
    size_t length = 0;
    Header header;
    Parsed peeked = frag_length(raw, length);
    Parsed parsed = parse_header(raw, header);
    if (parsed == Parsed::ok) check(peeked == Parsed::ok && length == header.frag_length && length >= header_size);
    Pdu pdu;
    if (parse_pdu(raw, pdu) != Parsed::ok) return;
    check(inside(pdu.body, raw) && inside(pdu.auth.token, raw) && pdu.has_auth == (header.auth_length != 0));
    check(pdu.auth.token.size() == header.auth_length);
    uint16_t max_frag = static_cast<uint16_t>(header.call_id);
    Request request;
    if (parse_request(pdu, request) == Parsed::ok) {
        check(inside(request.stub, pdu.body) && request.stub_offset <= raw.size());
        CallFields call{.type = PduType::request, .call_id = header.call_id, .p_cont_id = request.p_cont_id,
                        .opnum = request.opnum, .object = request.has_object ? &request.object : nullptr};
        cut_and_join(call, request.stub, max_frag);
    }
    Response response;
    if (parse_response(pdu, response) == Parsed::ok) {
        check(inside(response.stub, pdu.body));
        cut_and_join({.type = PduType::response, .call_id = header.call_id, .cancel_count = response.cancel_count},
                     response.stub, max_frag);
    }
    one_fault(pdu);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    one({data, size});
    if (size < header_size || size > max_frag_length) return 0;
    // And once more with the right length, else most inputs end there.
    std::vector<uint8_t> fixed(data, data + size);
    bool big = (fixed[4] & 0x10) == 0;
    fixed[big ? 9 : 8] = static_cast<uint8_t>(size);
    fixed[big ? 8 : 9] = static_cast<uint8_t>(size >> 8);
    one(fixed);
    return 0;
}
