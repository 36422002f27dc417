#include "wire/string_binding.h"

#include <gtest/gtest.h>

#include "base/alloc.h"

namespace rpc::wire {
namespace {

struct Fields {
    const char *object, *protseq, *address, *endpoint, *options;
};

void expect_fields(const char* text, Fields f) {
    StringBinding b;
    ASSERT_EQ(parse_string_binding(text, b), Status::ok) << text;
    EXPECT_EQ(b.object.view(), f.object) << text;
    EXPECT_EQ(b.protseq.view(), f.protseq) << text;
    EXPECT_EQ(b.address.view(), f.address) << text;
    EXPECT_EQ(b.endpoint.view(), f.endpoint) << text;
    EXPECT_EQ(b.options.view(), f.options) << text;
}

Status parse_status(std::string_view text) {
    StringBinding b;
    return parse_string_binding(text, b);
}

constexpr const char* object = "308FB580-1EB2-11CA-923B-08002B1075A7";

// The examples of the documentation page "String Binding".
TEST(StringBinding, DocumentedExamples) {
    std::string o = std::string(object) + "@";
    expect_fields((o + "ncacn_http:major7.microsoft.com[2225]").c_str(),
                  {object, "ncacn_http", "major7.microsoft.com", "2225", ""});
    expect_fields((o + "ncacn_http:major7.microsoft.com[,HttpProxy=proxysvr:80,RpcProxy=websvr1:80]").c_str(),
                  {object, "ncacn_http", "major7.microsoft.com", "", "HttpProxy=proxysvr:80,RpcProxy=websvr1:80"});
    expect_fields((o + "ncacn_ip_tcp:16.20.16.27[endpoint=2001]").c_str(), {object, "ncacn_ip_tcp", "16.20.16.27", "2001", ""});
    expect_fields((o + "ncacn_nb_nb:").c_str(), {object, "ncacn_nb_nb", "", "", ""});
    expect_fields((o + "ncacn_nb_nb:[100]").c_str(), {object, "ncacn_nb_nb", "", "100", ""});
    expect_fields((o + R"(ncacn_np:[\\pipe\\p3,Security=impersonation static true])").c_str(),
                  {object, "ncacn_np", "", R"(\pipe\p3)", "Security=impersonation static true"});
    expect_fields((o + R"(ncacn_np:\\\\marketing[endpoint=\\pipe\\p2\\p3\\p4])").c_str(),
                  {object, "ncacn_np", R"(\\marketing)", R"(\pipe\p2\p3\p4)", ""});
    expect_fields((o + "ncacn_vns_spp:server@group@org[500]").c_str(), {object, "ncacn_vns_spp", "server@group@org", "500", ""});
    expect_fields("ncacn_at_dsp:server@zone", {"", "ncacn_at_dsp", "server@zone", "", ""});
}

TEST(StringBinding, Fields) {
    expect_fields("ncalrpc:", {"", "ncalrpc", "", "", ""});
    expect_fields("ncacn_ip_tcp:fe80::1[1]", {"", "ncacn_ip_tcp", "fe80::1", "1", ""});
    expect_fields("p:h[a=b]", {"", "p", "h", "", "a=b"});
    expect_fields("p:h[a=b,endpoint=5,c=d]", {"", "p", "h", "5", "a=b,c=d"});
    expect_fields("p:h[]", {"", "p", "h", "", ""});
    expect_fields("p:h[,]", {"", "p", "h", "", ""});
    expect_fields("p:h[e,]", {"", "p", "h", "e", ""});
    expect_fields("p:h[,endpoint=e]", {"", "p", "h", "e", ""});
    expect_fields(R"(p:a\:b[c\]d\,e\=f])", {"", "p", "a:b", "c]d,e=f", ""});
    expect_fields(R"(p\q:h\[)", {"", "pq", "h[", "", ""});
}

TEST(StringBinding, Refused) {
    for (const char* text : {"", "ncalrpc", "p:h[e", "p:h[e]x", "p:h[e,x]", "p:h[e,endpoint=f]", "p:h[endpoint=e,endpoint=f]",
                             "p:\\", "p:h[e\\", "p:h[e\\]", "p:[::1][1]", "p:\n"})
        EXPECT_EQ(parse_status(text), Status::invalid_string_binding) << text;
    EXPECT_EQ(parse_status("xyz@ncalrpc:"), Status::invalid_string_uuid);
    EXPECT_EQ(parse_status("{308FB580-1EB2-11CA-923B-08002B1075A7}@p:"), Status::invalid_string_uuid);
}

std::string composed(Fields f) {
    Str out;
    EXPECT_EQ(compose_string_binding(f.object, f.protseq, f.address, f.endpoint, f.options, out), Status::ok);
    return std::string(out.view());
}

TEST(StringBinding, Composed) {
    EXPECT_EQ(composed({"", "ncalrpc", "", "", ""}), "ncalrpc:");
    EXPECT_EQ(composed({"", "", "", "", ""}), "");
    EXPECT_EQ(composed({object, "ncacn_np", R"(\\srv)", R"(\pipe\x)", "Security=anonymous static true"}),
              std::string(object) + R"(@ncacn_np:\\\\srv[\\pipe\\x,Security=anonymous static true])");
    EXPECT_EQ(composed({"", "ncacn_http", "srv", "", "RpcProxy=a:80"}), "ncacn_http:srv[RpcProxy=a:80]");
    Str out;
    EXPECT_EQ(compose_string_binding("xyz", "p", "", "", "", out), Status::invalid_string_uuid);
}

TEST(StringBinding, WhatIsComposedIsReadBack) {
    for (Fields f : {Fields{"", "p:q@r", "h:i[j]@", "a,b]c[d:e=\\", "x=y]z"}, Fields{object, "p", "", "endpoint=1", "a=b,c=d"},
                     Fields{"", "p", "\xC3\xA9", "\xE2\x82\xAC", ""}})
        expect_fields(composed(f).c_str(), f);
}

TEST(StringBinding, EveryAllocationMayFail) {
    constexpr const char* text = "308FB580-1EB2-11CA-923B-08002B1075A7@p:host[endpoint=e,a=b,c=d]";
    for (int n = 1;; ++n) {
        StringBinding b;
        mem_fail_nth(n);
        Status status = parse_string_binding(text, b);
        mem_fail_nth(0);
        if (status == Status::ok) break;
        ASSERT_EQ(status, Status::out_of_memory);
        ASSERT_LT(n, 200);
    }
}

}  // namespace
}  // namespace rpc::wire
