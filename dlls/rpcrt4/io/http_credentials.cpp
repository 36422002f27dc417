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

void wipe(const void* bytes, size_t size) {
    auto at = static_cast<volatile uint8_t*>(const_cast<void*>(bytes));
    while (size-- != 0) *at++ = 0;
}

}  // namespace

HttpCredentials::~HttpCredentials() { wipe(password.c_str(), password.size()); }

bool HttpCredentials::operator==(const HttpCredentials& other) const {
    return user == other.user && password == other.password && schemes == other.schemes && only_scheme == other.only_scheme;
}

bool basic_user_valid(std::string_view user) {
    for (char c : user)
        if (c == ':' || static_cast<unsigned char>(c) < ' ' || c == 0x7f) return false;
    return true;
}

Status basic_authorization(const HttpCredentials& credentials, Str& out) {
    Buffer login, line;
    const bool done = append(login, credentials.user.view()) && append(login, ":") && append(login, credentials.password.view()) &&
                      append(line, "Authorization: Basic ") && append_base64(line, login.view()) && append(line, "\r\n") &&
                      out.assign({reinterpret_cast<const char*>(line.data()), line.size()});
    wipe(login.data(), login.size());
    wipe(line.data(), line.size());
    return done ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::io
