#pragma once
// For tests of the client's side of a connection: a scripted server, PDU by PDU, and calls that keep what became of them.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "io/executor_host.h"
#include "link/call_test.h"

namespace rpc::link {

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
inline Script* g_script;

inline Status script_connect(const io::Address&, uint32_t, Ref<io::Stream>& stream) {
    if (!g_script->listening) return Status::server_unavailable;
    auto made = make_ref<ScriptStream>();
    made->refuse_start = g_script->refuse_start;
    made->peer = [](ScriptStream& s, ByteView raw) { g_script->on_pdu(s, raw); };
    g_script->streams.push_back(made);
    stream = std::move(made);
    return Status::ok;
}
inline const io::Protocol script_protocol{"script", true, [](std::string_view) { return true; }, script_connect, nullptr};

inline void bare(ScriptStream& stream, wire::PduType type, uint32_t call_id = 0) {
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

}  // namespace rpc::link
