#include "base/utf.h"

namespace rpc {
namespace {

constexpr bool is_high(char32_t c) { return c >= 0xD800 && c < 0xDC00; }
constexpr bool is_low(char32_t c) { return c >= 0xDC00 && c < 0xE000; }

// At most four bytes.
size_t encode(char32_t c, uint8_t* out) {
    if (c < 0x80) return out[0] = static_cast<uint8_t>(c), 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; --i, c >>= 6) out[i] = static_cast<uint8_t>(0x80 | (c & 0x3F));
    constexpr uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = static_cast<uint8_t>(lead[n] | c);
    return n;
}

// The character at the front of `text` and how many bytes it takes; U+FFFD and one byte when it is none.
char32_t decode(std::string_view text, size_t& taken) {
    auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    uint8_t first = byte(0);
    taken = 1;
    if (first < 0x80) return first;
    size_t n = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xC2 && first < 0xE0 ? 2 : 0;
    if (n == 0 || n > text.size()) return 0xFFFD;
    char32_t c = first & (0x7F >> n);
    for (size_t i = 1; i < n; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0xFFFD;
        c = c << 6 | (byte(i) & 0x3F);
    }
    if (c < (n == 4 ? 0x10000u : n == 3 ? 0x800u : 0x80u) || c > 0x10FFFF) return 0xFFFD;
    taken = n;
    return c;
}

}  // namespace

Status utf8_from_utf16(std::u16string_view text, Str& out) {
    Buffer b;
    if (!b.reserve(text.size())) return Status::out_of_memory;
    for (size_t i = 0; i < text.size(); ++i) {
        char32_t c = text[i];
        if (is_high(c) && i + 1 < text.size() && is_low(text[i + 1])) c = 0x10000 + ((c - 0xD800) << 10) + (text[++i] - 0xDC00);
        uint8_t bytes[4];
        if (!b.append({bytes, encode(c, bytes)})) return Status::out_of_memory;
    }
    return out.assign({reinterpret_cast<const char*>(b.data()), b.size()}) ? Status::ok : Status::out_of_memory;
}

size_t utf16_from_utf8(std::string_view text, char16_t* out) {
    size_t n = 0;
    while (!text.empty()) {
        size_t taken;
        char32_t c = decode(text, taken);
        text.remove_prefix(taken);
        if (c >= 0x10000) {
            out[n++] = static_cast<char16_t>(0xD800 + ((c - 0x10000) >> 10));
            out[n++] = static_cast<char16_t>(0xDC00 + (c & 0x3FF));
        } else {
            out[n++] = static_cast<char16_t>(c);
        }
    }
    return n;
}

}  // namespace rpc
