#include "io/http_login_win.h"

#include "base/certificate_win.h"
#include "base/error_record.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/os.h"
#include "io/wide_text_win.h"

namespace rpc::io {
namespace {

constexpr size_t max_field = 16384;        // of a challenge
constexpr size_t max_refusal = 256 * 1024;  // the page that comes with one
constexpr DWORD max_fields = 16;            // challenges in one answer

// Of a failed request: 503 "RPC Error: 6ba", the number being what the RPC proxy says of the server ([MS-RPCH] 2.1.2.1.3).
Status reason_status(std::wstring_view reason) {
    constexpr std::wstring_view prefix = L"RPC Error: ";
    uint32_t value = 0;
    if (!reason.starts_with(prefix)) return Status::server_unavailable;
    for (wchar_t c : reason.substr(prefix.size())) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
        if (digit < 0) break;
        value = value << 4 | static_cast<uint32_t>(digit);
    }
    return value != 0 ? static_cast<Status>(value) : Status::server_unavailable;
}

// One small request and its answer, read to the end. WinHTTP's threads tell how far it is, the caller waits.
class Exchange final : public RefCounted<Exchange> {
public:
    explicit Exchange(const WinHttp& http) : http_(http) {}

    Status perform(HINTERNET request, uint64_t until) {
        auto context = reinterpret_cast<DWORD_PTR>(this);
        if (!http_.WinHttpSetOption(request, WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof context)) return refused(GetLastError());
        add_ref();  // until the request has another callback, or is closed
        if (http_.WinHttpSetStatusCallback(request, on_status, WINHTTP_CALLBACK_FLAG_ALL_NOTIFICATIONS, 0) ==
            WINHTTP_INVALID_STATUS_CALLBACK) {
            release();
            return refused(GetLastError());
        }
        const Status status = talk(request, until);
        // With something still going on, the request's end is what lets go.
        if (status == Status::call_cancelled || status == Status::server_unavailable) return status;
        http_.WinHttpSetStatusCallback(request, nullptr, WINHTTP_CALLBACK_FLAG_ALL_NOTIFICATIONS, 0);
        release();
        return status;
    }

private:
    Status talk(HINTERNET request, uint64_t until) {
        auto context = reinterpret_cast<DWORD_PTR>(this);
        RPC_TRY(wait(http_.WinHttpSendRequest(request, nullptr, 0, body_, sizeof body_, sizeof body_, context), until));
        RPC_TRY(wait(http_.WinHttpReceiveResponse(request, nullptr), until));
        for (size_t total = 0; total <= max_refusal; total += size_) {
            RPC_TRY(wait(http_.WinHttpQueryDataAvailable(request, nullptr), until));
            if (size_ == 0) return Status::ok;
            const DWORD some = size_ < sizeof page_ ? size_ : sizeof page_;
            RPC_TRY(wait(http_.WinHttpReadData(request, page_, some, nullptr), until));
            if (size_ == 0) return Status::ok;
        }
        return Status::server_unavailable;
    }
    Status refused(DWORD error) {
        RPC_LOG(debug, "a request ahead of a channel: error %lu", error);
        note_error(ErrorComponent::runtime, error, detected::none);
        return error == ERROR_NOT_ENOUGH_MEMORY ? Status::out_of_memory : Status::server_unavailable;
    }
    Status wait(BOOL asked, uint64_t until) {
        if (!asked) return refused(GetLastError());
        Guard g(mutex_);
        while (!done_) {
            const uint64_t now = os::now_ms();
            if (now >= until) return Status::call_cancelled;
            changed_.wait(mutex_, until - now < wait_forever ? static_cast<uint32_t>(until - now) : wait_forever);
        }
        done_ = false;
        const DWORD error = error_;
        g.unlock();
        return error == 0 ? Status::ok : refused(error);
    }
    static void CALLBACK on_status(HINTERNET, DWORD_PTR context, DWORD status, LPVOID information, DWORD size) {
        auto& self = *reinterpret_cast<Exchange*>(context);
        if (status == WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING) return self.release();
        auto hold = Ref<Exchange>::share(&self);  // who waits may go as soon as he is told
        switch (status) {
        case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
        case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE:
            return self.came(0, 0);
        case WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE:
            return self.came(0, *static_cast<const DWORD*>(information));
        case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
            return self.came(0, size);
        case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR:
            return self.came(static_cast<const WINHTTP_ASYNC_RESULT*>(information)->dwError, 0);
        }
    }
    void came(DWORD error, DWORD size) {
        Guard g(mutex_);
        error_ = error;
        size_ = size;
        done_ = true;
        changed_.wake_all();
    }

    const WinHttp& http_;
    uint8_t body_[4] = {};  // an echo request has 16 bytes at most
    uint8_t page_[4096];
    Mutex mutex_;
    Condition changed_;
    bool done_ GUARDED_BY(mutex_) = false;
    DWORD error_ GUARDED_BY(mutex_) = 0;
    DWORD size_ = 0;
};

Status no_memory_or_resources() {
    return GetLastError() == ERROR_NOT_ENOUGH_MEMORY ? Status::out_of_memory : Status::out_of_resources;
}

// `field` is "Name: value" and the end of its line, or "Name:", which removes it.
Status set_field(const WinHttp& http, HINTERNET request, std::string_view field) {
    WideText wide;
    if (!wide.append(field)) return Status::out_of_memory;
    if (http.WinHttpAddRequestHeaders(request, wide.c_str(), static_cast<DWORD>(-1), WINHTTP_ADDREQ_FLAG_ADD | WINHTTP_ADDREQ_FLAG_REPLACE))
        return Status::ok;
    return GetLastError() == ERROR_WINHTTP_HEADER_NOT_FOUND ? Status::ok : no_memory_or_resources();  // there was none to remove
}

// The first of NTLM's among the answer's challenges. access_denied: there is none, so the login is refused.
Status find_challenge(const WinHttp& http, HINTERNET request, DWORD header, Buffer& token) {
    Buffer raw;
    if (!raw.resize(max_field)) return Status::out_of_memory;
    for (DWORD i = 0; i < max_fields;) {
        DWORD size = max_field;
        auto text = reinterpret_cast<char16_t*>(raw.data());
        if (!http.WinHttpQueryHeaders(request, header, nullptr, text, &size, &i)) break;
        Str field;
        bool found;
        RPC_TRY(utf8_from_utf16({text, size / sizeof(char16_t)}, field));
        RPC_TRY(ntlm_challenge(field.view(), token, found));
        if (found) return Status::ok;
    }
    return Status::access_denied;
}

class Legs {
public:
    Legs(const WinHttp& http, HINTERNET request, const HttpLogin& login, uint64_t until, uint32_t& schemes)
        : http_(http), request_(request), login_(login), until_(until), schemes_(schemes) {}

    Status perform() {
        if (login_.who->ssl && !login_.who->certificate_subject.empty()) {
            RPC_TRY(exchange());  // as nobody: nothing is told to somebody else
            RPC_TRY(check_certificate(http_, request_, *login_.who));
        }
        RPC_TRY(basic(http_target::proxy));
        RPC_TRY(ntlm(http_target::proxy));
        RPC_TRY(basic(http_target::server));
        RPC_TRY(ntlm(http_target::server));
        return Status::ok;
    }

private:
    uint32_t at(uint32_t target) { return HttpLogin(login_).at(target); }

    Status exchange() {
        auto exchange = make_ref<Exchange>(http_);
        if (!exchange) return Status::out_of_memory;
        RPC_TRY(exchange->perform(request_, until_));
        return set_field(http_, request_, "Content-Length:");  // the next request has its own
    }
    Status basic(uint32_t target) {
        if (at(target) != http_scheme::basic) return Status::ok;
        Str field;
        RPC_TRY(basic_authorization(*login_.who, target, field));
        const Status status = set_field(http_, request_, field.view());
        SecureZeroMemory(const_cast<char*>(field.c_str()), field.size());
        return status;
    }
    Status ntlm(uint32_t target) {
        if (at(target) != http_scheme::ntlm) return Status::ok;
        const bool at_proxy = target == http_target::proxy;
        const Status refusal = at_proxy ? Status::proxy_access_denied : Status::access_denied;
        Ref<security::Context> context;
        Buffer token, challenge;
        Str field;
        bool complete = false;
        RPC_TRY(login_.who->ntlm->new_context(context));
        RPC_TRY(context->step({}, token, complete));
        RPC_TRY(ntlm_authorization(token.view(), target, field));
        RPC_TRY(set_field(http_, request_, field.view()));
        RPC_TRY(exchange());
        // The HTTP proxy's login is over with this request, and is the connection's.
        if (!at_proxy && at(http_target::proxy) == http_scheme::ntlm) RPC_TRY(set_field(http_, request_, "Proxy-Authorization:"));
        const Status answer = http_answer(http_, request_, schemes_);
        if (answer == Status::ok) return set_field(http_, request_, at_proxy ? "Proxy-Authorization:" : "Authorization:");  // not wanted
        if (answer != refusal) return answer;
        const Status found = find_challenge(http_, request_, at_proxy ? WINHTTP_QUERY_PROXY_AUTHENTICATE : WINHTTP_QUERY_WWW_AUTHENTICATE,
                                            challenge);
        if (found == Status::access_denied) return refusal;
        RPC_TRY(found);
        token.clear();
        if (failed(context->step(challenge.view(), token, complete)) || !complete) return refusal;
        RPC_TRY(ntlm_authorization(token.view(), target, field));
        return set_field(http_, request_, field.view());
    }

    const WinHttp& http_;
    HINTERNET request_;
    const HttpLogin& login_;
    const uint64_t until_;
    uint32_t& schemes_;
};

}  // namespace

Status http_answer(const WinHttp& http, HINTERNET request, uint32_t& schemes) {
    DWORD code = 0, size = sizeof code;
    if (!http.WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, nullptr, &code, &size, nullptr))
        return Status::server_unavailable;
    RPC_LOG(debug, "HTTP status %lu", code);
    DWORD wanted = 0, first = 0, target = 0;
    switch (code) {
    case HTTP_STATUS_OK:
        return Status::ok;
    case HTTP_STATUS_DENIED:
    case HTTP_STATUS_PROXY_AUTH_REQ:
        if (http.WinHttpQueryAuthSchemes(request, &wanted, &first, &target)) schemes = wanted;
        return code == HTTP_STATUS_DENIED ? Status::access_denied : Status::proxy_access_denied;
    case HTTP_STATUS_FORBIDDEN:
        return Status::access_denied;
    }
    wchar_t reason[64];
    size = sizeof reason;
    // A reason that does not fit is none of those that we know.
    if (!http.WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_TEXT, nullptr, reason, &size, nullptr)) size = 0;
    return reason_status({reason, size / sizeof(wchar_t)});
}

Status begin_login(const WinHttp& http, HINTERNET request, const HttpLogin& login, uint64_t until, uint32_t& schemes) {
    if (!login.who) return Status::ok;
    RPC_TRY(Legs(http, request, login, until, schemes).perform());
    schemes = 0;  // a leg's challenge is no refusal
    return Status::ok;
}

Status check_certificate(const WinHttp& http, HINTERNET request, const HttpCredentials& who) {
    if (!who.ssl || who.certificate_subject.empty()) return Status::ok;
    PCCERT_CONTEXT certificate = nullptr;
    DWORD size = sizeof certificate;
    if (!http.WinHttpQueryOption(request, WINHTTP_OPTION_SERVER_CERT_CONTEXT, &certificate, &size) || !certificate) {
        RPC_LOG(warn, "the RPC proxy's certificate cannot be had: error %lu", GetLastError());
        return Status::access_denied;
    }
    const Status status = match_principal_name(certificate, who.certificate_subject.view());
    free_certificate(certificate);
    if (failed(status)) RPC_LOG(warn, "the RPC proxy's certificate is not that of %s", who.certificate_subject.c_str());
    return status == Status::out_of_memory ? status : failed(status) ? Status::access_denied : Status::ok;
}

}  // namespace rpc::io
