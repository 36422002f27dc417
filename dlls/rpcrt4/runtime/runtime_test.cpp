// The whole of link, call and runtime over the in-memory transport: programs written against I_Rpc* in status form.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "base/os.h"
#include "io/executor_host.h"
#include "io/loopback.h"
#include "runtime/async_call.h"
#include "runtime/binding.h"
#include "runtime/message.h"
#include "runtime/server.h"

namespace rpc::runtime {
namespace {

constexpr GUID interface_uuid = {0x11223344, 0x5566, 0x7788, {1, 2, 3, 4, 5, 6, 7, 8}};
constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}}, {2, 0}};

// What the test's dispatch routines parked.
std::atomic<RPC_ASYNC_STATE*> g_parked[64];
std::atomic<int> g_parked_count{0};
std::atomic<int> g_order{0};

void reply(RPC_MESSAGE* m, const void* data, size_t size) {
    m->BufferLength = static_cast<unsigned>(size);
    if (failed(get_buffer(*m))) return;  // an empty reply tells the test
    if (size != 0) std::memcpy(m->Buffer, data, size);
}

// 0: answers its own bytes.
void echo(RPC_MESSAGE* m) {
    std::vector<uint8_t> in(static_cast<uint8_t*>(m->Buffer), static_cast<uint8_t*>(m->Buffer) + m->BufferLength);
    reply(m, in.data(), in.size());
}

// A stub that answers with the first four bytes of the request, plus one.
struct ParkStub final : call::AsyncStub {
    RPC_MESSAGE* message;
    RPC_ASYNC_STATE state{};
    uint32_t value = 0;
    Status complete(void* out) override {
        uint32_t answer = value + *static_cast<uint32_t*>(out);
        message->BufferLength = sizeof answer;
        RPC_TRY(get_buffer(*message));
        std::memcpy(message->Buffer, &answer, sizeof answer);
        return send(*message);
    }
    void discard() override {}
};

// 1: parks the call for the test to complete.
void park(RPC_MESSAGE* m) {
    auto stub = make<ParkStub>();
    stub->message = m;
    std::memcpy(&stub->value, m->Buffer, sizeof stub->value);
    ASSERT_EQ(async_initialize(&stub->state, sizeof stub->state), Status::ok);
    RPC_ASYNC_STATE* state = &stub->state;
    ASSERT_EQ(async_set_handle(*m, state, stub), Status::ok);
    g_parked[g_parked_count.fetch_add(1)] = state;
}

// 2: the number of this call in dispatch order.
void ordered(RPC_MESSAGE* m) {
    int n = g_order.fetch_add(1);
    reply(m, &n, sizeof n);
}

RPC_DISPATCH_FUNCTION g_functions[] = {echo, park, ordered, nullptr};
RPC_DISPATCH_TABLE g_table = {3, g_functions, 0};

RPC_SERVER_INTERFACE server_interface() {
    RPC_SERVER_INTERFACE s{};
    s.Length = sizeof s;
    s.InterfaceId = {interface_uuid, {1, 0}};
    s.TransferSyntax = ndr;
    s.DispatchTable = &g_table;
    return s;
}

RPC_CLIENT_INTERFACE client_interface(GUID uuid = interface_uuid) {
    RPC_CLIENT_INTERFACE c{};
    c.Length = sizeof c;
    c.InterfaceId = {uuid, {1, 0}};
    c.TransferSyntax = ndr;
    return c;
}

class Runtime : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        static RPC_SERVER_INTERFACE spec = server_interface();
        Server& server = Server::instance();
        ASSERT_EQ(server.register_interface({&spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
        ASSERT_EQ(server.use_endpoint("ncalrpc", "runtime_test", 10, nullptr), Status::ok);
    }
    void SetUp() override {
        g_parked_count = 0;
        for (auto& p : g_parked) p = nullptr;
        g_order = 0;
        ASSERT_EQ(bind(), Status::ok);
    }
    Status bind() {
        Ref<Binding> binding;
        RPC_TRY(Binding::create({{}, "ncalrpc", {}, "runtime_test", {}}, nullptr, binding));
        return Binding::to_handle(std::move(binding), &handle_);
    }
    // A binding without a connection, as the last one is gone with its association.
    void bind_afresh() {
        ASSERT_EQ(Binding::free_handle(&handle_), Status::ok);
        ASSERT_EQ(bind(), Status::ok);
    }
    void TearDown() override {
        loopback_reset();
        if (handle_) EXPECT_EQ(Binding::free_handle(&handle_), Status::ok);
        EXPECT_EQ(handle_, nullptr);
    }
    static void loopback_reset() {
        io::loopback_fail_nth_io(0);
        io::loopback_set_options({});
    }

    RPC_MESSAGE message(unsigned opnum, size_t size, uint32_t flags = 0) {
        RPC_MESSAGE m{};
        m.Handle = handle_;
        m.RpcInterfaceInformation = &client_;
        m.ProcNum = opnum;
        m.BufferLength = static_cast<unsigned>(size);
        m.RpcFlags = flags;
        return m;
    }
    Status call(unsigned opnum, const std::vector<uint8_t>& in, std::vector<uint8_t>& out) {
        RPC_MESSAGE m = message(opnum, in.size());
        RPC_TRY(get_buffer(m));
        if (!in.empty()) std::memcpy(m.Buffer, in.data(), in.size());
        RPC_TRY(send_receive(m));
        auto bytes = static_cast<uint8_t*>(m.Buffer);
        out.assign(bytes, bytes + m.BufferLength);
        return free_buffer(m);
    }

    struct Async {
        RPC_MESSAGE message{};
        RPC_ASYNC_STATE state{};
        std::atomic<int> notified{0};
    };
    static void on_notify(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT event) {
        EXPECT_EQ(event, RpcCallComplete);
        EXPECT_EQ(state->Event, RpcCallComplete);
        static_cast<Async*>(state->UserInfo)->notified++;
    }
    Status issue(Async& a, unsigned opnum, uint32_t value) {
        RPC_TRY(async_initialize(&a.state, sizeof a.state));
        a.state.NotificationType = RpcNotificationTypeCallback;
        a.state.u.NotificationRoutine = on_notify;
        a.state.UserInfo = &a;
        a.message = message(opnum, sizeof value, RPC_BUFFER_ASYNC);
        RPC_TRY(get_buffer(a.message));
        std::memcpy(a.message.Buffer, &value, sizeof value);
        RPC_TRY(async_set_handle(a.message, &a.state, nullptr));
        return send(a.message);
    }
    static bool wait_for(const std::function<bool()>& done) {
        for (int i = 0; i < 5000 && !done(); ++i) os::sleep_ms(1);
        return done();
    }
    static uint32_t collect(Async& a) {
        EXPECT_EQ(receive(a.message), Status::ok);
        uint32_t value = 0;
        if (a.message.BufferLength == sizeof value) std::memcpy(&value, a.message.Buffer, sizeof value);
        EXPECT_EQ(async_complete(&a.state, nullptr), Status::ok);
        return value;
    }

    RPC_CLIENT_INTERFACE client_ = client_interface();
    void* handle_ = nullptr;
};

TEST_F(Runtime, EchoesEverySize) {
    for (size_t size : {0u, 1u, 7u, 4000u, 65504u, 65505u, 300000u}) {
        std::vector<uint8_t> in(size), out;
        for (size_t i = 0; i < size; ++i) in[i] = static_cast<uint8_t>(i * 7);
        ASSERT_EQ(call(0, in, out), Status::ok) << size;
        EXPECT_TRUE(in == out) << size;
    }
}

TEST_F(Runtime, SurvivesAnySplitOfTheStream) {
    io::loopback_set_options({7, 12345});
    std::vector<uint8_t> in(70000, 0x5A), out;
    ASSERT_EQ(call(0, in, out), Status::ok);
    EXPECT_TRUE(in == out);
}

TEST_F(Runtime, RefusesWhatTheServerDoesNotHave) {
    std::vector<uint8_t> out;
    EXPECT_EQ(call(3, {1}, out), Status::procnum_out_of_range);
    EXPECT_EQ(call(9999, {1}, out), Status::procnum_out_of_range);
    ASSERT_EQ(call(0, {1}, out), Status::ok);  // the connection lives on
    client_ = client_interface({9, 9, 9, {}});
    EXPECT_EQ(call(0, {1}, out), Status::unknown_if);
}

TEST_F(Runtime, NobodyListens) {
    void* handle = nullptr;
    Ref<Binding> binding;
    ASSERT_EQ(Binding::create({{}, "ncalrpc", {}, "nobody", {}}, nullptr, binding), Status::ok);
    ASSERT_EQ(Binding::to_handle(std::move(binding), &handle), Status::ok);
    std::swap(handle, handle_);
    std::vector<uint8_t> out;
    EXPECT_EQ(call(0, {1}, out), Status::server_unavailable);
    std::swap(handle, handle_);
    EXPECT_EQ(Binding::free_handle(&handle), Status::ok);
}

TEST_F(Runtime, GarbageHandlesAreTold) {
    int garbage = 0;
    RPC_MESSAGE m = message(0, 4);
    m.Handle = &garbage;
    EXPECT_EQ(get_buffer(m), Status::invalid_binding);
    m.Handle = nullptr;
    EXPECT_EQ(get_buffer(m), Status::invalid_binding);
    void* h = &garbage;
    EXPECT_EQ(Binding::free_handle(&h), Status::invalid_binding);
    EXPECT_EQ(send_receive(m), Status::invalid_binding);
    EXPECT_EQ(server_test_cancel(&garbage), Status::invalid_binding);
    EXPECT_EQ(server_test_cancel(nullptr), Status::no_call_active);
}

TEST_F(Runtime, FiftyCallsFinishInReverseOrder) {
    constexpr int n = 50;
    Async calls[n];
    for (int i = 0; i < n; ++i) ASSERT_EQ(issue(calls[i], 1, 1000 + i), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked_count == n && g_parked[n - 1] != nullptr; }));
    for (auto& c : calls) EXPECT_EQ(async_status(&c.state), Status::call_pending);
    EXPECT_EQ(async_complete(&calls[0].state, nullptr), Status::call_pending);
    std::vector<uint8_t> out;
    ASSERT_EQ(call(0, {42}, out), Status::ok);  // a synchronous call goes by
    for (int i = n; i-- != 0;) {
        uint32_t add = 1;
        ASSERT_EQ(async_complete(g_parked[i], &add), Status::ok);
    }
    for (int i = 0; i < n; ++i) {
        ASSERT_TRUE(wait_for([&] { return calls[i].notified != 0; })) << i;
        EXPECT_EQ(async_status(&calls[i].state), Status::ok);
        EXPECT_EQ(collect(calls[i]), 1001u + i);
        EXPECT_EQ(async_status(&calls[i].state), Status::invalid_binding);
        EXPECT_EQ(calls[i].notified, 1);
    }
}

TEST_F(Runtime, CancelReachesTheServer) {
    Async a;
    ASSERT_EQ(issue(a, 1, 5), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked[0] != nullptr; }));
    void* call_handle = g_parked[0].load()->RuntimeInfo;
    EXPECT_EQ(server_test_cancel(call_handle), Status::call_in_progress);
    EXPECT_EQ(async_cancel(&a.state, false), Status::ok);
    EXPECT_TRUE(wait_for([&] { return server_test_cancel(call_handle) == Status::ok; }));
    EXPECT_EQ(async_status(&a.state), Status::call_pending);
    uint32_t add = 0;
    EXPECT_EQ(async_complete(g_parked[0], &add), Status::ok);
    ASSERT_TRUE(wait_for([&] { return a.notified != 0; }));
    EXPECT_EQ(collect(a), 5u);
}

TEST_F(Runtime, AbortiveCancelFinishesAtOnceAndSparesTheOthers) {
    Async a, b;
    ASSERT_EQ(issue(a, 1, 5), Status::ok);
    ASSERT_EQ(issue(b, 1, 6), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked[1] != nullptr; }));
    EXPECT_EQ(async_cancel(&a.state, true), Status::ok);
    EXPECT_EQ(a.notified, 1);
    EXPECT_EQ(async_complete(&a.state, nullptr), Status::call_cancelled);
    void* call_handle = g_parked[0].load()->RuntimeInfo;
    EXPECT_TRUE(wait_for([&] { return server_test_cancel(call_handle) == Status::ok; }));
    uint32_t add = 0;
    EXPECT_EQ(async_complete(g_parked[0], &add), Status::ok);
    EXPECT_EQ(async_complete(g_parked[1], &add), Status::ok);
    ASSERT_TRUE(wait_for([&] { return b.notified != 0; }));
    EXPECT_EQ(collect(b), 6u);
    EXPECT_EQ(a.notified, 1);
}

TEST_F(Runtime, AbortFaultsTheClient) {
    Async a;
    ASSERT_EQ(issue(a, 1, 5), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked[0] != nullptr; }));
    EXPECT_EQ(async_abort_call(g_parked[0], 0), Status::invalid_arg);
    EXPECT_EQ(async_abort_call(&a.state, 5), Status::invalid_async_call);
    EXPECT_EQ(async_cancel(g_parked[0], false), Status::invalid_async_call);
    EXPECT_EQ(async_abort_call(g_parked[0], 0xABCD), Status::ok);
    ASSERT_TRUE(wait_for([&] { return a.notified != 0; }));
    EXPECT_EQ(static_cast<uint32_t>(async_complete(&a.state, nullptr)), 0xABCDu);
}

TEST_F(Runtime, CallsOfOneConnectionStartInOrder) {
    constexpr int n = 100;
    std::vector<Async> calls(n);
    for (auto& c : calls) ASSERT_EQ(issue(c, 2, 0), Status::ok);
    for (int i = 0; i < n; ++i) {
        ASSERT_TRUE(wait_for([&] { return calls[i].notified != 0; }));
        EXPECT_EQ(collect(calls[i]), static_cast<uint32_t>(i));
    }
}

TEST_F(Runtime, FreeingTheBindingLeavesItsCallsAlone) {
    Async a;
    ASSERT_EQ(issue(a, 1, 5), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked[0] != nullptr; }));
    EXPECT_EQ(Binding::free_handle(&handle_), Status::ok);
    uint32_t add = 2;
    EXPECT_EQ(async_complete(g_parked[0], &add), Status::ok);
    ASSERT_TRUE(wait_for([&] { return a.notified != 0; }));
    EXPECT_EQ(collect(a), 7u);
}

TEST_F(Runtime, WaitingForTheEndOfListening) {
    Server& server = Server::instance();
    EXPECT_EQ(server.wait_listen(), Status::not_listening);
    EXPECT_EQ(server.stop_listening(), Status::not_listening);
    ASSERT_EQ(server.listen(1, 10, true), Status::ok);
    EXPECT_TRUE(server.listening());
    EXPECT_EQ(server.listen(1, 10, true), Status::already_listening);
    EXPECT_EQ(server.stop_listening(), Status::ok);
    EXPECT_EQ(server.wait_listen(), Status::ok);  // a stop that nobody waited for yet
    EXPECT_EQ(server.wait_listen(), Status::not_listening);
}

TEST_F(Runtime, ManyThreadsShareOneBinding) {
    std::vector<std::thread> threads;
    std::atomic<int> bad{0};
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                std::vector<uint8_t> in(static_cast<size_t>(t * 100 + i), static_cast<uint8_t>(i)), out;
                if (call(0, in, out) != Status::ok || in != out) ++bad;
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(bad, 0);
}

// Every allocation from binding to reply fails once, on either side: a status each time, never a hang, and the next call
// works.
TEST_F(Runtime, EveryAllocationFailsOnce) {
    std::vector<uint8_t> out;
    int failures = 0;
    bool left = false;
    for (int n = 1; !left; ++n) {
        ASSERT_LT(n, 1000);
        bind_afresh();
        mem_fail_nth(n);
        Status status = call(0, {1, 2, 3}, out);
        left = mem_fail_nth_pending();
        mem_fail_nth(0);
        failures += failed(status);
        if (!failed(status)) EXPECT_TRUE(out.size() == 3u || out.empty());
        ASSERT_EQ(call(0, {1, 2, 3}, out), Status::ok) << n;
    }
    EXPECT_GT(failures, 10);
}

TEST_F(Runtime, EveryAllocationOfAnAsynchronousCallFailsOnce) {
    bool left = false;
    for (int n = 1; !left; ++n) {
        ASSERT_LT(n, 1000);
        bind_afresh();
        Async a;
        mem_fail_nth(n);
        Status status = issue(a, 2, 0);
        if (!failed(status)) ASSERT_TRUE(wait_for([&] { return a.notified != 0; })) << n;
        left = mem_fail_nth_pending();
        mem_fail_nth(0);
        if (failed(status)) {
            EXPECT_EQ(a.notified, 0) << n;
            (void)free_buffer(a.message);
        } else {
            EXPECT_NE(async_complete(&a.state, nullptr), Status::call_pending) << n;
            EXPECT_EQ(a.notified, 1) << n;
        }
    }
}

// Every I/O from connect to reply fails once: a status each time, never a hang, and a later call works.
TEST_F(Runtime, EveryIoFailsOnce) {
    std::vector<uint8_t> out;
    int failures = 0;
    for (int n = 1; n < 40; ++n) {
        bind_afresh();
        io::loopback_fail_nth_io(n);
        Status status = call(0, {1, 2, 3}, out);
        io::loopback_fail_nth_io(0);
        failures += failed(status);
        if (!failed(status)) EXPECT_EQ(out.size(), 3u);
        Status next = call(0, {1, 2, 3}, out);
        if (failed(next)) next = call(0, {1, 2, 3}, out);
        ASSERT_EQ(next, Status::ok) << n;
    }
    EXPECT_GT(failures, 3);
}

// The same for an asynchronous call: it fails in the stub, or it is told of once, with an outcome that fits.
TEST_F(Runtime, EveryIoOfAnAsynchronousCallFailsOnce) {
    int told = 0;
    for (int n = 1; n < 40; ++n) {
        bind_afresh();
        Async a;
        io::loopback_fail_nth_io(n);
        Status status = issue(a, 2, 0);
        if (!failed(status)) ASSERT_TRUE(wait_for([&] { return a.notified != 0; })) << n;
        io::loopback_fail_nth_io(0);
        if (failed(status)) {
            EXPECT_EQ(a.notified, 0) << n;
            (void)free_buffer(a.message);
            continue;
        }
        status = async_status(&a.state);
        EXPECT_TRUE(status == Status::ok || status == Status::call_failed) << code(status);
        EXPECT_EQ(async_complete(&a.state, nullptr), status) << n;
        EXPECT_EQ(a.notified, 1) << n;
        told += status == Status::call_failed;
    }
    EXPECT_GT(told, 0);
}

}  // namespace
}  // namespace rpc::runtime
