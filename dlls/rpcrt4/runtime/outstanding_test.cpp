// Ten thousand calls outstanding on one binding: each finds its own answer, whatever the order; and what one takes.
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <random>
#include <vector>

#include "base/os.h"
#include "runtime/async_call.h"
#include "runtime/binding.h"
#include "runtime/message.h"
#include "runtime/server.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr GUID uuid = {0x0C75CA1E, 1, 1, {1, 2, 3, 4, 5, 6, 7, 8}};
constexpr uint32_t count = 10000;

// A parked call of the server; its stub answers with its number.
struct Parked final : call::AsyncStub {
    RPC_MESSAGE* message = nullptr;
    RPC_ASYNC_STATE state{};
    uint32_t number = 0;
    Status complete(void*) override {
        message->BufferLength = sizeof number;
        RPC_TRY(get_buffer(*message));
        std::memcpy(message->Buffer, &number, sizeof number);
        return send(*message);
    }
    void discard() override {}
};
std::atomic<RPC_ASYNC_STATE*> g_parked[count];
std::atomic<uint32_t> g_parked_count{0}, g_told{0};

void park(RPC_MESSAGE* m) {
    auto stub = make<Parked>();
    stub->message = m;
    std::memcpy(&stub->number, m->Buffer, sizeof stub->number);
    ASSERT_EQ(async_initialize(&stub->state, sizeof stub->state), Status::ok);
    const uint32_t number = stub->number;
    RPC_ASYNC_STATE* state = &stub->state;
    ASSERT_EQ(async_set_handle(*m, state, stub), Status::ok);
    g_parked[number] = state;
    ++g_parked_count;
}
RPC_DISPATCH_FUNCTION g_functions[] = {park, nullptr};
RPC_DISPATCH_TABLE g_table = {1, g_functions, 0};

struct Call {
    RPC_MESSAGE message{};
    RPC_ASYNC_STATE state{};
    std::atomic<int> told{0};
};
void on_told(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
    ++static_cast<Call*>(state->UserInfo)->told;
    ++g_told;
}
bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 60000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

Status issue(Call& c, void* binding, RPC_CLIENT_INTERFACE& iface, uint32_t number) {
    RPC_TRY(async_initialize(&c.state, sizeof c.state));
    c.state.NotificationType = RpcNotificationTypeCallback;
    c.state.u.NotificationRoutine = on_told;
    c.state.UserInfo = &c;
    c.message.Handle = binding;
    c.message.RpcInterfaceInformation = &iface;
    c.message.BufferLength = sizeof number;
    c.message.RpcFlags = RPC_BUFFER_ASYNC;
    RPC_TRY(get_buffer(c.message));
    std::memcpy(c.message.Buffer, &number, sizeof number);
    RPC_TRY(async_set_handle(c.message, &c.state, nullptr));
    return send(c.message);
}

TEST(Outstanding, TenThousandOnOneBinding) {
    static RPC_SERVER_INTERFACE spec{};
    spec.Length = sizeof spec;
    spec.InterfaceId = {uuid, {1, 0}};
    spec.TransferSyntax = ndr;
    spec.DispatchTable = &g_table;
    ASSERT_EQ(Server::instance().register_interface({&spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
    ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "outstanding_test", 10, nullptr), Status::ok);
    Ref<Binding> binding;
    void* handle = nullptr;
    ASSERT_EQ(Binding::create({{}, "ncalrpc", {}, "outstanding_test", {}}, nullptr, binding), Status::ok);
    ASSERT_EQ(Binding::to_handle(std::move(binding), &handle), Status::ok);
    RPC_CLIENT_INTERFACE iface{};
    iface.InterfaceId = {uuid, {1, 0}};
    iface.TransferSyntax = ndr;

    std::vector<Call> calls(count);
    for (uint32_t i = 0; i < count; ++i) ASSERT_EQ(issue(calls[i], handle, iface, i), Status::ok) << i;
    ASSERT_TRUE(wait_for([] { return g_parked_count == count; }));
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    for (uint32_t n = 0; n < count; ++n) {
        if (n % 10 == 0) EXPECT_EQ(async_cancel(&calls[order[n]].state, true), Status::ok);
        EXPECT_EQ(async_complete(g_parked[order[n]], nullptr), Status::ok);
    }
    ASSERT_TRUE(wait_for([] { return g_told == count; }));
    for (uint32_t n = 0; n < count; ++n) {
        Call& c = calls[order[n]];
        EXPECT_EQ(c.told, 1);
        if (n % 10 != 0) {
            uint32_t number = 0;
            ASSERT_EQ(receive(c.message), Status::ok);
            ASSERT_EQ(c.message.BufferLength, sizeof number);
            std::memcpy(&number, c.message.Buffer, sizeof number);
            EXPECT_EQ(number, order[n]);
        }
        EXPECT_EQ(async_complete(&c.state, nullptr), n % 10 ? Status::ok : Status::call_cancelled);
    }
    ASSERT_EQ(Binding::free_handle(&handle), Status::ok);
}

}  // namespace
}  // namespace rpc::runtime
