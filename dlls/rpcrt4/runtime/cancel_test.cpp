// Cancelling the synchronous calls of other threads, and what a server hears of its clients, over the in-memory
// transport.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/os.h"
#include "io/loopback.h"
#include "runtime/async_call.h"
#include "runtime/binding.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "runtime/server_notify.h"
#include "runtime/thread_cancel.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr GUID uuid = {0xCA9CE100, 1, 1, {1, 2, 3, 4, 5, 6, 7, 8}};

std::atomic<void*> g_held{nullptr};  // the call handle of the manager that holds
std::atomic<bool> g_release{false};
std::atomic<int> g_begun{0}, g_ended{0};  // managers
std::atomic<Status> g_server_saw{Status::ok};

bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 20000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

void answer(RPC_MESSAGE* m, uint32_t value) {
    m->BufferLength = sizeof value;
    ASSERT_EQ(get_buffer(*m), Status::ok);
    std::memcpy(m->Buffer, &value, sizeof value);
}
// 0: holds until it is released.
void hold(RPC_MESSAGE* m) {
    manager_may_block(*m);
    ++g_begun;
    g_held = m->Handle;
    EXPECT_TRUE(wait_for([] { return g_release.load(); }));
    g_server_saw.store(test_cancel());
    answer(m, 7);
    ++g_ended;
}
// 1: answers when its client cancels.
void until_cancelled(RPC_MESSAGE* m) {
    manager_may_block(*m);
    ++g_begun;
    g_held = m->Handle;
    EXPECT_TRUE(wait_for([] { return test_cancel() == Status::ok; }));
    answer(m, 8);
    ++g_ended;
}
void at_once(RPC_MESSAGE* m) {
    answer(m, 9);
}

RPC_DISPATCH_FUNCTION g_functions[] = {hold, until_cancelled, at_once, nullptr};
RPC_DISPATCH_TABLE g_table = {3, g_functions, 0};

class Cancel : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        static RPC_SERVER_INTERFACE spec{};
        if (spec.Length != 0) return;  // the derived suite's turn
        spec.Length = sizeof spec;
        spec.InterfaceId = {uuid, {1, 0}};
        spec.TransferSyntax = ndr;
        spec.DispatchTable = &g_table;
        ASSERT_EQ(Server::instance().register_interface({&spec, {}, nullptr, 1, 0, UINT32_MAX, nullptr}), Status::ok);
        ASSERT_EQ(Server::instance().use_endpoint("ncalrpc", "cancel_test", 10, nullptr), Status::ok);
    }
    void SetUp() override {
        g_held = nullptr;
        g_release = false;
        g_begun = g_ended = 0;
        Ref<Binding> binding;
        ASSERT_EQ(Binding::create({{}, "ncalrpc", {}, "cancel_test", {}}, nullptr, binding), Status::ok);
        ASSERT_EQ(Binding::to_handle(std::move(binding), &handle_), Status::ok);
    }
    void TearDown() override {
        g_release = true;
        if (victim_.joinable()) victim_.join();
        EXPECT_TRUE(wait_for([] { return g_begun == g_ended; }));
        ASSERT_EQ(Binding::free_handle(&handle_), Status::ok);
    }
    Status call(unsigned opnum, uint32_t& value) {
        RPC_CLIENT_INTERFACE iface{};
        iface.InterfaceId = {uuid, {1, 0}};
        iface.TransferSyntax = ndr;
        RPC_MESSAGE m{};
        m.Handle = handle_;
        m.RpcInterfaceInformation = &iface;
        m.ProcNum = opnum;
        m.BufferLength = 4;
        RPC_TRY(get_buffer(m));
        std::memset(m.Buffer, 0, 4);
        RPC_TRY(send_receive(m));
        std::memcpy(&value, m.Buffer, sizeof value);
        return free_buffer(m);
    }
    // A thread in a synchronous call whose manager runs.
    void start_victim(unsigned opnum, int32_t cancel_timeout = -1) {
        victim_ = std::thread([=, this] {
            if (cancel_timeout != -1) EXPECT_EQ(set_cancel_timeout(cancel_timeout), Status::ok);
            id_ = os::thread_id();
            outcome_ = call(opnum, value_);
            finished_ = true;
        });
        ASSERT_TRUE(wait_for([] { return g_held != nullptr; }));
    }

    void* handle_ = nullptr;
    std::thread victim_;
    std::atomic<uint32_t> id_{0};
    std::atomic<bool> finished_{false};
    Status outcome_ = Status::call_pending;
    uint32_t value_ = 0;
};

TEST_F(Cancel, TheServerIsToldAndTheCallGoesOn) {
    start_victim(1);
    EXPECT_EQ(cancel_thread(id_, nullptr), Status::ok);
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::ok);
    EXPECT_EQ(value_, 8u);
}

TEST_F(Cancel, WithoutPatienceItEndsAtOnceAndTheServerGoesOn) {
    start_victim(0);
    const int32_t now = 0;
    EXPECT_EQ(cancel_thread(id_, &now), Status::ok);
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::call_cancelled);
    EXPECT_EQ(g_ended, 0);
    void* call_handle = g_held;
    EXPECT_TRUE(wait_for([&] { return server_test_cancel(call_handle) == Status::ok; }));
    // The connection serves on; the late answer is nobody's.
    uint32_t value = 0;
    EXPECT_EQ(call(2, value), Status::ok);
    EXPECT_EQ(value, 9u);
    g_release = true;
    ASSERT_TRUE(wait_for([] { return g_ended == 1; }));
    EXPECT_EQ(g_server_saw, Status::ok);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(call(2, value), Status::ok);
        EXPECT_EQ(value, 9u);
    }
}

TEST_F(Cancel, TheThreadsOwnTimeoutCounts) {
    start_victim(0, 0);
    EXPECT_EQ(cancel_thread(id_, nullptr), Status::ok);
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::call_cancelled);
}

TEST_F(Cancel, TheEarliestEndCounts) {
    start_victim(0);
    for (int32_t seconds : {1000, -1, 1, 500}) EXPECT_EQ(cancel_thread(id_, &seconds), Status::ok);
    const uint64_t before = os::now_ms();
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::call_cancelled);
    EXPECT_GE(os::now_ms() - before, 900u);
}

TEST_F(Cancel, OthersAndIdleThreadsAreSpared) {
    start_victim(0);
    const int32_t now = 0;
    EXPECT_EQ(cancel_thread(os::thread_id(), &now), Status::ok);  // makes no call
    EXPECT_EQ(cancel_thread(0x7FFFFFFF, &now), Status::ok);       // is none of ours
    uint32_t value = 0;
    EXPECT_EQ(call(2, value), Status::ok);
    EXPECT_FALSE(finished_);
    g_release = true;
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::ok);
    EXPECT_EQ(g_server_saw, Status::access_denied);
}

TEST_F(Cancel, TimesAreChecked) {
    const int32_t wrong = -2;
    EXPECT_EQ(cancel_thread(1, &wrong), Status::invalid_timeout);
    EXPECT_EQ(set_cancel_timeout(wrong), Status::invalid_timeout);
    EXPECT_EQ(set_cancel_timeout(INT32_MAX), Status::ok);
    EXPECT_EQ(set_cancel_timeout(-1), Status::ok);
}

// Cancels at every moment of many calls: each ends once, in one of two ways, and none harms the next.
TEST_F(Cancel, AtAnyMoment) {
    std::atomic<bool> stop{false};
    std::thread canceller([&] {
        const int32_t now = 0;
        while (!stop)
            if (id_ != 0) EXPECT_EQ(cancel_thread(id_, &now), Status::ok);
    });
    int cancelled = 0, done = 0;
    std::thread caller([&] {
        id_ = os::thread_id();
        for (int i = 0; i < 300; ++i) {
            uint32_t value = 0;
            const Status status = call(2, value);
            EXPECT_TRUE(status == Status::call_cancelled || (status == Status::ok && value == 9u)) << code(status);
            (failed(status) ? cancelled : done)++;
        }
    });
    caller.join();
    stop = true;
    canceller.join();
    EXPECT_EQ(cancelled + done, 300);
    uint32_t value = 0;
    EXPECT_EQ(call(2, value), Status::ok);
}

// RPC_C_OPT_CALL_TIMEOUT: the server is not told.
TEST_F(Cancel, ASilentServerEndsACallThatHasALimit) {
    RPC_CLIENT_INTERFACE iface{};
    iface.InterfaceId = {uuid, {1, 0}};
    iface.TransferSyntax = ndr;
    RPC_MESSAGE m{};
    m.Handle = handle_;
    m.RpcInterfaceInformation = &iface;
    ASSERT_EQ(get_buffer(m), Status::ok);
    from_handle<call::ClientCall>(m.ReservedForRuntime, HandleKind::client_call)->set_timeout(300);
    const uint64_t before = os::now_ms();
    EXPECT_EQ(send_receive(m), Status::call_cancelled);
    EXPECT_GE(os::now_ms() - before, 290u);
    ASSERT_NE(g_held, nullptr);
    g_release = true;
    ASSERT_TRUE(wait_for([] { return g_ended == 1; }));
    EXPECT_EQ(g_server_saw, Status::access_denied);
    uint32_t value = 0;
    EXPECT_EQ(call(2, value), Status::ok);
    EXPECT_EQ(value, 9u);
}

// ---- what a server hears ----

std::atomic<int> g_cancels{0}, g_disconnects{0};
std::atomic<void*> g_subject{nullptr};
void on_event(RPC_ASYNC_STATE* subject, void*, RPC_ASYNC_EVENT event) {
    g_subject = subject;
    if (event == RpcClientCancel) ++g_cancels;
    if (event == RpcClientDisconnect) ++g_disconnects;
}

class Notify : public Cancel {
protected:
    void SetUp() override {
        Cancel::SetUp();
        g_cancels = g_disconnects = 0;
        info_.NotificationRoutine = on_event;
        start_victim(0);
        call_ = g_held;
    }
    Status ask(uint32_t what) { return subscribe(call_, what, RpcNotificationTypeCallback, &info_); }
    Status stop(uint32_t what) { return unsubscribe(call_, what, &queued_); }
    void cancel_victim(int32_t seconds) { EXPECT_EQ(cancel_thread(id_, &seconds), Status::ok); }
    static constexpr uint32_t disconnect = 1, cancel = 2;
    RPC_ASYNC_NOTIFICATION_INFO info_{};
    ULong32 queued_ = 99;
    void* call_ = nullptr;
};

TEST_F(Notify, ACancelIsToldOnce) {
    EXPECT_EQ(ask(cancel | disconnect), Status::ok);
    cancel_victim(-1);
    ASSERT_TRUE(wait_for([] { return g_cancels != 0; }));
    cancel_victim(0);  // orphaned follows
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(g_subject, call_);
    EXPECT_EQ(stop(cancel), Status::ok);
    EXPECT_EQ(queued_, 1u);
    EXPECT_EQ(g_cancels, 1);
    EXPECT_EQ(stop(disconnect), Status::ok);
    EXPECT_EQ(queued_, 0u);
    EXPECT_EQ(stop(disconnect), Status::invalid_arg);
    EXPECT_EQ(g_disconnects, 0);
}

TEST_F(Notify, WhatHappenedBeforeIsToldAtOnce) {
    cancel_victim(-1);
    ASSERT_TRUE(wait_for([&] { return server_test_cancel(call_) == Status::ok; }));
    EXPECT_EQ(ask(cancel), Status::ok);
    EXPECT_EQ(g_cancels, 1);
    EXPECT_EQ(ask(cancel), Status::invalid_arg);  // twice
    EXPECT_EQ(stop(cancel), Status::ok);
    EXPECT_EQ(ask(cancel), Status::ok);  // again, but once per call is enough
    EXPECT_EQ(stop(cancel), Status::ok);
    EXPECT_EQ(queued_, 0u);
    EXPECT_EQ(g_cancels, 1);
}

TEST_F(Notify, UnsubscribedIsNotTold) {
    EXPECT_EQ(ask(cancel), Status::ok);
    EXPECT_EQ(stop(cancel), Status::ok);
    EXPECT_EQ(queued_, 0u);
    cancel_victim(-1);
    ASSERT_TRUE(wait_for([&] { return server_test_cancel(call_) == Status::ok; }));
    EXPECT_EQ(g_cancels, 0);
}

TEST_F(Notify, TheEndOfTheConnectionIsToldOnce) {
    EXPECT_EQ(ask(disconnect), Status::ok);
    EXPECT_EQ(ask(cancel), Status::ok);
    from_handle<call::ServerCall>(call_, HandleKind::server_call)->connection->close();
    ASSERT_TRUE(wait_for([] { return g_disconnects != 0; }));
    ASSERT_TRUE(wait_for([&] { return finished_.load(); }));
    EXPECT_EQ(outcome_, Status::call_failed);
    EXPECT_EQ(g_cancels, 0);
    EXPECT_EQ(stop(disconnect), Status::ok);
    EXPECT_EQ(queued_, 1u);
    EXPECT_EQ(ask(disconnect), Status::ok);
    EXPECT_EQ(g_disconnects, 1);
    EXPECT_EQ(server_test_cancel(call_), Status::call_in_progress);  // gone is not cancelled
}

TEST_F(Notify, ArgumentsAreChecked) {
    EXPECT_EQ(ask(0), Status::cannot_support);
    EXPECT_EQ(ask(4), Status::cannot_support);
    EXPECT_EQ(ask(7), Status::cannot_support);
    EXPECT_EQ(subscribe(call_, cancel, RpcNotificationTypeNone, &info_), Status::invalid_arg);
    EXPECT_EQ(subscribe(call_, cancel, static_cast<RPC_NOTIFICATION_TYPES>(7), &info_), Status::invalid_arg);
    EXPECT_EQ(subscribe(call_, cancel | disconnect, RpcNotificationTypeEvent, &info_), Status::invalid_arg);
    EXPECT_EQ(subscribe(call_, cancel, RpcNotificationTypeCallback, nullptr), Status::invalid_arg);
    EXPECT_EQ(subscribe(nullptr, cancel, RpcNotificationTypeCallback, &info_), Status::no_call_active);
    EXPECT_EQ(subscribe(handle_, cancel, RpcNotificationTypeCallback, &info_), Status::invalid_binding);
    EXPECT_EQ(subscribe(&info_, cancel, RpcNotificationTypeCallback, &info_), Status::invalid_binding);
    EXPECT_EQ(stop(cancel), Status::invalid_arg);
    EXPECT_EQ(stop(cancel | disconnect), Status::cannot_support);
    EXPECT_EQ(unsubscribe(call_, cancel, nullptr), Status::invalid_arg);
    EXPECT_EQ(unsubscribe(nullptr, cancel, &queued_), Status::no_call_active);
    void* state = nullptr;
    EXPECT_EQ(async_state_of(call_, &state), Status::invalid_async_handle);
    EXPECT_EQ(async_state_of(&info_, &state), Status::invalid_binding);
}

}  // namespace
}  // namespace rpc::runtime
