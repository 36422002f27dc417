// The table of a connection's calls, few and many, with and without memory for it.
#include <gtest/gtest.h>

#include <vector>

#include "link/call_table.h"

namespace rpc::link {
namespace {

struct Item : ListLink<> {
    uint32_t id = 0;
    Item* chain = nullptr;
};
using Table = CallTable<Item, void, &Item::id, &Item::chain>;

void fill_and_empty(uint32_t step) {
    constexpr size_t n = 2000;
    std::vector<Item> items(n);
    Table table;
    for (size_t i = 0; i < n; ++i) {
        items[i].id = static_cast<uint32_t>(i * step);
        EXPECT_EQ(table.find(items[i].id), nullptr);
        table.add(&items[i]);
    }
    EXPECT_EQ(table.count(), n);
    EXPECT_EQ(table.front(), &items[0]);
    for (Item& item : items) ASSERT_EQ(table.find(item.id), &item);
    for (size_t i = 0; i < n; i += 2) table.remove(&items[i]);
    for (size_t i = 0; i < n; ++i) ASSERT_EQ(table.find(items[i].id), i % 2 ? &items[i] : nullptr);
    EXPECT_EQ(table.front(), &items[1]);
    while (Item* item = table.front()) table.remove(item);
    EXPECT_TRUE(table.empty());
    EXPECT_EQ(table.find(step), nullptr);
}

TEST(CallTable, FindsEveryCall) {
    for (uint32_t step : {1u, 2u, 65536u, 0x9E3779B1u}) fill_and_empty(step);
}

TEST(CallTable, OfSeveralOfOneIdTheLatestIsFound) {
    for (size_t others : {size_t{0}, size_t{100}}) {
        std::vector<Item> items(others + 3);
        Table table;
        for (size_t i = 0; i < items.size(); ++i) {
            items[i].id = i < others ? static_cast<uint32_t>(1000 + i) : 7;
            table.add(&items[i]);
        }
        for (size_t i = items.size(); i-- > others;) {
            ASSERT_EQ(table.find(7), &items[i]);
            table.remove(&items[i]);
        }
        EXPECT_EQ(table.find(7), nullptr);
        while (Item* item = table.front()) table.remove(item);
    }
}

TEST(CallTable, WithoutMemoryItIsSlowAndRight) {
    for (long fail = 1; fail < 6; ++fail) {
        mem_fail_nth(fail);
        fill_and_empty(1);
        mem_fail_nth(0);
    }
}

}  // namespace
}  // namespace rpc::link
