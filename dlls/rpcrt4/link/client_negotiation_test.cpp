// What a client's bind and alter_context come to, by a scripted server.
#include "link/client_test.h"

namespace rpc::link {
namespace {

TEST_F(Client, BindsWithMultiplexingAndFeatures) {
    std::vector<uint8_t> bind;
    script.special = [&](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type == wire::PduType::bind) bind.assign(pdu.raw.begin(), pdu.raw.end());
        if (pdu.header.type == wire::PduType::request) respond(s, pdu.header.call_id, "r");
        return false;
    };
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    wire::Pdu pdu;
    wire::Bind parsed;
    wire::ContextElement element;
    uint8_t mask = 0;
    ASSERT_EQ(wire::parse_pdu(bind, pdu), wire::Parsed::ok);
    EXPECT_EQ(pdu.header.flags, wire::pfc::whole | wire::pfc::conc_mpx);
    ASSERT_EQ(wire::parse_bind(pdu, parsed), wire::Parsed::ok);
    EXPECT_EQ(parsed.assoc_group_id, 0u);
    EXPECT_EQ(parsed.context_count, 2);
    ASSERT_TRUE(parsed.contexts.next(element));
    EXPECT_EQ(element.abstract_syntax, first_interface.abstract_syntax);
    EXPECT_EQ(element.transfer(0), wire::ndr20);
    ASSERT_TRUE(parsed.contexts.next(element));
    EXPECT_TRUE(wire::is_feature_syntax(element.transfer(0), mask));
    EXPECT_EQ(mask, wire::feature::keep_connection_on_orphan);
}

TEST_F(Client, RefusedBindsAreTold) {
    struct {
        wire::ContextResult result;
        Status status;
    } const rows[] = {
        {{wire::BindResult::user_rejection, 0, {}}, Status::access_denied},
        {{wire::BindResult::provider_rejection, 0, {}}, Status::call_failed_dne},
        {{wire::BindResult::provider_rejection, 1, {}}, Status::unknown_if},
        {{wire::BindResult::provider_rejection, 2, {}}, Status::unsupported_trans_syn},
        {{wire::BindResult::provider_rejection, 3, {}}, Status::server_too_busy},
        {{wire::BindResult::provider_rejection, 999, {}}, Status::call_failed_dne},
        {{static_cast<wire::BindResult>(77), 0, {}}, Status::call_failed_dne},
    };
    for (auto& row : rows) {
        script.result = row.result;
        EXPECT_EQ(perform()->ends, Ends{row.status});
        EXPECT_TRUE(script.streams.back()->closed);
    }
}

TEST_F(Client, BindNaksAreTold) {
    for (auto [reason, status] : {std::pair{wire::RejectReason::not_specified, Status::call_failed_dne},
                                  {wire::RejectReason::temporary_congestion, Status::server_too_busy},
                                  {wire::RejectReason::authentication_type_not_recognized, Status::unknown_authn_service}}) {
        script.special = [reason = reason](ScriptStream& s, const wire::Pdu& pdu) {
            Buffer out;
            EXPECT_EQ(wire::build_bind_nak(out, pdu.header.call_id, reason), Status::ok);
            s.answer(out.view());
            return true;
        };
        EXPECT_EQ(perform()->ends, Ends{status});
        Ref<ClientConnection> connection;
        EXPECT_EQ(association->reserve(first_interface, nullptr, connection), status);
    }
}

TEST_F(Client, FaultInsteadOfBindAck) {
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        fault(s, pdu.header.call_id, wire::nca::proto_error);
        return true;
    };
    EXPECT_EQ(perform()->ends, Ends{Status::protocol_error});
}

TEST_F(Client, ServerClosesInsteadOfAnswering) {
    script.special = [](ScriptStream& s, const wire::Pdu&) {
        s.hang_up();
        return true;
    };
    EXPECT_EQ(perform()->ends, Ends{Status::call_failed});
}

TEST_F(Client, GarbageInsteadOfBindAck) {
    script.special = [](ScriptStream& s, const wire::Pdu&) {
        s.answer(std::vector<uint8_t>(100, 'x'));
        return true;
    };
    EXPECT_EQ(perform()->ends, Ends{Status::protocol_error});
}

TEST_F(Client, ResponseBeforeBindAckIsNobodys) {
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type == wire::PduType::bind) respond(s, pdu.header.call_id, "early");
        if (pdu.header.type == wire::PduType::request) respond(s, pdu.header.call_id, "r");
        return false;
    };
    // The connection may be given up; nobody gets the early answer.
    auto call = perform();
    EXPECT_EQ(call->ends.size(), 1u);
    EXPECT_NE(call->data, "early");
}

TEST_F(Client, AnotherInterfaceIsAnotherContext) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(perform(second_interface)->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 1u);
    EXPECT_EQ(script.offered, (std::vector<uint16_t>{0, 1}));
    EXPECT_EQ(perform(second_interface)->ends, Ends{Status::ok});
    EXPECT_EQ(script.offered.size(), 2u);
}

TEST_F(Client, AnotherInterfaceIsAnotherConnectionForTheNearestPeer) {
    script.ack_flags = 0;
    script.features = false;
    answer_requests([](ScriptStream& s, uint32_t) { respond(s, 1, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(perform(second_interface)->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 2u);
    EXPECT_EQ(script.groups, (std::vector<uint32_t>{0, 77}));
    EXPECT_EQ(std::count(script.seen.begin(), script.seen.end(), wire::PduType::alter_context), 0);
}

TEST_F(Client, RefusedContextsUseUpNoIds) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    script.result = {wire::BindResult::provider_rejection, 1, {}};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(perform(second_interface)->ends, Ends{Status::unknown_if});
    EXPECT_EQ(script.offered, (std::vector<uint16_t>{0, 1, 1, 1}));
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    EXPECT_EQ(script.streams.size(), 1u);
}

TEST_F(Client, FaultOrNakInsteadOfAlterContextResponse) {
    for (bool nak : {false, true}) {
        script.special = [nak](ScriptStream& s, const wire::Pdu& pdu) {
            if (pdu.header.type == wire::PduType::request) respond(s, pdu.header.call_id, "r");
            if (pdu.header.type != wire::PduType::alter_context) return false;
            Buffer out;
            if (nak) {
                EXPECT_EQ(wire::build_bind_nak(out, pdu.header.call_id, wire::RejectReason::local_limit_exceeded), Status::ok);
                s.answer(out.view());
            } else {
                fault(s, pdu.header.call_id, wire::nca::server_too_busy);
            }
            return true;
        };
        // Synchronous, then asynchronous beside a call that is out.
        EXPECT_EQ(perform()->ends, Ends{Status::ok});
        EXPECT_EQ(perform(second_interface)->ends, Ends{Status::server_too_busy});
        script.special = [special = script.special](ScriptStream& s, const wire::Pdu& pdu) {
            return pdu.header.type != wire::PduType::request && special(s, pdu);
        };
        auto call = start();
        Ref<ClientConnection> connection;
        EXPECT_EQ(association->reserve(second_interface, nullptr, connection), Status::server_too_busy);
        EXPECT_TRUE(call->ends.empty());
        respond(*script.streams.back(), script.call_ids.back(), "later");
        script.streams.back()->deliver();
        EXPECT_EQ(call->ends, Ends{Status::ok});
    }
}

TEST_F(Client, ConnectionClosesDuringAlterContext) {
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type == wire::PduType::alter_context) s.hang_up();
        return pdu.header.type == wire::PduType::alter_context;
    };
    auto call = start();
    Ref<ClientConnection> connection;
    EXPECT_EQ(association->reserve(second_interface, nullptr, connection), Status::ok);  // on a new connection
    ASSERT_TRUE(connection);
    EXPECT_EQ(call->ends, Ends{Status::call_failed});
    EXPECT_EQ(script.streams.size(), 2u);
    connection->unreserve();
}

TEST_F(Client, WhatIsStillToComeOfANegotiationIsNotTakenForAnothers) {
    answer_requests([](ScriptStream& s, uint32_t id) { respond(s, id, "r"); });
    EXPECT_EQ(perform()->ends, Ends{Status::ok});
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type == wire::PduType::alter_context) s.answer(std::vector<uint8_t>(16, 'x'));
        if (pdu.header.type == wire::PduType::request) respond(s, pdu.header.call_id, "r");
        return pdu.header.type == wire::PduType::alter_context;
    };
    EXPECT_EQ(perform(second_interface)->ends, Ends{Status::ok});  // on a new connection
    EXPECT_TRUE(stream(0).closed);
}

TEST_F(Client, ShutdownBehindBindAckDoesNotLoop) {
    script.special = [](ScriptStream& s, const wire::Pdu& pdu) {
        if (pdu.header.type != wire::PduType::bind) return false;
        g_script->acknowledge(s, pdu, wire::PduType::bind_ack);
        bare(s, wire::PduType::shutdown);
        return true;
    };
    Ref<ClientConnection> connection;
    EXPECT_NE(association->reserve(first_interface, nullptr, connection), Status::ok);
    EXPECT_LE(script.streams.size(), 3u);
    EXPECT_EQ(perform()->ends, Ends{Status::call_failed_dne});
}

TEST_F(Client, ShutdownLetsCallsEndAndTakesNoMore) {
    auto a = start();
    bare(stream(), wire::PduType::shutdown);
    stream().deliver();
    auto b = start();
    EXPECT_EQ(script.streams.size(), 2u);
    EXPECT_EQ(script.groups, (std::vector<uint32_t>{0, 77}));  // still one group
    respond(stream(0), script.call_ids[0], "a");
    stream(0).deliver();
    EXPECT_EQ(a->ends, Ends{Status::ok});
    EXPECT_TRUE(stream(0).closed);  // nothing is left to do on it
    stream(0).deliver();
    respond(stream(1), script.call_ids[1], "b");
    stream(1).deliver();
    EXPECT_EQ(b->ends, Ends{Status::ok});
    EXPECT_FALSE(stream(1).closed);
}

}  // namespace
}  // namespace rpc::link
