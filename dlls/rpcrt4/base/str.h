#pragma once
// Owned text in UTF-8, always terminated; Windows' two encodings are converted at the ABI. Move only.
#include <string_view>

#include "base/bytes.h"

namespace rpc {

class Str {
public:
    // False when memory is out; the old text stays then.
    [[nodiscard]] bool assign(std::string_view text) {
        Buffer b;
        const uint8_t nul = 0;
        if (!b.reserve(text.size() + 1) || !b.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}) ||
            !b.append({&nul, 1}))
            return false;
        bytes_ = std::move(b);
        return true;
    }
    std::string_view view() const { return {c_str(), size()}; }
    const char* c_str() const { return bytes_.empty() ? "" : reinterpret_cast<const char*>(bytes_.data()); }
    size_t size() const { return bytes_.empty() ? 0 : bytes_.size() - 1; }
    bool empty() const { return size() == 0; }
    bool operator==(const Str& other) const { return view() == other.view(); }

private:
    Buffer bytes_;
};

}  // namespace rpc
