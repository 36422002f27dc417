#pragma once
// UUIDs as text, in order and hashed; all pure. The text form is that of C706 A.3 and the documentation page "String UUID".
#include <cstddef>
#include <string_view>

#include "base/status.h"
#include "base/uuid.h"

namespace rpc::wire {

constexpr size_t uuid_text_size = 36;

// xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx and nothing around it, either case. invalid_string_uuid otherwise; `out` keeps its
// value then.
Status parse_uuid(std::string_view text, Uuid& out);
// Lower case, terminated.
void format_uuid(const Uuid& uuid, char (&out)[uuid_text_size + 1]);

// By fields in their order, each unsigned, then the last eight bytes: -1, 0 or 1 (C706 A.4).
int compare_uuid(const Uuid& a, const Uuid& b);
// DCE's hash: the two checksums of ISO 8473 over the bytes in memory order. The nil UUID gives 0.
uint16_t hash_uuid(const Uuid& uuid);
bool is_nil(const Uuid& uuid);

// Version 4 from 16 random bytes.
Uuid random_uuid(const uint8_t (&random)[16]);
// Version 1. `time` in 100 ns units since 1582-10-15; the low 14 bits of `clock_sequence` count.
Uuid time_uuid(uint64_t time, uint16_t clock_sequence, const uint8_t (&node)[6]);

}  // namespace rpc::wire
