// The server's call as a table: every state and every event, with what the client sees.
#include <gtest/gtest.h>

#include "call/server_call.h"
#include "io/executor_host.h"
#include "link/script_stream.h"
#include "wire/fault.h"

namespace rpc::call {
namespace {

constexpr wire::SyntaxId known{{1, 2, 3, {}}, 1, 0};
const io::Protocol protocol{"script", true, nullptr, nullptr, nullptr};

struct Stub final : AsyncStub {
    explicit Stub(int& alive) : alive_(alive) { ++alive_; }
    ~Stub() override { --alive_; }
    Status complete(void*) override { return Status::ok; }
    void discard() override {}
    int& alive_;
};

class ServerCallTest : public ::testing::Test, public link::ServerHost, public Dispatcher {
public:
    // link::ServerHost, Dispatcher
    Ref<link::ServerInterface> find_interface(const wire::SyntaxId&, const wire::SyntaxId&, wire::ProviderReason&) override {
        return iface;
    }
    Ref<link::InboundCall> make_call() override { return make_ref<ServerCall>(*this); }
    void dispatch(ServerCall& c) override { call = Ref<ServerCall>::share(&c); }

public:
    enum State { dispatched, detached, cancelled, orphaned, disconnected, claimed, answered, faulted, state_count };
    void begin() {
        io::hold_submitted();
        replies.clear();
        stream = make_ref<link::ScriptStream>();
        stream->peer = [this](link::ScriptStream&, ByteView raw) {
            replies.push_back({raw.begin(), raw.end()});
        };
        ASSERT_EQ(link::ServerConnection::serve(stream, protocol, "x", *this), Status::ok);
        wire::BindFields fields;
        fields.max_xmit_frag = fields.max_recv_frag = 5840;
        wire::ContextOffer offer{0, known, {&wire::ndr20, 1}};
        Buffer out;
        ASSERT_EQ(wire::build_bind(out, wire::PduType::bind, fields, {&offer, 1}), Status::ok);
        uint8_t request[24] = {};
        wire::write_header(request, wire::PduType::request, wire::pfc::whole, 24, 0, 9);
        ASSERT_TRUE(out.append(request));
        stream->answer(out.view());
        stream->deliver();
        ASSERT_TRUE(call);
        replies.clear();
    }
    void bare(wire::PduType type) {
        Buffer out;
        ASSERT_EQ(wire::build_bare(out, type, 9), Status::ok);
        stream->answer(out.view());
        stream->deliver();
    }
    void bring_to(State to) {
        begin();
        if (to == dispatched) return;
        ASSERT_EQ(call->detach(&state, make<Stub>(stubs)), Status::ok);
        Owned<AsyncStub> stub;
        switch (to) {
        case cancelled: return bare(wire::PduType::co_cancel);
        case orphaned: return bare(wire::PduType::orphaned);
        case disconnected:
            stream->hang_up();
            return stream->deliver();
        case claimed: ASSERT_TRUE(call->claim(stub)); return;
        case answered: ASSERT_EQ(call->respond(), Status::ok); return;
        case faulted: call->fault(Status::call_failed, false); return;
        default: return;
        }
    }
    void end() {
        call.reset();
        stream->hang_up();
        stream->deliver();
        io::run_submitted();
        io::stop_executor();
        EXPECT_EQ(stubs, 0);
    }

    Ref<link::ServerInterface> iface = make_ref<link::ServerInterface>();
    Ref<link::ScriptStream> stream;
    std::vector<std::vector<uint8_t>> replies;
    Ref<ServerCall> call;
    RPC_ASYNC_STATE state{};
    int stubs = 0;
};

// By state: dispatched, detached, cancelled, orphaned, disconnected, claimed, answered, faulted.
TEST_F(ServerCallTest, StatesAndEvents) {
    struct Row {
        const char* event;
        std::function<void(ServerCallTest&)> make;
        size_t replies[state_count];
        bool ended[state_count], cancelled[state_count], disconnected[state_count];
    };
    const Row rows[] = {
        {"nothing", [](ServerCallTest&) {}, {0, 0, 0, 0, 0, 0, 1, 1},
         {0, 0, 0, 0, 0, 0, 1, 1}, {0, 0, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"respond", [](ServerCallTest& t) { EXPECT_EQ(t.call->respond(), Status::ok); }, {1, 1, 1, 0, 0, 1, 1, 1},
         {1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"fault", [](ServerCallTest& t) { t.call->fault(Status::access_denied, false); }, {1, 1, 1, 0, 0, 1, 1, 1},
         {1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"respond and fault", [](ServerCallTest& t) {
             EXPECT_EQ(t.call->respond(), Status::ok);
             t.call->fault(Status::access_denied, false);
         },
         {1, 1, 1, 0, 0, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"co_cancel", [](ServerCallTest& t) { t.bare(wire::PduType::co_cancel); }, {0, 0, 0, 0, 0, 0, 1, 1},
         {0, 0, 0, 0, 0, 0, 1, 1}, {1, 1, 1, 1, 0, 1, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"orphaned, then respond", [](ServerCallTest& t) {
             t.bare(wire::PduType::orphaned);
             EXPECT_EQ(t.call->respond(), Status::ok);
         },
         {0, 0, 0, 0, 0, 0, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 0, 1, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}},
        {"end of the connection, then respond", [](ServerCallTest& t) {
             t.stream->hang_up();
             t.stream->deliver();
             EXPECT_EQ(t.call->respond(), Status::ok);
         },
         {0, 0, 0, 0, 0, 0, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 1, 1, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 0, 0}},
    };
    for (const Row& row : rows)
        for (int s = 0; s < state_count; ++s) {
            bring_to(static_cast<State>(s));
            row.make(*this);
            EXPECT_EQ(replies.size(), row.replies[s]) << row.event << " in state " << s;
            EXPECT_EQ(call->ended(), row.ended[s]) << row.event << " in state " << s;
            EXPECT_EQ(call->cancelled(), row.cancelled[s]) << row.event << " in state " << s;
            EXPECT_EQ(call->disconnected(), row.disconnected[s]) << row.event << " in state " << s;
            end();
        }
}

TEST_F(ServerCallTest, DetachAndClaimOnce) {
    const bool may_detach[state_count] = {true, false, false, false, false, false, false, false};
    const bool may_claim[state_count] = {true, true, true, true, true, false, false, false};
    for (int s = 0; s < state_count; ++s) {
        bring_to(static_cast<State>(s));
        auto stub = make<Stub>(stubs);
        Status status = call->detach(&state, stub);
        EXPECT_EQ(status, may_detach[s] ? Status::ok : Status::invalid_async_call) << s;
        if (failed(status)) destroy(stub);  // it was not taken over
        Owned<AsyncStub> claimed_stub;
        EXPECT_EQ(call->claim(claimed_stub), may_claim[s]) << s;
        EXPECT_EQ(static_cast<bool>(claimed_stub), may_claim[s]) << s;
        EXPECT_FALSE(call->claim(claimed_stub)) << s;
        claimed_stub.reset();
        end();
    }
}

TEST_F(ServerCallTest, ForbiddenFaultStatusesAreReplaced) {
    for (uint32_t status : {0u, 0x1C010002u, 0x1C010003u, 5u, 0xE0001234u}) {
        begin();
        call->fault(static_cast<Status>(status), false);
        ASSERT_EQ(replies.size(), 1u);
        wire::Pdu pdu;
        wire::Fault fault;
        ASSERT_EQ(wire::parse_pdu(replies[0], pdu), wire::Parsed::ok);
        ASSERT_EQ(wire::parse_fault(pdu, fault), wire::Parsed::ok);
        EXPECT_FALSE(wire::forbidden_fault(fault.status)) << status;
        EXPECT_EQ(pdu.header.call_id, 9u);
        end();
    }
}

TEST_F(ServerCallTest, AnEmptyReplyWithoutMemoryIsAFaultOrTheEndOfTheConnection) {
    bool left = false;
    for (int n = 1; !left; ++n) {
        begin();
        mem_fail_nth(n);
        (void)failed(call->respond());
        left = mem_fail_nth_pending();
        mem_fail_nth(0);
        EXPECT_TRUE(replies.size() == 1 || stream->closed) << n;
        end();
    }
}

}  // namespace
}  // namespace rpc::call
