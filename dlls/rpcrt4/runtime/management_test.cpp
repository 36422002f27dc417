// Remote management, asked over the in-memory transport; objects and their managers; what bindings keep.
#include "runtime/management.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/message.h"
#include "runtime/object_map.h"
#include "runtime/server.h"
#include "runtime/server_security.h"
#include "security/fake.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr GUID iface_uuid = {0x4D474D54, 7, 7, {9}};
constexpr wire::SyntaxId iface_id{{0x4D474D54, 7, 7, {9}}, 1, 0};
constexpr Uuid type_a{0xAAAA, 0, 0, {1}}, object_a{0xA, 0, 0, {2}}, object_b{0xB, 0, 0, {2}}, object_c{0xC, 0, 0, {2}};

// Answers which EPV it was dispatched with.
void which(RPC_MESSAGE* m) {
    const void* epv = m->ManagerEpv;
    m->BufferLength = sizeof epv;
    if (!failed(get_buffer(*m))) std::memcpy(m->Buffer, &epv, sizeof epv);
}
RPC_DISPATCH_FUNCTION g_functions[] = {which, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};
int g_default_epv, g_epv_a;

RPC_SERVER_INTERFACE* spec() {
    static RPC_SERVER_INTERFACE s{};
    s.Length = sizeof s;
    s.InterfaceId = {iface_uuid, {1, 0}};
    s.TransferSyntax = ndr;
    s.DispatchTable = &g_table;
    return &s;
}

class Management : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        Server& server = Server::instance();
        ASSERT_EQ(server.register_interface({spec(), {}, &g_default_epv, 1, 0, UINT32_MAX, nullptr}), Status::ok);
        ASSERT_EQ(server.register_interface({spec(), type_a, &g_epv_a, 1, 0, UINT32_MAX, nullptr}), Status::ok);
        ASSERT_EQ(server.use_endpoint("ncalrpc", "management_test", 10, nullptr), Status::ok);
    }
    static void TearDownTestSuite() {
        EXPECT_EQ(Server::instance().unregister_interface(spec(), nullptr, true), Status::ok);
    }
    void SetUp() override { binding_ = make_binding(); }
    void TearDown() override { management::set_authorization(nullptr); }
    static Ref<Binding> make_binding() {
        Ref<Binding> binding;
        EXPECT_EQ(Binding::create({{}, "ncalrpc", {}, "management_test", {}}, nullptr, binding), Status::ok);
        return binding;
    }
    // The EPV that served a call for the object.
    Status call(const Uuid& object, const void*& epv) {
        void* handle = nullptr;
        auto binding = make_binding();
        binding->set_object(object);
        RPC_TRY(Binding::to_handle(std::move(binding), &handle));
        RPC_CLIENT_INTERFACE client{};
        client.Length = sizeof client;
        client.InterfaceId = spec()->InterfaceId;
        client.TransferSyntax = ndr;
        RPC_MESSAGE m{};
        m.Handle = handle;
        m.RpcInterfaceInformation = &client;
        Status status = get_buffer(m);
        if (!failed(status)) status = send_receive(m);
        if (!failed(status)) {
            EXPECT_EQ(m.BufferLength, sizeof epv);
            std::memcpy(&epv, m.Buffer, sizeof epv);
            status = free_buffer(m);
        }
        EXPECT_EQ(Binding::free_handle(&handle), Status::ok);
        return status;
    }
    Ref<Binding> binding_;
};

int RPC_ENTRY allow_stop(void* client, ULong32 operation, RPC_STATUS* status) {
    EXPECT_NE(client, nullptr);
    *status = 1234;
    return operation == static_cast<ULong32>(management::Operation::stop_server_listening);
}

TEST_F(Management, TellsInterfaces) {
    Vector<wire::SyntaxId> ids;
    ASSERT_EQ(management::inquire_interfaces(*binding_, ids), Status::ok);
    int found = 0;
    for (auto& id : ids) found += id == iface_id;
    EXPECT_EQ(found, 1);  // two managers, one interface
    Vector<wire::SyntaxId> here;
    ASSERT_EQ(Server::instance().interface_ids(here), Status::ok);
    EXPECT_EQ(here.size(), ids.size());
}

// As whom the binding says: a login that is refused is the call's end.
TEST_F(Management, IsAskedAsWhoTheBindingIs) {
    constexpr uint32_t service = security::fake_service(2), integrity = 5;
    ASSERT_EQ(register_auth(service, {}), Status::ok);
    for (const char* password : {"right", "wrong"}) {
        security::FakeLogin login{"ann", password};
        Ref<BindingAuth> auth;
        ASSERT_EQ(BindingAuth::create({{}, integrity, service, &login, 0, false, {}}, false, auth), Status::ok);
        binding_->set_auth(std::move(auth));
        Vector<wire::SyntaxId> ids;
        EXPECT_EQ(management::inquire_interfaces(*binding_, ids), *password == 'r' ? Status::ok : Status::access_denied);
    }
}

TEST_F(Management, CountsCalls) {
    management::Statistics before, after;
    const void* epv = nullptr;
    ASSERT_EQ(management::inquire_statistics(*binding_, before), Status::ok);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(call({}, epv), Status::ok);
    ASSERT_EQ(management::inquire_statistics(*binding_, after), Status::ok);
    EXPECT_EQ(after.values[0] - before.values[0], 6u);  // the question itself is one
    EXPECT_EQ(after.values[1] - before.values[1], 5u);
    EXPECT_GE(after.values[2] - before.values[2], 12u);  // both sides are in this process
    EXPECT_GE(after.values[3] - before.values[3], 12u);
}

TEST_F(Management, ListensAndStops) {
    Server& server = Server::instance();
    EXPECT_EQ(management::is_listening(*binding_), Status::not_listening);
    ASSERT_EQ(server.listen(1, 10, true), Status::ok);
    EXPECT_EQ(management::is_listening(*binding_), Status::ok);
    EXPECT_EQ(management::stop_listening(*binding_), Status::access_denied);  // the default
    EXPECT_TRUE(server.listening());
    management::set_authorization(allow_stop);
    EXPECT_EQ(management::is_listening(*binding_), static_cast<Status>(1234));
    EXPECT_EQ(management::stop_listening(*binding_), Status::ok);
    EXPECT_FALSE(server.listening());
    EXPECT_EQ(management::stop_listening(*binding_), Status::not_listening);
    EXPECT_EQ(server.wait_listen(), Status::ok);
}

TEST_F(Management, KnowsNoPrincipal) {
    Str name;
    EXPECT_EQ(management::inquire_principal(*binding_, 10, name), Status::unknown_authn_service);
}

// ---- objects ----

void RPC_ENTRY inquire(GUID* object, GUID* type, RPC_STATUS* status) {
    *status = object->Data1 == object_b.data1 ? 0 : code(Status::object_not_found);
    if (*status == 0) std::memcpy(static_cast<void*>(type), &type_a, sizeof *type);
}

TEST_F(Management, ManagersByObjectType) {
    const void* epv = nullptr;
    Uuid type;
    ASSERT_EQ(call(object_a, epv), Status::ok);
    EXPECT_EQ(epv, &g_default_epv);
    ASSERT_EQ(object_map::set_type(object_a, type_a), Status::ok);
    EXPECT_EQ(object_map::set_type(object_a, type_a), Status::already_registered);
    EXPECT_EQ(object_map::set_type({}, type_a), Status::invalid_object);
    ASSERT_EQ(call(object_a, epv), Status::ok);
    EXPECT_EQ(epv, &g_epv_a);
    ASSERT_EQ(call(object_b, epv), Status::ok);
    EXPECT_EQ(epv, &g_default_epv);
    EXPECT_EQ(object_map::inquire_type(object_b, type), Status::object_not_found);

    object_map::set_inquiry(inquire);
    ASSERT_EQ(call(object_b, epv), Status::ok);
    EXPECT_EQ(epv, &g_epv_a);
    EXPECT_EQ(object_map::inquire_type(object_b, type), Status::ok);
    EXPECT_EQ(type, type_a);
    ASSERT_EQ(call(object_c, epv), Status::ok);
    EXPECT_EQ(epv, &g_default_epv);
    object_map::set_inquiry(nullptr);

    // A type that no manager serves.
    ASSERT_EQ(object_map::set_type(object_c, object_b), Status::ok);
    EXPECT_EQ(call(object_c, epv), Status::unsupported_type);
    ASSERT_EQ(object_map::set_type(object_c, {}), Status::ok);
    EXPECT_EQ(call(object_c, epv), Status::ok);
    ASSERT_EQ(object_map::set_type(object_a, {}), Status::ok);
}

TEST_F(Management, TellsManagers) {
    RPC_MGR_EPV* epv = nullptr;
    Server& server = Server::instance();
    EXPECT_EQ(server.inquire_interface(*spec(), {}, epv), Status::ok);
    EXPECT_EQ(epv, &g_default_epv);
    EXPECT_EQ(server.inquire_interface(*spec(), type_a, epv), Status::ok);
    EXPECT_EQ(epv, &g_epv_a);
    EXPECT_EQ(server.inquire_interface(*spec(), object_b, epv), Status::unknown_mgr_type);
    RPC_SERVER_INTERFACE other = *spec();
    other.InterfaceId.SyntaxVersion.MajorVersion = 9;
    EXPECT_EQ(server.inquire_interface(other, {}, epv), Status::unknown_if);
}

// ---- bindings ----

TEST_F(Management, BindingsKeepOptions) {
    using namespace binding_option;
    uintptr_t value = 1;
    EXPECT_EQ(binding_->inquire_option(call_timeout, value), Status::ok);
    EXPECT_EQ(value, 0u);
    EXPECT_EQ(binding_->set_option(call_timeout, 5000), Status::ok);
    EXPECT_EQ(binding_->set_option(binding_noncausal, 1), Status::ok);
    Ref<Binding> copy;
    ASSERT_EQ(binding_->copy(copy), Status::ok);
    EXPECT_EQ(copy->inquire_option(call_timeout, value), Status::ok);
    EXPECT_EQ(value, 5000u);
    EXPECT_EQ(copy->inquire_option(binding_noncausal, value), Status::ok);
    EXPECT_EQ(value, 1u);
    for (uint32_t bad : {0u, 1u, 4u, 17u, 1000u}) {
        EXPECT_EQ(binding_->set_option(bad, 1), Status::cannot_support);
        EXPECT_EQ(binding_->inquire_option(bad, value), Status::cannot_support);
    }
    EXPECT_EQ(binding_->set_option(dont_linger, 1), Status::wrong_kind_of_binding);
    EXPECT_EQ(management::is_listening(*binding_), Status::not_listening);  // a call
    EXPECT_EQ(binding_->set_option(dont_linger, 1), Status::ok);
    EXPECT_EQ(binding_->com_timeout(), 5u);
    EXPECT_EQ(binding_->set_com_timeout(10), Status::ok);
    EXPECT_EQ(binding_->set_com_timeout(11), Status::invalid_timeout);
    EXPECT_EQ(binding_->com_timeout(), 10u);
}

TEST_F(Management, UniqueBindingsShareNothing) {
    auto other = make_binding();
    Ref<link::Association> first, second, own;
    ASSERT_EQ(binding_->association(first), Status::ok);
    ASSERT_EQ(other->association(second), Status::ok);
    EXPECT_EQ(first.get(), second.get());
    ASSERT_EQ(other->set_option(binding_option::unique_binding, 1), Status::ok);
    ASSERT_EQ(other->association(own), Status::ok);
    EXPECT_NE(own.get(), first.get());
    EXPECT_EQ(management::is_listening(*other), Status::not_listening);
}

TEST_F(Management, FastBindingsAreBoundByHand) {
    binding_->make_fast();
    EXPECT_EQ(binding_->unbind(), Status::invalid_binding);
    EXPECT_EQ(binding_->bind(iface_id, wire::ndr20, {}), Status::ok);
    EXPECT_EQ(binding_->unbind(), Status::ok);
    EXPECT_EQ(binding_->unbind(), Status::invalid_binding);
    wire::SyntaxId unknown = iface_id;
    unknown.uuid.data1 ^= 1;
    EXPECT_EQ(binding_->bind(unknown, wire::ndr20, {}), Status::unknown_if);
    // A static endpoint survives a reset of a fast binding.
    Str endpoint;
    EXPECT_EQ(binding_->reset(), Status::ok);
    ASSERT_EQ(binding_->endpoint(endpoint), Status::ok);
    EXPECT_EQ(endpoint.view(), "management_test");
}

}  // namespace
}  // namespace rpc::runtime
