#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "base/block_cache.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "base/ref.h"
#include "base/vector.h"

namespace rpc {
namespace {

TEST(Buffer, GrowsAndKeepsItsContent) {
    Buffer b;
    for (uint8_t i = 0; i < 200; ++i) ASSERT_TRUE(b.append({&i, 1}));
    ASSERT_EQ(b.size(), 200u);
    for (size_t i = 0; i < 200; ++i) EXPECT_EQ(b.data()[i], i);
    b.drop_front(150);
    EXPECT_EQ(b.size(), 50u);
    EXPECT_EQ(b.data()[0], 150);
}

TEST(Buffer, RefusedMemoryChangesNothing) {
    Buffer b;
    ASSERT_TRUE(b.resize(8));
    std::memset(b.data(), 7, 8);
    mem_fail_nth(1);
    EXPECT_FALSE(b.resize(100000));
    mem_fail_nth(0);
    EXPECT_EQ(b.size(), 8u);
    EXPECT_EQ(b.data()[7], 7);
}

TEST(Buffer, BriefOnesAreAsOthers) {
    Buffer b;
    ASSERT_TRUE(b.reserve_brief(0));
    EXPECT_EQ(b.data(), nullptr);
    ASSERT_TRUE(b.reserve_brief(10) && b.resize(10));
    std::memset(b.data(), 7, 10);
    ASSERT_TRUE(b.reserve_brief(5000) && b.resize(5000));
    EXPECT_EQ(b.data()[9], 7);
    mem_fail_nth(1);
    Buffer refused;
    EXPECT_FALSE(refused.reserve_brief(10));
    EXPECT_EQ(refused.capacity(), 0u);
}

TEST(BlockCache, KeepsAsManyAsItHasSlots) {
    BlockCache<3> cache;
    char blocks[4];
    EXPECT_EQ(cache.take(), nullptr);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(cache.keep(&blocks[i], 2));
    EXPECT_FALSE(cache.keep(&blocks[3]));
    EXPECT_EQ(cache.take(2), &blocks[0]);  // what was kept there last
    EXPECT_TRUE(cache.keep(&blocks[3], 1));
    std::set<void*> rest;
    while (void* block = cache.take(1)) EXPECT_TRUE(rest.insert(block).second);
    EXPECT_EQ(rest, (std::set<void*>{&blocks[1], &blocks[2], &blocks[3]}));
}

// Each block is one thread's at a time: who gets it finds what the last owner left, and nobody else writes into it.
TEST(BlockCache, ThreadsNeverShareABlock) {
    BlockCache<1> cache;
    struct Block {
        std::atomic<long> owner{0};
        long turns = 0;
    } block;
    ASSERT_TRUE(cache.keep(&block));
    std::atomic<long> turns{0}, shared{0};
    std::vector<std::thread> threads;
    for (long me = 1; me <= 4; ++me)
        threads.emplace_back([&, me] {
            for (int i = 0; i < 1000000; ++i) {
                auto* taken = static_cast<Block*>(cache.take());
                if (!taken) continue;
                shared += taken->owner.exchange(me) != 0;
                ++taken->turns;
                ++turns;
                shared += taken->owner.exchange(0) != me;
                shared += !cache.keep(taken);
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(shared, 0);
    EXPECT_EQ(block.turns, turns);
    EXPECT_GT(turns, 0);
}

TEST(Reader, ReadsBothByteOrdersAndStopsAtTheEnd) {
    const uint8_t raw[] = {1, 2, 3, 4, 5, 6};
    Reader little(raw);
    EXPECT_EQ(little.u32(), 0x04030201u);
    Reader big(raw, true);
    EXPECT_EQ(big.u16(), 0x0102u);
    EXPECT_EQ(big.u32(), 0x03040506u);
    EXPECT_TRUE(big.ok());
    EXPECT_EQ(big.u8(), 0u);
    EXPECT_FALSE(big.ok());
    EXPECT_EQ(big.remaining(), 0u);
}

TEST(Reader, AlignsFromTheStartOfTheView) {
    const uint8_t raw[8] = {9, 0, 0, 0, 1, 0, 0, 0};
    Reader r(raw);
    EXPECT_EQ(r.u8(), 9);
    r.align(4);
    EXPECT_EQ(r.u32(), 1u);
}

TEST(Writer, PatchesAndAligns) {
    Buffer b;
    Writer w(b);
    w.u8(1);
    w.align(4);
    w.u32(0);
    w.patch_u32(4, 0xAABBCCDD);
    ASSERT_TRUE(w.ok());
    Reader r(b.view());
    EXPECT_EQ(r.u8(), 1);
    r.align(4);
    EXPECT_EQ(r.u32(), 0xAABBCCDDu);
    w.patch_u32(6, 1);
    EXPECT_FALSE(w.ok());
}

struct Counted : RefCounted<Counted> {
    explicit Counted(int* d) : destroyed(d) {}
    ~Counted() { ++*destroyed; }
    int* destroyed;
};

TEST(Ref, DestroysWithTheLastReference) {
    int destroyed = 0;
    Ref<Counted> a = make_ref<Counted>(&destroyed);
    Ref<Counted> b = a;
    a.reset();
    EXPECT_EQ(destroyed, 0);
    b.reset();
    EXPECT_EQ(destroyed, 1);
}

TEST(Ref, AnswersNullWithoutMemory) {
    int destroyed = 0;
    mem_fail_nth(1);
    EXPECT_FALSE(make_ref<Counted>(&destroyed));
    EXPECT_EQ(destroyed, 0);
}

struct Item : ListLink<> {
    explicit Item(int v) : value(v) {}
    int value;
};

TEST(List, KeepsOrderAndUnlinks) {
    Item a(1), b(2), c(3);
    List<Item> list;
    list.push_back(&a);
    list.push_back(&b);
    list.push_front(&c);
    EXPECT_EQ(list.count(), 3u);
    list.remove(&a);
    EXPECT_FALSE(a.linked());
    EXPECT_EQ(list.pop_front()->value, 3);
    EXPECT_EQ(list.pop_front()->value, 2);
    EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(Vector, ErasesInOrder) {
    Vector<int> v;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(v.push_back(i));
    v.erase(3);
    EXPECT_EQ(v.size(), 9u);
    EXPECT_EQ(v[3], 4);
    EXPECT_EQ(v.pop_back(), 9);
}

TEST(Condition, TimesOutAndWakes) {
    struct Shared {
        Mutex m;
        Condition c;
        bool done = false;
    } s;
    {
        Guard g(s.m);
        EXPECT_FALSE(s.c.wait(s.m, 5));
    }
    ASSERT_EQ(os::start_thread(
                  [](void* p) {
                      auto shared = static_cast<Shared*>(p);
                      Guard g(shared->m);
                      shared->done = true;
                      shared->c.wake_all();
                  },
                  &s),
              Status::ok);
    Guard g(s.m);
    while (!s.done) s.c.wait(s.m);
    EXPECT_TRUE(s.done);
}

}  // namespace
}  // namespace rpc
