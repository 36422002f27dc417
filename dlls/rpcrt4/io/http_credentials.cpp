#include "io/http_credentials.h"

namespace rpc::io {
namespace {

bool append(Buffer& out, std::string_view text) { return out.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }

bool append_base64(Buffer& out, ByteView bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? bytes[i + k] : 0u);
        char text[4];
        for (size_t k = 0; k < 4; ++k) text[k] = k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
        if (!append(out, {text, 4})) return false;
    }
    return true;
}

// Of RFC 4648, with its padding; nothing else in between or behind.
bool read_base64(std::string_view text, Buffer& out) {
    if (text.size() % 4 != 0 || !out.resize(text.size() / 4 * 3)) return false;
    size_t size = 0, padding = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        int digit = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52
                    : c == '+' ? 62 : c == '/' ? 63 : -1;
        if (c == '=' && i + 2 >= text.size()) ++padding, digit = 0;
        if (digit < 0 || (padding != 0 && c != '=')) return false;
        group = group << 6 | static_cast<uint32_t>(digit);
        if (i % 4 != 3) continue;
        for (int k = 16; k >= 0; k -= 8) out.data()[size++] = static_cast<uint8_t>(group >> k);
        group = 0;
    }
    return out.resize(size - padding);
}

bool same_letter(char a, char b) { return (a | 0x20) == (b | 0x20); }

std::string_view field_name(uint32_t target) {
    return target == http_target::proxy ? "Proxy-Authorization: " : "Authorization: ";
}

void wipe(const void* bytes, size_t size) {
    auto at = static_cast<volatile uint8_t*>(const_cast<void*>(bytes));
    while (size-- != 0) *at++ = 0;
}

}  // namespace

HttpCredentials::~HttpCredentials() { wipe(password.c_str(), password.size()); }

HttpCookie::~HttpCookie() { wipe(text.c_str(), text.size()); }

bool cookie_valid(std::string_view text) {
    for (char c : text)
        if (c < ' ' || c > '~') return false;
    return !text.empty();
}

bool HttpCredentials::operator==(const HttpCredentials& other) const {
    return user == other.user && password == other.password && schemes == other.schemes && only_scheme == other.only_scheme &&
           targets == other.targets && ssl == other.ssl && any_host_name == other.any_host_name &&
           certificate_subject == other.certificate_subject && security::same_auth(ntlm.get(), other.ntlm.get());
}

bool basic_user_valid(std::string_view user) {
    for (char c : user)
        if (c == ':' || static_cast<unsigned char>(c) < ' ' || c == 0x7f) return false;
    return true;
}

Status basic_authorization(const HttpCredentials& credentials, uint32_t target, Str& out) {
    Buffer login, line;
    const bool done = append(login, credentials.user.view()) && append(login, ":") && append(login, credentials.password.view()) &&
                      append(line, field_name(target)) && append(line, "Basic ") && append_base64(line, login.view()) &&
                      append(line, "\r\n") && out.assign({reinterpret_cast<const char*>(line.data()), line.size()});
    wipe(login.data(), login.size());
    wipe(line.data(), line.size());
    return done ? Status::ok : Status::out_of_memory;
}

Status ntlm_authorization(ByteView token, uint32_t target, Str& out) {
    Buffer line;
    const bool done = append(line, field_name(target)) && append(line, "NTLM ") && append_base64(line, token) && append(line, "\r\n") &&
                      out.assign({reinterpret_cast<const char*>(line.data()), line.size()});
    return done ? Status::ok : Status::out_of_memory;
}

Status ntlm_challenge(std::string_view field, Buffer& token, bool& found) {
    constexpr std::string_view scheme = "NTLM ";
    found = field.size() > scheme.size();
    for (size_t i = 0; found && i < scheme.size(); ++i) found = same_letter(field[i], scheme[i]);
    if (!found) return Status::ok;
    if (!token.reserve(field.size())) return Status::out_of_memory;
    found = read_base64(field.substr(scheme.size()), token) && !token.empty();
    return Status::ok;
}

}  // namespace rpc::io
