// Extended error information of calls over the in-memory transport, and the policy.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/error_record.h"
#include "base/os.h"
#include "runtime/async_call.h"
#include "runtime/binding.h"
#include "runtime/error_policy.h"
#include "runtime/message.h"
#include "runtime/server.h"
#include "wire/fault.h"

namespace rpc::runtime {
namespace {

constexpr RPC_SYNTAX_IDENTIFIER ndr = {{0x8A885D04, 0x1CEB, 0x11C9, {0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60}},
                                       {2, 0}};
constexpr uint32_t autolisten = 1;

struct ParkStub final : call::AsyncStub {
    RPC_ASYNC_STATE state{};
    Status complete(void*) override { return Status::ok; }
    void discard() override {}
};
std::atomic<RPC_ASYNC_STATE*> g_parked{nullptr};

void quick(RPC_MESSAGE*) {}
void park(RPC_MESSAGE* m) {
    auto stub = make<ParkStub>();
    ASSERT_EQ(async_initialize(&stub->state, sizeof stub->state), Status::ok);
    ASSERT_EQ(async_set_handle(*m, &stub->state, stub), Status::ok);
    g_parked = &stub->state;
}
RPC_DISPATCH_FUNCTION g_functions[] = {quick, park, nullptr};
RPC_DISPATCH_TABLE g_table = {2, g_functions, 0};

bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 20000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

class ErrorInfo : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(started());
        spec.Length = sizeof spec;
        spec.InterfaceId = {{0xE1, 7, 7, {1}}, {1, 0}};
        spec.TransferSyntax = ndr;
        spec.DispatchTable = &g_table;
        client.Length = sizeof client;
        client.InterfaceId = spec.InterfaceId;
        client.TransferSyntax = ndr;
        ASSERT_EQ(Server::instance().register_interface({&spec, {}, nullptr, autolisten, 0, UINT32_MAX, nullptr}), Status::ok);
        Ref<Binding> binding;
        ASSERT_EQ(Binding::create({{}, "ncalrpc", {}, "error_info_test", {}}, nullptr, binding), Status::ok);
        ASSERT_EQ(Binding::to_handle(std::move(binding), &handle), Status::ok);
        set_errors_propagate(true);
        clear_thread_errors();
    }
    void TearDown() override {
        set_errors_propagate(false);
        clear_thread_errors();
        (void)failed(Server::instance().unregister_interface(&spec, nullptr, true));
        EXPECT_EQ(Binding::free_handle(&handle), Status::ok);
    }
    static bool started() {
        static const Status status = Server::instance().use_endpoint("ncalrpc", "error_info_test", 10, nullptr);
        return !failed(status);
    }
    Status call(unsigned opnum) {
        RPC_MESSAGE m{};
        m.Handle = handle;
        m.RpcInterfaceInformation = &client;
        m.ProcNum = opnum;
        RPC_TRY(get_buffer(m));
        RPC_TRY(send_receive(m));
        return free_buffer(m);
    }
    Status issue(unsigned opnum) {
        RPC_TRY(async_initialize(&state, sizeof state));
        state.NotificationType = RpcNotificationTypeNone;
        message.Handle = handle;
        message.RpcInterfaceInformation = &client;
        message.ProcNum = opnum;
        message.RpcFlags = RPC_BUFFER_ASYNC;
        RPC_TRY(get_buffer(message));
        RPC_TRY(async_set_handle(message, &state, nullptr));
        return send(message);
    }
    // What aborting the parked call with `code` does to its client, who collects it on a thread of his own.
    ErrorChain abort(uint32_t code) {
        EXPECT_EQ(async_abort_call(g_parked.exchange(nullptr), code), Status::ok);
        EXPECT_TRUE(wait_for([&] { return async_status(&state) != Status::call_pending; }));
        ErrorChain told;
        std::thread([&] {
            note_error(ErrorComponent::runtime, 99, 0);  // of something else
            EXPECT_EQ(rpc::code(async_complete(&state, nullptr)), code);
            told = take_thread_errors();
        }).join();
        return told;
    }

    RPC_SERVER_INTERFACE spec{};
    RPC_CLIENT_INTERFACE client{};
    RPC_MESSAGE message{};
    RPC_ASYNC_STATE state{};
    void* handle = nullptr;
};

TEST_F(ErrorInfo, AFaultBringsTheServersRecords) {
    ASSERT_EQ(call(9), Status::procnum_out_of_range);
    ErrorChain told = take_thread_errors();
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0]->status, 1745u);
    EXPECT_EQ(told[0]->component, 2u);
    EXPECT_EQ(told[0]->location, detected::no_procedure);
    EXPECT_FALSE(told[0]->computer.empty());
    EXPECT_EQ(told[1]->status, 1745u);
    EXPECT_EQ(told[1]->location, detected::receive_reply);
    EXPECT_TRUE(told[1]->computer.empty());
    ASSERT_EQ(told[1]->param_count, 1);
    EXPECT_EQ(told[1]->params[0].number, wire::nca::op_rng_error);
}

TEST_F(ErrorInfo, ByPolicyAServerIsSilent) {
    set_errors_propagate(false);
    ASSERT_EQ(call(9), Status::procnum_out_of_range);
    ErrorChain told = take_thread_errors();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0]->location, detected::receive_reply);
}

TEST_F(ErrorInfo, ACallThatSucceedsLeavesNone) {
    note_error(ErrorComponent::runtime, 1, 0);
    ASSERT_EQ(call(0), Status::ok);
    EXPECT_TRUE(take_thread_errors().empty());
}

TEST_F(ErrorInfo, AnAbortTellsWhatItsThreadHasOfTheSameCode) {
    ASSERT_EQ(issue(1), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked != nullptr; }));
    note_error(ErrorComponent::application, 4711, 0, {std::string_view("why")});
    ErrorChain told = abort(4711);
    ASSERT_EQ(told.size(), 3u);
    EXPECT_EQ(told[0]->component, 1u);
    EXPECT_EQ(told[0]->status, 4711u);
    ASSERT_EQ(told[0]->param_count, 1);
    EXPECT_TRUE(told[0]->computer.empty());
    EXPECT_EQ(told[1]->component, 2u);
    EXPECT_EQ(told[1]->location, detected::dispatch_failed);
    EXPECT_FALSE(told[1]->computer.empty());
    EXPECT_EQ(told[2]->location, detected::receive_reply);
    EXPECT_EQ(thread_errors(false)->size(), 1u) << "the aborting thread keeps its own";
}

TEST_F(ErrorInfo, AnAbortKeepsWhatIsOfAnotherCode) {
    ASSERT_EQ(issue(1), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked != nullptr; }));
    note_error(ErrorComponent::application, 4712, 0);
    ErrorChain told = abort(4711);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0]->location, detected::dispatch_failed);
    EXPECT_EQ(told[0]->status, 4711u);
}

TEST_F(ErrorInfo, ALongChainIsCutToTheFragment) {
    ASSERT_EQ(issue(1), Status::ok);
    ASSERT_TRUE(wait_for([] { return g_parked != nullptr; }));
    for (int i = 0; i < 3000; ++i) note_error(ErrorComponent::application, 4711, static_cast<uint16_t>(i));
    ErrorChain told = abort(4711);
    ASSERT_GT(told.size(), 100u);
    ASSERT_LT(told.size(), 3000u);
    EXPECT_EQ(told[0]->location, 0);
    EXPECT_EQ(told[0]->flags, error_flag::previous_missing);
    EXPECT_EQ(told[1]->flags, error_flag::next_missing);
}

TEST_F(ErrorInfo, ARefusedBindIsNoted) {
    client.InterfaceId.SyntaxGUID.Data1 = 0xE2;
    ASSERT_EQ(call(0), Status::unknown_if);
    ErrorChain told = take_thread_errors();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0]->status, 1717u);
    EXPECT_EQ(told[0]->location, detected::bind_refused);
}

bool says(uint32_t mode, std::string_view exceptions, std::string_view command_line) {
    ErrorPolicy policy;
    policy.mode = mode;
    EXPECT_TRUE(policy.exceptions.assign(exceptions));
    return propagates(policy, command_line);
}

TEST(ErrorPolicy, Modes) {
    const std::string_view list = "lsass \"Secure Server\" win";
    for (std::string_view line : {"lsass.exe", "Secure Server /x", "\"secure server.exe\" /y", "WINWORD.EXE"}) {
        EXPECT_FALSE(says(ErrorPolicy::off, list, line));
        EXPECT_FALSE(says(ErrorPolicy::on_with_exceptions, list, line)) << line;
        EXPECT_TRUE(says(ErrorPolicy::off_with_exceptions, list, line)) << line;
        EXPECT_TRUE(says(ErrorPolicy::on, list, line));
    }
    for (std::string_view line : {"other.exe", "Secure", "wi", ""}) {
        EXPECT_TRUE(says(ErrorPolicy::on_with_exceptions, list, line)) << line;
        EXPECT_FALSE(says(ErrorPolicy::off_with_exceptions, list, line)) << line;
    }
    EXPECT_FALSE(says(4, "", "x"));
    EXPECT_FALSE(says(ErrorPolicy::off_with_exceptions, "\"\" \"", "x"));
}

}  // namespace
}  // namespace rpc::runtime
