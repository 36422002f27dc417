#include "security/access.h"

namespace rpc::security {

Status AccessList::admits_thread() const {
    static constexpr uint8_t everybody[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    return admits(everybody);
}

}  // namespace rpc::security
