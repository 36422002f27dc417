// A server's side of authentication, by a scripted client.
#include "link/security_test.h"

namespace rpc::link::wired {
namespace {

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

}  // namespace
}  // namespace rpc::link::wired
