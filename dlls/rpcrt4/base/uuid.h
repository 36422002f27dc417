#pragma once
// A UUID by its fields, laid out like Windows' UUID.
#include <cstdint>

namespace rpc {

struct Uuid {
    uint32_t data1 = 0;
    uint16_t data2 = 0;
    uint16_t data3 = 0;
    uint8_t data4[8] = {};
    bool operator==(const Uuid&) const = default;
};

static_assert(sizeof(Uuid) == 16);

}  // namespace rpc
