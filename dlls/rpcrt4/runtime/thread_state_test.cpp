#include "runtime/thread_state.h"

#include <gtest/gtest.h>

#include <thread>

namespace rpc::runtime {
namespace {

struct NoDispatcher final : call::Dispatcher {
    void dispatch(call::ServerCall&) override {}
};

void* any_allocate(size_t) {
    return nullptr;
}
void any_free(void*) {}

// What a manager leaves behind goes with its dispatch, and what its thread had before comes back.
TEST(ThreadState, ADispatchLeavesTheThreadAsItWas) {
    std::thread([] {
        NoDispatcher dispatcher;
        auto call = make_ref<call::ServerCall>(dispatcher);
        auto mine = make_ref<MemoryEnvironment>();
        thread_memory(true)->use(mine);
        thread_memory(true)->client_allocate = any_allocate;
        thread_memory(true)->client_free = any_free;

        CallScope scope(*call);
        ASSERT_TRUE(scope.entered());
        EXPECT_EQ(current_call(), call);
        EXPECT_FALSE(thread_memory(false)->environment());
        EXPECT_EQ(thread_memory(false)->client_allocate, nullptr);
        auto left = make_ref<MemoryEnvironment>();
        void* memory = nullptr;
        ASSERT_EQ(left->allocate(100, memory), Status::ok);
        thread_memory(false)->use(left);
        thread_memory(false)->client_allocate = any_allocate;
        thread_memory(false)->client_free = any_free;
        scope.leave();

        EXPECT_TRUE(left->ended());
        EXPECT_FALSE(left->free(memory));
        EXPECT_EQ(thread_memory(false)->environment(), mine);
        EXPECT_EQ(thread_memory(false)->client_free, any_free);
        EXPECT_FALSE(mine->ended());
        EXPECT_FALSE(current_call());
    }).join();
}

// A call of its own keeps its environment though the dispatching thread goes on to something else.
TEST(ThreadState, ADispatchDoesNotEndWhatOthersUse) {
    std::thread([] {
        NoDispatcher dispatcher;
        auto call = make_ref<call::ServerCall>(dispatcher);
        auto environment = make_ref<MemoryEnvironment>();
        environment->attach();
        CallScope scope(*call);
        thread_memory(false)->use(environment);
        scope.leave();
        EXPECT_FALSE(environment->ended());
        environment->detach(true);
        EXPECT_TRUE(environment->ended());
    }).join();
}

}  // namespace
}  // namespace rpc::runtime
