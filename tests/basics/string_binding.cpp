// Documentation pages String Binding, RpcStringBindingCompose, RpcStringBindingParse, RpcStringFree.
#include <windows.h>
#include <rpc.h>

#include <string.h>

#include "check.h"

namespace {

unsigned char* ansi(const char* s) { return reinterpret_cast<unsigned char*>(const_cast<char*>(s)); }
unsigned short* wide(const wchar_t* s) { return reinterpret_cast<unsigned short*>(const_cast<wchar_t*>(s)); }
bool is(RPC_CSTR s, const char* text) { return s && !strcmp(reinterpret_cast<char*>(s), text); }
bool is(RPC_WSTR s, const wchar_t* text) { return s && !wcscmp(reinterpret_cast<wchar_t*>(s), text); }

constexpr const char* object = "308FB580-1EB2-11CA-923B-08002B1075A7";

void composes(const char* o, const char* p, const char* n, const char* e, const char* q, const char* expected) {
    RPC_CSTR out = nullptr;
    CHECK_EQ(RpcStringBindingComposeA(ansi(o), ansi(p), ansi(n), ansi(e), ansi(q), &out), RPC_S_OK);
    CHECK(is(out, expected));
    if (!is(out, expected)) printf("    %s, expected %s\n", reinterpret_cast<char*>(out), expected);
    CHECK_EQ(RpcStringFreeA(&out), RPC_S_OK);
    CHECK(!out);
}

void test_compose() {
    composes(nullptr, "ncalrpc", nullptr, nullptr, nullptr, "ncalrpc:");
    composes("", "ncalrpc", "", "", "", "ncalrpc:");
    composes(object, "ncacn_np", "\\\\srv", "\\pipe\\x", "Security=impersonation static true",
             "308FB580-1EB2-11CA-923B-08002B1075A7@ncacn_np:\\\\\\\\srv[\\\\pipe\\\\x,Security=impersonation static true]");
    composes(nullptr, "ncacn_ip_tcp", "16.20.16.27", "2001", nullptr, "ncacn_ip_tcp:16.20.16.27[2001]");
    RPC_CSTR out = nullptr;
    CHECK_EQ(RpcStringBindingComposeA(ansi("no uuid"), ansi("ncalrpc"), nullptr, nullptr, nullptr, &out),
             RPC_S_INVALID_STRING_UUID);
    CHECK(!out);
    CHECK_EQ(RpcStringBindingComposeA(nullptr, ansi("ncalrpc"), nullptr, nullptr, nullptr, nullptr), RPC_S_OK);

    RPC_WSTR w = nullptr;
    CHECK_EQ(RpcStringBindingComposeW(nullptr, wide(L"ncacn_np"), wide(L"h\x00E9\xD83D"), wide(L"e"), nullptr, &w), RPC_S_OK);
    CHECK(is(w, L"ncacn_np:h\x00E9\xD83D[e]"));  // half a surrogate pair passes as it is
    CHECK_EQ(RpcStringFreeW(&w), RPC_S_OK);
}

struct Parsed {
    RPC_STATUS status;
    RPC_CSTR object, protseq, address, endpoint, options;
};

void parses(const char* text, const char* o, const char* p, const char* n, const char* e, const char* q) {
    Parsed f{};
    f.status = RpcStringBindingParseA(ansi(text), &f.object, &f.protseq, &f.address, &f.endpoint, &f.options);
    CHECK_EQ(f.status, RPC_S_OK);
    bool same = is(f.object, o) && is(f.protseq, p) && is(f.address, n) && is(f.endpoint, e) && is(f.options, q);
    check(same, __FILE__, __LINE__, text);
    for (RPC_CSTR* s : {&f.object, &f.protseq, &f.address, &f.endpoint, &f.options}) {
        CHECK_EQ(RpcStringFreeA(s), RPC_S_OK);
        CHECK(!*s);
    }
}

void test_parse() {
    parses("ncalrpc:", "", "ncalrpc", "", "", "");
    parses("308FB580-1EB2-11CA-923B-08002B1075A7@ncacn_np:\\\\\\\\sales[\\\\pipe\\\\p1,Security=identification dynamic true]",
           object, "ncacn_np", "\\\\sales", "\\pipe\\p1", "Security=identification dynamic true");
    parses("ncacn_ip_tcp:host[endpoint=2001]", "", "ncacn_ip_tcp", "host", "2001", "");
    parses("ncacn_http:srv[,HttpProxy=p:80,RpcProxy=w:80]", "", "ncacn_http", "srv", "", "HttpProxy=p:80,RpcProxy=w:80");
    parses("ncacn_vns_spp:server@group@org[500]", "", "ncacn_vns_spp", "server@group@org", "500", "");
    parses("ncacn_np:a\\:b[c\\]d\\,e]", "", "ncacn_np", "a:b", "c]d,e", "");

    for (const char* bad : {"", "ncalrpc", "ncalrpc:[e", "ncalrpc:[e]x", "ncalrpc:[e,x]", "ncalrpc:\\"}) {
        RPC_CSTR s = nullptr;
        CHECK_EQ(RpcStringBindingParseA(ansi(bad), &s, nullptr, nullptr, nullptr, nullptr), RPC_S_INVALID_STRING_BINDING);
        CHECK(!s);
    }
    CHECK_EQ(RpcStringBindingParseA(ansi("x@ncalrpc:"), nullptr, nullptr, nullptr, nullptr, nullptr),
             RPC_S_INVALID_STRING_UUID);

    // Each output may be NULL.
    RPC_WSTR w = nullptr;
    CHECK_EQ(RpcStringBindingParseW(wide(L"ncacn_np:h\x20AC[e]"), nullptr, nullptr, &w, nullptr, nullptr), RPC_S_OK);
    CHECK(is(w, L"h\x20AC"));
    RpcStringFreeW(&w);
    CHECK_EQ(RpcStringBindingParseW(wide(L"ncalrpc:"), nullptr, nullptr, nullptr, nullptr, nullptr), RPC_S_OK);
}

// Pointers to nothing, and a string that runs off its page.
void test_garbage() {
    auto* pages = static_cast<char*>(VirtualAlloc(nullptr, 8192, MEM_RESERVE, PAGE_NOACCESS));
    CHECK(pages && VirtualAlloc(pages, 4096, MEM_COMMIT, PAGE_READWRITE));
    memset(pages, 'a', 4096);
    unsigned char* bad[] = {nullptr, reinterpret_cast<unsigned char*>(16), reinterpret_cast<unsigned char*>(pages)};
    RPC_CSTR s = nullptr;
    for (unsigned char* text : bad) {
        CHECK_EQ(RpcStringBindingParseA(text, &s, nullptr, nullptr, nullptr, nullptr), RPC_S_INVALID_STRING_BINDING);
        CHECK_EQ(RpcStringBindingParseW(reinterpret_cast<RPC_WSTR>(text), nullptr, nullptr, nullptr, nullptr, nullptr),
                 RPC_S_INVALID_STRING_BINDING);
        if (text) CHECK_EQ(RpcStringBindingComposeA(nullptr, text, nullptr, nullptr, nullptr, &s), RPC_S_INVALID_ARG);
    }
    CHECK(!s);
    CHECK_EQ(RpcStringFreeA(&s), RPC_S_OK);
    CHECK_EQ(RpcStringFreeA(nullptr), RPC_S_INVALID_ARG);
    VirtualFree(pages, 0, MEM_RELEASE);
}

}  // namespace

void test_string_binding() {
    test_compose();
    test_parse();
    test_garbage();
}
