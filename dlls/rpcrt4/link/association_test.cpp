// Which connection a client's call gets, and what becomes of connections that died.
#include "link/client_test.h"

namespace rpc::link {
namespace {

TEST_F(Client, DiesUnusedAndIsReplaced) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    stream().hang_up();
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 2u);
}

TEST_F(Client, DiesUnusedAndTheExchangeTellsIt) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    stream().finds_peer_gone = true;
    stream().asked_alive = 0;
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 1u);
    stream().hang_up();
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 2u);
    EXPECT_EQ(stream().asked_alive, 0);
}

TEST_F(Client, AllIdleConnectionsOfAServerThatHasGoneAreReplaced) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    Ref<ClientConnection> leased[3];
    for (auto& c : leased) ASSERT_EQ(association->lease(first_interface, nullptr, c), Status::ok);
    for (auto& c : leased) association->give_back(std::move(c));
    for (size_t i = 0; i < 3; ++i) stream(i).hang_up();
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 4u);
}

TEST_F(Client, SynchronousAndAsynchronousNeverShare) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(start()->ends, Ends{Status::ok});
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 2u);
}

// 100 calls for a peer that takes one at a time on a connection: 64 go out, the others wait their turn. The pool serves them.
TEST_F(Client, CallsWaitForAPlace) {
    script.ack_flags = 0;
    script.features = false;
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 100; ++i) {
        auto call = make_call();
        ASSERT_EQ(association->reserve(first_interface, nullptr, call->connection), Status::ok);
        EXPECT_EQ(static_cast<bool>(call->connection), i < 64);
        if (call->connection)
            ASSERT_EQ(call->connection->start(*call, call->send, call->body), Status::ok);
        else
            association->wait(*call);
        calls.push_back(call);
    }
    EXPECT_EQ(script.streams.size(), 64u);
    EXPECT_TRUE(association->cancel_wait(*calls[99]));
    EXPECT_FALSE(association->cancel_wait(*calls[99]));
    for (size_t i = 0; i < 99; ++i) {
        io::run_submitted();
        auto of = std::find_if(script.streams.begin(), script.streams.end(),
                               [&](auto& s) { return s->alive() && !s->sent.empty() && s->pending_requests != 0; });
        ASSERT_NE(of, script.streams.end()) << i;
        --(*of)->pending_requests;
        respond(**of, 1, "r");
        (*of)->deliver();
    }
    io::run_submitted();
    for (int i = 0; i < 99; ++i) EXPECT_EQ(calls[i]->ends, Ends{Status::ok}) << i;
    EXPECT_TRUE(calls[99]->ends.empty());
}

// A place that was taken and given back unused goes to whoever waits.
TEST_F(Client, APlaceGivenBackWakesTheNext) {
    script.ack_flags = 0;
    script.features = false;
    std::vector<Ref<ClientConnection>> places(64);
    for (auto& place : places) ASSERT_EQ(association->reserve(first_interface, nullptr, place), Status::ok);
    auto call = make_call();
    association->wait(*call);
    io::run_submitted();
    EXPECT_EQ(call->places, 0);
    places[5]->unreserve();
    io::run_submitted();
    EXPECT_EQ(call->places, 1);
    auto second = make_call();
    association->wait(*second);
    io::run_submitted();
    EXPECT_EQ(second->places, 0);
    auto failing = make_call(first_interface, 10000);  // more than a fragment: framing needs memory
    mem_fail_nth(1);
    EXPECT_EQ(places[6]->start(*failing, failing->send, failing->body), Status::out_of_memory);
    mem_fail_nth(0);
    io::run_submitted();
    EXPECT_EQ(second->places, 1);
    EXPECT_TRUE(failing->ends.empty());
}

TEST_F(Client, ServerGoneWhileCallsWait) {
    script.ack_flags = 0;
    script.features = false;
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 70; ++i) {
        auto call = make_call();
        ASSERT_EQ(association->reserve(first_interface, nullptr, call->connection), Status::ok);
        if (call->connection)
            ASSERT_EQ(call->connection->start(*call, call->send, call->body), Status::ok);
        else
            association->wait(*call);
        calls.push_back(call);
    }
    script.listening = false;
    for (auto& s : script.streams) {
        s->hang_up();
        s->deliver();
    }
    io::run_submitted();
    for (int i = 0; i < 64; ++i) EXPECT_EQ(calls[i]->ends, Ends{Status::call_failed}) << i;
    for (int i = 64; i < 70; ++i) EXPECT_EQ(calls[i]->ends, Ends{Status::server_unavailable}) << i;
}

TEST_F(Client, StartThatFailsLeavesNothingBehind) {
    script.refuse_start = true;
    Ref<ClientConnection> connection;
    EXPECT_EQ(association->reserve(first_interface, nullptr, connection), Status::server_unavailable);
    EXPECT_FALSE(connection);
    EXPECT_TRUE(stream().closed);
}

}  // namespace
}  // namespace rpc::link
