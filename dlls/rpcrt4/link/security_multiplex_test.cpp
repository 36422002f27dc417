// Several identities on one connection ([MS-RPCE] 3.3.1.5.4): whose each call is, and what the peer may not do to that.
#include "link/security_test.h"

namespace rpc::link::wired {
namespace {

class Multiplexed : public Secure {
protected:
    using Ends = std::vector<Status>;
    static bool is(const Bytes& pdu, wire::PduType type) { return pdu.size() > 2 && static_cast<wire::PduType>(pdu[2]) == type; }
    static wire::Pdu parsed(const Bytes& pdu) {
        wire::Pdu out;
        EXPECT_EQ(wire::parse_pdu(pdu, out), wire::Parsed::ok);
        return out;
    }
    static void set_length(Bytes& pdu) {
        pdu[8] = static_cast<uint8_t>(pdu.size());
        pdu[9] = static_cast<uint8_t>(pdu.size() >> 8);
    }
    // The byte of features in a bind.
    static uint8_t& mask_of(Bytes& bind) {
        const uint8_t prefix[] = {0x2C, 0x1C, 0xB7, 0x6C, 0x12, 0x98, 0x40, 0x45};
        auto at = std::search(bind.begin(), bind.end(), std::begin(prefix), std::end(prefix));
        EXPECT_LT(at - bind.begin(), static_cast<ptrdiff_t>(bind.size()) - 8);
        return at[8];
    }
    size_t count(wire::PduType type) const { return static_cast<size_t>(std::count(wire->types.begin(), wire->types.end(), type)); }
    Ref<TestCall> start(const security::ClientAuth* auth, std::string_view stub, bool alone = false, const Syntaxes& syntaxes = first_interface) {
        auto call = make_ref<TestCall>(association, syntaxes);
        call->send.auth = auth;
        call->send.opnum = 3;
        call->body = body_of(stub);
        Status status = association->reserve(syntaxes, auth, call->connection, alone);
        if (!failed(status)) status = call->connection->start(*call, call->send, call->body);
        if (failed(status)) call->ends.push_back(status);
        return call;
    }
    // The first connection's answers stay on their way until release_answers(). What else a test does to the wire comes first.
    void hold_answers(std::function<void(Bytes&, bool)> touch = nullptr) {
        holds = true;
        wire->touch = [this, touch](Bytes& pdu, bool from_client) {
            if (touch) touch(pdu, from_client);
            if (holds && !from_client && is(pdu, wire::PduType::response)) held.push_back(std::exchange(pdu, {}));
        };
    }
    void release_answers() {
        holds = false;
        for (auto& pdu : std::exchange(held, {})) wire->clients[0]->answer(pdu);
        wire->clients[0]->deliver();
    }
    std::vector<Bytes> held;
    bool holds = false;
    void all_run_as(std::initializer_list<std::pair<std::string_view, Level>> who) {
        ASSERT_EQ(g_seen.size(), who.size());
        size_t i = 0;
        for (auto& [user, level] : who) {
            EXPECT_EQ(g_seen[i].user, user) << i;
            EXPECT_EQ(g_seen[i].level, level) << i;
            EXPECT_TRUE(g_seen[i].secure) << i;
            ++i;
        }
    }
};

TEST_F(Multiplexed, TwoIdentitiesAtEveryLevel) {
    for (int legs : {2, 3, 4, 5})
        for (Level first : {Level::packet, Level::integrity, Level::privacy})
            for (Level second : {Level::connect, Level::packet, Level::integrity, Level::privacy}) {
                SCOPED_TRACE(std::to_string(legs) + " legs, " + std::to_string(int(first)) + " and " + std::to_string(int(second)));
                fresh();
                uint8_t offered = 0;
                wire->touch = [&](Bytes& pdu, bool from_client) {
                    if (from_client && is(pdu, wire::PduType::bind)) offered = mask_of(pdu);
                };
                auto ann = login(3, first), bob = login(legs, second, "right", "bob");
                std::string reply;
                for (int round = 0; round < 3; ++round)
                    for (auto& who : {ann, bob, bob}) {
                        ASSERT_EQ(call(who.get(), "hello, wire", &reply), Status::ok);
                        EXPECT_EQ(reply.substr(0, 11), "hello, wire");
                    }
                EXPECT_EQ(offered, 3);
                EXPECT_EQ(wire->clients.size(), 1u);
                EXPECT_EQ(count(wire::PduType::bind), 1u);
                EXPECT_EQ(count(wire::PduType::alter_context), static_cast<size_t>(legs / 2));
                all_run_as({{"ann", first}, {"bob", second}, {"bob", second}, {"ann", first}, {"bob", second}, {"bob", second},
                            {"ann", first}, {"bob", second}, {"bob", second}});
                // Every request, and every answer that is protected, says whose it is.
                for (auto& raw : wire->sent)
                    if (is(raw, wire::PduType::request)) EXPECT_TRUE(parsed(raw).has_auth);
            }
}

TEST_F(Multiplexed, AtConnectLevelARequestSaysWhoseItIsAndLeaksNothing) {
    auto ann = login(3, Level::connect), bob = login(3, Level::connect, "right", "bob");
    ASSERT_EQ(call(ann.get(), "1"), Status::ok);
    ASSERT_EQ(call(bob.get(), "2"), Status::ok);
    ASSERT_EQ(call(ann.get(), "3"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 1u);
    all_run_as({{"ann", Level::connect}, {"bob", Level::connect}, {"ann", Level::connect}});
    std::vector<uint32_t> named;  // 0: nobody
    for (auto& raw : wire->sent) {
        if (!is(raw, wire::PduType::request)) continue;
        const wire::Pdu pdu = parsed(raw);
        named.push_back(pdu.has_auth ? pdu.auth.context_id : 0);
        for (uint8_t byte : pdu.auth.token) EXPECT_EQ(byte, 0);
    }
    EXPECT_EQ(named, (std::vector<uint32_t>{0, 2, 1}));
}

TEST_F(Multiplexed, CallsOfBothAreOutAtOnce) {
    for (Level level : {Level::connect, Level::integrity, Level::privacy}) {
        fresh();
        auto ann = login(3, level), bob = login(4, level, "right", "bob");
        // Who has logged in while nothing was out.
        EXPECT_EQ(start(ann.get(), "ann")->ends, Ends{Status::ok});
        EXPECT_EQ(start(bob.get(), "bob")->ends, Ends{Status::ok});
        g_seen.clear();
        hold_answers();
        std::vector<Ref<TestCall>> calls;
        for (int i = 0; i < 20; ++i) calls.push_back(start(i % 3 ? ann.get() : bob.get(), std::string(8, static_cast<char>('a' + i))));
        for (auto& call : calls) EXPECT_TRUE(call->ends.empty());
        // Who has not, does it elsewhere.
        EXPECT_EQ(wire->clients.size(), 1u);
        holds = false;
        auto eve = login(3, level, "right", "eve");
        EXPECT_EQ(start(eve.get(), "eve")->ends, Ends{Status::ok});
        EXPECT_EQ(g_seen.back().user, "eve");
        g_seen.pop_back();
        EXPECT_EQ(wire->clients.size(), 2u);
        release_answers();
        for (size_t i = 0; i < 20; ++i) {
            ASSERT_EQ(calls[i]->ends, Ends{Status::ok});
            EXPECT_EQ(calls[i]->data.substr(0, 8), std::string(8, static_cast<char>('a' + i)));
        }
        ASSERT_EQ(g_seen.size(), 20u);
        for (auto& seen : g_seen) EXPECT_EQ(seen.user, (seen.stub[0] - 'a') % 3 ? "ann" : "bob");
    }
}

TEST_F(Multiplexed, WithoutTheAgreementEachHasAConnection) {
    wire->touch = [](Bytes& pdu, bool from_client) {
        if (from_client && is(pdu, wire::PduType::bind)) mask_of(pdu) &= ~1;
    };
    auto ann = login(3, Level::integrity), bob = login(3, Level::integrity, "right", "bob");
    for (int round = 0; round < 2; ++round)
        for (auto& who : {ann, bob}) ASSERT_EQ(call(who.get(), "x"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 2u);
    auto a = start(ann.get(), "y"), b = start(bob.get(), "z");
    io::run_submitted();
    EXPECT_EQ(a->ends, Ends{Status::ok});
    EXPECT_EQ(b->ends, Ends{Status::ok});
    EXPECT_EQ(wire->clients.size(), 4u);
    EXPECT_EQ(count(wire::PduType::alter_context), 0u);
}

TEST_F(Multiplexed, NobodyStaysApart) {
    auto ann = login(3, Level::integrity);
    uint8_t offered = 0xFF;
    wire->touch = [&](Bytes& pdu, bool from_client) {
        if (from_client && is(pdu, wire::PduType::bind)) offered = mask_of(pdu);
    };
    ASSERT_EQ(call(nullptr, "1"), Status::ok);
    EXPECT_EQ(offered, 2);
    ASSERT_EQ(call(ann.get(), "2"), Status::ok);
    ASSERT_EQ(call(nullptr, "3"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 2u);
    // Nor does a request go out as nobody where the connection is somebody's, or the reverse, whatever its caller does.
    const security::ClientAuth* const both[] = {nullptr, ann.get()};
    for (const security::ClientAuth* asked : both) {
        Ref<ClientConnection> connection;
        ASSERT_EQ(association->lease(first_interface, asked, connection), Status::ok);
        auto call = make_ref<TestCall>(association, first_interface);
        call->send.auth = asked ? nullptr : ann.get();
        call->body = body_of("x");
        EXPECT_EQ(connection->perform(*call, call->send, call->body), Status::internal_error);
        association->give_back(std::move(connection));
    }
    EXPECT_EQ(g_seen.size(), 3u);
}

// Header signing is agreed on by the bind: who would have it does not go without because another one came first.
TEST_F(Multiplexed, NobodyLosesHeaderSigningToAnother) {
    auto low = login(3, Level::connect), high = login(3, Level::integrity, "right", "bob");
    ASSERT_EQ(call(low.get(), "1"), Status::ok);
    ASSERT_EQ(call(high.get(), "2"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 2u);
    fresh();
    ASSERT_EQ(call(high.get(), "1"), Status::ok);
    ASSERT_EQ(call(low.get(), "2"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 1u);
}

TEST_F(Multiplexed, EachTellsTheServerWhatItMeans) {
    const uint8_t magic[] = {0x8A, 0xE3, 0x13, 0x71, 0x02, 0xF4, 0x36, 0x71};
    auto ann = login(3, Level::integrity), bob = login(3, Level::integrity, "right", "bob");
    for (int round = 0; round < 2; ++round)
        for (auto& syntaxes : {first_interface, second_interface})
            for (auto& who : {ann, bob}) ASSERT_EQ(call(who.get(), "x", nullptr, syntaxes), Status::ok);
    std::vector<uint32_t> told;
    for (auto& raw : wire->sent)
        if (is(raw, wire::PduType::request) && std::search(raw.begin(), raw.end(), std::begin(magic), std::end(magic)) != raw.end())
            told.push_back(parsed(raw).auth.context_id);
    EXPECT_EQ(told, (std::vector<uint32_t>{1, 2, 1, 2}));
    EXPECT_EQ(wire->clients.size(), 1u);
}

// Without header signing nothing but the session says whose answer it is.
TEST_F(Multiplexed, AnAnswerOfAnothersContextEndsTheConnection) {
    auto ann = login(3, Level::packet), bob = login(3, Level::packet, "right", "bob");
    hold_answers([](Bytes& pdu, bool) {
        if (is(pdu, wire::PduType::bind) || is(pdu, wire::PduType::bind_ack)) pdu[3] &= ~wire::pfc::support_header_sign;
    });
    holds = false;
    (void)start(ann.get(), "ann"), (void)start(bob.get(), "bob");
    holds = true;
    g_seen.clear();
    auto first = start(ann.get(), "for ann"), second = start(bob.get(), "for bob");
    EXPECT_EQ(wire->clients.size(), 1u);
    ASSERT_EQ(held.size(), 2u);
    std::swap(held[0][12], held[1][12]);  // call_id
    release_answers();
    EXPECT_EQ(first->ends, Ends{Status::protocol_error});
    EXPECT_EQ(second->ends, Ends{Status::protocol_error});
    EXPECT_EQ(first->data + second->data, "");
    EXPECT_TRUE(wire->clients[0]->closed);
    EXPECT_EQ(g_seen.size(), 2u);
}

TEST_F(Multiplexed, AnswersThatNameAnotherOrAnUnknownContext) {
    for (bool sync : {true, false})
        for (Level level : {Level::connect, Level::integrity, Level::privacy})
            for (uint32_t named : {1u, 2u, 3u, 0u, 0xFFFFFFFFu})
                for (bool fault : {false, true}) {
                    SCOPED_TRACE(std::to_string(int(level)) + " names " + std::to_string(named) + (fault ? " in a fault" : ""));
                    if (named == 2 && !fault && level != Level::connect) continue;  // that is the right one, and protected
                    fresh();
                    auto ann = login(3, level), bob = login(3, level, "right", "bob");
                    if (sync) {
                        ASSERT_EQ(call(ann.get(), "a"), Status::ok);
                    } else {
                        (void)start(ann.get(), "a");
                        io::run_submitted();
                    }
                    wire->ends_when_stuck = true;
                    wire->touch = [&](Bytes& pdu, bool from_client) {
                        if (from_client || !is(pdu, wire::PduType::response)) return;
                        const wire::Pdu was = parsed(pdu);
                        Buffer out;
                        if (fault) {
                            wire::FaultFields fields;
                            fields.call_id = was.header.call_id;
                            fields.status = wire::nca::server_too_busy;
                            ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
                        } else {
                            const size_t end = was.has_auth ? was.auth.offset - was.auth.pad_length : pdu.size();
                            ASSERT_TRUE(out.append(ByteView(pdu).first(end)));
                            out.data()[8] = static_cast<uint8_t>(end);
                            out.data()[9] = out.data()[10] = out.data()[11] = 0;
                        }
                        ASSERT_EQ(wire::append_auth(out, 0, {security::fake_service(3), static_cast<uint8_t>(level), named}, Bytes(16, 7)),
                                  Status::ok);
                        pdu.assign(out.view().begin(), out.view().end());
                        set_length(pdu);
                    };
                    Status status;
                    if (sync) {
                        status = call(bob.get(), "b");
                    } else {
                        auto out = start(bob.get(), "b");
                        io::run_submitted();
                        ASSERT_EQ(out->ends.size(), 1u);
                        status = out->ends[0];
                        EXPECT_EQ(out->data.empty(), named != 2 || fault);
                    }
                    if (named == 2) {
                        EXPECT_EQ(status, fault ? Status::server_too_busy : Status::ok);
                    } else if (named == 1 && !fault && level != Level::connect) {
                        EXPECT_EQ(status, Status::sec_pkg_error);  // nor is it anything of that one's
                    } else {
                        EXPECT_EQ(status, Status::protocol_error);
                    }
                    EXPECT_EQ(g_seen.size(), 2u);
                    ASSERT_EQ(wire->clients.size(), 1u);
                    if (named != 2) {
                        EXPECT_TRUE(wire->clients[0]->closed);
                    }
                }
}

TEST_F(Multiplexed, AnAnswerWithoutATrailerIsOnlyForWhoIsNotProtected) {
    auto ann = login(3, Level::privacy), low = login(3, Level::connect, "right", "low");
    ASSERT_EQ(call(ann.get(), "a"), Status::ok);
    ASSERT_EQ(call(low.get(), "l"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 1u);
    wire->touch = [&](Bytes& pdu, bool from_client) {
        const wire::Pdu was = parsed(pdu);
        if (from_client || !is(pdu, wire::PduType::response) || !was.has_auth) return;
        pdu.resize(was.auth.offset - was.auth.pad_length);
        pdu[10] = pdu[11] = 0;
        set_length(pdu);
    };
    EXPECT_EQ(call(low.get(), "l"), Status::ok);
    EXPECT_EQ(call(ann.get(), "a"), Status::sec_pkg_error);
    EXPECT_TRUE(wire->clients[0]->closed);
}

// There are servers that close the connection then. So nobody else is on it, and others go on elsewhere.
TEST_F(Multiplexed, AFailedLoginIsItsOwn) {
    for (int legs = 2; legs <= 6; ++legs)
        for (Level level : {Level::connect, Level::integrity, Level::privacy}) {
            SCOPED_TRACE(std::to_string(legs) + " at " + std::to_string(int(level)));
            fresh();
            auto ann = login(3, level), wrong = login(legs, level, "wrong", "bob"), right = login(legs, level, "right", "bob");
            ASSERT_EQ(call(ann.get(), "1"), Status::ok);
            EXPECT_EQ(call(wrong.get(), "no"), Status::access_denied);
            EXPECT_EQ(wire->clients.size(), 1u);
            EXPECT_TRUE(wire->clients[0]->closed);
            EXPECT_EQ(count(wire::PduType::alter_context), static_cast<size_t>(legs / 2));  // and not once more
            ASSERT_EQ(call(ann.get(), "2"), Status::ok);
            ASSERT_EQ(call(right.get(), "3"), Status::ok);
            EXPECT_EQ(wire->clients.size(), 2u);
            // It does not come back to where others are, nor they to where it is.
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(call(wrong.get(), "no"), Status::access_denied);
                ASSERT_EQ(call(ann.get(), "4"), Status::ok);
            }
            EXPECT_FALSE(wire->clients[1]->closed);
            EXPECT_EQ(wire->clients.size(), legs % 2 ? 3u : 5u);
            all_run_as({{"ann", level}, {"ann", level}, {"bob", level}, {"ann", level}, {"ann", level}, {"ann", level}});
        }
}

TEST_F(Multiplexed, AnAsynchronousFailedLoginIsItsOwn) {
    for (int legs = 2; legs <= 5; ++legs) {
        SCOPED_TRACE(legs);
        fresh();
        auto ann = login(3, Level::integrity), wrong = login(legs, Level::integrity, "wrong", "bob");
        hold_answers();
        auto out = start(ann.get(), "out");
        EXPECT_EQ(start(wrong.get(), "no")->ends, Ends{Status::access_denied});
        EXPECT_EQ(wire->clients.size(), 2u);
        EXPECT_TRUE(out->ends.empty());
        EXPECT_FALSE(wire->clients[0]->closed);
        release_answers();
        EXPECT_EQ(out->ends, Ends{Status::ok});
        auto again = login(legs, Level::integrity, "wrong", "eve");
        EXPECT_EQ(start(again.get(), "no")->ends, Ends{Status::access_denied});  // on the idle one
        EXPECT_TRUE(wire->clients[0]->closed);
        EXPECT_EQ(start(ann.get(), "more")->ends, Ends{Status::ok});
        EXPECT_EQ(wire->clients.size(), 3u);
        all_run_as({{"ann", Level::integrity}, {"ann", Level::integrity}});
    }
}

// An access that is refused to somebody whose calls have been answered before is no failed login.
TEST_F(Multiplexed, AFaultOfSomebodyKnownChangesNothing) {
    auto ann = login(3, Level::integrity), bob = login(3, Level::integrity, "right", "bob");
    ASSERT_EQ(call(ann.get(), "1"), Status::ok);
    ASSERT_EQ(call(bob.get(), "2"), Status::ok);
    wire->touch = [&](Bytes& pdu, bool from_client) {
        if (from_client || !is(pdu, wire::PduType::response)) return;
        wire::FaultFields fields;
        fields.call_id = parsed(pdu).header.call_id;
        fields.status = 5;
        Buffer out;
        ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
        pdu.assign(out.view().begin(), out.view().end());
    };
    EXPECT_EQ(call(bob.get(), "3"), Status::access_denied);
    EXPECT_FALSE(wire->clients[0]->closed);
    EXPECT_EQ(call(ann.get(), "4"), Status::access_denied);
    EXPECT_EQ(wire->clients.size(), 1u);
}

TEST_F(Multiplexed, AServersTokenThatIsNone) {
    for (bool sync : {true, false})
        for (int legs : {3, 4, 5}) {
            fresh();
            auto ann = login(3, Level::privacy), bob = login(legs, Level::privacy, "right", "bob");
            auto run = [&](const security::ClientAuth* who) { return sync ? call(who, "x") : start(who, "x")->ended(); };
            EXPECT_EQ(run(ann.get()), Status::ok);
            wire->touch = [&](Bytes& pdu, bool from_client) {
                if (!from_client && is(pdu, wire::PduType::alter_context_resp)) pdu.back() ^= 1;
            };
            EXPECT_EQ(run(bob.get()), Status::sec_pkg_error);
            EXPECT_TRUE(wire->clients[0]->closed);
            wire->touch = nullptr;
            EXPECT_EQ(run(ann.get()), Status::ok);
            EXPECT_EQ(run(bob.get()), Status::ok);
            EXPECT_EQ(wire->clients.size(), 3u);
            all_run_as({{"ann", Level::privacy}, {"ann", Level::privacy}, {"bob", Level::privacy}});
        }
}

// [MS-RPCE] 3.3.1.5.4: a server that has no room says protocol_error.
TEST_F(Multiplexed, WhoFindsNoRoomGetsAConnection) {
    for (bool sync : {true, false}) {
        fresh();
        auto ann = login(3, Level::integrity), bob = login(3, Level::integrity, "right", "bob");
        wire->touch = [&](Bytes& pdu, bool from_client) {
            if (from_client || !is(pdu, wire::PduType::alter_context_resp)) return;
            wire::FaultFields fields;
            fields.call_id = parsed(pdu).header.call_id;
            fields.status = wire::nca::proto_error;
            Buffer out;
            ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
            pdu.assign(out.view().begin(), out.view().end());
        };
        auto run = [&](const security::ClientAuth* who) { return sync ? call(who, "x") : start(who, "x")->ended(); };
        EXPECT_EQ(run(ann.get()), Status::ok);
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(run(bob.get()), Status::ok);
            EXPECT_EQ(run(ann.get()), Status::ok);
        }
        EXPECT_EQ(count(wire::PduType::alter_context), 2u);  // each tried once, and has its own now
        EXPECT_EQ(std::count_if(wire->clients.begin(), wire->clients.end(), [](auto& c) { return !c->closed; }), 2);
        ASSERT_EQ(g_seen.size(), 9u);
        for (size_t i = 0; i < 9; ++i) EXPECT_EQ(g_seen[i].user, i % 2 ? "bob" : "ann");
    }
}

TEST_F(Multiplexed, AConnectionTakesSoMany) {
    for (int i = 0; i < 65; ++i) {
        auto who = login(2, Level::integrity, "right", "user" + std::to_string(i));
        EXPECT_EQ(call(who.get(), "x"), Status::ok);
        EXPECT_EQ(wire->clients.size(), i < 64 ? 1u : 2u);
    }
    ASSERT_EQ(g_seen.size(), 65u);
    for (size_t i = 0; i < 65; ++i) EXPECT_EQ(g_seen[i].user, "user" + std::to_string(i));
}

TEST_F(Multiplexed, WhoIsAloneStaysAlone) {
    auto ann = login(3, Level::privacy), bob = login(3, Level::privacy, "right", "bob");
    hold_answers();
    auto pipes = start(ann.get(), "pipes", true);
    holds = false;
    auto other = start(bob.get(), "other");
    EXPECT_EQ(wire->clients.size(), 2u);
    release_answers();
    hold_answers();
    auto next = start(ann.get(), "pipes", true);  // on the first again
    holds = false;
    auto last = start(bob.get(), "last");
    release_answers();
    auto joins = start(bob.get(), "joins", true);
    EXPECT_EQ(joins->ends, Ends{Status::ok});
    for (auto& call : {pipes, other, next, last}) EXPECT_EQ(call->ends, Ends{Status::ok});
    EXPECT_EQ(wire->clients.size(), 2u);
    EXPECT_NE(next->connection, last->connection);
    for (auto& seen : g_seen) EXPECT_EQ(seen.user, seen.stub[0] == 'p' ? "ann" : "bob");
}

TEST_F(Multiplexed, ACallThatIsCancelledOrAbandonedIsAlone) {
    auto ann = login(3, Level::privacy), bob = login(3, Level::privacy, "right", "bob");
    (void)start(ann.get(), "ann"), (void)start(bob.get(), "bob");
    hold_answers();
    auto a = start(ann.get(), "a"), b = start(bob.get(), "b"), c = start(ann.get(), "c");
    a->connection->cancel(*a);
    b->connection->abandon(*b);
    release_answers();
    EXPECT_EQ(a->ends, Ends{Status::ok});
    EXPECT_TRUE(b->ends.empty());
    EXPECT_EQ(c->ends, Ends{Status::ok});
    auto d = start(bob.get(), "d");  // the late answer of the abandoned one is counted in its session
    io::run_submitted();
    EXPECT_EQ(d->ends, Ends{Status::ok});
    EXPECT_EQ(wire->clients.size(), 1u);
    EXPECT_EQ(g_seen.back().user, "bob");
}

// While the server builds a context it takes nothing else ([MS-RPCE] 3.3.3), and until the first call has ended the login may fail.
TEST_F(Multiplexed, WhoLogsInIsAloneUntilHisFirstCallHasEnded) {
    auto ann = login(3, Level::privacy), bob = login(3, Level::privacy, "right", "bob");
    EXPECT_EQ(start(ann.get(), "ann")->ends, Ends{Status::ok});
    hold_answers();
    auto joins = start(bob.get(), "joins");
    holds = false;
    EXPECT_EQ(wire->clients.size(), 1u);
    EXPECT_EQ(start(ann.get(), "elsewhere")->ends, Ends{Status::ok});
    EXPECT_EQ(wire->clients.size(), 2u);
    release_answers();
    EXPECT_EQ(joins->ends, Ends{Status::ok});
    hold_answers();
    auto a = start(ann.get(), "a"), b = start(bob.get(), "b");
    EXPECT_EQ(held.size(), 2u);
    release_answers();
    EXPECT_EQ(a->ends, Ends{Status::ok});
    EXPECT_EQ(b->ends, Ends{Status::ok});
    EXPECT_EQ(wire->clients.size(), 2u);
}

TEST_F(Multiplexed, MemoryRunsOutAnywhere) {
    for (bool sync : {true, false})
        for (long nth = 1;; ++nth) {
            fresh();
            auto ann = login(3, Level::integrity), bob = login(4, Level::privacy, "right", "bob");
            ASSERT_EQ(sync ? call(ann.get(), "a") : Status::ok, Status::ok);
            hold_answers();
            auto out = sync ? nullptr : start(ann.get(), "a");
            mem_fail_nth(nth);
            Ref<ClientConnection> connection;
            const Status status = sync ? association->lease(second_interface, bob.get(), connection)
                                       : association->reserve(second_interface, bob.get(), connection);
            const bool reached = !mem_fail_nth_pending();
            mem_fail_nth(0);
            if (connection && sync) association->give_back(std::move(connection));
            if (connection && !sync) connection->unreserve();
            release_answers();
            if (out) {
                ASSERT_EQ(out->ends.size(), 1u);
            }
            ASSERT_EQ(call(bob.get(), "b"), Status::ok) << nth;
            ASSERT_EQ(call(ann.get(), "a"), Status::ok) << nth;
            EXPECT_EQ(g_seen.back().user, "ann");
            EXPECT_EQ(g_seen[g_seen.size() - 2].user, "bob");
            if (status == Status::ok && !reached) break;
            ASSERT_LT(nth, 1000);
        }
}

}  // namespace
}  // namespace rpc::link::wired
