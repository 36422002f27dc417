#include "stub/proxy/type_reader.h"

namespace rpc::com {

namespace {
TypeRuntime given{};
}  // namespace

void set_type_runtime(const TypeRuntime& runtime) {
    given = runtime;
}

Hresult type_runtime(TypeRuntime& runtime) {
    runtime = given;
    return s_ok;
}

}  // namespace rpc::com
