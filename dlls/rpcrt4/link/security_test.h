#pragma once
// For tests of authenticated connections: client and server against each other through a wire that a test can watch and change, with
// the authentication service that has no cryptography.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/executor_host.h"
#include "link/call_test.h"
#include "link/server_connection.h"
#include "security/fake.h"
#include "wire/test_bytes.h"

namespace rpc::link::wired {

using security::Level;
constexpr Level levels[] = {Level::connect, Level::call, Level::packet, Level::integrity, Level::privacy};
using Bytes = std::vector<uint8_t>;
inline bool holds(const Bytes& all, std::string_view part) {
    return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

// Answers with what it got, and notes who asked.
struct Seen {
    std::string stub, user;
    bool secure;
    Level level;
    uint16_t opnum;
};
inline std::vector<Seen> g_seen;

class EchoCall final : public InboundCall {
public:
    void on_cancel() override {}
    void on_disconnect() override {}
    void run() override {
        auto self = Ref<EchoCall>::adopt(this);
        connection->await_turn(*this);
        Seen seen{text(stub.view()), "", security != nullptr, Level::none, opnum};
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
inline Wire* g_wire;
inline const io::Protocol served{"served", false, nullptr, nullptr, nullptr};

inline Status wire_connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
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
inline const io::Protocol wire_protocol{"wire", false, [](std::string_view) { return true; }, wire_connect, nullptr};

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
        call->send.auth = auth;
        call->send.object = object;
        call->send.opnum = 3;
        RPC_TRY(call->body.allocate(stub.size(), object != nullptr));
        if (!stub.empty()) std::memcpy(call->body.data(), stub.data(), stub.size());
        Status status = connection->perform(*call, call->send, call->body);
        association->give_back(std::move(connection));
        EXPECT_EQ(call->places, 0);
        if (reply) *reply = call->data;
        if (failed(status)) return status;
        EXPECT_EQ(call->ends.size(), 1u);
        return call->ends.empty() ? Status::internal_error : call->ends[0];
    }
    std::unique_ptr<Wire> wire;
    Ref<Association> association;
};

}  // namespace rpc::link::wired
