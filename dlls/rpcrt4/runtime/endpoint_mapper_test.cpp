#include "runtime/endpoint_mapper.h"

#include "runtime/fake_mapper.h"
#include "wire/tower.h"

namespace rpc::runtime {
namespace {

namespace mapper = endpoint_mapper;

constexpr wire::SyntaxId iface{{0xABCD0001, 1, 2, {3}}, 1, 0};
constexpr wire::SyntaxId other_iface{{0xABCD0002, 1, 2, {3}}, 1, 0};
constexpr Uuid object_a{0xA, 0, 0, {1}}, object_b{0xB, 0, 0, {1}};

Ref<Binding> make_binding(std::string_view endpoint, const Uuid* object = nullptr) {
    Ref<Binding> binding;
    EXPECT_EQ(Binding::create({{}, "ncalrpc", {}, endpoint, {}}, object, binding), Status::ok);
    return binding;
}

std::string endpoint_of(Binding& binding) {
    Str text;
    EXPECT_EQ(binding.endpoint(text), Status::ok);
    return std::string(text.view());
}

class EndpointMapper : public ::testing::Test {
protected:
    void SetUp() override { fake_mapper::start(); }
    Status insert(const wire::SyntaxId& id, std::vector<std::string> endpoints, std::vector<Uuid> objects = {},
                  std::string_view annotation = {}, bool replace = true) {
        std::vector<Ref<Binding>> bindings;
        for (auto& e : endpoints) bindings.push_back(make_binding(e));
        return mapper::insert({id, wire::ndr20, bindings, objects, annotation}, replace);
    }
};

TEST_F(EndpointMapper, RegistersTheCrossProduct) {
    ASSERT_EQ(insert(iface, {"one", "two"}, {object_a, object_b}, "what it is"), Status::ok);
    ASSERT_EQ(fake_mapper::elements.size(), 4u);
    EXPECT_EQ(fake_mapper::replaced, 1u);
    std::string seen;
    for (auto& e : fake_mapper::elements) {
        wire::Tower tower;
        ASSERT_EQ(wire::parse_tower({reinterpret_cast<const uint8_t*>(e.tower.data()), e.tower.size()}, tower),
                  Status::ok);
        EXPECT_EQ(tower.interface_id, iface);
        EXPECT_EQ(tower.transfer_syntax, wire::ndr20);
        EXPECT_STREQ(tower.protocol->protseq, "ncalrpc");
        EXPECT_EQ(e.annotation, "what it is");
        seen += std::string(tower.endpoint) + (e.object == object_a ? "A " : "B ");
    }
    EXPECT_EQ(seen, "oneA oneB twoA twoB ");
    ASSERT_EQ(insert(iface, {"one"}, {}, {}, false), Status::ok);
    EXPECT_EQ(fake_mapper::replaced, 0u);
    EXPECT_EQ(fake_mapper::elements.back().object, Uuid{});
}

TEST_F(EndpointMapper, RegistersWithEitherKindOfMapper) {
    fake_mapper::layout = wire::ept::EntryLayout::dce;
    EXPECT_EQ(insert(iface, {"one", "two"}, {object_a}, "x"), Status::ok);
    EXPECT_EQ(fake_mapper::elements.size(), 2u);
    std::vector<Ref<Binding>> one{make_binding("one")};
    EXPECT_EQ(mapper::remove({iface, wire::ndr20, one, {&object_a, 1}, {}}), Status::ok);
    EXPECT_EQ(fake_mapper::elements.size(), 1u);
    fake_mapper::layout = wire::ept::EntryLayout::wine;
}

TEST_F(EndpointMapper, CutsAnnotations) {
    ASSERT_EQ(insert(iface, {"one"}, {}, std::string(200, 'x')), Status::ok);
    EXPECT_EQ(fake_mapper::elements.back().annotation, std::string(63, 'x'));
}

TEST_F(EndpointMapper, RefusesBindingsThatLeadNowhere) {
    EXPECT_EQ(insert(iface, {}), Status::no_bindings);
    EXPECT_EQ(insert(iface, {""}), Status::invalid_binding);
    EXPECT_TRUE(fake_mapper::elements.empty());
}

TEST_F(EndpointMapper, Unregisters) {
    ASSERT_EQ(insert(iface, {"one", "two"}), Status::ok);
    std::vector<Ref<Binding>> one{make_binding("one")};
    EXPECT_EQ(mapper::remove({iface, wire::ndr20, one, {}, {}}), Status::ok);
    EXPECT_EQ(fake_mapper::elements.size(), 1u);
    EXPECT_EQ(mapper::remove({iface, wire::ndr20, one, {}, {}}), Status::ept_not_registered);
}

TEST_F(EndpointMapper, Resolves) {
    ASSERT_EQ(insert(other_iface, {"elsewhere"}), Status::ok);
    ASSERT_EQ(insert(iface, {"here", "there"}), Status::ok);
    auto binding = make_binding("");
    ASSERT_EQ(mapper::resolve(*binding, iface, wire::ndr20), Status::ok);
    EXPECT_EQ(endpoint_of(*binding), "here");
    // A fully bound one is left alone, and nobody is asked.
    fake_mapper::elements.clear();
    EXPECT_EQ(mapper::resolve(*binding, iface, wire::ndr20), Status::ok);
    EXPECT_EQ(endpoint_of(*binding), "here");
    ASSERT_EQ(binding->reset(), Status::ok);
    EXPECT_EQ(mapper::resolve(*binding, iface, wire::ndr20), Status::ept_not_registered);
    EXPECT_EQ(endpoint_of(*binding), "");
}

TEST_F(EndpointMapper, CallsFindTheirServer) {
    static RPC_DISPATCH_FUNCTION functions[] = {[](RPC_MESSAGE* m) { fake_mapper::answer_status(m, 77); }, nullptr};
    static RPC_DISPATCH_TABLE table = {1, functions, 0};
    RPC_SERVER_INTERFACE spec{};
    spec.Length = sizeof spec;
    spec.InterfaceId = {{0xABCD0001, 1, 2, {3}}, {1, 0}};
    spec.TransferSyntax = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};
    spec.DispatchTable = &table;
    Server& server = Server::instance();
    ASSERT_EQ(server.register_interface({&spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
    ASSERT_EQ(server.use_endpoint("ncalrpc", "", 10, nullptr), Status::ok);
    Vector<Server::EndpointName> names;
    ASSERT_EQ(server.endpoints(names), Status::ok);
    ASSERT_EQ(insert(iface, {std::string(names.back().endpoint.view())}), Status::ok);
    void* handle = nullptr;
    ASSERT_EQ(Binding::to_handle(make_binding(""), &handle), Status::ok);
    RPC_CLIENT_INTERFACE client{};
    client.Length = sizeof client;
    client.InterfaceId = spec.InterfaceId;
    client.TransferSyntax = spec.TransferSyntax;
    RPC_MESSAGE m{};
    m.Handle = handle;
    m.RpcInterfaceInformation = &client;
    ASSERT_EQ(get_buffer(m), Status::ok);
    ASSERT_EQ(send_receive(m), Status::ok);
    uint32_t answer = 0;
    ASSERT_EQ(m.BufferLength, sizeof answer);
    std::memcpy(&answer, m.Buffer, sizeof answer);
    EXPECT_EQ(answer, 77u);
    EXPECT_EQ(free_buffer(m), Status::ok);
    EXPECT_EQ(Binding::free_handle(&handle), Status::ok);
    EXPECT_EQ(server.unregister_interface(&spec, nullptr, true), Status::ok);
}

TEST_F(EndpointMapper, WalksThroughTheMap) {
    ASSERT_EQ(insert(iface, {"1", "2", "3"}, {}, "first"), Status::ok);
    ASSERT_EQ(insert(other_iface, {"4", "5"}, {object_b}, "second"), Status::ok);
    // One of a protocol sequence that nobody here speaks.
    Buffer foreign;
    wire::Tower tower;
    tower.protocol = wire::tower_protocol("ncadg_ip_udp");
    ASSERT_EQ(wire::build_tower(foreign, tower), Status::ok);
    fake_mapper::elements.insert(fake_mapper::elements.begin() + 2,
                                 {{}, {reinterpret_cast<const char*>(foreign.data()), foreign.size()}, "foreign"});
    auto inquiry = make_ref<mapper::Inquiry>(nullptr, wire::ept::Inquiry{});
    std::string seen;
    mapper::Inquiry::Element e;
    Status status;
    while ((status = inquiry->next(e)) == Status::ok) {
        seen += endpoint_of(*e.binding) + std::string(e.annotation.view()) + " ";
        EXPECT_EQ(e.object, e.interface_id == iface ? Uuid{} : object_b);
        EXPECT_EQ(e.binding->object(), e.object);
    }
    EXPECT_EQ(status, Status::no_more_entries);
    EXPECT_EQ(seen, "1first 2first 3first 4second 5second ");
    EXPECT_EQ(inquiry->next(e), Status::no_more_entries);
    EXPECT_EQ(fake_mapper::lookups_open, 0u);
    // One that is given up tells the mapper.
    inquiry = make_ref<mapper::Inquiry>(nullptr, wire::ept::Inquiry{});
    ASSERT_EQ(inquiry->next(e), Status::ok);
    EXPECT_EQ(fake_mapper::lookups_open, 1u);
    inquiry.reset();
    EXPECT_EQ(fake_mapper::lookups_open, 0u);
    fake_mapper::elements.clear();
    inquiry = make_ref<mapper::Inquiry>(nullptr, wire::ept::Inquiry{});
    EXPECT_EQ(inquiry->next(e), Status::no_more_entries);
}

TEST_F(EndpointMapper, RemovesForManagement) {
    ASSERT_EQ(insert(iface, {"one"}, {object_a, object_b}), Status::ok);
    auto one = make_binding("one");
    EXPECT_EQ(mapper::mgmt_remove(nullptr, iface, *one, &object_b), Status::ok);
    EXPECT_EQ(fake_mapper::elements.size(), 1u);
    EXPECT_EQ(mapper::mgmt_remove(nullptr, other_iface, *one, nullptr), Status::ept_not_registered);
    EXPECT_EQ(mapper::mgmt_remove(nullptr, iface, *one, nullptr), Status::ok);
    EXPECT_TRUE(fake_mapper::elements.empty());
}

TEST_F(EndpointMapper, MistrustsReplies) {
    auto binding = make_binding("");
    fake_mapper::raw_reply = "abc";
    EXPECT_EQ(insert(iface, {"one"}), Status::bad_stub_data);
    fake_mapper::raw_reply = "abcd";  // a status that is nobody's
    EXPECT_EQ(insert(iface, {"one"}), Status::ept_cant_perform_op);
    EXPECT_EQ(mapper::resolve(*binding, iface, wire::ndr20), Status::bad_stub_data);
    // A mapper that always has more and says nothing is not asked for ever.
    fake_mapper::raw_reply = std::string(4, 0) + std::string(16, 7) + std::string(20, 0);
    mapper::Inquiry inquiry(nullptr, {});
    mapper::Inquiry::Element e;
    EXPECT_EQ(inquiry.next(e), Status::protocol_error);
    fake_mapper::raw_reply.clear();
    ++fake_mapper::lookups_open;  // the handle of sevens goes back
}

TEST_F(EndpointMapper, SurvivesEveryFailingAllocation) {
    ASSERT_EQ(insert(iface, {"here"}), Status::ok);
    for (long n = 1;; ++n) {
        auto binding = make_binding("");
        mem_fail_nth(n);
        const Status status = mapper::resolve(*binding, iface, wire::ndr20);
        const bool failed_once = !mem_fail_nth_pending();
        mem_fail_nth(0);
        if (status == Status::ok) EXPECT_EQ(endpoint_of(*binding), "here");
        if (!failed_once) {
            EXPECT_EQ(status, Status::ok);
            break;
        }
    }
}

}  // namespace
}  // namespace rpc::runtime
