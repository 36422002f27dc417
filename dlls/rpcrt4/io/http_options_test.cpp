#include "io/http_options.h"

#include <gtest/gtest.h>

namespace rpc::io {
namespace {

TEST(HttpOptions, AreReadByName) {
    HttpOptions o;
    ASSERT_EQ(parse_http_options("", o), Status::ok);
    EXPECT_TRUE(o.rpc_proxy.empty() && o.http_proxy.empty());
    ASSERT_EQ(parse_http_options("HttpProxy=proxysvr:80,RpcProxy=websvr1:8080", o), Status::ok);
    EXPECT_EQ(o.rpc_proxy, "websvr1");
    EXPECT_EQ(o.rpc_proxy_port, 8080);
    EXPECT_EQ(o.http_proxy, "proxysvr:80");
    EXPECT_FALSE(o.use_http_proxy);
    ASSERT_EQ(parse_http_options("rpcproxy=a,HTTPCONNECTIONOPTION=usehttpproxy", o), Status::ok);
    EXPECT_EQ(o.rpc_proxy, "a");
    EXPECT_EQ(o.rpc_proxy_port, 0);
    EXPECT_TRUE(o.http_proxy.empty() && o.use_http_proxy);
    ASSERT_EQ(parse_http_options("RpcProxy=[::1]:81", o), Status::ok);
    EXPECT_EQ(o.rpc_proxy, "[::1]");
    EXPECT_EQ(o.rpc_proxy_port, 81);
    ASSERT_EQ(parse_http_options("RpcProxy=[fe80::1]", o), Status::ok);
    EXPECT_EQ(o.rpc_proxy, "[fe80::1]");
    ASSERT_EQ(parse_http_options("RpcProxy=fe80::1", o), Status::ok);
    EXPECT_EQ(o.rpc_proxy, "fe80::1");
}

TEST(HttpOptions, WhatIsNoOptionIsRefused) {
    HttpOptions o;
    for (const char* text : {"RpcProxy", "RpcProxy=", "RpcProxy=:80", "RpcProxy=a:", "RpcProxy=a:b", "RpcProxy=a:0", "RpcProxy=a:65536",
                             "RpcProxy=a,RpcProxy=b", "HttpProxy=", "HttpProxy=a,HttpProxy=a", "Security=Impersonation", "=a", ",",
                             "HttpConnectionOption=Direct", "RpcProxy=a,,HttpProxy=b"})
        EXPECT_EQ(parse_http_options(text, o), Status::invalid_network_options) << text;
}

}  // namespace
}  // namespace rpc::io
