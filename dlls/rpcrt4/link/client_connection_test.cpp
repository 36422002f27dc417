// Calls and their answers on a client's connection, by a scripted server.
#include "link/client_test.h"

namespace rpc::link {
namespace {

TEST_F(Client, PutsFragmentsTogether) {
    for (size_t chunk : {size_t{1}, size_t{17}, SIZE_MAX}) {
        answer_requests([chunk](ScriptStream& s, uint32_t id) {
            s.chunk = chunk;
            respond(s, id, "abc", wire::pfc::first_frag);
            respond(s, id, "", 0);
            respond(s, id, "def", 0);
            respond(s, id, "g", wire::pfc::last_frag);
        });
        auto call = perform();
        EXPECT_EQ(call->data, "abcdefg");
        EXPECT_EQ(call->ends, Ends{Status::ok});
    }
    EXPECT_EQ(script.streams.size(), 1u);
}

TEST_F(Client, AcceptsCallIdOneForEverythingWithoutMultiplexing) {
    script.ack_flags = 0;
    script.features = false;
    answer_requests([](ScriptStream& s, uint32_t) { respond(s, 1, "one"); });
    for (int i = 0; i < 5; ++i) {
        auto call = perform();
        EXPECT_EQ(call->data, "one");
        EXPECT_EQ(call->ends, Ends{Status::ok});
    }
    EXPECT_EQ(script.streams.size(), 1u);
}

TEST_F(Client, AnswersFindTheirCallsInAnyOrder) {
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 10; ++i) calls.push_back(start());
    EXPECT_EQ(script.streams.size(), 1u);
    for (int i = 10; i-- != 0;) respond(stream(), script.call_ids[i], std::to_string(i), wire::pfc::first_frag);
    for (int i = 0; i < 10; ++i) respond(stream(), script.call_ids[i], "!", wire::pfc::last_frag);
    stream().deliver();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(calls[i]->data, std::to_string(i) + "!");
        EXPECT_EQ(calls[i]->ends, Ends{Status::ok});
    }
}

// A peer that has answered none of eight requests is not interrupted for each of the next, nor asked whether it is there.
TEST_F(Client, APeerThatIsBehindGetsItsRequestsTogether) {
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 8; ++i) calls.push_back(start());
    EXPECT_EQ(stream().posted_soon, 0);
    for (int i = 8; i < 20; ++i) calls.push_back(start());
    EXPECT_EQ(stream().posted_soon, 12);
    EXPECT_EQ(stream().asked_alive, 0);
    respond(stream(), script.call_ids[5], "5");
    stream().deliver();
    for (int i = 20; i < 28; ++i) calls.push_back(start());
    EXPECT_EQ(stream().posted_soon, 12);
    calls.push_back(start());
    EXPECT_EQ(stream().posted_soon, 13);
    EXPECT_EQ(script.streams.size(), 1u);
    stream().hang_up();
    stream().deliver();
    for (size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i]->ends, Ends{i == 5 ? Status::ok : Status::call_failed}) << i;
}

TEST_F(Client, AQuietConnectionIsAskedBeforeItsNextCall) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(start()->ends, Ends{Status::ok});
    stream().hang_up();  // its reader has not heard yet
    EXPECT_EQ(start()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 2u);
}

TEST_F(Client, WrongCallIdsAndSecondAnswersAreDropped) {
    auto call = start();
    auto other = start();
    respond(stream(), 0xDEAD, "no");
    fault(stream(), 0xDEAD, 5);
    respond(stream(), script.call_ids[0], "yes");
    respond(stream(), script.call_ids[0], "again");
    fault(stream(), script.call_ids[0], 5);
    respond(stream(), script.call_ids[1], "other");
    stream().deliver();
    EXPECT_EQ(call->data, "yes");
    EXPECT_EQ(call->ends, Ends{Status::ok});
    EXPECT_EQ(other->data, "other");
    EXPECT_EQ(other->ends, Ends{Status::ok});
}

TEST_F(Client, SecondAnswerIsNotTheNextCallsWithoutMultiplexing) {
    script.ack_flags = 0;
    script.features = false;
    answer_requests([](ScriptStream& s, uint32_t) {
        respond(s, 1, "first");
        respond(s, 1, "second");
    });
    EXPECT_EQ(perform()->data, "first");
    EXPECT_EQ(perform()->data, "first");
    EXPECT_EQ(script.streams.size(), 2u);
    EXPECT_TRUE(stream(0).closed);
}

TEST_F(Client, FaultInTheMiddleOfAResponse) {
    for (bool multiplexes : {true, false}) {
        script.ack_flags = multiplexes ? wire::pfc::conc_mpx : 0;
        script.features = multiplexes;
        answer_requests([](ScriptStream& s, uint32_t id) {
            respond(s, id, "abc", wire::pfc::first_frag);
            fault(s, id, 0x1C00000D);
            respond(s, id, "def", wire::pfc::last_frag);
        });
        association.reset();
        SetUp();
        EXPECT_EQ(perform()->ends, Ends{Status::call_cancelled});
        answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "fine"); });
        auto next = perform();
        EXPECT_EQ(next->data, "fine");
        EXPECT_EQ(next->ends, Ends{Status::ok});
    }
}

TEST_F(Client, ACallThatCannotTakeItsDataEndsAloneWhereIdsAreEchoed) {
    auto call = start();
    auto other = start();
    call->data_status = Status::out_of_memory;
    respond(stream(), script.call_ids[0], "abc", wire::pfc::first_frag);
    respond(stream(), script.call_ids[0], "def", wire::pfc::last_frag);
    respond(stream(), script.call_ids[1], "r");
    stream().deliver();
    EXPECT_EQ(call->ends, Ends{Status::out_of_memory});
    EXPECT_EQ(other->ends, Ends{Status::ok});
}

TEST_F(Client, TheEndOfTheConnectionEndsEveryCallOnce) {
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 3; ++i) calls.push_back(start());
    respond(stream(), script.call_ids[1], "half", wire::pfc::first_frag);
    stream().hang_up();
    stream().deliver();
    for (auto& call : calls) EXPECT_EQ(call->ends, Ends{Status::call_failed});
    auto next = start();  // a new connection, in a new group
    EXPECT_EQ(script.groups, (std::vector<uint32_t>{0, 0}));
    script.streams.back()->hang_up();
    script.streams.back()->deliver();
    EXPECT_EQ(next->ends, Ends{Status::call_failed});
}

TEST_F(Client, GarbageEndsTheConnectionAndItsCalls) {
    auto a = start(), b = start();
    stream().answer(std::vector<uint8_t>(64, 'x'));
    stream().deliver();
    stream().deliver();
    EXPECT_EQ(a->ends, Ends{Status::protocol_error});
    EXPECT_EQ(b->ends, Ends{Status::protocol_error});
    EXPECT_TRUE(stream().closed);
}

TEST_F(Client, PdusOfAClientAreAProtocolError) {
    for (auto type : {wire::PduType::co_cancel, wire::PduType::orphaned, wire::PduType::bind_ack, wire::PduType::bind_nak}) {
        auto call = start();
        ScriptStream& s = *script.streams.back();
        bare(s, type, script.call_ids.back());
        s.deliver();
        EXPECT_EQ(call->ends, Ends{Status::protocol_error});
    }
}

// Who relies on it asks for no ends, and sends what is framed as one.
TEST(Framing, FitsWhatBecomesOneFragment) {
    for (uint16_t max_frag = 32; max_frag < 72; ++max_frag)
        for (size_t size = 0; size < 64; ++size) {
            OutgoingBody body;
            ASSERT_EQ(body.allocate(size, false), Status::ok);
            std::memset(body.data(), 0, size);
            const bool fits = body.fits(max_frag);
            Buffer out;
            Vector<size_t> ends;
            ASSERT_EQ(frame_call({}, std::move(body), max_frag, out, &ends), Status::ok);
            EXPECT_EQ(fits, ends.size() == 1) << size << " in " << max_frag;
            EXPECT_EQ(ends.back(), out.size());
        }
}

}  // namespace
}  // namespace rpc::link
