// The services of SSPI for the runtime: credentials, and what tells identities apart.
#include "security/providers.h"

#include <winternl.h>

#include "base/guard.h"
#include "base/utf.h"
#include "security/sspi_context_win.h"

extern "C" NTSTATUS NTAPI NtOpenThreadToken(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf, HANDLE* Token);
extern "C" NTSTATUS NTAPI NtSetInformationThread(HANDLE Thread, THREADINFOCLASS Class, void* Info, ULONG Size);
extern "C" NTSTATUS NTAPI NtOpenProcessToken(HANDLE Process, ACCESS_MASK Access, HANDLE* Token);
extern "C" NTSTATUS NTAPI NtQueryInformationToken(HANDLE Token, TOKEN_INFORMATION_CLASS Class, void* Info, ULONG Size,
                                                  ULONG* Needed);

namespace rpc::security {
namespace {

constexpr int thread_impersonation_token = 5;
constexpr size_t max_identity_text = 32767;

// UTF-16, terminated. Empty text gives an empty buffer.
Status wide(std::string_view text, Buffer& out) {
    out.clear();
    if (text.empty()) return Status::ok;
    if (!out.resize((text.size() + 1) * sizeof(char16_t))) return Status::out_of_memory;
    auto units = reinterpret_cast<char16_t*>(out.data());
    const size_t count = utf16_from_utf8(text, units);
    units[count] = 0;
    return out.resize((count + 1) * sizeof(char16_t)) ? Status::ok : Status::out_of_memory;
}

// A copy of a SEC_WINNT_AUTH_IDENTITY in UTF-16, wiped when it goes.
class Identity {
public:
    ~Identity() {
        for (Buffer& b : text_)
            if (b.size() != 0) SecureZeroMemory(b.data(), b.size());
    }
    // Lengths are in characters, without terminator.
    Status read(const void* identity) {
        SEC_WINNT_AUTH_IDENTITY_W raw;
        if (!copy_guarded(&raw, identity, sizeof raw)) return Status::invalid_auth_identity;
        if (raw.Flags != SEC_WINNT_AUTH_IDENTITY_ANSI && raw.Flags != SEC_WINNT_AUTH_IDENTITY_UNICODE)
            return Status::invalid_auth_identity;
        const bool ansi = raw.Flags == SEC_WINNT_AUTH_IDENTITY_ANSI;
        RPC_TRY(read_text(raw.User, raw.UserLength, ansi, text_[0]));
        RPC_TRY(read_text(raw.Domain, raw.DomainLength, ansi, text_[1]));
        return read_text(raw.Password, raw.PasswordLength, ansi, text_[2]);
    }
    SEC_WINNT_AUTH_IDENTITY_W raw() {
        auto units = [](Buffer& b) { return reinterpret_cast<unsigned short*>(b.data()); };
        auto count = [](Buffer& b) {
            return b.empty() ? 0ul : static_cast<unsigned long>(b.size() / sizeof(wchar_t) - 1);
        };
        return {units(text_[0]),
                count(text_[0]),
                units(text_[1]),
                count(text_[1]),
                units(text_[2]),
                count(text_[2]),
                SEC_WINNT_AUTH_IDENTITY_UNICODE};
    }
    bool operator==(const Identity& other) const {
        for (int i = 0; i < 3; ++i) {
            ByteView a = text_[i].view(), b = other.text_[i].view();
            if (a.size() != b.size() || (!a.empty() && std::memcmp(a.data(), b.data(), a.size()) != 0)) return false;
        }
        return true;
    }

private:
    static Status read_text(const void* text, unsigned long length, bool ansi, Buffer& out) {
        if (!text) return Status::ok;
        if (length > max_identity_text) return Status::invalid_auth_identity;
        Buffer raw;
        const size_t size = length * (ansi ? 1 : sizeof(wchar_t));
        if (!raw.resize(size)) return Status::out_of_memory;
        if (size != 0 && !copy_guarded(raw.data(), text, size)) return Status::invalid_auth_identity;
        if (!out.resize((length + 1) * sizeof(wchar_t))) return Status::out_of_memory;
        auto units = reinterpret_cast<wchar_t*>(out.data());
        int count = static_cast<int>(length);
        if (ansi && length != 0) {
            count = MultiByteToWideChar(CP_ACP, 0, reinterpret_cast<const char*>(raw.data()), count, units, count);
            if (count <= 0) return Status::invalid_auth_identity;
        } else if (size != 0) {
            std::memcpy(units, raw.data(), size);
        }
        units[count] = 0;
        if (size != 0) SecureZeroMemory(raw.data(), size);
        return out.resize((static_cast<size_t>(count) + 1) * sizeof(wchar_t)) ? Status::ok : Status::out_of_memory;
    }
    Buffer text_[3];
};

// The logon session of the calling thread's token: whose default credentials are meant.
LUID logon_session() {
    HANDLE token = nullptr;
    TOKEN_STATISTICS statistics{};
    ULONG needed;
    if (NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) < 0 &&
        NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) < 0)
        return {};
    if (NtQueryInformationToken(token, TokenStatistics, &statistics, sizeof statistics, &needed) < 0) statistics = {};
    CloseHandle(token);
    return statistics.AuthenticationId;
}

class SspiClientAuth final : public ClientAuth {
public:
    Status init(const ClientRequest& request) {
        service = static_cast<uint8_t>(request.service);
        level = request.level;
        qos_ = request.qos;
        RPC_TRY(wide(request.principal, principal_));
        credentials_ = make_ref<SspiCredentials>();
        if (!credentials_) return Status::out_of_memory;
        explicit_ = request.identity != nullptr;
        if (explicit_) RPC_TRY(identity_.read(request.identity));
        session_ = logon_session();
        SEC_WINNT_AUTH_IDENTITY_W raw = identity_.raw();
        return credentials_->acquire(request.service, SECPKG_CRED_OUTBOUND, nullptr, explicit_ ? &raw : nullptr);
    }
    bool same_as(const ClientAuth& other) const override {
        auto& o = static_cast<const SspiClientAuth&>(other);
        ByteView a = principal_.view(), b = o.principal_.view();
        return explicit_ == o.explicit_ && qos_ == o.qos_ && a.size() == b.size() &&
               (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0) &&
               session_.LowPart == o.session_.LowPart && session_.HighPart == o.session_.HighPart &&
               identity_ == o.identity_;
    }
    Status new_context(Ref<Context>& context) const override {
        Buffer target;
        if (!target.append(principal_.view())) return Status::out_of_memory;
        unsigned long flags = qos_.mutual_auth ? ISC_REQ_MUTUAL_AUTH : 0;
        if (qos_.impersonation == RPC_C_IMP_LEVEL_DELEGATE) flags |= ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH;
        if (qos_.impersonation == RPC_C_IMP_LEVEL_IDENTIFY || qos_.impersonation == RPC_C_IMP_LEVEL_ANONYMOUS)
            flags |= ISC_REQ_IDENTIFY;
        context = make_ref<SspiContext>(credentials_, true, level, flags, std::move(target));
        return context ? Status::ok : Status::out_of_memory;
    }

private:
    Qos qos_;
    Buffer principal_;  // UTF-16, terminated, or empty
    Identity identity_;
    bool explicit_ = false;
    LUID session_{};
    Ref<SspiCredentials> credentials_;
};

class SspiServerAuth final : public ServerAuth {
public:
    Ref<SspiCredentials> credentials;
    Status new_context(Level level, Ref<Context>& context) override {
        context = make_ref<SspiContext>(credentials, false, level, 0ul, Buffer());
        return context ? Status::ok : Status::out_of_memory;
    }
};

}  // namespace

Status make_client_auth(const ClientRequest& request, Ref<ClientAuth>& auth) {
    auto made = make_ref<SspiClientAuth>();
    if (!made) return Status::out_of_memory;
    RPC_TRY(made->init(request));
    auth = std::move(made);
    return Status::ok;
}

Status make_server_auth(uint32_t service, std::string_view principal, Ref<ServerAuth>& auth) {
    Buffer name;
    RPC_TRY(wide(principal, name));
    auto made = make_ref<SspiServerAuth>();
    if (!made || !(made->credentials = make_ref<SspiCredentials>())) return Status::out_of_memory;
    RPC_TRY(made->credentials->acquire(
        service, SECPKG_CRED_INBOUND, name.empty() ? nullptr : reinterpret_cast<const wchar_t*>(name.data()), nullptr));
    auth = std::move(made);
    return Status::ok;
}

Status revert_thread() {
    HANDLE none = nullptr;
    return NtSetInformationThread(GetCurrentThread(), static_cast<THREADINFOCLASS>(thread_impersonation_token), &none,
                                  sizeof none) >= 0
               ? Status::ok
               : Status::access_denied;
}

Status default_principal(uint32_t service, Str& name) {
    if (!package_of(service)) return Status::unknown_authn_service;
    const Sspi* s = sspi();
    if (!s) return Status::unknown_authn_service;
    ULONG size = 0;
    s->get_user_name(NameSamCompatible, nullptr, &size);
    Buffer text;
    if (!text.resize((size_t{size} + 1) * sizeof(wchar_t))) return Status::out_of_memory;
    ++size;
    auto units = reinterpret_cast<wchar_t*>(text.data());
    if (!s->get_user_name(NameSamCompatible, units, &size)) return Status::cannot_support;
    auto wide_name = reinterpret_cast<const char16_t*>(units);
    return utf8_from_utf16({wide_name, std::char_traits<char16_t>::length(wide_name)}, name);
}

}  // namespace rpc::security
