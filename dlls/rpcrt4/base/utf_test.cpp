#include "base/utf.h"

#include <gtest/gtest.h>

namespace rpc {
namespace {

std::u16string there_and_back(std::u16string_view text) {
    Str utf8;
    EXPECT_EQ(utf8_from_utf16(text, utf8), Status::ok);
    std::u16string out(utf8.size(), 0);
    out.resize(utf16_from_utf8(utf8.view(), out.data()));
    return out;
}

TEST(Utf, ThereAndBack) {
    for (std::u16string_view text : {u"", u"ncalrpc", u"\u00E9\u20AC", u"\U0001F600x", u"\uFFFF\u0080\u07FF\u0800"})
        EXPECT_EQ(there_and_back(text), text);
    const char16_t halves[] = {0xD83D, u'a', 0xDE00, 0xD83D, 0xD83D, 0xDE00, 0xDFFF};
    EXPECT_EQ(there_and_back({halves, 7}), std::u16string_view(halves, 7));
}

TEST(Utf, Bytes) {
    Str utf8;
    ASSERT_EQ(utf8_from_utf16(u"\u00E9\u20AC\U0001F600", utf8), Status::ok);
    EXPECT_EQ(utf8.view(), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Utf, WhatIsNoUtf8) {
    for (std::string_view bad : {"\x80", "\xC3", "\xE2\x82", "\xF5\x80\x80\x80", "\xC0\x80", "\xE0\x80\x80", "\xFF"}) {
        std::u16string out(bad.size(), 0);
        out.resize(utf16_from_utf8(bad, out.data()));
        EXPECT_EQ(out, std::u16string(bad.size(), 0xFFFD));
    }
}

}  // namespace
}  // namespace rpc
