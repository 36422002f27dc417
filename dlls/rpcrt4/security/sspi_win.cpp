#include "security/sspi_win.h"

#include <atomic>

#include "base/log.h"
#include "base/mutex.h"
#include "security/providers.h"

namespace rpc::security {
namespace {

constinit Sspi g_sspi{};
constinit std::atomic<bool> g_ready{false};
constinit Mutex g_lock;

bool load() {
    HMODULE library = LoadLibraryW(L"secur32.dll");
    if (!library) return false;
    auto init = reinterpret_cast<INIT_SECURITY_INTERFACE_W>(
        reinterpret_cast<void*>(GetProcAddress(library, "InitSecurityInterfaceW")));
    g_sspi.get_user_name =
        reinterpret_cast<decltype(&GetUserNameExW)>(reinterpret_cast<void*>(GetProcAddress(library, "GetUserNameExW")));
    g_sspi.table = init ? init() : nullptr;
    return g_sspi.table && g_sspi.get_user_name;
}

}  // namespace

const Sspi* sspi() {
    if (g_ready.load(std::memory_order_acquire)) return &g_sspi;
    Guard g(g_lock);
    if (g_ready.load(std::memory_order_relaxed)) return &g_sspi;
    if (!load()) {
        RPC_LOG(error, "secur32 cannot be loaded (error %lu)", GetLastError());
        return nullptr;
    }
    g_ready.store(true, std::memory_order_release);
    return &g_sspi;
}

Status status_of(SECURITY_STATUS status) {
    switch (status) {
        case SEC_E_OK:
            return Status::ok;
        case SEC_E_INSUFFICIENT_MEMORY:
            return Status::out_of_memory;
        case SEC_E_SECPKG_NOT_FOUND:
            return Status::unknown_authn_service;
        case SEC_E_UNKNOWN_CREDENTIALS:
            return Status::invalid_auth_identity;
        case SEC_E_LOGON_DENIED:
        case SEC_E_NO_CREDENTIALS:
        case SEC_E_NO_IMPERSONATION:
        case SEC_E_WRONG_PRINCIPAL:
        case SEC_E_NO_AUTHENTICATING_AUTHORITY:
            return Status::access_denied;
        case SEC_E_UNSUPPORTED_FUNCTION:
            return Status::cannot_support;
        default:
            return Status::sec_pkg_error;
    }
}

const wchar_t* package_of(unsigned service) {
    switch (service) {
        case authn::winnt:
            return L"NTLM";
        case authn::gss_negotiate:
            return L"Negotiate";
        case authn::gss_kerberos:
            return L"Kerberos";
        default:
            return nullptr;
    }
}

}  // namespace rpc::security
