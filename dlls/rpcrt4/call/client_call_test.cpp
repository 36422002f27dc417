// The client's call as a table: every state and every event, with what the program is told and what the server sees.
#include <gtest/gtest.h>

#include "base/status.h"
#include "call/client_call.h"
#include "io/executor_host.h"
#include "link/script_stream.h"
#include "wire/fault.h"

namespace rpc::call {
namespace {

constexpr link::Syntaxes syntaxes{{{1, 2, 3, {}}, 1, 0}, wire::ndr20};

struct Peer {
    uint8_t flags = wire::pfc::conc_mpx;
    std::vector<Ref<link::ScriptStream>> streams;
    std::vector<wire::PduType> seen;
    std::vector<uint32_t> ids;
    bool listening = true;
};
Peer* g_peer;

void on_pdu(link::ScriptStream& stream, ByteView raw) {
    wire::Pdu pdu;
    ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
    g_peer->seen.push_back(pdu.header.type);
    if (pdu.header.type == wire::PduType::request) g_peer->ids.push_back(pdu.header.call_id);
    if (pdu.header.type != wire::PduType::bind) return;
    wire::BindFields fields;
    fields.call_id = pdu.header.call_id;
    fields.flags = g_peer->flags;
    fields.max_xmit_frag = fields.max_recv_frag = 5840;
    wire::ContextResult results[] = {{wire::BindResult::acceptance, 0, wire::ndr20},
                                     {wire::BindResult::negotiate_ack, wire::feature::keep_connection_on_orphan, {}}};
    Buffer out;
    ASSERT_EQ(wire::build_bind_ack(out, wire::PduType::bind_ack, fields, {}, {results, g_peer->flags ? size_t{2} : size_t{1}}),
              Status::ok);
    stream.answer(out.view());
}
Status connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    if (!g_peer->listening) return Status::server_unavailable;
    auto made = make_ref<link::ScriptStream>();
    made->peer = on_pdu;
    g_peer->streams.push_back(made);
    stream = std::move(made);
    return Status::ok;
}
const io::Protocol protocol{"script", true, nullptr, connect, nullptr};

int g_notified;
void notify(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT event) {
    EXPECT_EQ(event, RpcCallComplete);
    EXPECT_EQ(state->Event, RpcCallComplete);
    ++g_notified;
}

class ClientCallTest : public ::testing::Test {
public:
    void SetUp() override {
        io::hold_submitted();
        g_peer = &peer;
        g_notified = 0;
        state.NotificationType = RpcNotificationTypeCallback;
        state.u.NotificationRoutine = notify;
        state.Event = RpcReceiveComplete;
        io::Address address;
        association = make_ref<link::Association>(protocol, std::move(address));
    }
    void TearDown() override {
        call.reset();
        fillers.clear();
        association.reset();
        peer.listening = false;
        for (auto& s : peer.streams) {
            s->hang_up();
            s->deliver();
        }
        io::run_submitted();
        io::stop_executor();
    }
    Ref<ClientCall> make(bool tied) {
        auto made = make_ref<ClientCall>(association, syntaxes, uint16_t{3}, uint8_t{0}, nullptr);
        EXPECT_EQ(made->connect(true), Status::ok);
        EXPECT_EQ(made->body.allocate(4, false), Status::ok);
        if (tied) {
            Notification notification;
            EXPECT_EQ(notification.capture(state), Status::ok);
            made->tie(&state, std::move(notification), nullptr);
        }
        return made;
    }
    void respond(bool last = true) {
        uint8_t pdu[24] = {};
        wire::write_header(pdu, wire::PduType::response, last ? wire::pfc::whole : wire::pfc::first_frag, 24, 0, peer.ids.back());
        peer.streams.back()->answer(pdu);
        peer.streams.back()->deliver();
    }
    void fault(uint32_t status) {
        wire::FaultFields fields;
        fields.call_id = peer.ids.back();
        fields.status = status;
        Buffer out;
        ASSERT_EQ(wire::build_fault(out, fields), Status::ok);
        peer.streams.back()->answer(out.view());
        peer.streams.back()->deliver();
    }
    size_t seen(wire::PduType type) { return static_cast<size_t>(std::count(peer.seen.begin(), peer.seen.end(), type)); }

    // The states of the table.
    enum State { idle, pending, cancelling, waiting, done, faulted, aborted, collected, state_count };
    void bring_to(State to) {
        if (to == waiting) {
            peer.flags = 0;
            for (int i = 0; i < 64; ++i) {
                fillers.push_back(make(false));
                ASSERT_EQ(fillers.back()->start(), Status::ok);
            }
        }
        call = make(true);
        if (to == idle) return;
        ASSERT_EQ(call->start(), Status::ok);
        io::run_submitted();
        if (to == cancelling) call->cancel(false);
        if (to == done || to == collected) respond();
        if (to == faulted) fault(0x1C00000D);
        if (to == aborted) call->cancel(true);
        if (to == collected) ASSERT_TRUE(call->collect());
    }

    Peer peer;
    RPC_ASYNC_STATE state{};
    Ref<link::Association> association;
    Ref<ClientCall> call;
    std::vector<Ref<ClientCall>> fillers;
};

constexpr Status P = Status::call_pending, O = Status::ok, C = Status::call_cancelled, F = Status::call_failed;

// By state: idle, pending, cancelling, waiting, done, faulted, aborted, collected.
TEST_F(ClientCallTest, StatesAndEvents) {
    struct Row {
        const char* event;
        std::function<void(ClientCallTest&)> make;
        Status after[state_count];
        int told[state_count];
    };
    const Row rows[] = {
        {"nothing", [](ClientCallTest&) {}, {P, P, P, P, O, C, C, O}, {0, 0, 0, 0, 1, 1, 1, 1}},
        {"cancel", [](ClientCallTest& t) { t.call->cancel(false); }, {P, P, P, P, O, C, C, O}, {0, 0, 0, 0, 1, 1, 1, 1}},
        {"abort", [](ClientCallTest& t) { t.call->cancel(true); }, {P, C, C, C, O, C, C, O}, {0, 1, 1, 1, 1, 1, 1, 1}},
        {"abort twice", [](ClientCallTest& t) { t.call->cancel(true), t.call->cancel(true); },
         {P, C, C, C, O, C, C, O}, {0, 1, 1, 1, 1, 1, 1, 1}},
        {"cancel then abort", [](ClientCallTest& t) { t.call->cancel(false), t.call->cancel(true); },
         {P, C, C, C, O, C, C, O}, {0, 1, 1, 1, 1, 1, 1, 1}},
        {"first fragment", [](ClientCallTest& t) { if (!t.peer.ids.empty() && t.fillers.empty()) t.respond(false); },
         {P, P, P, P, O, C, C, O}, {0, 0, 0, 0, 1, 1, 1, 1}},
        {"response", [](ClientCallTest& t) { if (!t.peer.ids.empty() && t.fillers.empty()) t.respond(); },
         {P, O, O, P, O, C, C, O}, {0, 1, 1, 0, 1, 1, 1, 1}},
        {"fault", [](ClientCallTest& t) { if (!t.peer.ids.empty() && t.fillers.empty()) t.fault(0x1C00000D); },
         {P, C, C, P, O, C, C, O}, {0, 1, 1, 0, 1, 1, 1, 1}},
        {"end of the connection", [](ClientCallTest& t) {
             t.peer.listening = false;
             for (auto& s : t.peer.streams) s->hang_up();
             for (auto& s : t.peer.streams) s->deliver();
             io::run_submitted();
         },
         {P, F, F, Status::server_unavailable, O, C, C, O}, {0, 1, 1, 1, 1, 1, 1, 1}},
        {"garbage", [](ClientCallTest& t) {
             if (!t.fillers.empty()) return;
             t.peer.streams.back()->answer(std::vector<uint8_t>(16, 'x'));
             t.peer.streams.back()->deliver();
         },
         {P, Status::protocol_error, Status::protocol_error, P, O, C, C, O}, {0, 1, 1, 0, 1, 1, 1, 1}},
    };
    for (const Row& row : rows) {
        for (int s = 0; s < state_count; ++s) {
            bring_to(static_cast<State>(s));
            row.make(*this);
            EXPECT_EQ(call->status(), row.after[s]) << row.event << " in state " << s;
            EXPECT_EQ(g_notified, row.told[s]) << row.event << " in state " << s;
            EXPECT_EQ(state.Event, row.told[s] ? RpcCallComplete : RpcReceiveComplete);
            // Collecting works once, after the end.
            EXPECT_EQ(call->collect(), row.after[s] != P && s != collected) << row.event << " in state " << s;
            EXPECT_FALSE(call->collect());
            TearDown();
            peer = Peer();
            SetUp();
        }
    }
}

TEST_F(ClientCallTest, StartsOnce) {
    bring_to(pending);
    EXPECT_EQ(call->start(), Status::invalid_async_call);
    respond();
    EXPECT_EQ(call->start(), Status::invalid_async_call);
    EXPECT_EQ(g_notified, 1);
}

TEST_F(ClientCallTest, CancelIsToldToTheServer) {
    bring_to(cancelling);
    EXPECT_EQ(seen(wire::PduType::co_cancel), 1u);
    EXPECT_EQ(seen(wire::PduType::orphaned), 0u);
    call->cancel(true);
    EXPECT_EQ(seen(wire::PduType::orphaned), 1u);
    respond();  // late
    EXPECT_EQ(call->status(), Status::call_cancelled);
    EXPECT_TRUE(call->reply.empty());
    EXPECT_FALSE(peer.streams[0]->closed);
}

// Cancelled while it waited: it goes out when a place is free, and the cancel right behind it where the peer understands that.
TEST_F(ClientCallTest, CancelledWhileWaiting) {
    bring_to(waiting);
    call->cancel(false);
    EXPECT_EQ(call->status(), Status::call_pending);
    const size_t requests = peer.ids.size();
    uint8_t pdu[24] = {};
    wire::write_header(pdu, wire::PduType::response, wire::pfc::whole, 24, 0, 1);
    peer.streams[0]->answer(pdu);
    peer.streams[0]->deliver();
    io::run_submitted();
    EXPECT_EQ(peer.ids.size(), requests + 1);
    EXPECT_EQ(call->status(), Status::call_pending);
    peer.streams[0]->answer(pdu);
    peer.streams[0]->deliver();
    EXPECT_EQ(call->status(), Status::ok);
    EXPECT_EQ(g_notified, 1);
}

TEST_F(ClientCallTest, AbortedWhileWaitingNeverGoesOut) {
    bring_to(waiting);
    call->cancel(true);
    const size_t requests = peer.ids.size();
    uint8_t pdu[24] = {};
    wire::write_header(pdu, wire::PduType::response, wire::pfc::whole, 24, 0, 1);
    peer.streams[0]->answer(pdu);
    peer.streams[0]->deliver();
    io::run_submitted();
    EXPECT_EQ(peer.ids.size(), requests);
    // Its place is there for the next.
    auto next = make(false);
    EXPECT_EQ(next->start(), Status::ok);
    EXPECT_EQ(peer.ids.size(), requests + 1);
    next->cancel(true);
}

TEST_F(ClientCallTest, AConnectionThatDiedUnusedIsReplaced) {
    call = make(true);
    peer.streams[0]->hang_up();
    peer.streams[0]->deliver();
    EXPECT_EQ(call->start(), Status::ok);
    EXPECT_EQ(peer.streams.size(), 2u);
    respond();
    EXPECT_EQ(call->status(), Status::ok);
    EXPECT_EQ(g_notified, 1);
}

TEST_F(ClientCallTest, AFailedStartTellsNobody) {
    call = make(true);
    peer.streams[0]->hang_up();
    peer.streams[0]->deliver();
    peer.listening = false;
    EXPECT_EQ(call->start(), Status::server_unavailable);
    EXPECT_EQ(g_notified, 0);
    call->cancel(true);
    EXPECT_EQ(g_notified, 0);
    EXPECT_FALSE(call->collect());
}

TEST_F(ClientCallTest, AHintReservesNoMoreThanWhatCameSuggests) {
    bring_to(pending);
    uint8_t pdu[28] = {};
    wire::write_header(pdu, wire::PduType::response, wire::pfc::first_frag, 28, 0, peer.ids.back());
    std::memset(pdu + 16, 0xFF, 4);
    peer.streams[0]->answer(pdu);
    peer.streams[0]->deliver();
    EXPECT_LE(call->reply.capacity(), 4096u);
    EXPECT_EQ(call->reply.size(), 4u);
    call->cancel(true);
}

}  // namespace
}  // namespace rpc::call
