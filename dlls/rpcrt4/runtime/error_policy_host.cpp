#include "runtime/error_policy.h"

namespace rpc::runtime {

void read_error_policy(ErrorPolicy&, Str&) {}

}  // namespace rpc::runtime
