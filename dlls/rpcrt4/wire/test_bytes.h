#pragma once
// For the tests of this room: bytes from a hex text (blanks ignored) and a buffer's content as such a text.
#include <cctype>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace rpc::wire {

inline std::vector<uint8_t> unhex(const std::string& text) {
    std::vector<uint8_t> bytes;
    int high = -1;
    for (char c : text) {
        if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
        int digit = std::isdigit(static_cast<unsigned char>(c)) ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<uint8_t>(high << 4 | digit));
            high = -1;
        }
    }
    return bytes;
}

inline std::string hex(ByteView bytes) {
    static const char digits[] = "0123456789abcdef";
    std::string text;
    for (uint8_t b : bytes) {
        text += digits[b >> 4];
        text += digits[b & 15];
    }
    return text;
}

inline std::string hex(const std::string& text) { return hex(ByteView(unhex(text))); }

}  // namespace rpc::wire
