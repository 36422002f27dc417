#include "wire/uuid.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rpc::wire {
namespace {

constexpr Uuid sample{0x6B29FC40, 0xCA47, 0x1067, {0xB3, 0x1D, 0x00, 0xDD, 0x01, 0x06, 0x62, 0xDA}};

TEST(Uuid, Text) {
    Uuid u;
    ASSERT_EQ(parse_uuid("6B29FC40-CA47-1067-B31D-00DD010662DA", u), Status::ok);
    EXPECT_EQ(u, sample);
    char text[uuid_text_size + 1];
    format_uuid(u, text);
    EXPECT_STREQ(text, "6b29fc40-ca47-1067-b31d-00dd010662da");
    for (const char* bad : {"", "{6B29FC40-CA47-1067-B31D-00DD010662DA}", "6B29FC40-CA47-1067-B31D-00DD010662D",
                            "6B29FC40-CA47-1067-B31D-00DD010662DAA", "6B29FC40CA471067B31D00DD010662DA0000",
                            "6B29FC40-CA47-1067-B31D-00DD010662Dg", "6B29FC40-CA47-1067-B31D-0-DD010662DA"}) {
        Uuid kept = sample;
        EXPECT_EQ(parse_uuid(bad, kept), Status::invalid_string_uuid) << bad;
        EXPECT_EQ(kept, sample);
    }
}

TEST(Uuid, Order) {
    Uuid bigger = sample;
    EXPECT_EQ(compare_uuid(sample, bigger), 0);
    bigger.data4[7]++;
    EXPECT_EQ(compare_uuid(sample, bigger), -1);
    bigger = sample;
    bigger.data1 = 0xFFFFFFFF;  // unsigned
    EXPECT_EQ(compare_uuid(bigger, sample), 1);
    EXPECT_EQ(compare_uuid(Uuid{}, sample), -1);
}

TEST(Uuid, Hash) {
    EXPECT_EQ(hash_uuid(Uuid{}), 0);
    EXPECT_EQ(hash_uuid(sample), 0x5A57);
}

TEST(Uuid, Versions) {
    uint8_t random[16];
    memset(random, 0xFF, sizeof random);
    Uuid r = random_uuid(random);
    EXPECT_EQ(r.data3 >> 12, 4);
    EXPECT_EQ(r.data4[0] >> 6, 2);
    const uint8_t node[6] = {1, 2, 3, 4, 5, 6};
    Uuid t = time_uuid(0x0123456789ABCDEF, 0xFFFF, node);
    EXPECT_EQ(t, (Uuid{0x89ABCDEF, 0x4567, 0x1123, {0xBF, 0xFF, 1, 2, 3, 4, 5, 6}}));
}

}  // namespace
}  // namespace rpc::wire
