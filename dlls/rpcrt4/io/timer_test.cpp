#include "io/timer.h"

#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "base/os.h"

namespace rpc::io {
namespace {

std::mutex g_mutex;
std::vector<int> g_ran;

struct Note final : DelayedWork {
    explicit Note(int n) : number(n) {}
    const int number;
    uint64_t ran_ms = 0;
    void run() override {
        std::lock_guard g(g_mutex);
        ran_ms = os::now_ms();
        g_ran.push_back(number);
    }
};

std::vector<int> ran_after(size_t count) {
    for (int i = 0; i < 20000; ++i) {
        {
            std::lock_guard g(g_mutex);
            if (g_ran.size() >= count) return g_ran;
        }
        os::sleep_ms(1);
    }
    std::lock_guard g(g_mutex);
    return g_ran;
}

TEST(Timer, RunsWhatIsDueInItsOrderAndNotBefore) {
    g_ran.clear();
    ASSERT_EQ(start_timer(), Status::ok);
    ASSERT_EQ(start_timer(), Status::ok);
    Note first{1}, second{2}, third{3}, never{4};
    const uint64_t began = os::now_ms();
    submit_after(third, 300);
    submit_after(first, 60);
    submit_after(never, 150);
    submit_after(second, 180);
    EXPECT_TRUE(take_back(never));
    EXPECT_FALSE(take_back(never));
    EXPECT_EQ(ran_after(3), (std::vector<int>{1, 2, 3}));
    EXPECT_GE(first.ran_ms, began + 60);
    EXPECT_GE(third.ran_ms, began + 300);
    EXPECT_FALSE(take_back(first));
    submit_after(never, 0);  // what was taken back may go again
    EXPECT_EQ(ran_after(4).back(), 4);
}

}  // namespace
}  // namespace rpc::io
