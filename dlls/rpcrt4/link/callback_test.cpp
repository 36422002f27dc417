// [callback] procedures between a client's and a server's connection: the client against a scripted server, the server against a
// scripted client, PDU by PDU, and what a stranger may say instead.
#include <gtest/gtest.h>

#include <string>

#include "io/executor_host.h"
#include "link/call_test.h"
#include "link/server_connection.h"

namespace rpc::link {
namespace {

// ---- the client ----

// What the client says on its connection.
struct Said {
    wire::PduType type;
    uint32_t call_id;
    uint8_t flags;
    std::string stub;
    uint32_t fault = 0;
};
struct Script {
    std::function<void(ScriptStream&, const Said&)> answer;
    std::vector<Said> said;
    Ref<ScriptStream> stream;

    void on_pdu(ScriptStream& s, ByteView raw) {
        wire::Pdu pdu;
        ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
        if (pdu.header.type == wire::PduType::bind) {
            wire::BindFields fields;
            fields.call_id = pdu.header.call_id;
            fields.flags = wire::pfc::conc_mpx;
            fields.max_xmit_frag = fields.max_recv_frag = 2048;
            fields.assoc_group_id = 77;
            wire::ContextResult results[] = {{wire::BindResult::acceptance, 0, wire::ndr20}, {wire::BindResult::negotiate_ack, 0, {}}};
            Buffer out;
            ASSERT_EQ(wire::build_bind_ack(out, wire::PduType::bind_ack, fields, {}, results), Status::ok);
            return s.answer(out.view());
        }
        Said now{pdu.header.type, pdu.header.call_id, pdu.header.flags, raw.size() > 24 ? text(raw.subspan(24)) : "", 0};
        wire::Fault fault;
        if (now.type == wire::PduType::fault && wire::parse_fault(pdu, fault) == wire::Parsed::ok) now.fault = fault.status;
        said.push_back(now);
        if (answer) answer(s, now);
    }
};
Script* g_script;

Status script_connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    auto made = make_ref<ScriptStream>();
    made->peer = [](ScriptStream& s, ByteView raw) { g_script->on_pdu(s, raw); };
    g_script->stream = made;
    stream = std::move(made);
    return Status::ok;
}
const io::Protocol script_protocol{"script", true, [](std::string_view) { return true; }, script_connect, nullptr};

class Call final : public TestCall {
public:
    explicit Call(Ref<Association> association) : TestCall(std::move(association), first_interface) { body = body_of("q"); }
    Status on_callback(CallbackRequest& request, OutgoingBody& reply, bool& executed) override {
        executed = true;
        asked.push_back({request.opnum, text(request.stub.view())});
        if (failed(callback_status)) return callback_status;
        if (!answer.empty()) reply = body_of(answer);
        return Status::ok;
    }
    std::string answer = "answer";
    Status callback_status = Status::ok;
    std::vector<std::pair<uint16_t, std::string>> asked;
};

class CallbackClient : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        g_script = &script;
        io::Address address;
        ASSERT_TRUE(address.endpoint.assign("there"));
        association = make_ref<Association>(script_protocol, std::move(address));
        call = make_ref<Call>(association);
    }
    void TearDown() override {
        EXPECT_FALSE(script.stream->starved) << "a blocking read would have hung";
        call.reset();
        association.reset();
        script.stream->hang_up();
        script.stream->deliver();
        io::run_submitted();
        io::stop_executor();
    }
    Status perform() {
        Ref<ClientConnection> connection;
        Status status = association->lease(first_interface, nullptr, connection);
        if (!failed(status)) status = connection->perform(*call, call->send, call->body);
        if (connection) association->give_back(std::move(connection));
        return status;
    }
    // The server's answer to the client's first PDU, its request; what follows is in `said`.
    void on_request(std::function<void(ScriptStream&, uint32_t)> with) {
        script.answer = [this, with](ScriptStream& s, const Said& said) {
            if (script.said.size() == 1) return with(s, said.call_id);
            if (said.flags & wire::pfc::last_frag) say(s, wire::PduType::response, said.call_id, "done");
        };
    }
    using Ends = std::vector<Status>;
    Script script;
    Ref<Association> association;
    Ref<Call> call;
};

TEST_F(CallbackClient, AnswersWithTheCallsOwnId) {
    on_request([](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id, "question", wire::pfc::whole, 0, 3); });
    EXPECT_EQ(perform(), Status::ok);
    EXPECT_EQ(call->ends, Ends{Status::ok});
    EXPECT_EQ(call->data, "done");
    ASSERT_EQ(call->asked.size(), 1u);
    EXPECT_EQ(call->asked[0], (std::pair<uint16_t, std::string>{3, "question"}));
    ASSERT_EQ(script.said.size(), 2u);
    EXPECT_EQ(script.said[1].type, wire::PduType::response);
    EXPECT_EQ(script.said[1].call_id, script.said[0].call_id);
    EXPECT_EQ(script.said[1].stub, "answer");
}

TEST_F(CallbackClient, FragmentsInBothDirections) {
    call->answer.assign(5000, 'a');
    on_request([](ScriptStream& s, uint32_t id) {
        s.chunk = 13;
        say(s, wire::PduType::request, id, "one ", wire::pfc::first_frag);
        say(s, wire::PduType::request, id, "two ", 0);
        say(s, wire::PduType::request, id, "three", wire::pfc::last_frag);
    });
    EXPECT_EQ(perform(), Status::ok);
    EXPECT_EQ(call->ends, Ends{Status::ok});
    ASSERT_EQ(call->asked.size(), 1u);
    EXPECT_EQ(call->asked[0].second, "one two three");
    std::string sent;
    for (size_t i = 1; i < script.said.size(); ++i) sent += script.said[i].stub;
    EXPECT_EQ(sent, call->answer);
    EXPECT_GT(script.said.size(), 3u);
}

TEST_F(CallbackClient, SeveralOneAfterTheOther) {
    script.answer = [this](ScriptStream& s, const Said& said) {
        say(s, script.said.size() < 5 ? wire::PduType::request : wire::PduType::response, said.call_id, "again");
    };
    EXPECT_EQ(perform(), Status::ok);
    EXPECT_EQ(call->ends, Ends{Status::ok});
    EXPECT_EQ(call->asked.size(), 4u);
}

TEST_F(CallbackClient, AFailureIsAFault) {
    call->callback_status = Status::access_denied;
    on_request([](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id, "question"); });
    EXPECT_EQ(perform(), Status::ok);
    ASSERT_EQ(script.said.size(), 2u);
    EXPECT_EQ(script.said[1].fault, code(Status::access_denied));
    EXPECT_FALSE(script.said[1].flags & wire::pfc::did_not_execute);
    EXPECT_EQ(call->ends, Ends{Status::ok});
}

TEST_F(CallbackClient, AnotherContextIsRefused) {
    on_request([](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id, "question", wire::pfc::whole, 5); });
    EXPECT_EQ(perform(), Status::ok);
    EXPECT_TRUE(call->asked.empty());
    ASSERT_EQ(script.said.size(), 2u);
    EXPECT_EQ(script.said[1].fault, wire::nca::unk_if);
    EXPECT_TRUE(script.said[1].flags & wire::pfc::did_not_execute);
}

TEST_F(CallbackClient, NonsenseEndsTheConnection) {
    const std::function<void(ScriptStream&, uint32_t)> nonsense[] = {
        [](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id + 1, "not of this call"); },
        [](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id, "maybe", wire::pfc::whole | wire::pfc::maybe); },
        [](ScriptStream& s, uint32_t id) { say(s, wire::PduType::request, id, "no beginning", wire::pfc::last_frag); },
        [](ScriptStream& s, uint32_t id) {
            say(s, wire::PduType::request, id, "one", wire::pfc::first_frag);
            say(s, wire::PduType::request, id, "another", wire::pfc::whole);
        },
        [](ScriptStream& s, uint32_t id) {
            say(s, wire::PduType::request, id, "one", wire::pfc::first_frag);
            say(s, wire::PduType::request, id, "of another procedure", wire::pfc::last_frag, 0, 1);
        },
        [](ScriptStream& s, uint32_t id) {
            say(s, wire::PduType::request, id, "one");
            say(s, wire::PduType::response, id, "does not wait");
        },
        [](ScriptStream& s, uint32_t id) {
            say(s, wire::PduType::request, id, "one", wire::pfc::first_frag);
            fault(s, id, 5);
        },
    };
    for (auto& with : nonsense) {
        script.said.clear();
        on_request(with);
        call = make_ref<Call>(association);
        EXPECT_EQ(perform(), Status::ok);
        EXPECT_EQ(call->ends, Ends{Status::protocol_error});
        EXPECT_TRUE(call->asked.empty());
        EXPECT_TRUE(script.stream->closed);
    }
}

TEST_F(CallbackClient, AnAsynchronousCallTakesNone) {
    on_request([](ScriptStream& s, uint32_t id) {
        say(s, wire::PduType::request, id, "one ", wire::pfc::first_frag);
        say(s, wire::PduType::request, id, "two", wire::pfc::last_frag);
    });
    ASSERT_EQ(association->reserve(first_interface, nullptr, call->connection), Status::ok);
    EXPECT_EQ(call->connection->start(*call, call->send, call->body), Status::ok);
    EXPECT_TRUE(call->asked.empty());
    ASSERT_EQ(script.said.size(), 2u);
    EXPECT_EQ(script.said[1].fault, code(Status::cannot_support));
    EXPECT_EQ(call->ends, Ends{Status::ok});
    call->connection.reset();
}

// ---- the server ----

class Inbound final : public InboundCall {
public:
    explicit Inbound(std::vector<Ref<Inbound>>& started) : started_(started) {}
    void on_cancel() override {}
    void on_disconnect() override { ++disconnects; }
    void run() override {
        started_.push_back(Ref<Inbound>::adopt(this));
        connection->await_turn(*this);
    }
    int disconnects = 0;

private:
    std::vector<Ref<Inbound>>& started_;
};

struct Host final : ServerHost {
    Ref<ServerInterface> iface = make_ref<ServerInterface>();
    std::vector<Ref<Inbound>> started;
    Ref<ServerInterface> find_interface(const wire::SyntaxId&, const wire::SyntaxId&, wire::ProviderReason&) override { return iface; }
    Ref<InboundCall> make_call() override { return make_ref<Inbound>(started); }
};
const io::Protocol remote{"remote", false, nullptr, nullptr, nullptr};

// The test is the manager, outside of the stream's delivery: what the client says comes while the callback is posted.
class CallbackServer : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        open();
    }
    void open() {
        said.clear();
        host.started.clear();
        stream = make_ref<ScriptStream>();
        stream->peer = [this](ScriptStream& s, ByteView raw) {
            wire::Pdu pdu;
            ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
            if (pdu.header.type == wire::PduType::bind_ack) return;
            said.push_back({pdu.header.type, pdu.header.call_id, pdu.header.flags, raw.size() > 24 ? text(raw.subspan(24)) : "", 0});
            if (pdu.header.type != wire::PduType::request) return;
            EXPECT_EQ(raw[22], 9);
            if ((pdu.header.flags & wire::pfc::last_frag) && on_callback) on_callback(s, pdu.header.call_id);
        };
        ASSERT_EQ(ServerConnection::serve(stream, remote, "17", host), Status::ok);
        wire::BindFields fields;
        fields.max_xmit_frag = fields.max_recv_frag = 5840;
        wire::ContextOffer offers[] = {{0, first_interface.abstract_syntax, {&wire::ndr20, 1}}};
        Buffer out;
        ASSERT_EQ(wire::build_bind(out, wire::PduType::bind, fields, offers), Status::ok);
        stream->answer(out.view());
        stream->deliver();
    }
    void close() {
        stream->hang_up();
        stream->deliver();
    }
    void TearDown() override {
        host.started.clear();
        close();
        io::run_submitted();
        io::stop_executor();
    }
    Inbound& request(uint8_t flags = wire::pfc::whole) {
        say(*stream, wire::PduType::request, 42, "call", flags);
        stream->deliver();
        return *host.started.back();
    }
    Status call_back(Inbound& call, std::string_view question = "question") {
        CallbackReply reply;
        const Status status = call.connection->call_back(call, 9, body_of(question), reply);
        answer = text(reply.stub.view());
        return status;
    }
    Host host;
    Ref<ScriptStream> stream;
    std::vector<Said> said;
    std::function<void(ScriptStream&, uint32_t)> on_callback;
    std::string answer;
};

TEST_F(CallbackServer, AsksInTheCallsContextAndTakesTheAnswer) {
    on_callback = [](ScriptStream& s, uint32_t id) {
        s.chunk = 7;
        say(s, wire::PduType::response, id, "the ", wire::pfc::first_frag);
        say(s, wire::PduType::response, id, "answer", wire::pfc::last_frag);
    };
    Inbound& call = request();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(call_back(call), Status::ok);
        EXPECT_EQ(answer, "the answer");
    }
    EXPECT_EQ(call.connection->respond(call, body_of("reply")), Status::ok);
    ASSERT_EQ(said.size(), 4u);
    EXPECT_EQ(said[0].call_id, 42u);
    EXPECT_EQ(said[0].stub, "question");
    EXPECT_EQ(said[3].type, wire::PduType::response);
    EXPECT_EQ(said[3].stub, "reply");
    EXPECT_FALSE(stream->closed);
}

TEST_F(CallbackServer, FragmentsAsTheClientWantsThem) {
    on_callback = [](ScriptStream& s, uint32_t id) { say(s, wire::PduType::response, id, "a"); };
    const std::string question(20000, 'q');
    EXPECT_EQ(call_back(request(), question), Status::ok);
    EXPECT_EQ(said.size(), 4u);
    std::string sent;
    for (auto& s : said) sent += s.stub;
    EXPECT_EQ(sent, question);
}

TEST_F(CallbackServer, AFaultIsItsStatus) {
    on_callback = [](ScriptStream& s, uint32_t id) { fault(s, id, wire::nca::op_rng_error); };
    EXPECT_EQ(call_back(request()), Status::procnum_out_of_range);
    EXPECT_FALSE(stream->closed);
}

TEST_F(CallbackServer, TheClientGoes) {
    on_callback = [](ScriptStream& s, uint32_t) { s.hang_up(); };
    Inbound& call = request();
    EXPECT_EQ(call_back(call), Status::call_failed);
    EXPECT_EQ(call.disconnects, 1);
    EXPECT_EQ(call_back(call), Status::call_failed_dne);
}

TEST_F(CallbackServer, TheClientGivesUp) {
    on_callback = [](ScriptStream& s, uint32_t id) {
        Buffer out;
        ASSERT_EQ(wire::build_bare(out, wire::PduType::orphaned, id), Status::ok);
        s.answer(out.view());
    };
    Inbound& call = request();
    EXPECT_EQ(call_back(call), Status::call_failed);
    EXPECT_EQ(call_back(call), Status::call_failed_dne);
}

TEST_F(CallbackServer, WhoDoesNotWaitIsNotAsked) {
    EXPECT_EQ(call_back(request(wire::pfc::whole | wire::pfc::maybe)), Status::cannot_support);
    EXPECT_TRUE(said.empty());
}

TEST_F(CallbackServer, ACallThatWasAnsweredIsOver) {
    Inbound& call = request();
    EXPECT_EQ(call.connection->respond(call, body_of("reply")), Status::ok);
    EXPECT_EQ(call_back(call), Status::call_failed_dne);
}

// [MS-RPCE]: a client may call from within a callback, and the call_id of the nested call is the nesting one's.
TEST_F(CallbackServer, CallsNestWithOneId) {
    Inbound& outer = request();
    // The nested call starts while the outer callback is out; nothing more comes before it is answered, so the client gives up here.
    on_callback = [&](ScriptStream& s, uint32_t id) {
        say(s, wire::PduType::request, id, "nested");
        s.hang_up();
    };
    EXPECT_EQ(call_back(outer), Status::call_failed);
    ASSERT_EQ(host.started.size(), 2u);
    EXPECT_EQ(text(host.started[1]->stub.view()), "nested");
}

TEST_F(CallbackServer, AnswersThatNobodyAskedForEndTheConnection) {
    for (bool faulty : {false, true}) {
        request();
        faulty ? fault(*stream, 42, 5) : say(*stream, wire::PduType::response, 42, "unasked");
        stream->deliver();
        EXPECT_TRUE(stream->closed);
        close();
        open();
    }
}

TEST_F(CallbackServer, ASecondCallOfOneIdIsNoNestedOne) {
    request();
    say(*stream, wire::PduType::request, 42, "again");
    stream->deliver();
    EXPECT_TRUE(stream->closed);
}

}  // namespace
}  // namespace rpc::link
