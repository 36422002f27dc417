// [callback] procedures over authenticated connections: client and server on threads of their own, over the in-memory transport, with the
// service whose tokens notice every PDU that is changed, lost or out of order.
#include <gtest/gtest.h>

#include <string>

#include "io/executor_host.h"
#include "io/loopback.h"
#include "link/call_test.h"
#include "link/server_connection.h"
#include "security/fake.h"

namespace rpc::link {
namespace {

using security::Level;

// The manager: asks its client as often as the opnum says, each time with what came before, and answers with the last answer.
class Manager final : public InboundCall {
public:
    void on_cancel() override {}
    void on_disconnect() override {}
    void run() override {
        auto self = Ref<Manager>::adopt(this);
        connection->await_turn(*this);
        std::string said = text(stub.view());
        for (uint16_t i = 0; i < opnum; ++i) {
            CallbackReply reply;
            const Status status = connection->call_back(*this, i, body_of(said), reply);
            if (failed(status)) return (void)failed(connection->fault(*this, code(status), false));
            said = text(reply.stub.view());
        }
        (void)failed(connection->respond(*this, body_of(said)));
        connection->let_next_start(*this);
    }
};

struct Host final : ServerHost {
    Ref<ServerInterface> iface = make_ref<ServerInterface>();
    Ref<ServerInterface> find_interface(const wire::SyntaxId&, const wire::SyntaxId& transfer, wire::ProviderReason& why) override {
        why = wire::ProviderReason::proposed_transfer_syntaxes_not_supported;
        return transfer == wire::ndr20 ? iface : nullptr;
    }
    Ref<InboundCall> make_call() override { return make_ref<Manager>(); }
    Status accept_security(uint8_t service, Level, Ref<security::Context>& context) override {
        return security::fake_server(service, context);
    }
};
Host* g_host;
const io::Protocol served{"served", false, nullptr, nullptr, nullptr};

Status connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    Ref<io::Stream> other;
    RPC_TRY(io::loopback_pair(stream, other));
    return ServerConnection::serve(other, served, "7", *g_host);
}
const io::Protocol protocol{"loop", false, [](std::string_view) { return true; }, connect, nullptr};

class Call final : public TestCall {
public:
    explicit Call(Ref<Association> association) : TestCall(std::move(association), first_interface) {}
    Status on_callback(CallbackRequest& request, OutgoingBody& reply, bool& executed) override {
        executed = true;
        EXPECT_EQ(request.opnum, asked++);
        if (failed(refusal)) return refusal;
        reply = body_of(text(request.stub.view()) + std::string(answer_size, 'a'));
        return Status::ok;
    }
    size_t answer_size = 1;
    Status refusal = Status::ok;
    int asked = 0;
};

class SignedCallback : public ::testing::TestWithParam<Level> {
protected:
    void SetUp() override {
        g_host = &host;
        ASSERT_EQ(io::start_executor(), Status::ok);
        io::Address address;
        ASSERT_TRUE(address.endpoint.assign("there"));
        association = make_ref<Association>(protocol, std::move(address));
        ASSERT_EQ(security::fake_client(security::fake_service(3), GetParam(), {"ann", "right"}, auth), Status::ok);
    }
    void TearDown() override {
        association.reset();
        io::stop_executor();
        auth.reset();
        EXPECT_EQ(security::fake_contexts(), 0);
    }
    Ref<Call> perform(uint16_t callbacks, std::string_view stub, size_t answer_size = 1, Status refusal = Status::ok) {
        auto call = make_ref<Call>(association);
        call->send.auth = auth.get();
        call->send.opnum = callbacks;
        call->answer_size = answer_size;
        call->refusal = refusal;
        Ref<ClientConnection> connection;
        EXPECT_EQ(association->lease(first_interface, auth.get(), connection), Status::ok);
        OutgoingBody request = body_of(stub);
        EXPECT_EQ(connection->perform(*call, call->send, request), Status::ok);
        association->give_back(std::move(connection));
        return call;
    }
    Host host;
    Ref<Association> association;
    Ref<security::ClientAuth> auth;
};

TEST_P(SignedCallback, AskedAndAnsweredInTheOrderOfTheirNumbers) {
    for (uint16_t callbacks : {0, 1, 5}) {
        auto call = perform(callbacks, "four");
        EXPECT_EQ(call->ended(), Status::ok);
        EXPECT_EQ(call->asked, callbacks);
        EXPECT_EQ(call->data, "four" + std::string(callbacks, 'a'));
    }
}

TEST_P(SignedCallback, InManyFragments) {
    auto call = perform(3, std::string(20000, 'q'), 30000);
    EXPECT_EQ(call->ended(), Status::ok);
    EXPECT_EQ(call->data.size(), 110000u);
}

TEST_P(SignedCallback, ARefusalIsAFaultAndTheConnectionGoesOn) {
    auto call = perform(2, "four", 1, Status::cannot_support);
    EXPECT_EQ(call->ended(), Status::cannot_support);
    EXPECT_EQ(call->asked, 1);
    call = perform(2, "five");
    EXPECT_EQ(call->ended(), Status::ok);
    EXPECT_EQ(call->data, "fiveaa");
}

INSTANTIATE_TEST_SUITE_P(Levels, SignedCallback, ::testing::Values(Level::connect, Level::packet, Level::integrity, Level::privacy));

}  // namespace
}  // namespace rpc::link
