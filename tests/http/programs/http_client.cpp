// http_client calls|dies PROXY-PORT SERVER-PORT: the desk's client over ncacn_http, by way of an RPC proxy on this machine.
// http_client status PROXY-PORT SERVER-PORT [WAY,... PASSWORD]: prints "status N", the outcome of one call, as nobody or as tester, who may
// log in by the schemes basic and ntlm; first: by the first of them at once; target: at the HTTP proxy too; http-proxy: by way of it,
// to rpcproxy.test; cookie=VALUE: the binding has it;
// ssl: over SSL; subject=NAME: the RPC proxy's; any-name: whose certificate need not be for this host.
// http_client replace|broken PROXY-PORT SERVER-PORT [WAY,... PASSWORD]: large calls of every kind, where channels are short. replace: they all
// succeed. broken: the proxy, once, does not do what it should, and the calls that this hits fail.
// calls: synchronous and asynchronous calls, a megabyte each way, a fault, cancels; then Stop. dies: waits for a call that the server
// does not outlive. api: what needs no proxy. Exit status 0 when every check held.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "client_kit.h"
#include "support/threads.h"

using namespace desk;

namespace {

RPC_CSTR rpc(const std::string& s) { return reinterpret_cast<RPC_CSTR>(const_cast<char*>(s.c_str())); }

RPC_STATUS bind(const std::string& text, handle_t& binding) { return RpcBindingFromStringBindingA(rpc(text), &binding); }

long add(handle_t binding) {
    long sum = 0;
    const Outcome outcome = guarded([&] { call_Add(binding, 6L, 7L, &sum); });
    if (!outcome.raised) check(sum == 13, "6 + 7");
    return static_cast<long>(outcome.raised);
}

struct Bytes {
    explicit Bytes(long count, long seed = 0) : count(count), in(count + 1), out(count + 1) {
        for (long i = 0; i < count; ++i) in[i] = static_cast<unsigned char>(seed + i * 13 + i / 251);
    }
    bool inverted(long copied) const {
        bool same = copied == count;
        for (long i = 0; same && i < count; ++i) same = out[i] == static_cast<unsigned char>(~in[i]);
        return same;
    }
    const long count;
    std::vector<unsigned char> in, out;
};

// What was raised.
unsigned bulk(handle_t binding, long count, long seed = 0) {
    Bytes bytes(count, seed);
    long copied = -1;
    const Outcome outcome = guarded([&] { copied = call_Bulk(binding, count, bytes.in.data(), bytes.out.data()); });
    say("client: %ld bytes each way: %s", count, outcome.text().c_str());
    if (!outcome.raised) check(bytes.inverted(copied), "they came back inverted");
    return outcome.raised;
}

void check_bulk(handle_t binding) {
    for (long count : {0L, 1L, 5000L, 1L << 20}) check(bulk(binding, count) == 0, "they went and came");
}

// An asynchronous one.
struct AsyncBulk {
    AsyncBulk(handle_t binding, long count, long seed) : bytes(count, seed) {
        RpcAsyncInitializeHandle(&call.state, sizeof call.state);
        call.state.NotificationType = RpcNotificationTypeEvent;
        call.state.u.hEvent = call.event;
        began = guarded([&] { begin_Bulk(&call.state, binding, count, bytes.in.data(), bytes.out.data()); }).raised;
    }
    // RpcAsyncCompleteCall's status, or what was raised.
    unsigned end() {
        if (began) return began;
        check(call.done(90000), "an asynchronous call ended");
        const unsigned status = call.complete();
        if (!status) check(bytes.inverted(call.result), "its bytes came back inverted");
        return status;
    }
    Call call;
    Bytes bytes;
    unsigned began = 0;
};

void check_fault(handle_t binding) {
    RPC_MESSAGE m = {};
    m.Handle = binding;
    m.ProcNum = 99;
    m.RpcInterfaceInformation = call_desk_v1_0_c_ifspec;
    RPC_STATUS status = I_RpcGetBuffer(&m);
    if (!status) status = I_RpcSendReceive(&m);
    check(status == RPC_S_PROCNUM_OUT_OF_RANGE, "a procedure that does not exist is a fault");
    check(add(binding) == 0, "and the connection is still good");
}

void check_async(handle_t binding) {
    constexpr int n = 4;
    Call works[n];
    for (int i = 0; i < n; ++i) check(!works[i].begin(begin_Work, binding, i + 1, (n - i) * 200), "a piece of work began");
    check(add(binding) == 0, "a synchronous call in between");
    for (int i = n; i-- != 0;)
        check(works[i].done(20000) && !works[i].complete() && works[i].result == (i + 1) * 100, "its result is its own");
}

void check_cancels(handle_t binding) {
    Call asked, given_up;
    check(!asked.begin(begin_Patience, binding, 90, 20000), "Patience 90 began");
    Sleep(100);
    check(asked.cancel(false) == RPC_S_OK && asked.done(10000) && asked.complete() == RPC_S_CALL_CANCELLED, "cancelled: 1818");
    long seen = 0;
    check(!guarded([&] { call_Seen(binding, 90L, &seen); }).raised && seen == 1, "the server saw it");
    check(!given_up.begin(begin_Patience, binding, 91, 2000), "Patience 91 began");
    Sleep(100);
    check(given_up.cancel(true) == RPC_S_OK && given_up.done(1500) && given_up.complete() == RPC_S_CALL_CANCELLED, "given up: 1818");
    Outcome outcome;
    HANDLE thread = run_on_thread([&] {
        long cancelled = 0;
        outcome = guarded([&] { call_Patience(binding, 94L, 20000L, &cancelled); });
    });
    Sleep(300);
    check(RpcCancelThreadEx(thread, 0) == RPC_S_OK, "RpcCancelThreadEx is accepted");
    check(WaitForSingleObject(thread, 10000) == WAIT_OBJECT_0 && outcome.raised == RPC_S_CALL_CANCELLED, "the synchronous call ends with 1818");
    CloseHandle(thread);
    check(add(binding) == 0, "the binding is still good");
}

constexpr long big = 1 << 20;

void check_replacing(handle_t binding, int times) {
    for (int i = 0; i < times; ++i) check(bulk(binding, big, i) == 0, "a synchronous call over many channels");
    // At the same time: calls that wait for their answer, large ones on the same connection, and large ones on others.
    Call patient;
    check(!patient.begin(begin_Work, binding, 5, 1000), "a piece of work began");
    std::vector<HANDLE> threads;
    std::vector<unsigned> raised(times, ~0u);
    for (int i = 0; i < times; ++i) threads.push_back(run_on_thread([&, i] { raised[i] = bulk(binding, big - i, 100 + i); }));
    std::vector<std::unique_ptr<AsyncBulk>> calls;
    for (int i = 0; i < times; ++i) calls.push_back(std::make_unique<AsyncBulk>(binding, big / 2 + i * 1000, 200 + i));
    for (auto& call : calls) check(call->end() == 0, "an asynchronous call over many channels");
    for (int i = 0; i < times; ++i) {
        check(WaitForSingleObject(threads[i], 90000) == WAIT_OBJECT_0 && raised[i] == 0, "one of several at once");
        CloseHandle(threads[i]);
    }
    check(patient.done(20000) && !patient.complete() && patient.result == 500, "the work was done");
    check_async(binding);
    check(add(binding) == 0, "the binding is still good");
}

void check_broken(handle_t binding) {
    Call patient;
    check(!patient.begin(begin_Patience, binding, 96, 100000), "Patience 96 began");
    unsigned status = 0;
    for (int i = 0; status == 0 && i < 8; ++i) status = AsyncBulk(binding, big / 4, i).end();
    say("client: status %u", status);
    check(status == RPC_S_CALL_FAILED, "a call ends with its connection: 1726");
    check(patient.done(10000) && patient.complete() == RPC_S_CALL_FAILED, "and so does the one beside it");
    check(AsyncBulk(binding, big, 50).end() == 0, "the next one has another connection");
    check(bulk(binding, big) == 0, "a synchronous one, too");
}

struct Login {
    const char* password = "p";
    unsigned long flags = 0;
    std::vector<unsigned long> schemes = {RPC_C_HTTP_AUTHN_SCHEME_BASIC};
    unsigned long target = RPC_C_HTTP_AUTHN_TARGET_SERVER;
    bool wide = false;
    bool nobody = false;
    std::wstring subject;
};

RPC_STATUS set_login(handle_t binding, Login login) {
    auto text = [](const char* s) { return reinterpret_cast<unsigned char*>(const_cast<char*>(s)); };
    auto wide_text = [](const wchar_t* s) { return reinterpret_cast<unsigned short*>(const_cast<wchar_t*>(s)); };
    SEC_WINNT_AUTH_IDENTITY_A who = {text("tester"), 6, nullptr, 0, text(login.password), static_cast<unsigned long>(strlen(login.password)),
                                     SEC_WINNT_AUTH_IDENTITY_ANSI};
    const std::wstring password_wide(login.password, login.password + strlen(login.password));
    SEC_WINNT_AUTH_IDENTITY_W who_wide = {wide_text(L"tester"), 6, nullptr, 0, wide_text(password_wide.c_str()),
                                          static_cast<unsigned long>(password_wide.size()), SEC_WINNT_AUTH_IDENTITY_UNICODE};
    RPC_HTTP_TRANSPORT_CREDENTIALS_W http = {reinterpret_cast<SEC_WINNT_AUTH_IDENTITY_W*>(&who), login.flags, login.target,
                                             static_cast<unsigned long>(login.schemes.size()), login.schemes.data(),
                                             login.subject.empty() ? nullptr : wide_text(login.subject.c_str())};
    if (login.wide) http.TransportCredentials = &who_wide;
    if (login.nobody) http.TransportCredentials = nullptr;
    RPC_SECURITY_QOS_V2_W qos = {2, 0, 0, RPC_C_IMP_LEVEL_IMPERSONATE, RPC_C_AUTHN_INFO_TYPE_HTTP, {&http}};
    return RpcBindingSetAuthInfoExW(binding, nullptr, RPC_C_AUTHN_LEVEL_NONE, RPC_C_AUTHN_NONE, nullptr, RPC_C_AUTHZ_NONE,
                                    reinterpret_cast<RPC_SECURITY_QOS*>(&qos));
}

void check_credentials(handle_t binding) {
    constexpr unsigned long both = RPC_C_HTTP_AUTHN_TARGET_SERVER | RPC_C_HTTP_AUTHN_TARGET_PROXY;
    check(set_login(binding, {}) == RPC_S_OK, "a login by Basic");
    check(set_login(binding, {.schemes = {RPC_C_HTTP_AUTHN_SCHEME_NTLM}}) == RPC_S_OK, "by NTLM");
    check(set_login(binding, {.flags = RPC_C_HTTP_FLAG_USE_SSL}) == RPC_S_OK, "over SSL");
    check(set_login(binding, {.target = both}) == RPC_S_OK, "at both proxies");
    check(set_login(binding, {.flags = RPC_C_HTTP_FLAG_USE_SSL, .target = both}) == RPC_S_CANNOT_SUPPORT, "but not over SSL");
    check(set_login(binding, {.schemes = {RPC_C_HTTP_AUTHN_SCHEME_DIGEST}}) == RPC_S_CANNOT_SUPPORT, "Digest is not there");
    check(set_login(binding, {.schemes = {RPC_C_HTTP_AUTHN_SCHEME_DIGEST, RPC_C_HTTP_AUTHN_SCHEME_BASIC}}) == RPC_S_OK, "one of two is");
    check(set_login(binding, {.flags = RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME, .schemes = {RPC_C_HTTP_AUTHN_SCHEME_DIGEST, RPC_C_HTTP_AUTHN_SCHEME_BASIC}}) ==
              RPC_S_CANNOT_SUPPORT, "but not the first");
    check(set_login(binding, {.nobody = true}) == RPC_S_INVALID_AUTH_IDENTITY, "Basic needs a user");
    check(set_login(binding, {.flags = 0x8000}) == ERROR_INVALID_PARAMETER, "an unknown flag");
    check(set_login(binding, {.target = 0}) == ERROR_INVALID_PARAMETER, "no target");
    RPC_SECURITY_QOS_V2_W qos = {2, 0, 0, RPC_C_IMP_LEVEL_IMPERSONATE, RPC_C_AUTHN_INFO_TYPE_HTTP, {nullptr}};
    check(RpcBindingSetAuthInfoExW(binding, nullptr, RPC_C_AUTHN_LEVEL_NONE, RPC_C_AUTHN_NONE, nullptr, RPC_C_AUTHZ_NONE,
                                   reinterpret_cast<RPC_SECURITY_QOS*>(&qos)) == ERROR_INVALID_PARAMETER, "no credentials behind the pointer");
}

// RPC_C_OPT_COOKIE_AUTH and its descriptor, which rpcdcep.h lacks.
constexpr unsigned long kCookieAuth = 7;
struct CookieAuth {
    unsigned long size;
    char* text;
};
RPC_STATUS set_cookie(handle_t binding, std::string text, bool with_end = true) {
    const CookieAuth cookie = {static_cast<unsigned long>(text.size() + with_end), text.data()};
    return RpcBindingSetOption(binding, kCookieAuth, reinterpret_cast<ULONG_PTR>(&cookie));
}

void check_cookies(handle_t binding) {
    check(set_cookie(binding, "id=right; more=1") == RPC_S_OK, "a cookie");
    check(set_cookie(binding, "id=right", false) == RPC_S_OK, "without a zero at its end");
    for (const char* text : {"", "a=b\r\nHost: other", "a=\x7f", "a=\xe4"}) check(set_cookie(binding, text) == RPC_S_INVALID_ARG, "no cookie");
    const CookieAuth nowhere = {8, nullptr}, huge = {0x7fffffff, nullptr};
    for (const CookieAuth* cookie : {&nowhere, &huge})
        check(RpcBindingSetOption(binding, kCookieAuth, reinterpret_cast<ULONG_PTR>(cookie)) == RPC_S_INVALID_ARG, "no text");
    check(RpcBindingSetOption(binding, kCookieAuth, 1) == RPC_S_INVALID_ARG, "no descriptor");
    ULONG_PTR value = 0;
    check(RpcBindingInqOption(binding, kCookieAuth, &value) == RPC_S_CANNOT_SUPPORT, "it is not told");
    check(RpcBindingSetOption(binding, kCookieAuth, 0) == RPC_S_OK, "none any more");
    handle_t local = nullptr;
    check(bind("ncalrpc:[nobody]", local) == RPC_S_OK && set_cookie(local, "a=b") == RPC_S_CANNOT_SUPPORT, "over ncacn_http alone");
    RpcBindingFree(&local);
}

// The words between commas.
class Ways {
public:
    explicit Ways(const std::string& text) {
        for (size_t at = 0; at < text.size();) {
            const size_t comma = std::min(text.find(',', at), text.size());
            words_.push_back(text.substr(at, comma - at));
            at = comma + 1;
        }
    }
    bool has(const char* word) const {
        for (auto& w : words_)
            if (w == word) return true;
        return false;
    }
    std::string value(const char* name) const {
        for (auto& w : words_)
            if (!w.compare(0, strlen(name), name)) return w.substr(strlen(name));
        return "";
    }
    Login login(const char* password) const {
        Login login;
        login.password = password;
        login.wide = has("first");
        login.schemes.clear();
        for (auto& w : words_) {
            if (w == "basic") login.schemes.push_back(RPC_C_HTTP_AUTHN_SCHEME_BASIC);
            if (w == "ntlm") login.schemes.push_back(RPC_C_HTTP_AUTHN_SCHEME_NTLM);
        }
        if (has("first")) login.flags |= RPC_C_HTTP_FLAG_USE_FIRST_AUTH_SCHEME;
        if (has("ssl")) login.flags |= RPC_C_HTTP_FLAG_USE_SSL;
        if (has("any-name")) login.flags |= RPC_C_HTTP_FLAG_IGNORE_CERT_CN_INVALID;
        if (has("target")) login.target |= RPC_C_HTTP_AUTHN_TARGET_PROXY;
        const std::string subject = value("subject=");
        login.subject.assign(subject.begin(), subject.end());
        return login;
    }

private:
    std::vector<std::string> words_;
};

void check_api() {
    handle_t binding = nullptr;
    check(bind("ncacn_http:s[80,RpcProxy=p:81,HttpProxy=q]", binding) == RPC_S_OK, "a binding");
    RPC_CSTR text = nullptr;
    check(RpcBindingToStringBindingA(binding, &text) == RPC_S_OK, "and back");
    say("client: %s", reinterpret_cast<char*>(text));
    check(!strcmp(reinterpret_cast<char*>(text), "ncacn_http:s[80,RpcProxy=p:81,HttpProxy=q]"), "with its options");
    RpcStringFreeA(&text);
    check_credentials(binding);
    check_cookies(binding);
    RpcBindingFree(&binding);
    check(bind("ncacn_http:s[80,Colour=red]", binding) == RPC_S_INVALID_NETWORK_OPTIONS, "an unknown option");
    check(bind("ncacn_http:s[http]", binding) == RPC_S_INVALID_ENDPOINT_FORMAT, "an endpoint that is no port");
    check(RpcNetworkIsProtseqValidA(rpc("ncacn_http")) == RPC_S_OK, "clients may use ncacn_http");
    check(RpcNetworkIsProtseqValidA(rpc("ncadg_ip_udp")) == RPC_S_PROTSEQ_NOT_SUPPORTED, "nobody ncadg_ip_udp");
    for (const char* sequence : {"ncacn_http", "ncadg_ip_udp"}) {
        check(RpcServerUseProtseqA(rpc(sequence), 10, nullptr) == RPC_S_PROTSEQ_NOT_SUPPORTED, "servers neither");
        check(RpcServerUseProtseqEpA(rpc(sequence), 10, rpc("4700"), nullptr) == RPC_S_PROTSEQ_NOT_SUPPORTED, "nor at an endpoint");
    }
    check(bind("ncadg_ip_udp:s[80]", binding) == RPC_S_PROTSEQ_NOT_SUPPORTED, "no binding for it");
    RPC_PROTSEQ_VECTORA* list = nullptr;
    check(RpcNetworkInqProtseqsA(&list) == RPC_S_OK && list->Count == 3, "three to listen on");
    for (unsigned i = 0; list && i < list->Count; ++i)
        check(strcmp(reinterpret_cast<char*>(list->Protseq[i]), "ncacn_http") != 0, "ncacn_http is none of them");
    RpcProtseqVectorFreeA(&list);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "api") {
        check_api();
        return failures() ? 1 : 0;
    }
    if (argc != 4 && argc != 6) return 2;
    const Ways ways(argc == 6 ? argv[4] : "");
    handle_t binding = nullptr;
    const std::string proxy = std::string(ways.has("ssl") ? "localhost:" : "127.0.0.1:") + argv[2];  // a certificate has a name
    const std::string text = std::string("ncacn_http:127.0.0.1[") + argv[3] + ",RpcProxy=" +
                             (ways.has("http-proxy") ? "rpcproxy.test,HttpProxy=" : "") + proxy + "]";
    check(bind(text, binding) == RPC_S_OK, text.c_str());
    if (what == "status") {
        const std::string cookie = ways.value("cookie=");
        if (!cookie.empty()) check(set_cookie(binding, cookie) == RPC_S_OK, "a cookie");
        handle_t copy = nullptr;  // has it too
        check(RpcBindingCopy(binding, &copy) == RPC_S_OK && RpcBindingFree(&binding) == RPC_S_OK, "a copy");
        binding = copy;
        if (argc == 6 && (cookie.empty() || ways.has("basic"))) check(set_login(binding, ways.login(argv[5])) == RPC_S_OK, "a login");
        say("client: status %ld", add(binding));
        RpcBindingFree(&binding);
        return 0;
    }
    if (argc == 6) check(set_login(binding, ways.login(argv[5])) == RPC_S_OK, "a login");
    check(add(binding) == 0, "a synchronous call");
    if (what == "replace") {
        check_replacing(binding, ways.has("few") ? 1 : 3);
    } else if (what == "broken") {
        check_broken(binding);
    } else if (what == "dies") {
        Call lost;
        check(!lost.begin(begin_Patience, binding, 95, 60000), "Patience 95 began");
        say("client: waiting");
        check(lost.done(30000), "it ends with its server");
        const unsigned status = lost.complete();
        say("client: %u", status);
        check(status == RPC_S_CALL_FAILED, "1726");
        long again = add(binding);
        // The other connection's end takes its way through the proxy: a call that was quicker failed with it.
        if (again == RPC_S_CALL_FAILED) again = add(binding);
        say("client: %ld", again);
        check(again == RPC_S_SERVER_UNAVAILABLE, "nobody is there any more: 1722");
    } else {
        check_bulk(binding);
        check_fault(binding);
        check_async(binding);
        check_cancels(binding);
        check(!guarded([&] { call_Stop(binding); }).raised, "Stop");
    }
    RpcBindingFree(&binding);
    say("client: %d checks failed", failures());
    return failures() ? 1 : 0;
}
