// Interface groups over the in-memory transport: who reaches what, switching on and off under load, and what the program hears.
#include "runtime/interface_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/os.h"
#include "runtime/fake_mapper.h"
#include "runtime/message.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};

bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 20000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

std::atomic<bool> g_hold{false};
std::atomic<int> g_running{0};
void manager(RPC_MESSAGE* m) {
    manager_may_block(*m);
    ++g_running;
    while (g_hold) os::sleep_ms(1);
    --g_running;
}
RPC_DISPATCH_FUNCTION g_functions[] = {manager, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};

std::mutex g_mutex;
std::vector<bool> g_told;
std::atomic<int> g_deactivate{-1};  // what the callback's attempt to deactivate answered
std::atomic<bool> g_try_to_deactivate{false};
void RPC_ENTRY on_idle(void* group, void* context, ULong32 idle) {
    EXPECT_EQ(context, &g_told);
    {
        std::lock_guard g(g_mutex);
        g_told.push_back(idle != 0);
    }
    if (idle && g_try_to_deactivate) g_deactivate = static_cast<int>(static_cast<InterfaceGroup*>(group)->deactivate(false));
}
std::vector<bool> told() {
    std::lock_guard g(g_mutex);
    return g_told;
}

class InterfaceGroupTest : public ::testing::Test {
protected:
    void SetUp() override {
        fake_mapper::start();
        g_hold = false;
        g_try_to_deactivate = false;
        g_deactivate = -1;
        std::lock_guard g(g_mutex);
        g_told.clear();
        for (auto* i : {&grouped, &single}) {
            i->spec.Length = sizeof i->spec;
            i->spec.InterfaceId = {{i == &grouped ? 0x60u : 0x61u, 7, 7, {1}}, {1, 0}};
            i->spec.TransferSyntax = ndr;
            i->spec.DispatchTable = &g_table;
            i->client.Length = sizeof i->client;
            i->client.InterfaceId = i->spec.InterfaceId;
            i->client.TransferSyntax = ndr;
        }
    }
    void TearDown() override {
        g_hold = false;
        if (group) group->close();
        (void)failed(Server::instance().unregister_interface(&single.spec, nullptr, true));
    }
    void make_group(uint32_t idle_period, std::string_view endpoint = "grouped") {
        Vector<InterfaceGroup::Offer> offers;
        Vector<InterfaceGroup::Place> places;
        InterfaceGroup::Offer offer{{&grouped.spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}, {}, {}};
        ASSERT_TRUE(offer.annotation.assign("of the group") && offers.push_back(std::move(offer)));
        InterfaceGroup::Place place{{}, {}, 10, {}};
        ASSERT_TRUE(place.protocol.assign("ncalrpc") && place.endpoint.assign(endpoint) && places.push_back(std::move(place)));
        group = make_ref<InterfaceGroup>(std::move(offers), std::move(places), idle_period,
                                         idle_period == InterfaceGroup::never_idle ? nullptr : on_idle, &g_told);
        ASSERT_TRUE(group);
    }
    struct Pair {
        RPC_SERVER_INTERFACE spec{};
        RPC_CLIENT_INTERFACE client{};
    };
    // A client that is connected as long as it lives.
    struct Client {
        explicit Client(const char* endpoint) {
            Ref<Binding> binding;
            EXPECT_EQ(Binding::create({{}, "ncalrpc", {}, endpoint, {}}, nullptr, binding), Status::ok);
            EXPECT_EQ(Binding::to_handle(std::move(binding), &handle), Status::ok);
        }
        ~Client() { EXPECT_EQ(Binding::free_handle(&handle), Status::ok); }
        Status call(Pair& i) {
            RPC_MESSAGE m{};
            m.Handle = handle;
            m.RpcInterfaceInformation = &i.client;
            RPC_TRY(get_buffer(m));
            RPC_TRY(send_receive(m));
            return free_buffer(m);
        }
        void* handle = nullptr;
    };
    Pair grouped, single;
    Ref<InterfaceGroup> group;
};

TEST_F(InterfaceGroupTest, KeepsToItself) {
    make_group(InterfaceGroup::never_idle);
    ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "ungrouped", 10, nullptr), Status::ok);
    ASSERT_EQ(Server::instance().register_interface({&single.spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
    Client before("grouped");
    EXPECT_EQ(before.call(grouped), Status::server_unavailable);
    ASSERT_EQ(group->activate(), Status::ok);
    EXPECT_EQ(group->activate(), Status::type_already_registered);
    Client inside("grouped"), outside("ungrouped");
    EXPECT_EQ(inside.call(grouped), Status::ok);
    EXPECT_EQ(inside.call(single), Status::unknown_if);
    EXPECT_EQ(outside.call(single), Status::ok);
    EXPECT_EQ(outside.call(grouped), Status::unknown_if);
    EXPECT_EQ(Server::instance().unregister_interface(&grouped.spec, nullptr, false), Status::unknown_if);
    Vector<Ref<Binding>> names;
    ASSERT_EQ(group->bindings(names), Status::ok);
    Str endpoint;
    ASSERT_EQ(names.size(), 1u);
    ASSERT_EQ(names[0]->endpoint(endpoint), Status::ok);
    EXPECT_EQ(endpoint.view(), "grouped");
    Vector<Server::EndpointName> others;
    ASSERT_EQ(Server::instance().endpoints(others), Status::ok);
    for (auto& name : others) EXPECT_NE(name.endpoint.view(), "grouped");
    bool mapped = false;
    for (auto& e : fake_mapper::elements) mapped = mapped || e.annotation == "of the group";
    EXPECT_TRUE(mapped);
}

TEST_F(InterfaceGroupTest, IsLeftOnlyWhenNobodyUsesIt) {
    make_group(InterfaceGroup::never_idle);
    ASSERT_EQ(group->activate(), Status::ok);
    {
        Client client("grouped");
        EXPECT_EQ(client.call(grouped), Status::ok);
        EXPECT_EQ(group->deactivate(false), Status::server_too_busy);
        EXPECT_EQ(client.call(grouped), Status::ok);
    }
    EXPECT_TRUE(wait_for([&] { return group->deactivate(false) == Status::ok; }));
    EXPECT_TRUE(fake_mapper::elements.empty());
    EXPECT_EQ(group->deactivate(false), Status::ok);
    Vector<Ref<Binding>> names;
    EXPECT_EQ(group->bindings(names), Status::no_bindings);
    Client late("grouped");
    EXPECT_EQ(late.call(grouped), Status::server_unavailable);
    ASSERT_EQ(group->activate(), Status::ok);
    EXPECT_EQ(late.call(grouped), Status::ok);
    EXPECT_EQ(group->deactivate(true), Status::ok);  // under its client's feet
    EXPECT_NE(late.call(grouped), Status::ok);
}

TEST_F(InterfaceGroupTest, ClosesWhenItsManagersHaveReturned) {
    make_group(InterfaceGroup::never_idle);
    ASSERT_EQ(group->activate(), Status::ok);
    g_hold = true;
    std::thread caller([&] {
        Client client("grouped");
        EXPECT_NE(client.call(grouped), Status::ok);  // its connection is closed
    });
    ASSERT_TRUE(wait_for([] { return g_running == 1; }));
    std::atomic<bool> closed{false};
    std::thread closer([&] {
        group->close();
        EXPECT_EQ(g_running, 0);
        closed = true;
    });
    caller.join();
    EXPECT_FALSE(closed);
    g_hold = false;
    closer.join();
}

TEST_F(InterfaceGroupTest, TellsOfIdlenessAndOfActivity) {
    make_group(0);
    ASSERT_EQ(group->activate(), Status::ok);
    ASSERT_TRUE(wait_for([] { return told() == std::vector<bool>{true}; }));
    {
        Client client("grouped");
        EXPECT_EQ(client.call(grouped), Status::ok);
        ASSERT_TRUE(wait_for([] { return told() == (std::vector<bool>{true, false}); }));
        EXPECT_EQ(client.call(grouped), Status::ok);
    }
    ASSERT_TRUE(wait_for([] { return told() == (std::vector<bool>{true, false, true}); }));
}

TEST_F(InterfaceGroupTest, WaitsForTheIdlePeriodAndEndsFromTheCallback) {
    make_group(1);
    g_try_to_deactivate = true;
    const uint64_t began = os::now_ms();
    ASSERT_EQ(group->activate(), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_deactivate >= 0; }));
    EXPECT_GE(os::now_ms() - began, 1000u);
    EXPECT_EQ(g_deactivate, 0);
    Client late("grouped");
    EXPECT_EQ(late.call(grouped), Status::server_unavailable);
    EXPECT_EQ(told(), std::vector<bool>{true});
}

TEST_F(InterfaceGroupTest, IsAllOrNothing) {
    ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "taken", 10, nullptr), Status::ok);
    make_group(InterfaceGroup::never_idle, "taken");
    EXPECT_EQ(group->activate(), Status::duplicate_endpoint);
    Client client("taken");
    EXPECT_EQ(client.call(grouped), Status::unknown_if);
    EXPECT_TRUE(fake_mapper::elements.empty());
}

}  // namespace
}  // namespace rpc::runtime
