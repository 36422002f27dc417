// Authenticated connections: client and server against each other through a wire that a test can watch and change, with
// the authentication service that has no cryptography.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "io/executor_host.h"
#include "link/association.h"
#include "link/script_stream.h"
#include "link/server_connection.h"
#include "security/fake.h"
#include "wire/fault.h"
#include "wire/test_bytes.h"

namespace rpc::link {
namespace {

using security::Level;
constexpr Level levels[] = {Level::connect, Level::call, Level::packet, Level::integrity, Level::privacy};
constexpr Syntaxes first_interface{{{1, 2, 3, {}}, 1, 0}, wire::ndr20};
constexpr Syntaxes second_interface{{{4, 5, 6, {}}, 1, 0}, wire::ndr20};

using Bytes = std::vector<uint8_t>;
std::string text(const Buffer& b) {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}
bool holds(const Bytes& all, std::string_view part) {
    return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

// Answers with what it got, and notes who asked.
struct Seen {
    std::string stub, user;
    bool secure;
    Level level;
    uint16_t opnum;
};
std::vector<Seen> g_seen;

class EchoCall final : public InboundCall {
public:
    void on_cancel() override {}
    void on_disconnect() override {}
    void run() override {
        auto self = Ref<EchoCall>::adopt(this);
        connection->await_turn(*this);
        Seen seen{text(stub), "", security != nullptr, Level::none, opnum};
        if (security) {
            Str name;
            if (failed(security->context().client_name(name))) return (void)failed(connection->fault(*this, 14, true));
            seen.user = name.view();
            seen.level = security->level;
        }
        g_seen.push_back(seen);
        OutgoingBody body;
        if (failed(body.allocate(stub.size(), false))) return (void)failed(connection->fault(*this, 14, false));
        if (stub.size() != 0) std::memcpy(body.data(), stub.data(), stub.size());
        (void)failed(connection->respond(*this, std::move(body)));
        connection->let_next_start(*this);
    }
};

struct EchoHost final : ServerHost {
    Ref<ServerInterface> iface = make_ref<ServerInterface>();
    Ref<ServerInterface> find_interface(const wire::SyntaxId&, const wire::SyntaxId& transfer,
                                        wire::ProviderReason& why) override {
        why = wire::ProviderReason::proposed_transfer_syntaxes_not_supported;
        return transfer == wire::ndr20 ? iface : nullptr;
    }
    Ref<InboundCall> make_call() override { return make_ref<EchoCall>(); }
    Status accept_security(uint8_t service, Level, Ref<security::Context>& context) override {
        return knows_service ? security::fake_server(service, context) : Status::unknown_authn_service;
    }
    bool knows_service = true;
};

// The wire between the two: every PDU passes here, and may be changed, dropped (emptied) or doubled.
struct Wire {
    EchoHost host;
    std::function<void(Bytes&, bool from_client)> touch;
    std::vector<Bytes> sent;  // by either side, as it arrived
    std::vector<Ref<ScriptStream>> clients, servers;
    std::vector<wire::PduType> types;
    bool ends_when_stuck = false;  // an answer that will never come is the end of the connection
    void pass(ScriptStream& to, ByteView raw, bool from_client) {
        Bytes bytes(raw.begin(), raw.end());
        if (touch) touch(bytes, from_client);
        wire::Header header;
        if (wire::parse_header(bytes, header) == wire::Parsed::ok) types.push_back(header.type);
        sent.push_back(bytes);
        to.answer(bytes);
        to.deliver();
    }
    Bytes all() const {
        Bytes out;
        for (auto& s : sent) out.insert(out.end(), s.begin(), s.end());
        return out;
    }
};
Wire* g_wire;
const io::Protocol served{"served", false, nullptr, nullptr, nullptr};

Status wire_connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    auto client = make_ref<ScriptStream>();
    auto server = make_ref<ScriptStream>();
    if (!client || !server) return Status::out_of_memory;
    ScriptStream *c = client.get(), *s = server.get();
    client->peer = [s](ScriptStream& from, ByteView raw) {
        g_wire->pass(*s, raw, true);
        if (s->closed) from.hang_up();
    };
    server->peer = [c](ScriptStream&, ByteView raw) { g_wire->pass(*c, raw, false); };
    if (g_wire->ends_when_stuck) client->hang_up_when_read();
    g_wire->clients.push_back(client);
    g_wire->servers.push_back(server);
    RPC_TRY(ServerConnection::serve(server, served, "7", g_wire->host));
    stream = std::move(client);
    return Status::ok;
}
const io::Protocol wire_protocol{"wire", false, [](std::string_view) { return true; }, wire_connect, nullptr};

class TestCall final : public WaitingCall {
public:
    TestCall(Ref<Association> association, const Syntaxes& syntaxes) : association_(std::move(association)) {
        send.syntaxes = syntaxes;
    }
    Status on_stub_data(ByteView stub, uint32_t, uint32_t) override {
        data.append(reinterpret_cast<const char*>(stub.data()), stub.size());
        return Status::ok;
    }
    void on_end(Status status) override { ends.push_back(status); }
    void on_place(Ref<ClientConnection>, Status) override { FAIL(); }
    const Syntaxes& syntaxes() const override { return send.syntaxes; }
    ClientConnection::Send send;
    OutgoingBody body;
    std::string data;
    std::vector<Status> ends;
    Ref<ClientConnection> connection;

private:
    Ref<Association> association_;
};

class Secure : public ::testing::Test {
protected:
    void SetUp() override {
        io::hold_submitted();
        fresh();
    }
    void fresh() {
        close();
        wire = std::make_unique<Wire>();
        g_wire = wire.get();
        g_seen.clear();
        io::Address address;
        ASSERT_TRUE(address.endpoint.assign("there"));
        association = make_ref<Association>(wire_protocol, std::move(address));
    }
    void close() {
        association.reset();
        if (!wire) return;
        wire->touch = nullptr;
        for (auto* streams : {&wire->clients, &wire->servers})
            for (auto& s : *streams) {
                s->hang_up();
                s->deliver();
                EXPECT_FALSE(s->starved) << "a blocking read would have hung";
            }
        io::run_submitted();
        wire.reset();
    }
    void TearDown() override {
        close();
        io::stop_executor();
        EXPECT_EQ(security::fake_contexts(), 0);
    }
    static Ref<security::ClientAuth> login(int legs, Level level, std::string_view password = "right",
                                           std::string_view user = "ann") {
        Ref<security::ClientAuth> auth;
        EXPECT_EQ(security::fake_client(security::fake_service(legs), level, {user, password}, auth), Status::ok);
        return auth;
    }
    // One synchronous call; its outcome, and the connection's when there was none.
    Status call(const security::ClientAuth* auth, std::string_view stub, std::string* reply = nullptr,
                const Syntaxes& syntaxes = first_interface, const Uuid* object = nullptr) {
        Ref<ClientConnection> connection;
        auto call = make_ref<TestCall>(association, syntaxes);
        if (!call) return Status::out_of_memory;
        RPC_TRY(association->lease(syntaxes, auth, connection));
        call->send.object = object;
        call->send.opnum = 3;
        RPC_TRY(call->body.allocate(stub.size(), object != nullptr));
        if (!stub.empty()) std::memcpy(call->body.data(), stub.data(), stub.size());
        Status status = connection->perform(*call, call->send, call->body);
        association->give_back(std::move(connection));
        if (reply) *reply = call->data;
        if (failed(status)) return status;
        EXPECT_EQ(call->ends.size(), 1u);
        return call->ends.empty() ? Status::internal_error : call->ends[0];
    }
    std::unique_ptr<Wire> wire;
    Ref<Association> association;
};

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

// ---- a scripted client ----

class Scripted : public Secure {
protected:
    struct Reply {
        wire::Header header;
        Bytes raw;
        Bytes token;
    };
    void SetUp() override {
        Secure::SetUp();
        serve();
    }
    void TearDown() override {
        hang_up();
        Secure::TearDown();
    }
    void hang_up() {
        if (!stream) return;
        stream->hang_up();
        stream->deliver();
        io::run_submitted();
        stream.reset();
    }
    void serve() {
        hang_up();
        replies.clear();
        stream = make_ref<ScriptStream>();
        stream->peer = [this](ScriptStream&, ByteView raw) {
            wire::Pdu pdu;
            ASSERT_EQ(wire::parse_pdu(raw, pdu), wire::Parsed::ok);
            replies.push_back({pdu.header, {raw.begin(), raw.end()}, {pdu.auth.token.begin(), pdu.auth.token.end()}});
        };
        ASSERT_EQ(ServerConnection::serve(stream, served, "7", host), Status::ok);
    }
    void feed(const Buffer& pdu) {
        stream->answer(pdu.view());
        stream->deliver();
        io::run_submitted();
    }
    static Bytes token(int leg, std::string_view login = {"ann\0right", 9}) {
        Bytes t{'F', static_cast<uint8_t>(leg)};
        if (leg == 1) t.insert(t.end(), login.begin(), login.end());
        return t;
    }
    void bind(const wire::AuthFields& fields, const Bytes& token, wire::PduType type = wire::PduType::bind,
              uint8_t features = 0, uint8_t flags = 0) {
        wire::BindFields bind;
        bind.call_id = 1;
        bind.flags = flags;
        bind.max_xmit_frag = bind.max_recv_frag = 5840;
        const wire::SyntaxId feature = wire::feature_syntax(features);
        wire::ContextOffer offers[] = {{0, first_interface.abstract_syntax, {&wire::ndr20, 1}},
                                       {1, first_interface.abstract_syntax, {&feature, 1}}};
        Buffer out;
        ASSERT_EQ(wire::build_bind(out, type, bind, {offers, features ? size_t{2} : size_t{1}}), Status::ok);
        if (!token.empty()) {
            ASSERT_EQ(wire::append_auth(out, 0, fields, token), Status::ok);
        }
        feed(out);
    }
    void auth3(const wire::AuthFields& fields, const Bytes& token) {
        Buffer out;
        ASSERT_EQ(wire::build_auth3(out, 1), Status::ok);
        if (!token.empty()) {
            ASSERT_EQ(wire::append_auth(out, 0, fields, token), Status::ok);
        }
        feed(out);
    }
    void request(uint32_t call_id, const wire::AuthFields* fields, size_t token_size = 16,
                 uint8_t flags = wire::pfc::whole) {
        Buffer out;
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, flags, 28, 0, call_id);
        ASSERT_TRUE(out.append(header) && out.append({reinterpret_cast<const uint8_t*>("stub"), 4}));
        if (fields) {
            ASSERT_EQ(wire::append_auth(out, 0, *fields, Bytes(token_size, 0x11)), Status::ok);
        }
        feed(out);
    }
    uint32_t last_fault() {
        wire::Pdu pdu;
        wire::Fault fault;
        if (replies.empty() || wire::parse_pdu(replies.back().raw, pdu) != wire::Parsed::ok ||
            wire::parse_fault(pdu, fault) != wire::Parsed::ok)
            return 0;
        EXPECT_TRUE(fault.did_not_execute);
        return fault.status;
    }
    EchoHost host;
    Ref<ScriptStream> stream;
    std::vector<Reply> replies;
};

constexpr wire::AuthFields connect3{security::fake_service(3), 2, 5};
constexpr wire::AuthFields sign3{security::fake_service(3), 5, 5};

TEST_F(Scripted, BindAckCarriesTheTokenAndTheClientsContextId) {
    bind(sign3, token(1), wire::PduType::bind, 0, wire::pfc::support_header_sign);
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].header.type, wire::PduType::bind_ack);
    EXPECT_TRUE(replies[0].header.has(wire::pfc::support_header_sign));
    EXPECT_EQ(replies[0].token, token(2));
    std::string raw = wire::hex(ByteView(replies[0].raw));
    EXPECT_EQ(raw.substr(raw.size() - 20),
              "f305000005000000"
              "4602");
}

TEST_F(Scripted, AtConnectLevelRequestsNeedNoTrailerAndMayHaveOne) {
    bind(connect3, token(1));
    auth3(connect3, token(3));
    request(2, nullptr);
    request(3, &connect3);
    EXPECT_EQ(g_seen.size(), 2u);
    for (auto& seen : g_seen) EXPECT_TRUE(seen.secure);
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(replies[2].header.type, wire::PduType::response);
}

TEST_F(Scripted, RequestsThatDoNotProveWhoTheyAreFrom) {
    struct Case {
        const char* name;
        bool prove;
        wire::AuthFields agreed;
        const wire::AuthFields* sent;
    };
    const wire::AuthFields other_id{security::fake_service(3), 5, 6}, other_type{security::fake_service(2), 5, 5},
        lower{security::fake_service(3), 4, 5}, connect_low{security::fake_service(3), 2, 5};
    const Case cases[] = {
        {"the last leg is missing, no trailer", false, connect3, nullptr},
        {"the last leg is missing", false, connect3, &connect3},
        {"no trailer", true, sign3, nullptr},
        {"garbage for a signature", true, sign3, &sign3},
        {"another context", true, sign3, &other_id},
        {"another service", true, sign3, &other_type},
        {"a lower level", true, sign3, &lower},
        {"connect level", true, sign3, &connect_low},
        {"another context at connect level", true, connect3, &other_id},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        serve();
        bind(c.agreed, token(1));
        if (c.prove) auth3(c.agreed, token(3));
        request(2, c.sent);
        EXPECT_EQ(last_fault(), 5u);
        request(3, c.sent);
        EXPECT_EQ(last_fault(), 5u);
        EXPECT_TRUE(g_seen.empty());
        EXPECT_FALSE(stream->closed);
    }
}

TEST_F(Scripted, ATrailerWithoutASecurityContext) {
    bind({}, {});
    request(2, &sign3);
    EXPECT_EQ(last_fault(), 5u);
    request(3, nullptr);
    EXPECT_EQ(g_seen.size(), 1u);
    EXPECT_FALSE(g_seen[0].secure);
}

TEST_F(Scripted, BadLegs) {
    bind(sign3, {'?'});
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].header.type, wire::PduType::bind_nak);
    EXPECT_EQ(replies[0].raw[16], 9);  // invalid_checksum
    bind(sign3, token(1));             // may try again
    EXPECT_EQ(replies.back().header.type, wire::PduType::bind_ack);
    auth3(sign3, {'?'});
    request(2, nullptr);
    EXPECT_EQ(last_fault(), 5u);
    auth3(sign3, token(3));  // too late
    request(3, nullptr);
    EXPECT_EQ(last_fault(), 5u);
    EXPECT_FALSE(stream->closed);
    EXPECT_TRUE(g_seen.empty());

    for (uint8_t level : {0, 1, 7, 255}) {
        serve();
        bind({security::fake_service(3), level, 5}, token(1));
        EXPECT_EQ(replies.at(0).header.type, wire::PduType::bind_nak) << int{level};
        EXPECT_EQ(replies.at(0).raw[16], 8);
    }
}

TEST_F(Scripted, LegsOutOfOrderEndTheConnection) {
    auth3(sign3, token(1));  // before any bind
    EXPECT_TRUE(stream->closed);
    serve();
    bind(sign3, token(1));
    auth3(sign3, {});  // without a token
    EXPECT_TRUE(stream->closed);
    serve();
    bind(sign3, token(1));
    auth3({sign3.type, sign3.level, 6}, token(3));  // of another context
    EXPECT_TRUE(stream->closed);
    serve();
    bind(sign3, token(1));
    auth3(sign3, token(3));
    auth3(sign3, token(3));  // twice
    EXPECT_TRUE(stream->closed);
    serve();
    bind(sign3, token(1));
    bind({sign3.type, 6, sign3.context_id}, token(3), wire::PduType::alter_context);  // another level in between
    EXPECT_TRUE(stream->closed);
    EXPECT_TRUE(g_seen.empty());
}

TEST_F(Scripted, ASecondContextNeedsTheAgreementToMultiplex) {
    const wire::AuthFields second{security::fake_service(2), 2, 6};
    bind(connect3, token(1));
    auth3(connect3, token(3));
    bind(second, token(1), wire::PduType::alter_context);
    EXPECT_EQ(last_fault(), 5u);
    request(2, nullptr);
    EXPECT_EQ(g_seen.size(), 1u);

    serve();
    bind(connect3, token(1), wire::PduType::bind, wire::feature::security_context_multiplexing);
    auth3(connect3, token(3));
    bind(second, token(1, {"bob\0right", 9}), wire::PduType::alter_context);
    EXPECT_EQ(replies.back().header.type, wire::PduType::alter_context_resp);
    request(2, &connect3);
    request(3, &second);
    ASSERT_EQ(g_seen.size(), 3u);
    EXPECT_EQ(g_seen[1].user, "ann");
    EXPECT_EQ(g_seen[2].user, "bob");
    request(4, nullptr);  // whose would it be?
    EXPECT_EQ(last_fault(), 5u);
    // The fragments of one call are of one identity.
    request(5, &connect3, 16, wire::pfc::first_frag);
    request(5, &second, 16, wire::pfc::last_frag);
    EXPECT_EQ(last_fault(), 5u);
    EXPECT_EQ(g_seen.size(), 3u);
}

TEST_F(Scripted, AContextBehindABindWithoutOne) {
    bind({}, {});
    bind(connect3, token(1), wire::PduType::alter_context);
    EXPECT_EQ(replies.back().header.type, wire::PduType::alter_context_resp);
    auth3(connect3, token(3));
    request(2, nullptr);
    ASSERT_EQ(g_seen.size(), 1u);
    EXPECT_TRUE(g_seen[0].secure);
}

TEST_F(Scripted, PaddingThatReachesIntoTheHeaderEndsTheConnection) {
    bind(sign3, token(1));
    auth3(sign3, token(3));
    for (uint8_t pad : {17, 33, 255}) {
        Buffer out;
        uint8_t header[24] = {};
        wire::write_header(header, wire::PduType::request, wire::pfc::whole, 28, 0, 2);
        ASSERT_TRUE(out.append(header) && out.append({reinterpret_cast<const uint8_t*>("stub"), 4}));
        ASSERT_EQ(wire::append_auth(out, 0, sign3, Bytes(16, 1)), Status::ok);
        out.data()[out.size() - 16 - 6] = pad;
        feed(out);
        EXPECT_TRUE(stream->closed) << int{pad};
        serve();
        bind(sign3, token(1));
        auth3(sign3, token(3));
    }
    EXPECT_TRUE(g_seen.empty());
}

// ---- a scripted server's tricks ----

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
}  // namespace rpc::link
