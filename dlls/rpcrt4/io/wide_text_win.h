#pragma once
// Text for the system's wide functions; it may be a secret, and is wiped.
#include <windows.h>

#include "base/utf.h"

namespace rpc::io {

class WideText {
public:
    [[nodiscard]] bool append(std::string_view text) {
        const size_t before = size_;
        if (!bytes_.reserve((before + text.size() + 1) * sizeof(char16_t)) || !bytes_.resize((before + text.size() + 1) * sizeof(char16_t)))
            return false;
        size_ = before + utf16_from_utf8(text, data() + before);
        data()[size_] = 0;
        return true;
    }
    ~WideText() {
        if (!bytes_.empty()) SecureZeroMemory(bytes_.data(), bytes_.size());
    }
    const wchar_t* c_str() const { return bytes_.empty() ? L"" : reinterpret_cast<const wchar_t*>(bytes_.data()); }

private:
    char16_t* data() { return reinterpret_cast<char16_t*>(bytes_.data()); }
    Buffer bytes_;
    size_t size_ = 0;
};

}  // namespace rpc::io
