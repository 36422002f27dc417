#include "wire/uuid.h"

#include <cstring>

namespace rpc::wire {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The `count` digits from `at` on; false when one is none.
bool number(std::string_view text, size_t at, size_t count, uint32_t& out) {
    out = 0;
    for (char c : text.substr(at, count)) {
        int d = digit(c);
        if (d < 0) return false;
        out = out << 4 | static_cast<uint32_t>(d);
    }
    return true;
}

char* put(char* to, uint32_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i) *to++ = "0123456789abcdef"[value >> 4 * i & 15];
    return to;
}

template <class T>
int order(T a, T b) {
    return a < b ? -1 : a > b ? 1 : 0;
}

}  // namespace

Status parse_uuid(std::string_view text, Uuid& out) {
    if (text.size() != uuid_text_size || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return Status::invalid_string_uuid;
    Uuid u;
    uint32_t value;
    if (!number(text, 0, 8, u.data1)) return Status::invalid_string_uuid;
    if (!number(text, 9, 4, value)) return Status::invalid_string_uuid;
    u.data2 = static_cast<uint16_t>(value);
    if (!number(text, 14, 4, value)) return Status::invalid_string_uuid;
    u.data3 = static_cast<uint16_t>(value);
    for (size_t i = 0; i < 8; ++i) {
        if (!number(text, i < 2 ? 19 + 2 * i : 20 + 2 * i, 2, value)) return Status::invalid_string_uuid;
        u.data4[i] = static_cast<uint8_t>(value);
    }
    out = u;
    return Status::ok;
}

void format_uuid(const Uuid& uuid, char (&out)[uuid_text_size + 1]) {
    char* p = put(out, uuid.data1, 8);
    *p++ = '-';
    p = put(p, uuid.data2, 4);
    *p++ = '-';
    p = put(p, uuid.data3, 4);
    *p++ = '-';
    for (int i = 0; i < 8; ++i) {
        if (i == 2) *p++ = '-';
        p = put(p, uuid.data4[i], 2);
    }
    *p = 0;
}

int compare_uuid(const Uuid& a, const Uuid& b) {
    if (int o = order(a.data1, b.data1)) return o;
    if (int o = order(a.data2, b.data2)) return o;
    if (int o = order(a.data3, b.data3)) return o;
    return order(std::memcmp(a.data4, b.data4, sizeof a.data4), 0);
}

uint16_t hash_uuid(const Uuid& uuid) {
    uint8_t bytes[sizeof(Uuid)];
    std::memcpy(bytes, &uuid, sizeof bytes);
    int c0 = 0, c1 = 0;  // at most 16 * 255 and 136 * 255
    for (uint8_t b : bytes) {
        c0 += b;
        c1 += c0;
    }
    int x = (255 - c1 % 255) % 255;
    int y = ((c1 - c0) % 255 + 255) % 255;
    return static_cast<uint16_t>(y << 8 | x);
}

bool is_nil(const Uuid& uuid) { return uuid == Uuid{}; }

Uuid random_uuid(const uint8_t (&random)[16]) {
    Uuid u;
    std::memcpy(&u, random, sizeof u);
    u.data3 = static_cast<uint16_t>((u.data3 & 0x0FFF) | 0x4000);
    u.data4[0] = static_cast<uint8_t>((u.data4[0] & 0x3F) | 0x80);
    return u;
}

Uuid time_uuid(uint64_t time, uint16_t clock_sequence, const uint8_t (&node)[6]) {
    Uuid u;
    u.data1 = static_cast<uint32_t>(time);
    u.data2 = static_cast<uint16_t>(time >> 32);
    u.data3 = static_cast<uint16_t>((time >> 48 & 0x0FFF) | 0x1000);
    u.data4[0] = static_cast<uint8_t>((clock_sequence >> 8 & 0x3F) | 0x80);
    u.data4[1] = static_cast<uint8_t>(clock_sequence);
    std::memcpy(u.data4 + 2, node, sizeof node);
    return u;
}

}  // namespace rpc::wire
