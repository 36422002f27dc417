#include "abi/text.h"

#include <cstring>
#include <cwchar>

#include "base/seh.h"
#include "base/utf.h"

namespace rpc::abi {
namespace {

// The length of a caller's string; false when it cannot be read to its end.
bool length_of(const unsigned char* text, size_t& length) {
    return probed([&] { length = std::strlen(reinterpret_cast<const char*>(text)); });
}
bool length_of(const unsigned short* text, size_t& length) {
    return probed([&] { length = std::wcslen(reinterpret_cast<const wchar_t*>(text)); });
}

bool is_ascii(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
}

// Stores `block` for the caller, or frees it when that faults.
template <class T>
Status hand_over(void* block, T** out) {
    if (probed([&] { *out = static_cast<T*>(block); })) return block ? Status::ok : Status::out_of_memory;
    mem_free(block);
    return Status::invalid_arg;
}

int size_as_int(size_t n) { return n > 0x3FFFFFFF ? 0x3FFFFFFF : static_cast<int>(n); }

}  // namespace

Status read_text(const unsigned char* text, Str& out) {
    size_t length = 0;
    if (text && !length_of(text, length)) return Status::invalid_arg;
    std::string_view bytes{reinterpret_cast<const char*>(text), length};
    if (is_ascii(bytes)) return out.assign(bytes) ? Status::ok : Status::out_of_memory;
    Buffer wide;
    if (!wide.resize(length * sizeof(wchar_t))) return Status::out_of_memory;
    int units = MultiByteToWideChar(CP_ACP, 0, bytes.data(), size_as_int(length), reinterpret_cast<wchar_t*>(wide.data()),
                                    size_as_int(length));
    if (units <= 0) return Status::invalid_arg;
    return utf8_from_utf16({reinterpret_cast<const char16_t*>(wide.data()), static_cast<size_t>(units)}, out);
}

Status read_text(const unsigned short* text, Str& out) {
    size_t length = 0;
    if (text && !length_of(text, length)) return Status::invalid_arg;
    return utf8_from_utf16({reinterpret_cast<const char16_t*>(text), length}, out);
}

Status write_text(std::string_view text, unsigned short** out) {
    if (!out) return Status::ok;
    auto* block = static_cast<char16_t*>(mem_alloc((text.size() + 1) * sizeof(char16_t)));
    if (block) block[utf16_from_utf8(text, block)] = 0;
    return hand_over(block, out);
}

Status write_text(std::string_view text, unsigned char** out) {
    if (!out) return Status::ok;
    unsigned short* wide = nullptr;
    if (is_ascii(text)) {
        auto* block = static_cast<char*>(mem_alloc(text.size() + 1));
        if (block) {
            std::memcpy(block, text.data(), text.size());
            block[text.size()] = 0;
        }
        return hand_over(block, out);
    }
    Status status = write_text(text, &wide);
    if (failed(status)) return status;
    const auto* from = reinterpret_cast<const wchar_t*>(wide);
    int size = WideCharToMultiByte(CP_ACP, 0, from, -1, nullptr, 0, nullptr, nullptr);
    auto* block = size > 0 ? static_cast<char*>(mem_alloc(static_cast<size_t>(size))) : nullptr;
    if (block) WideCharToMultiByte(CP_ACP, 0, from, -1, block, size, nullptr, nullptr);
    mem_free(wide);
    return hand_over(block, out);
}

Status free_text(void** text) {
    void* block = nullptr;
    if (!probed([&] {
            block = *text;
            *text = nullptr;
        }))
        return Status::invalid_arg;
    mem_free(block);
    return Status::ok;
}

}  // namespace rpc::abi
