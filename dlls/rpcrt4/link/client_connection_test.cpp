// The client's side of a connection against a scripted server, PDU by PDU.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "io/executor_host.h"
#include "link/association.h"
#include "link/script_stream.h"
#include "wire/fault.h"
#include "wire/fragment.h"

namespace rpc::link {
namespace {

constexpr Syntaxes first_interface{{{1, 2, 3, {}}, 1, 0}, wire::ndr20};
constexpr Syntaxes second_interface{{{4, 5, 6, {}}, 1, 0}, wire::ndr20};

// A server that accepts, multiplexes or not, and leaves requests to the test.
struct Script {
    uint8_t ack_flags = wire::pfc::conc_mpx;
    bool features = true;
    wire::ContextResult result{wire::BindResult::acceptance, 0, wire::ndr20};
    std::function<bool(ScriptStream&, const wire::Pdu&)> special;  // true: it has dealt with the PDU
    std::vector<Ref<ScriptStream>> streams;
    std::vector<wire::PduType> seen;
    std::vector<uint32_t> call_ids;  // of the requests
    std::vector<uint16_t> offered;   // context ids
    std::vector<uint32_t> groups;    // asked for by binds
    bool listening = true;
    bool refuse_start = false;

    void on_pdu(ScriptStream& stream, ByteView raw) {
        wire::Pdu pdu;
        ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
        seen.push_back(pdu.header.type);
        if (pdu.header.type == wire::PduType::request) {
            call_ids.push_back(pdu.header.call_id);
            ++stream.pending_requests;
        }
        if (pdu.header.type == wire::PduType::bind || pdu.header.type == wire::PduType::alter_context) {
            wire::Bind bind;
            wire::ContextElement element;
            ASSERT_EQ(wire::parse_bind(pdu, bind), wire::Parsed::ok);
            ASSERT_TRUE(bind.contexts.next(element));
            offered.push_back(element.p_cont_id);
            if (pdu.header.type == wire::PduType::bind) groups.push_back(bind.assoc_group_id);
        }
        if (special && special(stream, pdu)) return;
        if (pdu.header.type == wire::PduType::bind) acknowledge(stream, pdu, wire::PduType::bind_ack);
        if (pdu.header.type == wire::PduType::alter_context) acknowledge(stream, pdu, wire::PduType::alter_context_resp);
    }
    void acknowledge(ScriptStream& stream, const wire::Pdu& pdu, wire::PduType type) {
        wire::BindFields fields;
        fields.call_id = pdu.header.call_id;
        fields.flags = ack_flags;
        fields.max_xmit_frag = fields.max_recv_frag = 5840;
        fields.assoc_group_id = 77;
        wire::ContextResult results[2] = {result, {wire::BindResult::negotiate_ack, wire::feature::keep_connection_on_orphan, {}}};
        Buffer out;
        ASSERT_EQ(wire::build_bind_ack(out, type, fields, {}, {results, features ? size_t{2} : size_t{1}}), Status::ok);
        stream.answer(out.view());
    }
};
Script* g_script;

Status script_connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    if (!g_script->listening) return Status::server_unavailable;
    auto made = make_ref<ScriptStream>();
    made->refuse_start = g_script->refuse_start;
    made->peer = [](ScriptStream& s, ByteView raw) { g_script->on_pdu(s, raw); };
    g_script->streams.push_back(made);
    stream = std::move(made);
    return Status::ok;
}
const io::Protocol script_protocol{"script", true, [](std::string_view) { return true; }, script_connect, nullptr};

class TestCall final : public WaitingCall {
public:
    TestCall(Ref<Association> association, const Syntaxes& syntaxes) : association_(std::move(association)) {
        send.syntaxes = syntaxes;
    }
    Status on_stub_data(ByteView stub, uint32_t, uint32_t) override {
        data.append(reinterpret_cast<const char*>(stub.data()), stub.size());
        return data_status;
    }
    void on_end(Status status) override { ends.push_back(status); }
    void on_place(Ref<ClientConnection> connection, Status why) override {
        ++places;
        if (failed(why)) return on_end(why);
        this->connection = connection;
        if (start_on_place) start_status = connection->start(*this, send, body);
    }
    const Syntaxes& syntaxes() const override { return send.syntaxes; }

    void ask_cancel(uint64_t give_up_at) {
        give_up_at_ = give_up_at;
        cancel_asked_ = true;
    }

    ClientConnection::Send send;
    OutgoingBody body;
    std::string data;
    Status data_status = Status::ok;
    std::vector<Status> ends;
    int places = 0;
    bool start_on_place = true;
    Status start_status = Status::ok;
    Ref<ClientConnection> connection;

private:
    Ref<Association> association_;
};

void respond(ScriptStream& stream, uint32_t call_id, std::string_view stub, uint8_t flags = wire::pfc::whole) {
    uint8_t header[24] = {};
    wire::write_header(header, wire::PduType::response, flags, static_cast<uint16_t>(24 + stub.size()), 0, call_id);
    stream.answer(header);
    stream.answer({reinterpret_cast<const uint8_t*>(stub.data()), stub.size()});
}
void fault(ScriptStream& stream, uint32_t call_id, uint32_t status) {
    wire::FaultFields fields;
    fields.call_id = call_id;
    fields.status = status;
    Buffer out;
    ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
    stream.answer(out.view());
}
void bare(ScriptStream& stream, wire::PduType type, uint32_t call_id = 0) {
    Buffer out;
    ASSERT_EQ(wire::build_bare(out, type, call_id), Status::ok);
    stream.answer(out.view());
}

class Client : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        g_script = &script;
        io::Address address;
        ASSERT_TRUE(address.endpoint.assign("there"));
        association = make_ref<Association>(script_protocol, std::move(address));
    }
    void TearDown() override {
        script.listening = false;
        association.reset();
        for (auto& s : script.streams) {
            s->hang_up();
            s->deliver();
            EXPECT_FALSE(s->starved) << "a blocking read would have hung";
        }
        io::run_submitted();
        io::stop_executor();
    }
    Ref<TestCall> make_call(const Syntaxes& syntaxes = first_interface, size_t size = 4) {
        auto call = make_ref<TestCall>(association, syntaxes);
        EXPECT_EQ(call->body.allocate(size, false), Status::ok);
        std::memset(call->body.data(), 'q', size);
        return call;
    }
    Ref<TestCall> start(const Syntaxes& syntaxes = first_interface) {
        auto call = make_call(syntaxes);
        EXPECT_EQ(association->reserve(syntaxes, nullptr, call->connection), Status::ok);
        if (call->connection) EXPECT_EQ(call->connection->start(*call, call->send, call->body), Status::ok);
        return call;
    }
    // A call of its own, from lease to give_back; as the call machine does, once more where nothing was sent.
    Ref<TestCall> perform(const Syntaxes& syntaxes = first_interface) {
        auto call = make_call(syntaxes);
        Status status = Status::call_failed_dne;
        for (int i = 0; i < 2 && status == Status::call_failed_dne && call->body.allocated(); ++i) {
            Ref<ClientConnection> connection;
            status = association->lease(syntaxes, nullptr, connection);
            if (!failed(status)) status = connection->perform(*call, call->send, call->body);
            if (connection) association->give_back(std::move(connection));
        }
        if (failed(status)) call->ends.push_back(status);
        return call;
    }
    ScriptStream& stream(size_t i = 0) { return *script.streams.at(i); }
    void answer_requests(std::function<void(ScriptStream&, uint32_t)> with) {
        script.special = [with](ScriptStream& s, const wire::Pdu& pdu) {
            if (pdu.header.type == wire::PduType::request) with(s, pdu.header.call_id);
            return false;
        };
    }
    using Ends = std::vector<Status>;

    Script script;
    Ref<Association> association;
};

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
