#pragma once
// How long a text is that says so with its end alone.
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace rpc::ndr {

// Aligned words only, from the one that the text begins in: no word reaches into another page than some character of the text,
// and what lies around the text in it is not looked at. `lows` has the lowest bit of every character. The lowest bit found is
// the end's, as only a zero borrows from what is above it. No address check: a word is more than the text.
template <class Character>
[[gnu::no_sanitize_address]] inline size_t text_end(const uint8_t* p) {
    static_assert(std::endian::native == std::endian::little);
    using Word [[gnu::may_alias]] = uintptr_t;
    constexpr Word lows = static_cast<Word>(-1) / static_cast<Character>(-1);
    constexpr Word highs = lows << (8 * sizeof(Character) - 1);
    const size_t before = reinterpret_cast<uintptr_t>(p) % sizeof(Word);
    const uint8_t* at = p - before;
    Word w = *reinterpret_cast<const Word*>(at) | ((Word{1} << (8 * before)) - 1);
    for (;;) {
        const Word end = (w - lows) & ~w & highs;
        if (end != 0) return (static_cast<size_t>(at - p) + static_cast<size_t>(std::countr_zero(end)) / 8) / sizeof(Character);
        at += sizeof(Word);
        w = *reinterpret_cast<const Word*>(at);
    }
}

// Of characters of two bytes at an odd place; as text_length.
size_t odd_text_length(const uint8_t* p);

// text_length (types.h) of a size that is known: with the terminator, and more than INT32_MAX bytes are for the caller to refuse.
template <size_t each>
inline size_t text_length(const uint8_t* p) {
    static_assert(each == 1 || each == 2);
    if constexpr (each == 1) {
        return text_end<uint8_t>(p) + 1;
    } else {
        if (reinterpret_cast<uintptr_t>(p) % 2 != 0) return odd_text_length(p);
        return text_end<uint16_t>(p) + 1;
    }
}

}  // namespace rpc::ndr
