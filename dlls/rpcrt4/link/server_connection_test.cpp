// The server's side of a connection against a scripted client, PDU by PDU, with a host that keeps the calls.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/os.h"
#include "io/executor_host.h"
#include "link/script_stream.h"
#include "link/server_connection.h"
#include "security/fake.h"
#include "wire/fault.h"
#include "wire/test_bytes.h"

namespace rpc::link {
namespace {

constexpr wire::SyntaxId known{{1, 2, 3, {}}, 1, 0};
constexpr wire::SyntaxId unknown{{9, 9, 9, {}}, 1, 0};

class TestCall final : public InboundCall {
public:
    TestCall(std::vector<TestCall*>& started, int& alive) : started_(started), alive_(alive) { ++alive_; }
    ~TestCall() override { --alive_; }
    void on_cancel() override { ++cancels; }
    void on_disconnect() override { ++disconnects; }
    void run() override {
        auto self = Ref<TestCall>::adopt(this);
        connection->await_turn(*this);
        started_.push_back(this);
        kept.push_back(self);
        connection->let_next_start(*this);
    }
    Status begin_stream() override { return begin; }
    void on_more(ByteView stub, Status end) override {
        more.append(reinterpret_cast<const char*>(stub.data()), stub.size());
        ends.push_back(end);
    }
    Status begin = Status::ok;
    std::string more;
    std::vector<Status> ends;
    int cancels = 0, disconnects = 0;
    static std::vector<Ref<TestCall>> kept;

private:
    std::vector<TestCall*>& started_;
    int& alive_;
};
std::vector<Ref<TestCall>> TestCall::kept;

struct TestHost final : ServerHost {
    Ref<ServerInterface> iface = make_ref<ServerInterface>();
    std::vector<TestCall*> started;  // in order; TestCall::kept owns them
    int alive = 0;
    Ref<ServerInterface> find_interface(const wire::SyntaxId& abstract_syntax, const wire::SyntaxId& transfer_syntax,
                                        wire::ProviderReason& why) override {
        why = wire::ProviderReason::abstract_syntax_not_supported;
        if (!(abstract_syntax == known)) return nullptr;
        why = wire::ProviderReason::proposed_transfer_syntaxes_not_supported;
        if (!(transfer_syntax == wire::ndr20)) return nullptr;
        return iface;
    }
    Ref<InboundCall> make_call() override { return make_ref<TestCall>(started, alive); }
    Status accept_security(uint8_t service, security::Level, Ref<security::Context>& context) override {
        return security::fake_server(service, context);
    }
};

const io::Protocol remote{"remote", false, nullptr, nullptr, nullptr};

class ServerSide : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        ASSERT_EQ(serve(), Status::ok);
    }
    Status serve() {
        make_stream();
        return ServerConnection::serve(stream, remote, "17", host);
    }
    void make_stream() {
        replies.clear();
        stream = make_ref<ScriptStream>();
        stream->peer = [this](ScriptStream&, ByteView raw) {
            wire::Pdu pdu;
            ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
            replies.push_back({pdu.header, {raw.begin(), raw.end()}});
        };
    }
    void TearDown() override {
        stream->hang_up();
        stream->deliver();
        io::run_submitted();
        io::stop_executor();
        TestCall::kept.clear();
        EXPECT_EQ(host.alive, 0);
    }
    void feed(ByteView bytes) {
        stream->answer(bytes);
        stream->deliver();
    }
    void bind(std::vector<wire::ContextOffer> offers, wire::PduType type = wire::PduType::bind, uint8_t flags = wire::pfc::conc_mpx,
              uint16_t max_recv = 5840) {
        wire::BindFields fields;
        fields.call_id = 7;
        fields.flags = flags;
        fields.max_xmit_frag = 5840;
        fields.max_recv_frag = max_recv;
        Buffer out;
        ASSERT_EQ(wire::build_bind(out, type, fields, offers), Status::ok);
        feed(out.view());
    }
    void bind() {
        bind({{0, known, {&wire::ndr20, 1}}});
        ASSERT_EQ(replies.size(), 1u);
        replies.clear();
    }
    void request(uint32_t call_id, std::string_view stub, uint8_t flags = wire::pfc::whole, uint16_t context = 0, uint32_t hint = 0) {
        Buffer out;
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, flags, static_cast<uint16_t>(24 + stub.size()), 0, call_id);
        for (int i = 0; i < 4; ++i) header[16 + i] = static_cast<uint8_t>(hint >> 8 * i);
        header[20] = static_cast<uint8_t>(context);
        header[22] = 5;
        ASSERT_TRUE(out.append(header) && out.append({reinterpret_cast<const uint8_t*>(stub.data()), stub.size()}));
        feed(out.view());
    }
    void bare(wire::PduType type, uint32_t call_id) {
        Buffer out;
        ASSERT_EQ(wire::build_bare(out, type, call_id), Status::ok);
        feed(out.view());
    }
    static OutgoingBody body(std::string_view text) {
        OutgoingBody made;
        EXPECT_EQ(made.allocate(text.size(), false), Status::ok);
        std::memcpy(made.data(), text.data(), text.size());
        return made;
    }
    static Status respond(TestCall& call, std::string_view text) { return call.connection->respond(call, body(text)); }
    static std::string_view text(const Buffer& b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
    uint32_t fault_status(size_t i) {
        wire::Pdu pdu;
        wire::Fault fault;
        if (i >= replies.size() || wire::parse_pdu(replies[i].raw, pdu) != wire::Parsed::ok ||
            wire::parse_fault(pdu, fault) != wire::Parsed::ok)
            return 0;
        return fault.status;
    }
    TestCall& started(size_t i) { return *host.started.at(i); }

    struct Reply {
        wire::Header header;
        std::vector<uint8_t> raw;
    };
    TestHost host;
    std::vector<Reply> replies;
    Ref<ScriptStream> stream;
};

TEST_F(ServerSide, AnswersBindByteExact) {
    const wire::SyntaxId features = wire::feature_syntax(wire::feature::keep_connection_on_orphan);
    bind({{0, known, {&wire::ndr20, 1}}, {1, unknown, {&wire::ndr20, 1}}, {2, known, {&wire::ndr64, 1}}, {3, known, {&features, 1}}});
    ASSERT_EQ(replies.size(), 1u);
    std::string got = wire::hex(ByteView(replies[0].raw));
    got.replace(40, 8, "gggggggg");  // the group is anybody's guess
    EXPECT_EQ(got, "05000c1310000000" "8400000007000000" "d016d016gggggggg" "03003137000000" "00"
                   "04000000"
                   "00000000045d888aeb1cc9119fe808002b10486002000000"
                   "020001000000000000000000000000000000000000000000"
                   "020002000000000000000000000000000000000000000000"
                   "030002000000000000000000000000000000000000000000");
}

TEST_F(ServerSide, EchoesMultiplexingOnlyWhenOffered) {
    bind({{0, known, {&wire::ndr20, 1}}}, wire::PduType::bind, 0);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].header.flags, wire::pfc::whole);
}

TEST_F(ServerSide, AlterContextAddsAndBindComesFirstAndOnce) {
    bind();
    bind({{1, known, {&wire::ndr20, 1}}}, wire::PduType::alter_context);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].header.type, wire::PduType::alter_context_resp);
    request(1, "a", wire::pfc::whole, 1);
    ASSERT_EQ(host.started.size(), 1u);
    bind({{0, known, {&wire::ndr20, 1}}});
    EXPECT_TRUE(stream->closed);
    ASSERT_EQ(serve(), Status::ok);
    bind({{1, known, {&wire::ndr20, 1}}}, wire::PduType::alter_context);
    EXPECT_TRUE(stream->closed);
}

TEST_F(ServerSide, AssociationGroups) {
    auto group = [&] {
        return static_cast<uint32_t>(replies.at(0).raw[20] | replies[0].raw[21] << 8 | replies[0].raw[22] << 16 |
                                     static_cast<uint32_t>(replies[0].raw[23]) << 24);
    };
    bind({{0, known, {&wire::ndr20, 1}}});
    const uint32_t first = group();
    EXPECT_NE(first, 0u);
    auto kept = stream;
    auto join = [&](uint32_t id) {
        ASSERT_EQ(serve(), Status::ok);
        wire::BindFields fields;
        fields.max_recv_frag = fields.max_xmit_frag = 5840;
        fields.assoc_group_id = id;
        wire::ContextOffer offer{0, known, {&wire::ndr20, 1}};
        Buffer out;
        ASSERT_EQ(wire::build_bind(out, wire::PduType::bind, fields, {&offer, 1}), Status::ok);
        feed(out.view());
    };
    join(first);
    EXPECT_EQ(group(), first);
    stream->hang_up();
    stream->deliver();
    kept->hang_up();
    kept->deliver();
    join(first);
    EXPECT_NE(group(), first);  // it ended with its last connection
}

struct Streaming final : ServerInterface {
    bool streams(uint16_t opnum) const override { return opnum == 5; }
};
struct Written final : io::WriteWatch {
    void on_written(size_t n) override { size += n; }
    size_t size = 0;
};

TEST_F(ServerSide, AStreamedCallStartsWithItsFirstFragment) {
    host.iface = make_ref<Streaming>();
    bind();
    request(1, "whole");
    ASSERT_EQ(host.started.size(), 1u);
    EXPECT_FALSE(started(0).streamed());
    request(2, "abcdefgh", wire::pfc::first_frag);
    ASSERT_EQ(host.started.size(), 2u);
    TestCall& call = started(1);
    EXPECT_TRUE(call.streamed());
    request(2, "ijkl", 0);
    bare(wire::PduType::co_cancel, 2);
    request(2, "mn", wire::pfc::last_frag);
    EXPECT_EQ(text(call.stub), "abcdefgh");
    EXPECT_EQ(call.more, "ijklmn");
    EXPECT_EQ(call.ends, (std::vector{Status::call_pending, Status::ok}));
    EXPECT_EQ(call.cancels, 1);
    Written written;
    replies.clear();
    EXPECT_EQ(call.connection->send_piece(call, body("12345678"), &written), Status::ok);
    EXPECT_EQ(call.connection->send_piece(call, body("abcdefgh"), &written), Status::ok);
    EXPECT_EQ(respond(call, "end"), Status::ok);
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[0].header.flags, wire::pfc::first_frag);
    EXPECT_EQ(replies[1].header.flags, 0);
    EXPECT_EQ(replies[2].header.flags, wire::pfc::last_frag);
    EXPECT_EQ(written.size, 2 * (24u + 8u));
    EXPECT_EQ(call.connection->send_piece(call, body("12345678"), &written), Status::call_failed);
    request(2, "too late", 0);
    EXPECT_FALSE(stream->closed);
}

TEST_F(ServerSide, AStreamedCallWhoseClientGoesHearsOfIt) {
    host.iface = make_ref<Streaming>();
    bind();
    request(1, "abcdefgh", wire::pfc::first_frag);
    ASSERT_EQ(host.started.size(), 1u);
    stream->hang_up();
    stream->deliver();
    EXPECT_EQ(started(0).disconnects, 1);
    Written written;
    EXPECT_EQ(started(0).connection->send_piece(started(0), body("12345678"), &written), Status::call_failed);
}

TEST_F(ServerSide, MoreThanTheEndOfAStreamedCallIsNoProtocol) {
    host.iface = make_ref<Streaming>();
    bind();
    request(1, "abcdefgh", wire::pfc::first_frag);
    request(1, "ij", wire::pfc::last_frag);
    request(1, "kl", wire::pfc::last_frag);
    EXPECT_TRUE(stream->closed);
}

TEST_F(ServerSide, CallsStartInOrderAndAnswerInAny) {
    bind();
    for (uint32_t i = 1; i <= 20; ++i) request(i, std::to_string(i));
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 20u);
    for (size_t i = 0; i < 20; ++i) EXPECT_EQ(text(started(i).stub), std::to_string(i + 1));
    for (size_t i = 20; i-- != 0;) ASSERT_EQ(respond(started(i), "r"), Status::ok);
    ASSERT_EQ(replies.size(), 20u);
    for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(replies[i].header.call_id, 20 - i);
    EXPECT_EQ(wire::hex(ByteView(replies[0].raw)), "0500020310000000" "1900000014000000" "0100000000000000" "72");
}

TEST_F(ServerSide, CallsThatCameInOneReadStartInOrder) {
    bind();
    for (uint32_t i = 1; i <= 20; ++i) {
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, wire::pfc::whole, 24, 0, i);
        header[22] = static_cast<uint8_t>(i);
        stream->answer(header);
    }
    stream->deliver();
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 20u);
    for (size_t i = 0; i < 20; ++i) EXPECT_EQ(started(i).opnum, i + 1);
}

TEST_F(ServerSide, InterleavedFragmentsFindTheirCalls) {
    bind();
    request(1, "a", wire::pfc::first_frag);
    request(2, "x", wire::pfc::first_frag);
    request(1, "b", 0);
    request(2, "y", wire::pfc::last_frag);
    request(1, "c", wire::pfc::last_frag);
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 2u);
    EXPECT_EQ(text(started(0).stub), "xy");
    EXPECT_EQ(text(started(1).stub), "abc");
}

TEST_F(ServerSide, FragmentsOutOfPlace) {
    bind();
    request(1, "lost", 0);  // of a call that never began
    request(1, "lost", wire::pfc::last_frag);
    EXPECT_TRUE(host.started.empty());
    EXPECT_FALSE(stream->closed);
    request(1, "a");
    request(1, "more", wire::pfc::last_frag);  // behind its own last fragment
    EXPECT_TRUE(stream->closed);
    ASSERT_EQ(serve(), Status::ok);
    bind();
    request(1, "a", wire::pfc::first_frag);
    request(1, "a", wire::pfc::first_frag);  // two calls of one id
    EXPECT_TRUE(stream->closed);
}

TEST_F(ServerSide, ACallIdMayComeAgainOnceAnswered) {
    bind();
    for (size_t i = 0; i < 3; ++i) {
        request(1, "a");
        ASSERT_EQ(host.started.size(), i + 1);
        ASSERT_EQ(respond(started(i), "r"), Status::ok);
    }
    EXPECT_EQ(replies.size(), 3u);
}

TEST_F(ServerSide, UnknownContextIsAFaultThatDidNotExecute) {
    bind();
    request(5, "abc", wire::pfc::first_frag, 3);
    request(5, "abc", wire::pfc::last_frag, 3);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(fault_status(0), wire::nca::unk_if);
    EXPECT_TRUE(replies[0].header.has(wire::pfc::did_not_execute));
    EXPECT_EQ(replies[0].header.call_id, 5u);
    EXPECT_FALSE(stream->closed);
}

TEST_F(ServerSide, CancelAndOrphaned) {
    bind();
    request(1, "a");
    request(2, "b");
    io::run_submitted();
    bare(wire::PduType::co_cancel, 1);
    bare(wire::PduType::co_cancel, 1);
    bare(wire::PduType::co_cancel, 99);
    bare(wire::PduType::orphaned, 2);
    EXPECT_EQ(started(0).cancels, 2);
    EXPECT_EQ(started(1).cancels, 1);
    ASSERT_EQ(respond(started(1), "dropped"), Status::ok);
    EXPECT_TRUE(replies.empty());
    ASSERT_EQ(respond(started(0), "r"), Status::ok);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].raw[22], 2);  // cancel_count
    ASSERT_EQ(respond(started(0), "again"), Status::ok);
    EXPECT_EQ(replies.size(), 1u);
    bare(wire::PduType::co_cancel, 1);  // late
    EXPECT_EQ(started(0).cancels, 2);
    EXPECT_FALSE(stream->closed);
}

TEST_F(ServerSide, CancelOfACallThatIsStillComing) {
    bind();
    request(1, "a", wire::pfc::first_frag);
    bare(wire::PduType::co_cancel, 1);
    request(1, "b", wire::pfc::last_frag | wire::pfc::pending_cancel);
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 1u);
    EXPECT_EQ(started(0).cancels, 2);
}

TEST_F(ServerSide, MaybeCallsGetNoAnswer) {
    bind();
    request(1, "a", wire::pfc::whole | wire::pfc::maybe);
    request(2, "a", wire::pfc::whole | wire::pfc::maybe);
    io::run_submitted();
    ASSERT_EQ(respond(started(0), "r"), Status::ok);
    ASSERT_EQ(started(1).connection->fault(started(1), 5, false), Status::ok);
    EXPECT_TRUE(replies.empty());
}

TEST_F(ServerSide, TheEndOfTheConnectionIsToldOnceToWhatWasComplete) {
    bind();
    request(1, "a");
    request(2, "b", wire::pfc::first_frag);
    request(3, "c");
    io::run_submitted();
    ASSERT_EQ(respond(started(1), "r"), Status::ok);
    EXPECT_EQ(host.alive, 3);
    stream->hang_up();
    stream->deliver();
    EXPECT_EQ(started(0).disconnects, 1);
    EXPECT_EQ(started(1).disconnects, 0);
    EXPECT_EQ(host.alive, 2);  // the incomplete one is gone
    EXPECT_TRUE(started(0).connection->closed());
    EXPECT_EQ(respond(started(0), "r"), Status::ok);
    EXPECT_EQ(replies.size(), 1u);
}

TEST_F(ServerSide, CallsQueuedWhenTheConnectionClosesStillRunOnce) {
    bind();
    std::vector<uint8_t> bytes;
    for (uint32_t i = 1; i <= 10; ++i) {
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, wire::pfc::whole, 24, 0, i);
        bytes.insert(bytes.end(), header, header + 24);
    }
    bytes.resize(bytes.size() + 16, 'x');  // garbage closes it while most are queued
    feed(bytes);
    EXPECT_TRUE(stream->closed);
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 10u);
    for (auto& call : TestCall::kept) EXPECT_EQ(call->disconnects, 1);
}

TEST_F(ServerSide, RefusesWhatOnlyServersSend) {
    for (auto type : {wire::PduType::response, wire::PduType::fault, wire::PduType::bind_ack, wire::PduType::shutdown}) {
        bind();
        bare(type, 1);
        EXPECT_TRUE(stream->closed);
        ASSERT_EQ(serve(), Status::ok);
    }
}

TEST_F(ServerSide, LongAnswersGoOutInFragmentsTheClientAgreedTo) {
    bind({{0, known, {&wire::ndr20, 1}}}, wire::PduType::bind, wire::pfc::conc_mpx, 1432);
    replies.clear();
    request(1, "a");
    ASSERT_EQ(respond(started(0), std::string(10000, 'z')), Status::ok);
    size_t stub = 0;
    for (size_t i = 0; i < replies.size(); ++i) {
        EXPECT_LE(replies[i].raw.size(), 1432u);
        EXPECT_EQ(replies[i].header.has(wire::pfc::first_frag), i == 0);
        EXPECT_EQ(replies[i].header.has(wire::pfc::last_frag), i + 1 == replies.size());
        stub += replies[i].raw.size() - 24;
    }
    EXPECT_EQ(stub, 10000u);
}

TEST_F(ServerSide, AnAnswerThatCannotBeFramedClosesTheConnection) {
    bind();
    request(1, "a");
    OutgoingBody big = body(std::string(10000, 'z'));
    mem_fail_nth(1);
    EXPECT_EQ(started(0).connection->respond(started(0), std::move(big)), Status::out_of_memory);
    mem_fail_nth(0);
    EXPECT_TRUE(stream->closed);
}

// ---- memory that the client sizes ----

TEST_F(ServerSide, AllocHintAloneReservesLittle) {
    bind();
    for (uint32_t i = 1; i <= 100; ++i) request(i, "x", wire::pfc::first_frag, 0, 0xFFFFFFFF);
    request(101, std::string(5000, 'x'), wire::pfc::first_frag, 0, 0xFFFFFFFF);
    for (uint32_t i = 1; i <= 101; ++i) request(i, "", wire::pfc::last_frag);
    io::run_submitted();
    ASSERT_EQ(host.started.size(), 101u);
    size_t reserved = 0;
    for (size_t i = 0; i < 100; ++i) reserved += started(i).stub.capacity();
    EXPECT_LE(reserved, 100u * 1024);
    EXPECT_LE(started(100).stub.capacity(), size_t{1} << 20);
}

TEST_F(ServerSide, LongRequestsAreRefusedAsTheyCome) {
    host.iface->max_request = 3;
    bind();
    request(1, "abc");
    request(2, "abcd");
    request(3, "ab", wire::pfc::first_frag);
    request(3, "cd", 0);
    request(3, "ef", wire::pfc::last_frag);
    EXPECT_EQ(host.started.size(), 1u);
    ASSERT_EQ(replies.size(), 2u);
    EXPECT_EQ(fault_status(0), 5u);
    EXPECT_EQ(fault_status(1), 5u);
    EXPECT_EQ(replies[1].header.call_id, 3u);
}

TEST_F(ServerSide, ManyCallsShareABudget) {
    bind();
    const std::string big(60000, 'x');
    uint32_t id = 0;
    while (replies.empty() && id < 6000) request(++id, big, wire::pfc::first_frag);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(fault_status(0), wire::nca::server_too_busy);
    EXPECT_LE(static_cast<size_t>(id) * 60000, (size_t{257} << 20));
    // Answered ones make room.
    request(1, "", wire::pfc::last_frag);
    ASSERT_EQ(respond(started(0), "r"), Status::ok);
    request(9999, big);
    EXPECT_EQ(host.started.size(), 2u);
}

TEST_F(ServerSide, AClientThatDoesNotReadIsCutOff) {
    bind();
    request(1, "a");
    request(2, "b");
    io::run_submitted();
    stream->backlog = size_t{256} << 20;
    ASSERT_EQ(respond(started(0), "r"), Status::ok);
    EXPECT_FALSE(stream->closed);
    ++stream->backlog;
    ASSERT_EQ(respond(started(1), "r"), Status::ok);
    EXPECT_TRUE(stream->closed);
    EXPECT_EQ(replies.size(), 1u);
}

TEST_F(ServerSide, EveryAllocationFailsOnce) {
    stream->hang_up();
    stream->deliver();
    bool left = false;
    for (int n = 1; !left; ++n) {
        ASSERT_LT(n, 200);
        host.started.clear();
        TestCall::kept.clear();
        std::vector<uint8_t> bytes;
        Buffer out;
        wire::BindFields fields;
        fields.max_recv_frag = fields.max_xmit_frag = 5840;
        wire::ContextOffer offer{0, known, {&wire::ndr20, 1}};
        ASSERT_EQ(wire::build_bind(out, wire::PduType::bind, fields, {&offer, 1}), Status::ok);
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, wire::pfc::first_frag, 24, 0, 1);
        ASSERT_TRUE(out.append(header));
        wire::write_header(header, wire::PduType::request, wire::pfc::last_frag, 24, 0, 1);
        ASSERT_TRUE(out.append(header));
        make_stream();
        mem_fail_nth(n);
        if (!failed(ServerConnection::serve(stream, remote, "17", host))) {
            feed(out.view());
            io::run_submitted();
            if (!host.started.empty()) {
                OutgoingBody reply;
                if (failed(reply.allocate(100, false)))
                    (void)failed(started(0).connection->fault(started(0), 14, false));
                else
                    (void)failed(started(0).connection->respond(started(0), std::move(reply)));
            }
            // Either the client heard of its call, or its connection ended.
            EXPECT_TRUE(stream->closed || replies.size() == 2) << n;
            stream->hang_up();
            stream->deliver();
        }
        left = mem_fail_nth_pending();
        mem_fail_nth(0);
    }
}

}  // namespace
}  // namespace rpc::link
