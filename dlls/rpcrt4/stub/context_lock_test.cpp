#include "stub/context_lock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "base/os.h"
#include "stub/context_handle.h"
#include "stub/procedure.h"

namespace rpc::stub {
namespace {

bool wait_for(const std::function<bool()>& done) {
    for (int i = 0; i < 20000 && !done(); ++i) os::sleep_ms(1);
    return done();
}

TEST(ContextLock, WritersComeOneByOne) {
    ContextLock lock;
    std::atomic<int> inside{0}, most{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                ASSERT_EQ(lock.acquire(ContextMode::exclusive, nullptr), Status::ok);
                most = std::max(most.load(), ++inside);
                os::sleep_ms(1);
                --inside;
                lock.release(ContextMode::exclusive);
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(most, 1);
}

TEST(ContextLock, ReadersShare) {
    ContextLock lock;
    std::atomic<int> inside{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
            ++inside;
            EXPECT_TRUE(wait_for([&] { return inside == 3; }));
            lock.release(ContextMode::shared);
        });
    for (auto& t : threads) t.join();
    EXPECT_FALSE(lock.contended(ContextMode::exclusive));
}

TEST(ContextLock, ReadersLetAWaitingWriterGoFirst) {
    ContextLock lock;
    std::string order;
    ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
    std::thread writer([&] {
        ASSERT_EQ(lock.acquire(ContextMode::exclusive, nullptr), Status::ok);
        order += 'w';
        lock.release(ContextMode::exclusive);
    });
    ASSERT_TRUE(wait_for([&] { return lock.contended(ContextMode::shared); }));
    std::thread reader([&] {
        ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
        order += 'r';
        lock.release(ContextMode::shared);
    });
    order += '-';
    lock.release(ContextMode::shared);
    writer.join();
    reader.join();
    EXPECT_EQ(order, "-wr");
}

TEST(ContextLock, OfTwoWhoWantMoreOneComesFirst) {
    ContextLock lock;
    std::atomic<int> readers{0}, first{0}, second{0}, inside{0}, most{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
        threads.emplace_back([&] {
            ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
            ++readers;
            ASSERT_TRUE(wait_for([&] { return readers == 2; }));
            const Status status = lock.upgrade();
            most = std::max(most.load(), ++inside);
            first += status == Status::ok;
            second += status == Status::more_writes;
            --inside;
            lock.release(ContextMode::exclusive);
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(first, 1);
    EXPECT_EQ(second, 1);
    EXPECT_EQ(most, 1);
    EXPECT_FALSE(lock.contended(ContextMode::exclusive));
}

TEST(ContextLock, AReaderThatWantsMoreWaitsForTheOthers) {
    ContextLock lock;
    ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
    ASSERT_EQ(lock.acquire(ContextMode::shared, nullptr), Status::ok);
    std::atomic<bool> released{false}, seen{false};
    std::thread t([&] {
        EXPECT_EQ(lock.upgrade(), Status::ok);
        seen = released.load();
    });
    ASSERT_TRUE(wait_for([&] { return lock.contended(ContextMode::shared); }));
    released = true;
    lock.release(ContextMode::shared);
    t.join();
    EXPECT_TRUE(seen);
    EXPECT_TRUE(lock.contended(ContextMode::shared));
    lock.downgrade();
    EXPECT_FALSE(lock.contended(ContextMode::shared));
    EXPECT_TRUE(lock.contended(ContextMode::exclusive));
}

class Uses : public testing::Test {
protected:
    Uses() {
        for (auto& c : contexts) c = server_context_new();
        for (int i = 0; i < 3; ++i) user_context(*contexts[i]) = &values[i];
        uses.begin(room);
    }
    ~Uses() override {
        uses.unlock();
        for (auto* c : contexts) server_context_release(c);
    }
    ServerContext* contexts[3];
    int values[3];
    ContextUse room[4];
    ContextUses uses;
    int call;
};

TEST_F(Uses, AContextIsLockedOnceAndByTheStrongerMode) {
    uses.add(*contexts[2], ContextMode::shared);
    uses.add(*contexts[0], ContextMode::shared);
    uses.add(*contexts[2], ContextMode::exclusive);
    uses.add(*contexts[0], ContextMode::shared);
    ASSERT_EQ(uses.lock(&call), Status::ok);
    EXPECT_TRUE(lock_of(*contexts[2]).contended(ContextMode::shared));
    EXPECT_FALSE(lock_of(*contexts[0]).contended(ContextMode::shared));
    EXPECT_TRUE(lock_of(*contexts[0]).contended(ContextMode::exclusive));
    uses.unlock();
    EXPECT_FALSE(lock_of(*contexts[2]).contended(ContextMode::exclusive));
    EXPECT_FALSE(lock_of(*contexts[0]).contended(ContextMode::exclusive));
}

TEST_F(Uses, CallsTakeThemInOneOrder) {
    ContextUse other_room[4];
    ContextUses other;
    other.begin(other_room);
    uses.add(*contexts[0], ContextMode::exclusive);
    uses.add(*contexts[1], ContextMode::exclusive);
    other.add(*contexts[1], ContextMode::exclusive);
    other.add(*contexts[0], ContextMode::exclusive);
    EXPECT_EQ(room[0].context, other_room[0].context);
    EXPECT_EQ(room[1].context, other_room[1].context);
}

TEST_F(Uses, TheManagerChangesItsMode) {
    uses.add(*contexts[0], ContextMode::shared);
    uses.add(*contexts[1], ContextMode::none);
    EXPECT_EQ(ContextUses::change(&call, &values[0], ContextMode::exclusive), Status::invalid_handle);
    ASSERT_EQ(uses.lock(&call), Status::ok);
    EXPECT_EQ(ContextUses::change(&call, &values[2], ContextMode::exclusive), Status::invalid_handle);
    EXPECT_EQ(ContextUses::change(&values, &values[0], ContextMode::exclusive), Status::invalid_handle);
    EXPECT_EQ(ContextUses::change(&call, nullptr, ContextMode::exclusive), Status::invalid_handle);
    EXPECT_EQ(ContextUses::change(&call, &values[0], ContextMode::exclusive), Status::ok);
    EXPECT_TRUE(lock_of(*contexts[0]).contended(ContextMode::shared));
    EXPECT_EQ(ContextUses::change(&call, &user_context(*contexts[0]), ContextMode::shared), Status::ok);
    EXPECT_FALSE(lock_of(*contexts[0]).contended(ContextMode::shared));
    // A new one: nothing to do.
    EXPECT_EQ(ContextUses::change(&call, &user_context(*contexts[1]), ContextMode::exclusive), Status::ok);
    EXPECT_FALSE(lock_of(*contexts[1]).contended(ContextMode::exclusive));
    EXPECT_EQ(ContextUses::change(&call, &values[0], ContextMode::exclusive), Status::ok);
    uses.unlock();
    EXPECT_FALSE(lock_of(*contexts[0]).contended(ContextMode::exclusive));
}

TEST(ContextMode, TypesSayIt) {
    EXPECT_EQ(context_mode(context_in), ContextMode::exclusive);
    EXPECT_EQ(context_mode(context_in | context_serialize), ContextMode::exclusive);
    EXPECT_EQ(context_mode(context_in | context_no_serialize), ContextMode::shared);
}

}  // namespace
}  // namespace rpc::stub
