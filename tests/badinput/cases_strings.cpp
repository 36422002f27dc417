// Strings that are no string bindings, UUIDs or protocol sequences: a documented status, never an exception, and output
// pointers that can be used.
#include "conformance/bind.h"
#include "garbage.h"

using namespace srv;

static RPC_WSTR rpc(const std::wstring& s) { return reinterpret_cast<RPC_WSTR>(const_cast<wchar_t*>(s.c_str())); }

static const std::vector<std::wstring>& texts() {
    static const std::vector<std::wstring> all = [] {
        std::vector<std::wstring> t = {
            L"", L":", L"@", L"[", L"]", L"[]", L"\\", L",", L"=", L"ncalrpc", L"ncalrpc:", L"ncalrpc:[", L"ncalrpc:]",
            L"ncalrpc:[a", L"ncalrpc:a]", L"ncalrpc:[a]b", L"ncalrpc:[a][b]", L"ncalrpc:[a,]", L"ncalrpc:[a,b]",
            L"ncalrpc:[,=]", L"ncalrpc:[a,Security=]", L"ncalrpc:[\\]", L"ncalrpc:[a\\", L"ncacn_ip_tcp:127.0.0.1[99999]",
            L"ncacn_ip_tcp:[-1]", L"ncacn_ip_tcp:[x]", L"nonsense:[a]", L"@ncalrpc:[a]", L"1@ncalrpc:[a]",
            L"00000000-0000-0000-0000-00000000000@ncalrpc:[a]", L"00000000-0000-0000-0000-0000000000000@ncalrpc:[a]",
            L"zzzzzzzz-0000-0000-0000-000000000000@ncalrpc:[a]", L"@@@@", L"::::", L"[[[[[]]]]]", L"\\\\\\\\",
            L"\xd800", L"\xdfff\xd800:[\xd800]", L"ncalrpc\x0001:[\x0002]"};
        for (size_t length : {255u, 4096u, 40000u}) {
            for (wchar_t c : {L'a', L':', L'[', L'\\', L'@', L','}) t.push_back(std::wstring(length, c));
            t.push_back(L"ncalrpc:[" + std::wstring(length, L'x') + L"]");
            t.push_back(L"ncalrpc:" + std::wstring(length, L'x') + L"[y]");
            t.push_back(std::wstring(length, L'x') + L":[y]");
        }
        return t;
    }();
    return all;
}

static bool is_text_status(const Outcome& o) {
    return o == 0 || o == RPC_S_INVALID_STRING_BINDING || o == RPC_S_INVALID_STRING_UUID || o == RPC_S_INVALID_RPC_PROTSEQ ||
           o == RPC_S_PROTSEQ_NOT_SUPPORTED || o == RPC_S_INVALID_ENDPOINT_FORMAT || o == RPC_S_INVALID_NET_ADDR ||
           o == RPC_S_INVALID_ARG || o == RPC_S_INVALID_NETWORK_OPTIONS || o == RPC_S_STRING_TOO_LONG;
}

CASE(50, "API:RpcBindingFromStringBinding", "RpcBindingFromStringBindingW") {
    for (const std::wstring& text : texts()) {
        handle_t binding = nullptr;
        const Outcome outcome = guarded([&] { return RpcBindingFromStringBindingW(rpc(text), &binding); });
        EXPECT(is_text_status(outcome), "with %.40ls: %s", text.c_str(), outcome.text().c_str());
        if (outcome == 0) EXPECT_IS(GUARDED(RpcBindingFree(&binding)), 0);
    }
    return passed("%u texts", static_cast<unsigned>(texts().size()));
}
CASE(51, "API:RpcStringBindingParse", "RpcStringBindingParseW") {
    for (const std::wstring& text : texts()) {
        RPC_WSTR parts[5] = {};
        const Outcome outcome = guarded(
            [&] { return RpcStringBindingParseW(rpc(text), &parts[0], &parts[1], &parts[2], &parts[3], &parts[4]); });
        EXPECT(is_text_status(outcome), "with %.40ls: %s", text.c_str(), outcome.text().c_str());
        for (RPC_WSTR& part : parts)
            if (part) EXPECT_IS(GUARDED(RpcStringFreeW(&part)), 0);
    }
    return passed("%u texts", static_cast<unsigned>(texts().size()));
}
CASE(52, "API:RpcStringBindingCompose", "RpcStringBindingComposeW") {
    for (const std::wstring& text : texts()) {
        for (int where = 0; where < 5; ++where) {
            RPC_WSTR whole = nullptr;
            RPC_WSTR in[5] = {nullptr, rpc(L"ncalrpc"), nullptr, rpc(L"e"), nullptr};
            in[where] = rpc(text);
            const Outcome outcome =
                guarded([&] { return RpcStringBindingComposeW(in[0], in[1], in[2], in[3], in[4], &whole); });
            EXPECT(is_text_status(outcome), "part %d %.40ls: %s", where, text.c_str(), outcome.text().c_str());
            if (whole) EXPECT_IS(GUARDED(RpcStringFreeW(&whole)), 0);
        }
    }
    return passed("%u texts, in every place", static_cast<unsigned>(texts().size()));
}
CASE(53, "API:UuidFromString", "UuidFromStringW") {
    for (const std::wstring& text : texts()) {
        UUID uuid{};
        const Outcome outcome = guarded([&] { return UuidFromStringW(rpc(text), &uuid); });
        EXPECT(text.empty() ? !outcome.raised : outcome == RPC_S_INVALID_STRING_UUID, "with %.40ls: %s", text.c_str(),
               outcome.text().c_str());
    }
    return passed("%u texts", static_cast<unsigned>(texts().size()));
}
CASE(54, "API:RpcServerUseProtseqEp", "RpcServerUseProtseqEpW") {
    for (const std::wstring& text : texts()) {
        if (text.find(L'\\') != std::wstring::npos || text.size() > 300) continue;
        Outcome outcome = guarded([&] { return RpcServerUseProtseqEpW(rpc(text), 10, rpc(L"x"), nullptr); });
        EXPECT(text == L"ncalrpc" ? !outcome.raised : is_text_status(outcome) && outcome.is_error(),
               "protocol sequence %.40ls: %s", text.c_str(), outcome.text().c_str());
        outcome = guarded([&] { return RpcServerUseProtseqEpW(rpc(L"ncacn_ip_tcp"), 10, rpc(text), nullptr); });
        EXPECT(!outcome.raised, "port %.40ls: %s", text.c_str(), outcome.text().c_str());
        EXPECT(text.empty() || outcome.is_error(), "port %.40ls: %s", text.c_str(), outcome.text().c_str());
    }
    return passed("%u texts", static_cast<unsigned>(texts().size()));
}
CASE(55, "API:RpcStringFree", "RpcStringFreeW of NULL") {
    RPC_WSTR none = nullptr;
    EXPECT_IS(GUARDED(RpcStringFreeW(&none)), 0);
    return passed("0");
}
