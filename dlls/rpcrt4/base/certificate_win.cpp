#include "base/certificate_win.h"

#include <atomic>

#include "base/log.h"
#include "base/mutex.h"
#include "base/utf.h"

namespace rpc {
namespace {

struct Crypt32 {
    decltype(&::CertGetNameStringW) get_name;
    decltype(&::CertFreeCertificateContext) free;
};
constinit Crypt32 g_table{};
constinit std::atomic<bool> g_ready{false};
constinit Mutex g_lock;

const Crypt32* crypt32() {
    if (g_ready.load(std::memory_order_acquire)) return &g_table;
    Guard g(g_lock);
    if (g_ready.load(std::memory_order_relaxed)) return &g_table;
    HMODULE library = LoadLibraryW(L"crypt32.dll");
    auto find = [&](const char* name) { return library ? reinterpret_cast<void*>(GetProcAddress(library, name)) : nullptr; };
    g_table.get_name = reinterpret_cast<decltype(g_table.get_name)>(find("CertGetNameStringW"));
    g_table.free = reinterpret_cast<decltype(g_table.free)>(find("CertFreeCertificateContext"));
    if (!g_table.get_name || !g_table.free) {
        RPC_LOG(error, "crypt32 cannot be loaded (error %lu)", GetLastError());
        return nullptr;
    }
    g_ready.store(true, std::memory_order_release);
    return &g_table;
}

// Empty where the certificate has none.
Status read_name(const Crypt32& table, PCCERT_CONTEXT certificate, DWORD type, void* which, Str& name) {
    const DWORD size = table.get_name(certificate, type, 0, which, nullptr, 0);
    if (size <= 1) return name.assign({}) ? Status::ok : Status::out_of_memory;
    Buffer text;
    if (!text.resize(size * sizeof(char16_t))) return Status::out_of_memory;
    auto units = reinterpret_cast<char16_t*>(text.data());
    const DWORD got = table.get_name(certificate, type, 0, which, reinterpret_cast<wchar_t*>(units), size);
    return utf8_from_utf16({units, got != 0 ? got - 1 : 0}, name);
}

bool append(Buffer& out, std::string_view text) { return out.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }

bool same_text(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    bool same = a.size() == b.size();
    for (size_t i = 0; same && i < a.size(); ++i) same = lower(a[i]) == lower(b[i]);
    return same;
}

constexpr std::string_view form = "msstd:";

}  // namespace

Status principal_name(PCCERT_CONTEXT certificate, Str& name) {
    const Crypt32* table = crypt32();
    if (!table) return Status::out_of_resources;
    Str plain;
    RPC_TRY(read_name(*table, certificate, CERT_NAME_EMAIL_TYPE, nullptr, plain));
    if (plain.view().find('@') == std::string_view::npos)
        RPC_TRY(read_name(*table, certificate, CERT_NAME_ATTR_TYPE, const_cast<char*>(szOID_COMMON_NAME), plain));
    if (plain.empty()) return Status::invalid_arg;
    Buffer out;
    bool done = append(out, form);
    for (char c : plain.view()) done = done && append(out, c == '\\' ? std::string_view("\\\\") : std::string_view(&c, 1));
    done = done && name.assign({reinterpret_cast<const char*>(out.data()), out.size()});
    return done ? Status::ok : Status::out_of_memory;
}

Status match_principal_name(PCCERT_CONTEXT certificate, std::string_view name) {
    if (name.size() <= form.size() || !same_text(name.substr(0, form.size()), form)) return Status::invalid_arg;
    Str own;
    RPC_TRY(principal_name(certificate, own));
    return same_text(own.view(), name) ? Status::ok : Status::access_denied;
}

void free_certificate(PCCERT_CONTEXT certificate) {
    if (const Crypt32* table = crypt32()) table->free(certificate);
}

}  // namespace rpc
