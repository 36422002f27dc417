// The server half of the runtime over the in-memory transport: registration, listening, limits, callbacks; and what
// becomes of calls when either side goes away.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/os.h"
#include "io/executor_host.h"
#include "io/loopback.h"
#include "runtime/async_call.h"
#include "runtime/binding.h"
#include "runtime/convert.h"
#include "runtime/fake_mapper.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/thread_state.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr uint32_t autolisten = 1, allow_callbacks_with_no_auth = 0x10;

std::mutex g_mutex;
std::vector<RPC_ASYNC_STATE*> g_parked;
std::atomic<int> g_running{0};
std::atomic<bool> g_hold{false};
std::atomic<int> g_stubs{0};

struct ParkStub final : call::AsyncStub {
    RPC_MESSAGE* message = nullptr;
    RPC_ASYNC_STATE state{};
    ParkStub() { ++g_stubs; }
    ~ParkStub() override { --g_stubs; }
    Status complete(void*) override {
        message->BufferLength = 0;
        RPC_TRY(get_buffer(*message));
        return send(*message);
    }
    void discard() override {}
};

// 0: an empty reply.
void quick(RPC_MESSAGE*) {}
// 1: parks the call.
void park(RPC_MESSAGE* m) {
    auto stub = make<ParkStub>();
    stub->message = m;
    ASSERT_EQ(async_initialize(&stub->state, sizeof stub->state), Status::ok);
    ASSERT_EQ(async_set_handle(*m, &stub->state, stub), Status::ok);
    std::lock_guard g(g_mutex);
    g_parked.push_back(&stub->state);
}
// 2: stays while g_hold.
void slow(RPC_MESSAGE* m) {
    manager_may_block(*m);
    ++g_running;
    while (g_hold) os::sleep_ms(1);
    --g_running;
}
RPC_DISPATCH_FUNCTION g_functions[] = {quick, park, slow, nullptr};
RPC_DISPATCH_TABLE g_table = {3, g_functions, 0};

std::atomic<RPC_STATUS> g_callback_answer{0};
std::atomic<int> g_callbacks{0};
RPC_STATUS RPC_ENTRY callback(RPC_IF_HANDLE, void* context) {
    ++g_callbacks;
    EXPECT_EQ(server_test_cancel(context), Status::call_in_progress);
    return g_callback_answer;
}

struct Interface1 {
    explicit Interface1(unsigned id) {
        spec.Length = sizeof spec;
        spec.InterfaceId = {{id, 7, 7, {1}}, {1, 0}};
        spec.TransferSyntax = ndr;
        spec.DispatchTable = &g_table;
        client.Length = sizeof client;
        client.InterfaceId = spec.InterfaceId;
        client.TransferSyntax = ndr;
    }
    RPC_SERVER_INTERFACE spec{};
    RPC_CLIENT_INTERFACE client{};
};

bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 20000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

class ServerTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "server_test", 10, nullptr), Status::ok);
    }
    void SetUp() override {
        g_hold = false;
        g_callback_answer = 0;
        g_callbacks = 0;
        Ref<Binding> binding;
        ASSERT_EQ(Binding::create({{}, "ncalrpc", {}, "server_test", {}}, nullptr, binding), Status::ok);
        ASSERT_EQ(Binding::to_handle(std::move(binding), &handle), Status::ok);
    }
    void TearDown() override {
        io::loopback_fail_nth_io(0);
        finish_parked();
        EXPECT_TRUE(wait_for([] { return g_stubs == 0; }));
        (void)failed(Server::instance().unregister_interface(&one.spec, nullptr, true));
        (void)failed(Server::instance().unregister_interface(&two.spec, nullptr, true));
        EXPECT_EQ(Binding::free_handle(&handle), Status::ok);
        EXPECT_FALSE(Server::instance().listening());
    }
    static Status enlist(Interface1& i, uint32_t flags, uint32_t max_calls = 0, InterfaceCallback cb = nullptr) {
        return Server::instance().register_interface({&i.spec, {}, nullptr, flags, max_calls, UINT32_MAX, cb});
    }
    static RPC_ASYNC_STATE* take_parked() {
        std::lock_guard g(g_mutex);
        if (g_parked.empty()) return nullptr;
        RPC_ASYNC_STATE* state = g_parked.back();
        g_parked.pop_back();
        return state;
    }
    static size_t parked() {
        std::lock_guard g(g_mutex);
        return g_parked.size();
    }
    static void finish_parked() {
        while (RPC_ASYNC_STATE* state = take_parked()) (void)failed(async_complete(state, nullptr));
    }
    Status call(Interface1& i, unsigned opnum) {
        RPC_MESSAGE m{};
        m.Handle = handle;
        m.RpcInterfaceInformation = &i.client;
        m.ProcNum = opnum;
        m.BufferLength = 4;
        RPC_TRY(get_buffer(m));
        std::memset(m.Buffer, 0, 4);
        RPC_TRY(send_receive(m));
        return free_buffer(m);
    }
    struct Async {
        RPC_MESSAGE message{};
        RPC_ASYNC_STATE state{};
        std::atomic<int> notified{0};
    };
    static void on_notify(RPC_ASYNC_STATE* state, void*, RPC_ASYNC_EVENT) {
        static_cast<Async*>(state->UserInfo)->notified++;
    }
    Status issue(Async& a, Interface1& i, unsigned opnum) {
        RPC_TRY(async_initialize(&a.state, sizeof a.state));
        a.state.NotificationType = RpcNotificationTypeCallback;
        a.state.u.NotificationRoutine = on_notify;
        a.state.UserInfo = &a;
        a.message = {};
        a.message.Handle = handle;
        a.message.RpcInterfaceInformation = &i.client;
        a.message.ProcNum = opnum;
        a.message.BufferLength = 4;
        a.message.RpcFlags = RPC_BUFFER_ASYNC;
        RPC_TRY(get_buffer(a.message));
        std::memset(a.message.Buffer, 0, 4);
        RPC_TRY(async_set_handle(a.message, &a.state, nullptr));
        return send(a.message);
    }

    Interface1 one{1}, two{2};
    void* handle = nullptr;
};

TEST_F(ServerTest, RegistersOnce) {
    EXPECT_EQ(enlist(one, autolisten), Status::ok);
    EXPECT_EQ(enlist(one, autolisten), Status::type_already_registered);
    EXPECT_EQ(Server::instance().unregister_interface(&two.spec, nullptr, false), Status::unknown_if);
    const Uuid other{1, 0, 0, {}};
    EXPECT_EQ(Server::instance().unregister_interface(&one.spec, &other, false), Status::unknown_mgr_type);
    EXPECT_EQ(Server::instance().unregister_interface(&one.spec, nullptr, false), Status::ok);
    EXPECT_EQ(Server::instance().unregister_interface(&one.spec, nullptr, false), Status::unknown_if);
    EXPECT_EQ(call(one, 0), Status::unknown_if);
}

TEST_F(ServerTest, ABoundInterfaceThatIsUnregisteredAnswersUnknown) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    EXPECT_EQ(call(one, 0), Status::ok);
    ASSERT_EQ(Server::instance().unregister_interface(&one.spec, nullptr, true), Status::ok);
    EXPECT_EQ(call(one, 0), Status::unknown_if);
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    EXPECT_EQ(call(one, 0), Status::ok);
}

TEST_F(ServerTest, UnregisterWaitsForCalls) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    Async a;
    ASSERT_EQ(issue(a, one, 1), Status::ok);
    ASSERT_TRUE(wait_for([] { return parked() == 1; }));
    std::atomic<bool> done{false};
    std::thread waiter([&] {
        EXPECT_EQ(Server::instance().unregister_interface(&one.spec, nullptr, true), Status::ok);
        done = true;
    });
    EXPECT_TRUE(wait_for([&] { return call(one, 0) == Status::unknown_if; }));  // it is unregistered, and waits
    os::sleep_ms(30);
    EXPECT_FALSE(done);
    finish_parked();
    waiter.join();
    EXPECT_TRUE(done);
    ASSERT_TRUE(wait_for([&] { return a.notified == 1; }));
    EXPECT_EQ(async_complete(&a.state, nullptr), Status::ok);
}

TEST_F(ServerTest, ListensWaitsAndStops) {
    Server& server = Server::instance();
    ASSERT_EQ(enlist(one, 0), Status::ok);
    EXPECT_EQ(call(one, 0), Status::server_too_busy);
    EXPECT_EQ(server.stop_listening(), Status::not_listening);
    EXPECT_EQ(server.listen(1, 0, true), Status::max_calls_too_small);
    ASSERT_EQ(server.listen(1, 10, true), Status::ok);
    EXPECT_EQ(server.listen(1, 10, true), Status::already_listening);
    EXPECT_TRUE(server.listening());
    EXPECT_EQ(call(one, 0), Status::ok);
    Async a;
    ASSERT_EQ(issue(a, one, 1), Status::ok);
    ASSERT_TRUE(wait_for([] { return parked() == 1; }));
    std::atomic<bool> done{false};
    std::thread waiter([&] {
        EXPECT_EQ(server.wait_listen(), Status::ok);
        done = true;
    });
    EXPECT_EQ(server.stop_listening(), Status::ok);
    os::sleep_ms(30);
    EXPECT_FALSE(done);  // a call is out
    EXPECT_EQ(call(one, 0), Status::server_too_busy);
    finish_parked();
    waiter.join();
    ASSERT_TRUE(wait_for([&] { return a.notified == 1; }));
    EXPECT_EQ(async_complete(&a.state, nullptr), Status::ok);
}

TEST_F(ServerTest, MaxCallsOfAnAutolistenInterface) {
    ASSERT_EQ(enlist(one, autolisten, 2), Status::ok);
    Async a, b;
    ASSERT_EQ(issue(a, one, 1), Status::ok);
    ASSERT_EQ(issue(b, one, 1), Status::ok);
    ASSERT_TRUE(wait_for([] { return parked() == 2; }));
    EXPECT_EQ(call(one, 0), Status::server_too_busy);
    ASSERT_EQ(async_complete(take_parked(), nullptr), Status::ok);
    EXPECT_EQ(call(one, 0), Status::ok);
    finish_parked();
    for (Async* x : {&a, &b}) {
        ASSERT_TRUE(wait_for([&] { return x->notified == 1; }));
        EXPECT_EQ(async_complete(&x->state, nullptr), Status::ok);
    }
}

// Who has the answer may call again: the limit of one is free by then.
TEST_F(ServerTest, OneCallAfterTheOtherIsNeverTooMany) {
    ASSERT_EQ(enlist(one, autolisten, 1), Status::ok);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(call(one, 0), Status::ok) << i;
}

TEST_F(ServerTest, TheCallbackDecides) {
    ASSERT_EQ(enlist(one, autolisten, 0, callback), Status::ok);
    EXPECT_EQ(call(one, 0), Status::ok);
    EXPECT_GE(g_callbacks, 1);
    ASSERT_EQ(Server::instance().unregister_interface(&one.spec, nullptr, true), Status::ok);
    ASSERT_EQ(enlist(one, autolisten | allow_callbacks_with_no_auth, 0, callback), Status::ok);
    g_callback_answer = 5;
    EXPECT_EQ(call(one, 0), Status::access_denied);
}

TEST_F(ServerTest, TwoInterfacesShareAConnection) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    ASSERT_EQ(enlist(two, autolisten), Status::ok);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(call(one, 0), Status::ok);
        EXPECT_EQ(call(two, 0), Status::ok);
    }
    Async a, b;
    ASSERT_EQ(issue(a, one, 1), Status::ok);
    ASSERT_EQ(issue(b, two, 1), Status::ok);
    ASSERT_TRUE(wait_for([] { return parked() == 2; }));
    finish_parked();
    for (Async* x : {&a, &b}) {
        ASSERT_TRUE(wait_for([&] { return x->notified == 1; }));
        EXPECT_EQ(async_complete(&x->state, nullptr), Status::ok);
    }
    EXPECT_EQ(call(two, 9), Status::procnum_out_of_range);
}

// COM has one routine for every method of an interface.
TEST_F(ServerTest, OleInterfacesHaveOneRoutine) {
    constexpr uint32_t ole = 0x2;
    ASSERT_EQ(enlist(one, autolisten | ole), Status::ok);
    EXPECT_EQ(call(one, 0), Status::ok);
    EXPECT_EQ(call(one, 9), Status::ok);
    EXPECT_EQ(call(one, 1000), Status::ok);
}

TEST_F(ServerTest, CopiesAndResets) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    void* copy = nullptr;
    ASSERT_EQ(binding_copy(handle, &copy), Status::ok);
    std::swap(copy, handle);
    EXPECT_EQ(call(one, 0), Status::ok);
    std::swap(copy, handle);
    EXPECT_EQ(binding_free(&copy), Status::ok);
    EXPECT_EQ(copy, nullptr);
    EXPECT_EQ(binding_free(&copy), Status::invalid_binding);
    EXPECT_EQ(call(one, 0), Status::ok);
    Ref<Binding> binding = Binding::from_handle(handle);
    ASSERT_TRUE(binding);
    EXPECT_EQ(binding->reset(), Status::ok);
    fake_mapper::start();
    EXPECT_EQ(call(one, 0), Status::ept_not_registered);
}

TEST_F(ServerTest, SynchronousManagersRunBesideEachOther) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    g_hold = true;
    std::vector<std::unique_ptr<Async>> calls;
    for (int i = 0; i < 10; ++i) {
        calls.push_back(std::make_unique<Async>());
        ASSERT_EQ(issue(*calls.back(), one, 2), Status::ok);
    }
    EXPECT_TRUE(wait_for([] { return g_running == 10; }));
    g_hold = false;
    for (auto& c : calls) {
        ASSERT_TRUE(wait_for([&] { return c->notified == 1; }));
        EXPECT_EQ(async_complete(&c->state, nullptr), Status::ok);
    }
}

TEST_F(ServerTest, AClientThatGoesAwayLeavesItsCallsToTheServer) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    {
        Async a;
        ASSERT_EQ(issue(a, one, 1), Status::ok);
        ASSERT_TRUE(wait_for([] { return parked() == 1; }));
        EXPECT_EQ(async_cancel(&a.state, true), Status::ok);
        EXPECT_EQ(a.notified, 1);
        EXPECT_EQ(async_complete(&a.state, nullptr), Status::call_cancelled);
        EXPECT_EQ(async_complete(&a.state, nullptr), Status::invalid_async_handle);
    }
    ASSERT_EQ(Binding::free_handle(&handle), Status::ok);  // closes the connection
    RPC_ASYNC_STATE* state = take_parked();
    EXPECT_EQ(async_complete(state, nullptr), Status::ok);
    EXPECT_TRUE(wait_for([] { return g_stubs == 0; }));
    SetUp();
}

// Every I/O fails once, on either side, with five asynchronous calls in it: each either fails when issued, and tells
// nobody, or tells exactly once.
TEST_F(ServerTest, EveryIoFailsOnceUnderAsynchronousCalls) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    for (int n = 1; n < 40; ++n) {
        ASSERT_EQ(Binding::free_handle(&handle), Status::ok);
        SetUp();
        io::loopback_fail_nth_io(n);
        Async calls[5];
        Status issued[5];
        for (int i = 0; i < 5; ++i) issued[i] = issue(calls[i], one, static_cast<unsigned>(i % 3));
        io::loopback_set_options({});
        auto told = [&] {
            finish_parked();
            for (int i = 0; i < 5; ++i)
                if (!failed(issued[i]) && calls[i].notified == 0) return false;
            return true;
        };
        ASSERT_TRUE(wait_for(told)) << n;
        io::loopback_fail_nth_io(0);
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(calls[i].notified, failed(issued[i]) ? 0 : 1) << n;
            if (failed(issued[i])) {
                (void)failed(free_buffer(calls[i].message));
                continue;
            }
            Status status = async_complete(&calls[i].state, nullptr);
            EXPECT_TRUE(status == Status::ok || status == Status::call_failed || status == Status::call_failed_dne)
                << code(status);
        }
        finish_parked();
    }
}

// Many threads issue, cancel and collect; each call tells exactly once.
TEST_F(ServerTest, RandomCancelsUnderLoad) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    std::atomic<bool> stop{false};
    std::thread finisher([&] {
        while (!stop) {
            finish_parked();
            os::sleep_ms(1);
        }
    });
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (unsigned t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            uint32_t random = 12345 + t;
            for (int i = 0; i < 40; ++i) {
                random = random * 1664525 + 1013904223;
                Async a;
                if (issue(a, one, random >> 16 & 1) != Status::ok) {
                    ++wrong;
                    continue;
                }
                if (random >> 20 & 1) (void)failed(async_cancel(&a.state, false));
                if (random >> 21 & 1) (void)failed(async_cancel(&a.state, true));
                if (!wait_for([&] { return a.notified != 0; })) ++wrong;
                Status status = async_complete(&a.state, nullptr);
                if (status != Status::ok && status != Status::call_cancelled) ++wrong;
                if (a.notified != 1) ++wrong;
            }
        });
    for (auto& t : threads) t.join();
    stop = true;
    finisher.join();
    EXPECT_EQ(wrong, 0);
}

// Handles come and go by the thousand; the table neither loses one nor keeps a dead one.
TEST_F(ServerTest, HandleTableUnderChurn) {
    std::vector<uint64_t> objects(4096);
    for (int round = 0; round < 50; ++round) {
        for (auto& o : objects) ASSERT_EQ(handle_table::add(&o, HandleKind::binding), Status::ok);
        for (size_t i = 0; i < objects.size(); i += 2) EXPECT_TRUE(handle_table::remove(&objects[i]));
        for (size_t i = 0; i < objects.size(); ++i)
            ASSERT_EQ(handle_table::kind_of(&objects[i]), i % 2 ? HandleKind::binding : HandleKind::none);
        for (size_t i = 1; i < objects.size(); i += 2) EXPECT_TRUE(handle_table::remove(&objects[i]));
        EXPECT_FALSE(handle_table::remove(&objects[7]));
    }
    // One handle at a time needs no memory once there is a table.
    ASSERT_EQ(handle_table::add(&objects[0], HandleKind::binding), Status::ok);
    EXPECT_TRUE(handle_table::remove(&objects[0]));
    const long before = mem_alloc_count();
    for (int i = 0; i < 10000; ++i) {
        ASSERT_EQ(handle_table::add(&objects[0], HandleKind::binding), Status::ok);
        EXPECT_TRUE(handle_table::remove(&objects[0]));
    }
    EXPECT_EQ(mem_alloc_count(), before);
}

// Connections of both modes that nobody uses go, but for one of each, and what the server keeps for its client stays.
TEST_F(ServerTest, SurplusConnectionsAreClosed) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    Ref<link::Association> association;
    ASSERT_EQ(Binding::from_handle(handle)->association(association), Status::ok);
    const link::Syntaxes syntaxes{to_syntax(one.client.InterfaceId), to_syntax(ndr)};
    Ref<link::ClientConnection> leased[3];
    for (auto& c : leased) ASSERT_EQ(association->lease(syntaxes, nullptr, c), Status::ok);
    for (auto& c : leased) association->give_back(c);
    link::Association::close_surplus();  // the first look
    EXPECT_TRUE(leased[0]->alive() && leased[1]->alive() && leased[2]->alive());
    EXPECT_EQ(call(one, 0), Status::ok);  // one of them is used
    link::Association::close_surplus();
    EXPECT_EQ(leased[0]->alive() + leased[1]->alive() + leased[2]->alive(), 1);
    EXPECT_EQ(call(one, 0), Status::ok);
    link::Association::close_surplus();
    link::Association::close_surplus();
    link::Association::close_surplus();
    EXPECT_EQ(leased[0]->alive() + leased[1]->alive() + leased[2]->alive(), 1);

    Ref<link::ClientConnection> queued[2];
    for (auto& c : queued) ASSERT_EQ(association->reserve(syntaxes, nullptr, c, true), Status::ok);
    for (int i = 0; i < 3; ++i) link::Association::close_surplus();
    EXPECT_FALSE(queued[0]->gone() || queued[1]->gone());  // they are taken
    for (auto& c : queued) c->unreserve();
    for (int i = 0; i < 3; ++i) link::Association::close_surplus();
    EXPECT_TRUE(wait_for([&] { return queued[0]->gone() + queued[1]->gone() == 1; }));
    Async a;
    EXPECT_EQ(issue(a, one, 0), Status::ok);
    EXPECT_TRUE(wait_for([&] { return a.notified == 1; }));
    EXPECT_EQ(async_complete(&a.state, nullptr), Status::ok);
}

// The last binding leaves its connection behind for a while, to the next one; unless it was told not to, or is the only one that may
// use it.
TEST_F(ServerTest, AnAssociationLingers) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    struct Lingering {
        explicit Lingering(uint32_t ms) { link::set_linger(ms); }
        ~Lingering() {
            link::set_linger(0);
            link::end_linger();
        }
    } lingering(60000);
    const link::Syntaxes syntaxes{to_syntax(one.client.InterfaceId), to_syntax(ndr)};
    Ref<link::ClientConnection> used;
    // A call by a binding that then gives up its association; whether it went over the connection of the one before.
    auto use = [&](std::function<void(Binding&)> also = nullptr) {
        const Ref<link::ClientConnection> before = std::move(used);
        EXPECT_EQ(call(one, 0), Status::ok);
        Ref<Binding> binding = Binding::from_handle(handle);
        Ref<link::Association> association;
        EXPECT_EQ(binding->association(association), Status::ok);
        EXPECT_EQ(association->lease(syntaxes, nullptr, used), Status::ok);
        association->give_back(used);
        if (also) also(*binding);
        association.reset();
        EXPECT_EQ(binding->reset(), Status::ok);
        EXPECT_EQ(binding->complete("server_test"), Status::ok);
        return before == used;
    };
    EXPECT_FALSE(use());
    EXPECT_TRUE(used->alive());
    EXPECT_TRUE(use());
    EXPECT_TRUE(used->alive());
    EXPECT_TRUE(use([](Binding& b) { EXPECT_EQ(b.set_option(binding_option::dont_linger, 1), Status::ok); }));
    EXPECT_FALSE(used->alive());
    Ref<Binding> binding = Binding::from_handle(handle);
    ASSERT_EQ(binding->set_option(binding_option::unique_binding, 1), Status::ok);
    EXPECT_FALSE(use());
    EXPECT_FALSE(used->alive());
    ASSERT_EQ(binding->set_option(binding_option::unique_binding, 0), Status::ok);
    EXPECT_FALSE(use());
    EXPECT_TRUE(used->alive());
    link::end_linger();
    EXPECT_FALSE(used->alive());
    link::set_linger(50);
    EXPECT_FALSE(use());
    EXPECT_TRUE(wait_for([&] { return !used->alive(); }));
}

// One that lost its server while it lingered is as good as new to the next binding.
TEST_F(ServerTest, ALingeringConnectionThatDiedIsForgotten) {
    ASSERT_EQ(enlist(one, autolisten), Status::ok);
    link::set_linger(60000);
    EXPECT_EQ(call(one, 0), Status::ok);
    Ref<Binding> binding = Binding::from_handle(handle);
    Ref<link::Association> association;
    ASSERT_EQ(binding->association(association), Status::ok);
    Ref<link::ClientConnection> connection;
    const link::Syntaxes syntaxes{to_syntax(one.client.InterfaceId), to_syntax(ndr)};
    ASSERT_EQ(association->lease(syntaxes, nullptr, connection), Status::ok);
    association->give_back(connection);
    ASSERT_EQ(binding->reset(), Status::ok);
    connection->stream()->close();
    ASSERT_EQ(binding->complete("server_test"), Status::ok);
    ASSERT_TRUE(association->may_linger());
    ASSERT_EQ(binding->association(association), Status::ok);
    EXPECT_FALSE(association->may_linger());  // it was looked at as it was found, and is nobody's connection any more
    EXPECT_EQ(call(one, 0), Status::ok);
    link::set_linger(0);
    link::end_linger();
}

}  // namespace
}  // namespace rpc::runtime
