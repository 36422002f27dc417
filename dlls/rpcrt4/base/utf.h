#pragma once
// UTF-8 and UTF-16. A surrogate without its other half is kept as its own three bytes (WTF-8), so that any UTF-16 survives
// the way through UTF-8 and back.
#include <string_view>

#include "base/str.h"

namespace rpc {

// out_of_memory only.
Status utf8_from_utf16(std::u16string_view text, Str& out);

// Writes the UTF-16 of `text` (at most text.size() units, no terminator) and returns how many. What is not UTF-8 becomes
// U+FFFD.
size_t utf16_from_utf8(std::string_view text, char16_t* out);

}  // namespace rpc
