// Authenticated connections of both sides.
#include "link/security_test.h"

namespace rpc::link::wired {
namespace {

TEST_F(Secure, EveryLevelWithAnyNumberOfLegs) {
    for (int legs = 2; legs <= 6; ++legs)
        for (Level level : levels) {
            SCOPED_TRACE(std::to_string(legs) + " legs, level " + std::to_string(static_cast<int>(level)));
            fresh();
            auto auth = login(legs, level);
            std::string reply;
            ASSERT_EQ(call(auth.get(), "hello, wire", &reply), Status::ok);
            EXPECT_EQ(reply.substr(0, 11), "hello, wire");
            ASSERT_EQ(call(auth.get(), "again", &reply), Status::ok);
            EXPECT_EQ(reply, "again");
            EXPECT_EQ(wire->clients.size(), 1u);
            ASSERT_EQ(g_seen.size(), 2u);
            EXPECT_TRUE(g_seen[0].secure);
            EXPECT_EQ(g_seen[0].user, "ann");
            EXPECT_EQ(g_seen[0].level, level == Level::call ? Level::packet : level);
            EXPECT_EQ(holds(wire->all(), "hello, wire"), level != Level::privacy);
            // Legs: bind, bind_ack, alter_context, its answer, ...; an odd last one is rpc_auth_3.
            const auto& t = wire->types;
            EXPECT_EQ(std::count(t.begin(), t.end(), wire::PduType::auth3), legs % 2);
            EXPECT_EQ(std::count(t.begin(), t.end(), wire::PduType::alter_context), legs / 2 - 1);
        }
}

TEST_F(Secure, FragmentsAndPaddingOfEverySize) {
    for (Level level : {Level::connect, Level::packet, Level::privacy}) {
        fresh();
        auto auth = login(3, level);
        const Uuid object{1, 2, 3, {4}};
        for (size_t size : {0, 1, 7, 15, 16, 17, 31, 33, 65000, 65470, 65480, 65490, 65528, 70000, 200001}) {
            std::string stub(size, 'x'), reply;
            for (size_t i = 0; i < size; ++i) stub[i] = static_cast<char>('a' + i % 23);
            for (const Uuid* o : {static_cast<const Uuid*>(nullptr), &object}) {
                ASSERT_EQ(call(auth.get(), stub, &reply, first_interface, o), Status::ok) << size;
                ASSERT_EQ(reply.substr(0, size), stub);
                ASSERT_LT(reply.size(), size + 4);  // the first call's verification trailer leaves its padding
            }
        }
        for (auto& pdu : wire->sent) {
            wire::Pdu parsed;
            ASSERT_EQ(wire::parse_pdu(pdu, parsed), wire::Parsed::ok);
            const bool carries_stub =
                parsed.header.type == wire::PduType::request || parsed.header.type == wire::PduType::response;
            if (!carries_stub) continue;
            ASSERT_EQ(parsed.has_auth, level != Level::connect);
            if (!parsed.has_auth) continue;
            const bool object_too =
                parsed.header.type == wire::PduType::request && parsed.header.has(wire::pfc::object_uuid);
            ASSERT_EQ((parsed.auth.offset - (object_too ? 40 : 24)) % 16, 0u);
        }
    }
}

TEST_F(Secure, AFailedLoginRunsNothing) {
    for (int legs = 2; legs <= 6; ++legs)
        for (Level level : levels) {
            SCOPED_TRACE(legs);
            fresh();
            auto wrong = login(legs, level, "wrong");
            EXPECT_EQ(call(wrong.get(), "secret"), Status::access_denied);
            EXPECT_EQ(call(wrong.get(), "secret"), Status::access_denied);
            EXPECT_TRUE(g_seen.empty());
            auto right = login(legs, level);
            EXPECT_EQ(call(right.get(), "fine"), Status::ok);
            EXPECT_EQ(g_seen.size(), 1u);
        }
}

TEST_F(Secure, AServiceThatTheServerDoesNotKnow) {
    auto auth = login(2, Level::connect);
    wire->host.knows_service = false;
    EXPECT_EQ(call(auth.get(), "x"), Status::unknown_authn_service);
    auth->service = 77;  // of no legs at all
    EXPECT_EQ(call(auth.get(), "x"), Status::sec_pkg_error);
    EXPECT_TRUE(g_seen.empty());
}

TEST_F(Secure, ConnectionsAreChosenByIdentity) {
    wire->touch = [](Bytes& pdu, bool from_client) {  // a server that keeps security contexts on connections of their own
        const uint8_t both[] = {0x40, 0x45, wire::feature::keep_connection_on_orphan | wire::feature::security_context_multiplexing};
        auto at = std::search(pdu.begin(), pdu.end(), std::begin(both), std::end(both));
        if (from_client && pdu[2] == 11 && at != pdu.end()) at[2] = wire::feature::keep_connection_on_orphan;
    };
    auto ann = login(3, Level::integrity);
    auto same = login(3, Level::integrity);
    auto bob = login(3, Level::integrity, "right", "bob");
    auto private_ann = login(3, Level::privacy);
    auto by_other_service = login(2, Level::integrity);
    ASSERT_EQ(call(ann.get(), "1"), Status::ok);
    ASSERT_EQ(call(same.get(), "2"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 1u);
    ASSERT_EQ(call(nullptr, "3"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 2u);
    ASSERT_EQ(call(bob.get(), "4"), Status::ok);
    ASSERT_EQ(call(private_ann.get(), "5"), Status::ok);
    ASSERT_EQ(call(by_other_service.get(), "6"), Status::ok);
    EXPECT_EQ(wire->clients.size(), 5u);
    for (int again = 0; again < 2; ++again) {
        ASSERT_EQ(call(nullptr, "7"), Status::ok);
        ASSERT_EQ(call(bob.get(), "8"), Status::ok);
    }
    EXPECT_EQ(wire->clients.size(), 5u);
    for (auto& seen : g_seen) EXPECT_EQ(seen.secure, seen.stub[0] != '3' && seen.stub[0] != '7');
    EXPECT_EQ(g_seen.back().user, "bob");
}

TEST_F(Secure, AnotherInterfaceIsAddedToASecureConnection) {
    auto auth = login(3, Level::privacy);
    ASSERT_EQ(call(auth.get(), "one"), Status::ok);
    ASSERT_EQ(call(auth.get(), "two", nullptr, second_interface), Status::ok);
    EXPECT_EQ(wire->clients.size(), 1u);
    ASSERT_EQ(g_seen.size(), 2u);
    EXPECT_TRUE(g_seen[1].secure);
}

TEST_F(Secure, AsynchronousCallsShareOneConnection) {
    auto auth = login(4, Level::privacy);
    std::vector<Ref<TestCall>> calls;
    for (int i = 0; i < 20; ++i) {
        auto call = make_ref<TestCall>(association, first_interface);
        ASSERT_EQ(association->reserve(first_interface, auth.get(), call->connection), Status::ok);
        ASSERT_TRUE(call->connection);
        call->send.auth = auth.get();
        ASSERT_EQ(call->body.allocate(8, false), Status::ok);
        std::memset(call->body.data(), 'a' + i, 8);
        ASSERT_EQ(call->connection->start(*call, call->send, call->body), Status::ok);
        calls.push_back(call);
    }
    io::run_submitted();
    EXPECT_EQ(wire->clients.size(), 1u);
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(calls[static_cast<size_t>(i)]->ends.size(), 1u);
        EXPECT_EQ(calls[static_cast<size_t>(i)]->data, std::string(8, static_cast<char>('a' + i)));
    }
}

// Whatever is changed in a request on its way, the manager never sees anything but what was sent; and the client never
// takes an answer that is not the server's.
TEST_F(Secure, NoChangedByteIsTaken) {
    for (Level level : {Level::packet, Level::privacy})
        for (bool header_signing : {true, false}) {
            size_t size = 1;
            for (size_t at = 0; at < size; ++at) {
                fresh();
                auto auth = login(3, level);
                bool covered = false;  // what was changed is protected
                auto touch = [&](Bytes& pdu, bool from_client, bool in_request) {
                    const auto type = static_cast<wire::PduType>(pdu[2]);
                    if (!header_signing && (type == wire::PduType::bind || type == wire::PduType::bind_ack))
                        pdu[3] &= ~0x04;
                    const bool chosen = from_client == in_request &&
                                        type == (in_request ? wire::PduType::request : wire::PduType::response);
                    // The lengths decide where the next PDU begins: those are the splitter's matter.
                    if (!chosen || at == 8 || at == 9) return;
                    size = std::max(size, pdu.size());
                    wire::Pdu parsed;
                    if (at >= pdu.size() || wire::parse_pdu(pdu, parsed) != wire::Parsed::ok) return;
                    // Without header signing nothing protects how long the padding is, nor the reserved byte behind
                    // that.
                    const size_t in_trailer = at - parsed.auth.offset;
                    covered = at >= 24 && (header_signing || (in_trailer != 2 && in_trailer != 3));
                    pdu[at] ^= 0x01;
                };
                wire->ends_when_stuck = true;
                wire->touch = [&](Bytes& pdu, bool from_client) { touch(pdu, from_client, true); };
                std::string reply;
                Status status = call(auth.get(), "0123456789abcdef", &reply);
                if (covered) {
                    EXPECT_NE(status, Status::ok) << at;
                    EXPECT_TRUE(g_seen.empty()) << at;
                }
                for (auto& seen : g_seen) {
                    EXPECT_EQ(seen.stub.substr(0, 15), "0123456789abcde") << at;
                    if (header_signing) {
                        EXPECT_EQ(seen.opnum, 3) << at;
                    }
                }
                fresh();
                wire->ends_when_stuck = true;
                covered = false;
                wire->touch = [&](Bytes& pdu, bool from_client) { touch(pdu, from_client, false); };
                status = call(auth.get(), "0123456789abcdef", &reply);
                if (covered) {
                    EXPECT_NE(status, Status::ok) << at;
                }
                if (status == Status::ok) {
                    EXPECT_EQ(reply.substr(0, 15), "0123456789abcde") << at;
                }
            }
            EXPECT_GT(size, 60u);
        }
}

TEST_F(Secure, ARepeatedRequestIsRefused) {
    auto auth = login(3, Level::integrity);
    wire->ends_when_stuck = true;  // the fault is the repeated call's
    Bytes kept;
    wire->touch = [&](Bytes& pdu, bool) {
        if (pdu[2] != 0) return;
        if (kept.empty())
            kept = pdu;
        else
            pdu = kept;
    };
    ASSERT_EQ(call(auth.get(), "pay 10"), Status::ok);
    EXPECT_NE(call(auth.get(), "other!"), Status::ok);
    EXPECT_EQ(g_seen.size(), 1u);
}

TEST_F(Secure, WithoutHeaderSigningTheRequestSaysItAgainInItsStubData) {
    auto auth = login(3, Level::integrity);
    bool bind_too = true;
    uint8_t opnum = 3;
    wire->touch = [&](Bytes& pdu, bool from_client) {
        if (pdu[2] == 12 || (bind_too && pdu[2] == 11)) pdu[3] &= ~0x04;
        if (from_client && pdu[2] == 0) pdu[22] = opnum;
    };
    // The client's offer got lost on the way: that is told, and refused.
    EXPECT_EQ(call(auth.get(), "x"), Status::access_denied);
    EXPECT_TRUE(g_seen.empty());
    // A server that does not sign headers: the trailer is there, right, and no part of the stub data.
    fresh();
    wire->host.iface = make_ref<ServerInterface>();
    wire->touch = [&](Bytes& pdu, bool from_client) {
        if (from_client && pdu[2] == 0) pdu[22] = opnum;
    };
    std::string reply;
    ASSERT_EQ(call(auth.get(), "12345678", &reply), Status::ok);
    EXPECT_EQ(reply, "12345678");
    opnum = 4;
    EXPECT_EQ(call(auth.get(), "12345678"), Status::access_denied);
    EXPECT_EQ(g_seen.size(), 1u);
}

TEST_F(Secure, AnswersThatAClientMustNotTake) {
    struct Case {
        const char* name;
        Status status;
        std::function<void(Bytes&, bool)> touch;
    };
    auto strip = [](Bytes& pdu) {  // the trailer, lengths corrected
        wire::Pdu parsed;
        if (wire::parse_pdu(pdu, parsed) != wire::Parsed::ok || !parsed.has_auth) return;
        pdu.resize(parsed.auth.offset - parsed.auth.pad_length);
        pdu[8] = static_cast<uint8_t>(pdu.size());
        pdu[9] = static_cast<uint8_t>(pdu.size() >> 8);
        pdu[10] = pdu[11] = 0;
    };
    const Case cases[] = {
        {"an ack without a token", Status::access_denied,
         [&](Bytes& p, bool c) {
             if (!c && p[2] == 12) strip(p);
         }},
        {"a response without protection", Status::sec_pkg_error,
         [&](Bytes& p, bool c) {
             if (!c && p[2] == 2) strip(p);
         }},
        {"a token of another context", Status::protocol_error,
         [&](Bytes& p, bool c) {
             if (!c && p[2] == 12) p[p.size() - 3] ^= 1;
         }},
        {"a token that is none", Status::sec_pkg_error,
         [&](Bytes& p, bool c) {
             if (!c && p[2] == 12) p.back() ^= 1;
         }},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        fresh();
        wire->touch = c.touch;
        auto auth = login(3, Level::privacy);
        EXPECT_EQ(call(auth.get(), "x"), c.status);
        for (auto& s : wire->clients) EXPECT_TRUE(s->closed);
    }
}

TEST_F(Secure, MemoryRunsOutAnywhere) {
    for (Level level : {Level::connect, Level::privacy}) {
        fresh();
        for (long nth = 1;; ++nth) {
            fresh();
            auto auth = login(4, level);
            mem_fail_nth(nth);
            Status status = call(auth.get(), "0123456789");
            const bool reached = !mem_fail_nth_pending();
            mem_fail_nth(0);
            if (status == Status::ok && !reached) break;
            for (auto& seen : g_seen) EXPECT_TRUE(seen.secure);
            ASSERT_LT(nth, 1000);
        }
    }
}

}  // namespace
}  // namespace rpc::link::wired
