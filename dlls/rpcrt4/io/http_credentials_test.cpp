#include "io/http_credentials.h"

#include <gtest/gtest.h>

namespace rpc::io {
namespace {

std::string header(const char* user, const char* password) {
    HttpCredentials c;
    Str line;
    EXPECT_TRUE(c.user.assign(user) && c.password.assign(password));
    EXPECT_EQ(basic_authorization(c, http_target::server, line), Status::ok);
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

TEST(HttpCredentials, ACookieIsOneLineOfAscii) {
    for (const char* text : {"a=b", "a=b; c=\"d e\"", "~"}) EXPECT_TRUE(cookie_valid(text)) << text;
    for (const char* text : {"", "a=b\r\nHost: c", "a\tb", "\x7f", "\xC2\xA3"}) EXPECT_FALSE(cookie_valid(text)) << text;
}

TEST(HttpCredentials, AChallengeOfNtlmIsOne) {
    Buffer token;
    bool found;
    ASSERT_EQ(ntlm_challenge("NTLM TlRMTVNTUAA=", token, found), Status::ok);
    ASSERT_TRUE(found);
    EXPECT_EQ(std::string(token.data(), token.data() + token.size()), std::string("NTLMSSP\0", 8));
    Str line;
    ASSERT_EQ(ntlm_authorization(token.view(), http_target::proxy, line), Status::ok);
    EXPECT_EQ(line.view(), "Proxy-Authorization: NTLM TlRMTVNTUAA=\r\n");
    ASSERT_EQ(ntlm_challenge("ntlm /+8=", token, found), Status::ok);
    EXPECT_TRUE(found && token.size() == 2 && token.data()[0] == 0xff && token.data()[1] == 0xef);
    for (const char* text : {"", "NTLM", "NTLM ", "Basic realm=\"x\"", "Negotiate TlRMTVNTUAA=", "NTLM TlRMTVNTUAA", "NTLM T=RM", "NTLM ====",
                             "NTLM TlRM TlRM", "NTLM T\"==", "NTLM  TlRMTVNTUAA="}) {
        ASSERT_EQ(ntlm_challenge(text, token, found), Status::ok);
        EXPECT_FALSE(found) << text;
    }
}

TEST(HttpCredentials, AreComparedWhole) {
    HttpCredentials a, b;
    ASSERT_TRUE(a.user.assign("u") && b.user.assign("u") && a.password.assign("p") && b.password.assign("p"));
    EXPECT_TRUE(a == b);
    b.schemes = http_scheme::basic;
    EXPECT_FALSE(a == b);
    b.schemes = 0;
    b.ssl = true;
    EXPECT_FALSE(a == b);
    b.ssl = false;
    b.targets = http_target::proxy;
    EXPECT_FALSE(a == b);
    b.targets = a.targets;
    EXPECT_TRUE(a == b);
    ASSERT_TRUE(b.password.assign("q"));
    EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace rpc::io
