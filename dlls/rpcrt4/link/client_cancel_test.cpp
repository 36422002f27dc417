// Cancelled and abandoned calls of a client, by a scripted server.
#include "link/client_test.h"

namespace rpc::link {
namespace {

TEST_F(Client, CancelAndAbandonAreToldOnce) {
    auto call = start(), other = start();
    call->connection->cancel(*call);
    call->connection->cancel(*call);
    call->connection->abandon(*call);
    call->connection->abandon(*call);
    using enum wire::PduType;
    EXPECT_EQ(script.seen, (std::vector{bind, request, request, co_cancel, co_cancel, orphaned}));
    respond(stream(), script.call_ids[0], "late");
    respond(stream(), script.call_ids[1], "r");
    stream().deliver();
    EXPECT_TRUE(call->ends.empty());  // abandon's caller ends it
    EXPECT_EQ(call->data, "");
    EXPECT_EQ(other->data, "r");
    EXPECT_FALSE(stream().closed);
}

// ---- synchronous calls that are cancelled or given up ----

// Asked for before the request is out: it is told behind the request, and the server's answer still counts.
TEST_F(Client, ACancelIsToldBehindTheRequest) {
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type == wire::PduType::co_cancel) respond(s, pdu.header.call_id, "r");
        return false;
    };
    auto call = make_call();
    Ref<ClientConnection> connection;
    ASSERT_EQ(association->lease(first_interface, nullptr, connection), Status::ok);
    call->ask_cancel(UINT64_MAX);
    EXPECT_EQ(connection->perform(*call, call->send, call->body), Status::ok);
    using enum wire::PduType;
    EXPECT_EQ(script.seen, (std::vector{bind, request, co_cancel}));
    EXPECT_EQ(call->ends, Ends{Status::ok});
    EXPECT_EQ(call->data, "r");
    EXPECT_TRUE(connection->usable());
    association->give_back(std::move(connection));
}

TEST_F(Client, GivenUpItIsOrphanedAndItsLateAnswerDropped) {
    auto call = make_call();
    Ref<ClientConnection> connection;
    ASSERT_EQ(association->lease(first_interface, nullptr, connection), Status::ok);
    call->ask_cancel(0);
    EXPECT_EQ(connection->perform(*call, call->send, call->body), Status::ok);
    using enum wire::PduType;
    EXPECT_EQ(script.seen, (std::vector{bind, request, co_cancel, orphaned}));
    EXPECT_EQ(call->ends, Ends{Status::call_cancelled});
    association->give_back(std::move(connection));
    respond(stream(), script.call_ids[0], "late");
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "next"); });
    EXPECT_EQ(perform()->data, "next");
    EXPECT_EQ(script.streams.size(), 1u);
}

TEST_F(Client, GivenUpWithoutTheFeatureTheConnectionEnds) {
    for (bool multiplexes : {false, true}) {
        script.features = false;
        script.ack_flags = multiplexes ? wire::pfc::conc_mpx : 0;
        const size_t n = script.streams.size();
        script.seen.clear();
        auto call = make_call();
        Ref<ClientConnection> connection;
        ASSERT_EQ(association->lease(first_interface, nullptr, connection), Status::ok);
        call->ask_cancel(0);
        EXPECT_EQ(connection->perform(*call, call->send, call->body), Status::ok);
        EXPECT_EQ(call->ends, Ends{Status::call_cancelled});
        EXPECT_TRUE(stream(n).closed);
        using enum wire::PduType;
        // The nearest peer knows neither of the two.
        EXPECT_EQ(script.seen, multiplexes ? (std::vector{bind, request, co_cancel, orphaned}) : (std::vector{bind, request}));
        association->give_back(std::move(connection));
    }
}

// A cancel that came too late for its call breaks off the next wait, which is nobody's loss.
TEST_F(Client, ALateCancelHarmsNobody) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->data, "r");
    stream().interrupt();
    EXPECT_EQ(perform(second_interface)->data, "r");
    stream().interrupt();
    EXPECT_EQ(perform()->data, "r");
    EXPECT_EQ(script.streams.size(), 1u);
    using enum wire::PduType;
    EXPECT_EQ(script.seen, (std::vector{bind, request, alter_context, request, request}));
}

// Negotiated features without multiplexing: one call at a time, and a connection that survives orphaned. The answer that was on
// its way belongs to the call that was given up.
TEST_F(Client, LateAnswerIsNotTheNextCalls) {
    script.ack_flags = 0;
    auto call = start();
    call->connection->abandon(*call);
    auto next = start();
    ASSERT_EQ(script.streams.size(), 1u);
    respond(stream(), script.call_ids[0], "late");
    stream().deliver();
    EXPECT_TRUE(next->ends.empty());
    respond(stream(), script.call_ids[1], "mine");
    stream().deliver();
    EXPECT_EQ(next->data, "mine");
    EXPECT_EQ(next->ends, Ends{Status::ok});
}

TEST_F(Client, AbandonClosesWhatTheNearestPeerWouldDrop) {
    script.ack_flags = 0;
    script.features = false;
    auto call = start();
    call->connection->abandon(*call);
    EXPECT_TRUE(stream().closed);
    EXPECT_EQ(script.seen.back(), wire::PduType::request);  // neither co_cancel nor orphaned
}

TEST_F(Client, WithoutTheFeatureTheConnectionEndsWithItsLastCall) {
    script.features = false;
    auto call = start(), other = start();
    call->connection->abandon(*call);
    EXPECT_FALSE(stream().closed);
    EXPECT_EQ(script.seen.back(), wire::PduType::co_cancel);  // orphaned would oblige us to close
    EXPECT_EQ(start()->ends, Ends{});                         // goes to a second connection
    EXPECT_EQ(script.streams.size(), 2u);
    respond(stream(), script.call_ids[1], "r");
    stream().deliver();
    EXPECT_EQ(other->ends, Ends{Status::ok});
    EXPECT_TRUE(stream().closed);
}

}  // namespace
}  // namespace rpc::link
