#include "io/http_credentials.h"

#include <gtest/gtest.h>

namespace rpc::io {
namespace {

std::string header(const char* user, const char* password) {
    HttpCredentials c;
    Str line;
    EXPECT_TRUE(c.user.assign(user) && c.password.assign(password));
    EXPECT_EQ(basic_authorization(c, line), Status::ok);
    return std::string(line.view());
}

TEST(HttpCredentials, BasicIsAsRfc7617HasIt) {
    EXPECT_EQ(header("Aladdin", "open sesame"), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
    EXPECT_EQ(header("test", "123\xC2\xA3"), "Authorization: Basic dGVzdDoxMjPCow==\r\n");
    EXPECT_EQ(header("a", "b"), "Authorization: Basic YTpi\r\n");
    EXPECT_EQ(header("a", "bc"), "Authorization: Basic YTpiYw==\r\n");
    EXPECT_EQ(header("", ""), "Authorization: Basic Og==\r\n");
    EXPECT_TRUE(basic_user_valid("DOMAIN\\user"));
    EXPECT_FALSE(basic_user_valid("a:b"));
    EXPECT_FALSE(basic_user_valid("a\r\nHost: b"));
}

TEST(HttpCredentials, AreComparedWhole) {
    HttpCredentials a, b;
    ASSERT_TRUE(a.user.assign("u") && b.user.assign("u") && a.password.assign("p") && b.password.assign("p"));
    EXPECT_TRUE(a == b);
    b.schemes = http_scheme::basic;
    EXPECT_FALSE(a == b);
    b.schemes = 0;
    ASSERT_TRUE(b.password.assign("q"));
    EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace rpc::io
