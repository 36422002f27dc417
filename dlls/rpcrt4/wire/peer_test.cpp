// What another implementation sends: taken from the wire between programs on Wine's own library (8 and 10 alike).
#include <gtest/gtest.h>

#include "wire/bind.h"
#include "wire/fault.h"
#include "wire/fragment.h"
#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

constexpr SyntaxId interface_id{{0x55555555, 0, 0, {}}, 1, 0};

struct Received {
    explicit Received(const char* text) : raw(unhex(text)) { EXPECT_EQ(parse_pdu(raw, pdu), Parsed::ok) << text; }
    std::vector<uint8_t> raw;
    Pdu pdu;
};

TEST(Peer, Bind) {
    const char* text =
        "05000b03100000004800000001000000d016d0160000000001000000000001005555555500000000000000000000000001000000"
        "045d888aeb1cc9119fe808002b10486002000000";
    Received r(text);
    Bind bind;
    ASSERT_EQ(parse_bind(r.pdu, bind), Parsed::ok);
    EXPECT_FALSE(r.pdu.header.has(pfc::conc_mpx));
    ContextElement e;
    ASSERT_TRUE(bind.contexts.next(e));
    EXPECT_EQ(e.abstract_syntax, interface_id);
    EXPECT_EQ(e.transfer(0), ndr20);
    // Ours of the same content has the same bytes.
    const SyntaxId ndr[] = {ndr20};
    const ContextOffer offers[] = {{0, interface_id, ndr}};
    Buffer out;
    ASSERT_EQ(build_bind(out, PduType::bind, {1, 0, 5840, 5840, 0}, offers), Status::ok);
    EXPECT_EQ(hex(out.view()), text);
}

TEST(Peer, BindAckThatRefusesTheFeatureElement) {
    const char* text =
        "05000c03100000005400000001000000d016d016020000000600333435363800"
        "0200000000000000045d888aeb1cc9119fe808002b10486002000000020002000000000000000000000000000000000000000000";
    Received r(text);
    BindAck ack;
    ASSERT_EQ(parse_bind_ack(r.pdu, ack), Parsed::ok);
    EXPECT_EQ(hex(ack.secondary_address), "3334353638");
    EXPECT_EQ(ack.assoc_group_id, 2u);
    ContextResult result[2];
    ASSERT_TRUE(ack.results.next(result[0]));
    ASSERT_TRUE(ack.results.next(result[1]));
    EXPECT_EQ(result[0], (ContextResult{BindResult::acceptance, 0, ndr20}));
    EXPECT_EQ(result[1].result, BindResult::provider_rejection);
    EXPECT_EQ(result[1].reason, static_cast<uint16_t>(ProviderReason::proposed_transfer_syntaxes_not_supported));
    Buffer out;
    ASSERT_EQ(build_bind_ack(out, PduType::bind_ack, {1, 0, 5840, 5840, 2}, ack.secondary_address, result), Status::ok);
    EXPECT_EQ(hex(out.view()), text);
}

TEST(Peer, BindAckForAnUnknownInterface) {
    Received r("05000c03100000003c00000001000000d016d0160100000006003334353637000100000002000100"
               "0000000000000000000000000000000000000000");
    BindAck ack;
    ASSERT_EQ(parse_bind_ack(r.pdu, ack), Parsed::ok);
    ContextResult result;
    ASSERT_TRUE(ack.results.next(result));
    EXPECT_EQ(result.result, BindResult::provider_rejection);
    EXPECT_EQ(result.reason, static_cast<uint16_t>(ProviderReason::abstract_syntax_not_supported));
    EXPECT_EQ(result.transfer_syntax, null_syntax);
}

TEST(Peer, FaultsCarryNoHint) {
    Received raised("050003031000000020000000010000000000000000000000341200e000000000");
    Fault fault;
    ASSERT_EQ(parse_fault(raised.pdu, fault), Parsed::ok);
    EXPECT_EQ(code(status_from_fault(fault.status)), 0xE0001234u);
    EXPECT_TRUE(fault.eeinfo.empty());
    Received range("0500030310000000200000000100000000000000000000000200011c00000000");
    ASSERT_EQ(parse_fault(range.pdu, fault), Parsed::ok);
    EXPECT_EQ(status_from_fault(fault.status), Status::procnum_out_of_range);
    EXPECT_FALSE(fault.did_not_execute);
}

TEST(Peer, RequestWithAnObject) {
    const char* text =
        "0500008310000000300000000200000008000000000000000403020106050807090a0b0c0d0e0f101111111111111111";
    Received r(text);
    Request request;
    ASSERT_EQ(parse_request(r.pdu, request), Parsed::ok);
    EXPECT_EQ(request.object, (Uuid{0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}}));
    EXPECT_EQ(request.stub.size(), 8u);
    FragmentPlan plan;
    ASSERT_EQ(plan.init({.type = PduType::request, .call_id = 2, .object = &request.object}, 8, 5840), Status::ok);
    EXPECT_EQ(hex(plan.at(0).header()) + hex(request.stub), text);
}

// After the fault for an opnum out of range, Wine's own server sends a response for the same call that echoes the request.
// It parses: whoever reads the stream has to know that the call has ended.
TEST(Peer, ResponseBehindAFault) {
    std::vector<uint8_t> stream = unhex(
        "0500030310000000200000000100000000000000000000000200011c00000000"
        "0500020310000000200000000100000008000000000000002222222222222222");
    size_t length = 0;
    ASSERT_EQ(frag_length(stream, length), Parsed::ok);
    ASSERT_EQ(length, 32u);
    Pdu pdu;
    ASSERT_EQ(parse_pdu(ByteView(stream).subspan(length), pdu), Parsed::ok);
    Response response;
    ASSERT_EQ(parse_response(pdu, response), Parsed::ok);
    EXPECT_EQ(hex(response.stub), "2222222222222222");
}

}  // namespace
}  // namespace rpc::wire
